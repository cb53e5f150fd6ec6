-- The load, all but the lines (load_lines.sql): schema work replaces the dossier's window in the attached warehouse wh.
-- Runs inside one transaction, after load_window.sql.
-- Variables: dossier_id, link_id, sync_id, seen_at, cause, mode, load_since (NULL: everything is replaced).

DELETE FROM wh.ledger.fiscal_years
WHERE dossier_id = getvariable('dossier_id') AND label NOT IN (SELECT label FROM work.kept_labels);
INSERT INTO wh.ledger.fiscal_years BY NAME
SELECT getvariable('dossier_id') AS dossier_id, y.* FROM work.fiscal_years y;

DELETE FROM wh.ledger.periods
WHERE dossier_id = getvariable('dossier_id') AND fiscal_year NOT IN (SELECT label FROM work.kept_labels);
INSERT INTO wh.ledger.periods BY NAME
SELECT getvariable('dossier_id') AS dossier_id, p.* FROM work.periods p;

-- A code that a package tells twice comes once: views join on it, and a line must not count double.

-- Accounts of the history that stands are on the bench already. Journals and parties of it stay unless told anew.
DELETE FROM wh.ledger.accounts WHERE dossier_id = getvariable('dossier_id');
INSERT INTO wh.ledger.accounts BY NAME
SELECT getvariable('dossier_id') AS dossier_id, a.* EXCLUDE (posted) FROM work.accounts a;

DELETE FROM wh.ledger.year_mapping
WHERE dossier_id = getvariable('dossier_id') AND fiscal_year NOT IN (SELECT label FROM work.kept_labels);
INSERT INTO wh.ledger.year_mapping BY NAME
SELECT getvariable('dossier_id') AS dossier_id, m.* FROM work.year_mapping m;

DELETE FROM wh.ledger.journals WHERE dossier_id = getvariable('dossier_id')
    AND (getvariable('load_since') IS NULL OR code IN (SELECT code FROM books.journals));
INSERT INTO wh.ledger.journals BY NAME
SELECT getvariable('dossier_id') AS dossier_id, j.code, j.name, j.type FROM books.journals j
WHERE j.code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY j.code ORDER BY j.name) = 1;

DELETE FROM wh.ledger.counterparties WHERE dossier_id = getvariable('dossier_id')
    AND (getvariable('load_since') IS NULL OR code IN (SELECT code FROM books.counterparties));
INSERT INTO wh.ledger.counterparties BY NAME
SELECT getvariable('dossier_id') AS dossier_id, c.code, c.name, c.kind, c.vat_number, c.country, c.control_account
FROM books.counterparties c
WHERE c.code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY c.code ORDER BY c.name) = 1;

DELETE FROM wh.ledger.trial_balances
WHERE dossier_id = getvariable('dossier_id')
    AND (source = 'computed' OR fiscal_year NOT IN (SELECT label FROM work.kept_labels));
-- In totals mode nothing is computed from lines: what stands is the package's own, in the same form.
INSERT INTO wh.ledger.trial_balances BY NAME
SELECT getvariable('dossier_id') AS dossier_id, t.*,
    CASE getvariable('mode') WHEN 'totals' THEN 'package' ELSE 'computed' END AS source
FROM work.trial_balances t;
INSERT INTO wh.ledger.trial_balances BY NAME
SELECT getvariable('dossier_id') AS dossier_id, t.fiscal_year, t.period, coalesce(p.end_date, y.end_date) AS period_end,
    t.account, t.opening, t.debit, t.credit, t.closing, 'package' AS source,
    CASE WHEN t.period IS NULL THEN 'year' ELSE 'normal' END AS period_kind
FROM books.trial_balances t
JOIN work.fiscal_years y ON y.label = t.fiscal_year
LEFT JOIN work.periods p ON p.fiscal_year = t.fiscal_year AND p.period = t.period AND p.kind = 'normal'
WHERE getvariable('mode') <> 'totals';

-- What moved, and what still differs from the package.
INSERT INTO wh.ledger.line_changes BY NAME
SELECT getvariable('dossier_id') AS dossier_id, getvariable('sync_id') AS sync_id, getvariable('seen_at') AS seen_at, c.*
FROM work.line_changes c;
INSERT INTO wh.ledger.balance_changes BY NAME
SELECT getvariable('dossier_id') AS dossier_id, getvariable('sync_id') AS sync_id, getvariable('seen_at') AS seen_at,
    getvariable('cause') AS cause, c.*
FROM work.balance_changes c;
DELETE FROM wh.ledger.balance_differences WHERE dossier_id = getvariable('dossier_id');
INSERT INTO wh.ledger.balance_differences BY NAME
SELECT getvariable('dossier_id') AS dossier_id, getvariable('sync_id') AS sync_id, d.* FROM work.differences d
WHERE getvariable('mode') <> 'totals';
