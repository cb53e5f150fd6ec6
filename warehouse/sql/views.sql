-- What analysts query. Amounts are debit-positive unless a column says otherwise. sync_mode 'totals' marks dossiers
-- whose balances are the package's own, without lines behind them. Written for DuckDB and Postgres alike.
-- CTEs that are read more than once say NOT MATERIALIZED: a question on one dossier must not gather all the others.
-- A closed year is told under the codes that it was closed with (year_mapping), any other under those in force.

-- Every ledger line with the names that belong to it.
CREATE OR REPLACE VIEW ledger.general_ledger AS
SELECT l.dossier_id, d.name AS dossier, l.fiscal_year, l.period, l.period_kind, l.date, l.journal,
    j.name AS journal_name, j.type AS journal_type, l.document, l.entry_key, l.line_no, l.account,
    a.name AS account_name, a.type AS account_type, coalesce(m.common_code, a.common_code) AS common_code, l.counterparty, c.name AS counterparty_name,
    l.description, l.debit, l.credit, l.amount, l.currency, l.amount_currency, l.vat_code, l.due_date,
    l.line_key, l.sync_id
FROM ledger.journal_lines l
JOIN ledger.dossiers d USING (dossier_id)
LEFT JOIN ledger.accounts a ON a.dossier_id = l.dossier_id AND a.number = l.account
LEFT JOIN ledger.year_mapping m
    ON m.dossier_id = l.dossier_id AND m.fiscal_year = l.fiscal_year AND m.account = l.account
LEFT JOIN ledger.journals j ON j.dossier_id = l.dossier_id AND j.code = l.journal
LEFT JOIN ledger.counterparties c ON c.dossier_id = l.dossier_id AND c.code = l.counterparty;

-- The balances that are told: computed from lines, or in totals mode the package's own. (Two plain comparisons, because
-- Postgres cannot estimate one with a CASE, and then joins row by row.)
CREATE OR REPLACE VIEW ledger.told_balances AS
SELECT t.dossier_id, d.sync_mode, t.fiscal_year, t.period, t.period_kind, t.period_end, t.account, t.opening, t.debit,
    t.credit, t.closing
FROM ledger.trial_balances t
JOIN ledger.dossiers d ON d.dossier_id = t.dossier_id
WHERE (t.source = 'computed' AND d.sync_mode <> 'totals') OR (t.source = 'package' AND d.sync_mode = 'totals');

-- Per fiscal year and account, before closing entries: opening + debit - credit = closing.
-- (Names are joined to the sums, and not before: see the note on DuckDB in docs/warehouse.md.)
CREATE OR REPLACE VIEW ledger.trial_balance_year AS
WITH sums AS NOT MATERIALIZED (
    SELECT t.dossier_id, t.sync_mode, t.fiscal_year, t.account,
        sum(CASE WHEN t.period_kind = 'opening' THEN t.closing ELSE 0 END)::DECIMAL(20,4) AS opening,
        sum(CASE WHEN t.period_kind = 'opening' THEN 0 ELSE t.debit END)::DECIMAL(20,4) AS debit,
        sum(CASE WHEN t.period_kind = 'opening' THEN 0 ELSE t.credit END)::DECIMAL(20,4) AS credit,
        sum(CASE WHEN t.period_kind = 'opening' THEN t.closing ELSE t.debit - t.credit END)::DECIMAL(20,4) AS closing
    FROM ledger.told_balances t
    WHERE t.period_kind <> 'closing'
    GROUP BY t.dossier_id, t.sync_mode, t.fiscal_year, t.account
)
SELECT s.dossier_id, s.fiscal_year, s.account, a.name AS account_name,
    coalesce(m.common_code, a.common_code) AS common_code, a.statement, s.opening, s.debit, s.credit, s.closing, s.sync_mode
FROM sums s
LEFT JOIN ledger.accounts a ON a.dossier_id = s.dossier_id AND a.number = s.account
LEFT JOIN ledger.year_mapping m
    ON m.dossier_id = s.dossier_id AND m.fiscal_year = s.fiscal_year AND m.account = s.account;

