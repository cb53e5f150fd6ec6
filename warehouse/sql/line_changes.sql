-- Which lines a load adds, changes and takes out, with how they stood before: what is gone stays known, with the time when
-- that was seen. Only between two looks at one package: another package names its lines in its own way, and what was
-- landed before holds no news. In: the warehouse attached as wh; variables dossier_id, compare_lines.
-- Out: work.line_changes.

CREATE OR REPLACE TEMP MACRO line_mark(t) AS hash(
    t.entry_key, t.fiscal_year, t.period, t.period_kind, t.date, t.journal, t.document, t.account, t.counterparty,
    t.description, t.debit, t.credit, t.currency, t.amount_currency
);

CREATE OR REPLACE TABLE work.line_changes AS
WITH told AS (SELECT line_key, line_mark(l) AS mark FROM work.journal_lines l),
stood AS (
    SELECT line_key, line_mark(l) AS mark FROM wh.ledger.journal_lines l
    WHERE getvariable('compare_lines') AND dossier_id = getvariable('dossier_id')
        AND fiscal_year NOT IN (SELECT label FROM work.kept_labels)
), keys AS (
    SELECT coalesce(s.line_key, t.line_key) AS line_key,
        CASE WHEN s.line_key IS NULL THEN 'added' WHEN t.line_key IS NULL THEN 'deleted' ELSE 'changed' END AS change
    FROM stood s FULL JOIN told t ON t.line_key = s.line_key
    WHERE getvariable('compare_lines') AND (s.line_key IS NULL OR t.line_key IS NULL OR s.mark <> t.mark)
), old AS (
    SELECT l.* FROM wh.ledger.journal_lines l
    WHERE l.dossier_id = getvariable('dossier_id') AND l.line_key IN (SELECT line_key FROM keys WHERE change <> 'added')
        AND l.fiscal_year NOT IN (SELECT label FROM work.kept_labels)
), new AS (
    SELECT l.* FROM work.journal_lines l WHERE l.line_key IN (SELECT line_key FROM keys WHERE change <> 'deleted')
)
SELECT k.change, coalesce(y.closed, false) AS year_closed, k.line_key,
    coalesce(o.entry_key, n.entry_key) AS entry_key, coalesce(o.fiscal_year, n.fiscal_year) AS fiscal_year,
    coalesce(o.period, n.period) AS period, coalesce(o.period_kind, n.period_kind) AS period_kind,
    coalesce(o.date, n.date) AS date, coalesce(o.journal, n.journal) AS journal,
    coalesce(o.document, n.document) AS document, coalesce(o.account, n.account) AS account,
    coalesce(o.counterparty, n.counterparty) AS counterparty, coalesce(o.description, n.description) AS description,
    coalesce(o.currency, n.currency) AS currency, o.debit AS old_debit, o.credit AS old_credit, o.amount AS old_amount,
    o.amount_currency AS old_amount_currency, n.amount AS new_amount, n.account AS new_account, n.date AS new_date,
    n.fiscal_year AS new_fiscal_year, n.period AS new_period
FROM keys k
LEFT JOIN old o USING (line_key)
LEFT JOIN new n USING (line_key)
LEFT JOIN wh.ledger.fiscal_years y
    ON y.dossier_id = getvariable('dossier_id') AND y.label = coalesce(o.fiscal_year, n.fiscal_year);