-- Per fiscal year and period, dense: an account that moved or opened in a year has a row in each of its periods,
-- so that the closing column of any one period adds up to zero. Closing entries come last, as period 99.
CREATE OR REPLACE VIEW ledger.trial_balance AS
WITH stored AS NOT MATERIALIZED (
    SELECT dossier_id, fiscal_year, period, period_kind, account,
        CASE WHEN period_kind = 'opening' THEN closing ELSE debit - credit END AS change,
        CASE WHEN period_kind = 'opening' THEN 0 ELSE debit END AS debit,
        CASE WHEN period_kind = 'opening' THEN 0 ELSE credit END AS credit
    FROM ledger.told_balances
), told AS (
    -- Every period of the calendar, and those that entries name beside it; 99 only where closing entries are.
    SELECT dossier_id, fiscal_year, period, kind AS period_kind FROM ledger.periods WHERE kind <> 'closing'
    UNION
    SELECT dossier_id, fiscal_year, period, period_kind FROM stored
), slots AS (
    SELECT told.*, CASE period_kind WHEN 'opening' THEN 0 WHEN 'normal' THEN 1 WHEN 'adjustment' THEN 2 ELSE 3 END AS place
    FROM told
), grid AS (
    SELECT s.*, a.account
    FROM slots s
    JOIN (SELECT DISTINCT dossier_id, fiscal_year, account FROM stored) a USING (dossier_id, fiscal_year)
), filled AS (
    SELECT g.dossier_id, g.fiscal_year, g.period, g.period_kind, g.place, g.account,
        coalesce(s.debit, 0) AS debit, coalesce(s.credit, 0) AS credit,
        sum(coalesce(s.change, 0)) OVER (
            PARTITION BY g.dossier_id, g.fiscal_year, g.account ORDER BY g.place, g.period
        ) AS closing
    FROM grid g
    LEFT JOIN stored s USING (dossier_id, fiscal_year, period, period_kind, account)
)
SELECT f.dossier_id, f.fiscal_year, f.period, f.period_kind, p.end_date AS period_end, f.account,
    a.name AS account_name, coalesce(m.common_code, a.common_code) AS common_code,
    CASE WHEN f.period_kind = 'opening' THEN f.closing ELSE f.closing - f.debit + f.credit END::DECIMAL(20,4)
        AS opening,
    f.debit::DECIMAL(20,4) AS debit, f.credit::DECIMAL(20,4) AS credit,
    (f.debit - f.credit)::DECIMAL(20,4) AS movement, f.closing::DECIMAL(20,4) AS closing, d.sync_mode
FROM filled f
JOIN ledger.dossiers d ON d.dossier_id = f.dossier_id
LEFT JOIN ledger.periods p ON p.dossier_id = f.dossier_id AND p.fiscal_year = f.fiscal_year AND p.period = f.period
    AND p.kind = f.period_kind
LEFT JOIN ledger.accounts a ON a.dossier_id = f.dossier_id AND a.number = f.account
LEFT JOIN ledger.year_mapping m
    ON m.dossier_id = f.dossier_id AND m.fiscal_year = f.fiscal_year AND m.account = f.account;

-- Per fiscal year and code of the common chart. The result of the year stands under E16 until it is appropriated,
-- so that a year's rows add up to zero. An account whose balance stands on the other side of its code is shown under the
-- code's twin (an overdrawn bank among the debts); suspense accounts by their sign. What is stored keeps its code.
-- amount: debit +; presented: positive on the normal side of its class.
CREATE OR REPLACE VIEW ledger.balance_sheet AS
WITH shown AS (
    SELECT t.dossier_id, t.fiscal_year, t.sync_mode, t.closing,
        CASE WHEN t.statement = 'result' THEN 'E16'
            WHEN c.twin IS NOT NULL AND ((c.side = 'D' AND t.closing < 0) OR (c.side = 'C' AND t.closing > 0)) THEN c.twin
            ELSE coalesce(t.common_code, 'U99') END AS common_code
    FROM ledger.trial_balance_year t
    LEFT JOIN ledger.common_chart c ON c.code = t.common_code
    WHERE c.class IS DISTINCT FROM 'memo'
), balances AS (
    SELECT s.dossier_id, s.fiscal_year, s.sync_mode, s.common_code,
        CASE WHEN s.common_code = 'A82' AND s.closing < 0 THEN 'liability' ELSE c.class END AS class,
        sum(s.closing) AS amount
    FROM shown s
    LEFT JOIN ledger.common_chart c ON c.code = s.common_code
    GROUP BY s.dossier_id, s.fiscal_year, s.sync_mode, s.common_code,
        CASE WHEN s.common_code = 'A82' AND s.closing < 0 THEN 'liability' ELSE c.class END
)
SELECT b.dossier_id, b.fiscal_year, y.end_date, b.common_code, c.name_en, c.name_fr, c.name_nl, b.class,
    b.amount::DECIMAL(20,4) AS amount,
    (CASE WHEN b.class IN ('equity', 'liability') THEN -b.amount ELSE b.amount END)::DECIMAL(20,4) AS presented,
    b.sync_mode
FROM balances b
JOIN ledger.fiscal_years y ON y.dossier_id = b.dossier_id AND y.label = b.fiscal_year
LEFT JOIN ledger.common_chart c ON c.code = b.common_code
WHERE b.amount <> 0;

-- Income and expense per fiscal year and code, before closing entries; appropriation (Q10) is not part of it.
CREATE OR REPLACE VIEW ledger.income_statement AS
SELECT t.dossier_id, t.fiscal_year, y.start_date, y.end_date, t.common_code, c.name_en, c.name_fr, c.name_nl,
    coalesce(c.class, 'unmapped') AS class, sum(t.closing)::DECIMAL(20,4) AS amount,
    (-sum(t.closing))::DECIMAL(20,4) AS effect_on_result, t.sync_mode
FROM ledger.trial_balance_year t
JOIN ledger.fiscal_years y ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year
LEFT JOIN ledger.common_chart c ON c.code = t.common_code
WHERE t.statement = 'result' AND t.common_code IS DISTINCT FROM 'Q10'
    AND c.class IS DISTINCT FROM 'memo'
GROUP BY t.dossier_id, t.sync_mode, t.fiscal_year, y.start_date, y.end_date, t.common_code, c.name_en, c.name_fr,
    c.name_nl, c.class
HAVING sum(t.closing) <> 0;

-- The checks of the sync that stands, one row each. state: proven, failed, warning, or no evidence.
CREATE OR REPLACE VIEW ledger.reconciliation AS
SELECT d.dossier_id, d.name AS dossier, d.software, r.check_name, r.severity,
    CASE WHEN r.passed IS NULL THEN 'no evidence'
        WHEN r.passed THEN 'proven'
        WHEN r.severity = 'error' THEN 'failed'
        ELSE 'warning' END AS state,
    r.value, r.detail, r.sync_id, d.last_synced_at, d.sync_mode
FROM ledger.dossiers d
JOIN ledger.check_results r ON r.dossier_id = d.dossier_id AND r.sync_id = d.sync_id;

-- How old the figures of each dossier are.
CREATE OR REPLACE VIEW ledger.freshness AS
SELECT d.dossier_id, d.name AS dossier, d.software, d.firm_id, d.sync_mode, d.status, d.last_synced_at,
    round((extract(epoch FROM (now() AT TIME ZONE 'UTC') - d.last_synced_at) / 3600)::DECIMAL(20,4), 1) AS age_hours,
    l.last_booking_date, l.lines
FROM ledger.dossiers d
LEFT JOIN (
    SELECT dossier_id, max(date) AS last_booking_date, count(*) AS lines FROM ledger.journal_lines GROUP BY dossier_id
) l USING (dossier_id);

-- Lines that the package once told and no longer does. Totals are without them.
CREATE OR REPLACE VIEW ledger.deleted_lines AS
SELECT c.dossier_id, c.line_key, c.entry_key, c.fiscal_year, c.period, c.date, c.journal, c.document, c.account,
    c.counterparty, c.description, c.old_debit AS debit, c.old_credit AS credit, c.old_amount AS amount, c.currency,
    c.old_amount_currency AS amount_currency, c.year_closed, c.seen_at, c.sync_id
FROM ledger.line_changes c
WHERE c.change = 'deleted' AND NOT EXISTS (
    SELECT 1 FROM ledger.journal_lines l WHERE l.dossier_id = c.dossier_id AND l.line_key = c.line_key
) AND NOT EXISTS (
    SELECT 1 FROM ledger.line_changes n
    WHERE n.dossier_id = c.dossier_id AND n.line_key = c.line_key AND n.change = 'deleted' AND n.seen_at > c.seen_at
);

-- Balances of closed years that changed because the package told otherwise: a back-dated booking, old and new.
CREATE OR REPLACE VIEW ledger.closed_year_changes AS
SELECT b.dossier_id, d.name AS dossier, b.fiscal_year, b.account, a.name AS account_name, b.old_closing, b.new_closing,
    b.new_closing - b.old_closing AS difference, b.seen_at, b.sync_id
FROM ledger.balance_changes b
JOIN ledger.dossiers d ON d.dossier_id = b.dossier_id
LEFT JOIN ledger.accounts a ON a.dossier_id = b.dossier_id AND a.number = b.account
WHERE b.year_closed AND b.cause = 'package' AND b.old_closing <> b.new_closing;

-- Each client of an administrative package with the dossiers that are its own: by code, then by enterprise number (outside
-- Belgium: by VAT number). A dossier is tied to one client of a list, a client may have several dossiers. tied_by: code,
-- enterprise_number, ambiguous (several clients could be those of the dossier in could_be: it is tied to none), or none.
-- same_number tells whether the numbers of the two agree; NULL where one has none. Clients that were removed are untied.
CREATE OR REPLACE VIEW ledger.client_dossiers AS
WITH written AS (
    SELECT dossier_id, firm_id, lower(trim(code)) AS code, country,
        upper(regexp_replace(vat_number, '[^0-9A-Za-z]', '', 'g')) AS told,
        regexp_replace(vat_number, '[^0-9]', '', 'g') AS digits
    FROM ledger.dossiers WHERE kind IS DISTINCT FROM 'clients'
), dossier_keys AS (
    SELECT dossier_id, firm_id, code,
        CASE WHEN digits = '' THEN NULL
            WHEN left(told, 2) = 'BE' OR (told = digits AND coalesce(country, 'BE') = 'BE') THEN 'BE' || lpad(digits, 10, '0')
            WHEN left(told, 2) = 'FR' OR (told = digits AND country = 'FR') THEN 'FR' || right(digits, 9)
            WHEN left(told, 1) BETWEEN 'A' AND 'Z' THEN told
            ELSE country || told END AS number
    FROM written
), client_keys AS (
    SELECT client_id, list_id, firm_id, lower(trim(code)) AS code, lower(trim(dossier_code)) AS dossier_code,
        CASE WHEN left(vat_number, 2) = 'FR' THEN 'FR' || right(vat_number, 9)
            WHEN left(vat_number, 2) <> 'BE' THEN vat_number
            ELSE 'BE' || enterprise_number END AS number
    FROM ledger.clients WHERE status <> 'removed'
), alike AS (
    SELECT c.list_id, c.client_id, d.dossier_id, 1 AS code, 0 AS number
    FROM client_keys c JOIN dossier_keys d ON d.firm_id = c.firm_id AND d.code = c.code
    UNION
    SELECT c.list_id, c.client_id, d.dossier_id, 1, 0
    FROM client_keys c JOIN dossier_keys d ON d.firm_id = c.firm_id AND d.code = c.dossier_code
    UNION
    SELECT c.list_id, c.client_id, d.dossier_id, 0, 1
    FROM client_keys c JOIN dossier_keys d ON d.firm_id = c.firm_id AND d.number = c.number
), pairs AS (
    SELECT list_id, client_id, dossier_id, max(code) AS code, max(number) AS number
    FROM alike GROUP BY list_id, client_id, dossier_id
), counted AS (
    SELECT p.*, sum(code) OVER w AS codes, sum(number) OVER w AS numbers
    FROM pairs p WINDOW w AS (PARTITION BY list_id, dossier_id)
), judged AS (
    SELECT list_id, client_id, dossier_id,
        CASE WHEN codes = 1 THEN CASE WHEN code = 1 THEN 'code' END
            WHEN numbers = 1 THEN CASE WHEN number = 1 THEN 'enterprise_number' END
            ELSE 'ambiguous' END AS tied_by
    FROM counted
)
SELECT c.firm_id, c.list_id, c.client_id, c.code AS client_code, c.name AS client, c.status AS client_status,
    c.enterprise_number, d.dossier_id, d.name AS dossier, d.software, coalesce(j.tied_by, 'none') AS tied_by,
    CASE WHEN d.dossier_id IS NULL THEN NULL ELSE k.number = dk.number END AS same_number,
    CASE WHEN j.tied_by = 'ambiguous' THEN j.dossier_id END AS could_be
FROM ledger.clients c
LEFT JOIN judged j ON j.client_id = c.client_id AND j.tied_by IS NOT NULL
LEFT JOIN ledger.dossiers d ON d.dossier_id = j.dossier_id AND j.tied_by <> 'ambiguous'
LEFT JOIN client_keys k ON k.client_id = c.client_id
LEFT JOIN dossier_keys dk ON dk.dossier_id = d.dossier_id;
