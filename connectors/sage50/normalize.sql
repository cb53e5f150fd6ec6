-- A UK company of Sage 50 to the common language: landed.company, years, currency, nominal_ledger, category,
-- sales_ledger, purchase_ledger, and audit_journal with audit_header, or audit_trail, to schema books.

-- Inferred: what a transaction does to the nominal code that it names (debit +); its control and VAT sides have the other
-- sign, and the tax account follows from the ledger. kind, sign, journal type and name.
CREATE TEMP TABLE s50_types AS
FROM (VALUES
    ('SI', -1, 'sales', 'Sales invoices'), ('SC', 1, 'sales_credit', 'Sales credits'),
    ('SR', 1, 'bank', 'Sales receipts'), ('SA', 1, 'bank', 'Sales receipts on account'),
    ('SP', -1, 'bank', 'Sales payments'), ('SD', 1, 'general', 'Sales discounts'),
    ('PI', 1, 'purchase', 'Purchase invoices'), ('PC', -1, 'purchase_credit', 'Purchase credits'),
    ('PP', -1, 'bank', 'Purchase payments'), ('PA', -1, 'bank', 'Purchase payments on account'),
    ('PR', 1, 'bank', 'Purchase receipts'), ('PD', -1, 'general', 'Purchase discounts'),
    ('BP', 1, 'bank', 'Bank payments'), ('BR', -1, 'bank', 'Bank receipts'),
    ('CP', 1, 'cash', 'Cash payments'), ('CR', -1, 'cash', 'Cash receipts'),
    ('VP', 1, 'bank', 'Card payments'), ('VR', -1, 'bank', 'Card receipts'),
    ('JD', 1, 'general', 'Journal debits'), ('JC', -1, 'general', 'Journal credits')
) v(kind, sign, journal, name);

-- The type of an account by the range of the chart that it lies in; inferred: titles 2 to 9, and the usual ranges of the
-- default chart for what no range covers.
CREATE TEMP TABLE s50_accounts AS
WITH ranged AS (
    SELECT n.*, c.category, row_number() OVER (
        PARTITION BY account_ref ORDER BY n.row DESC, length(c.high) NULLS LAST, c.low DESC, c.category) AS place
    FROM landed.nominal_ledger n
    CROSS JOIN landed.company m
    LEFT JOIN landed.category c ON n.account_ref BETWEEN c.low AND c.high AND c.category BETWEEN 1 AND 9
        AND c.chart = coalesce(m.default_chart, c.chart)
    WHERE account_ref IS NOT NULL
)
SELECT *, CASE WHEN category = 1 THEN 'income' WHEN category <= 4 THEN 'expense' WHEN category <= 6 THEN 'asset'
        WHEN category <= 8 THEN 'liability' WHEN category = 9 THEN 'equity'
        WHEN NOT regexp_full_match(account_ref, '[0-9]{4}') THEN NULL
        WHEN account_ref < '2000' THEN 'asset' WHEN account_ref < '3000' THEN 'liability'
        WHEN account_ref < '4000' THEN 'equity' WHEN account_ref < '5000' THEN 'income' ELSE 'expense' END AS type
FROM ranged WHERE place = 1;

CREATE TEMP TABLE s50_lines AS
-- One row per transaction: the control and VAT sides are rebuilt from the control accounts of the company.
WITH transactions AS (
    SELECT t.*, k.kind, k.sign, left(k.kind, 1) AS ledger, tax_amount AS tax, c.nom_debtors, c.nom_creditors,
        -- A transaction has no number here. Splits of one share what is written on them; a journal balances on its date.
        concat_ws('/', CASE WHEN k.kind LIKE 'J%' THEN 'J' ELSE k.kind END, date::VARCHAR,
            CASE WHEN k.kind NOT LIKE 'J%' THEN coalesce(account_ref, '') END, coalesce(reference, '')) AS entry_key,
        CASE WHEN k.kind LIKE 'S%' OR k.kind IN ('BR', 'CR', 'VR') THEN c.nom_tax_sales ELSE c.nom_tax_purchase END
            AS tax_account
    FROM (SELECT * REPLACE (coalesce(tax_amount, 0) AS tax_amount) FROM landed.audit_trail) t
    JOIN s50_types k ON k.kind = upper(t.type)
    CROSS JOIN landed.company c
), keyed AS (
    SELECT *, entry_key || '/' || nominal_code || '/' || coalesce(tax_code, '') || '#'
        || row_number() OVER (PARTITION BY entry_key, nominal_code, tax_code ORDER BY row) AS key
    FROM transactions
), sides AS (
    SELECT *, 0 AS side, sign * net_amount AS amount, nominal_code AS account FROM keyed
    UNION ALL
    SELECT *, 1, sign * tax, tax_account FROM keyed WHERE tax <> 0 AND ledger <> 'J'
    UNION ALL
    SELECT *, 2, -sign * (net_amount + tax),
        CASE ledger WHEN 'S' THEN nom_debtors WHEN 'P' THEN nom_creditors ELSE account_ref END
    FROM keyed WHERE ledger <> 'J'
)
SELECT key || '/' || side AS line_key, entry_key, row AS place, side, kind, date, account, reference AS document,
    -- The party stands on the control account: it owes the whole, once.
    CASE WHEN side = 2 AND ledger IN ('S', 'P') THEN account_ref END AS counterparty, details AS description, amount,
    NULL::VARCHAR AS currency, NULL::DECIMAL(20,4) AS amount_currency,
    CASE WHEN side = 0 THEN tax_code END AS vat_code, NULL::DATE AS due_date, NULL::TIMESTAMP AS modified_at
FROM sides
UNION ALL
-- One row per posting, of transactions that stand.
SELECT header_number || '-' || coalesce(split_number, 0) || '-' || nominal_code || '#'
        || row_number() OVER (PARTITION BY header_number, split_number, nominal_code ORDER BY history, j.row),
    header_number::VARCHAR, j.row, 0, upper(j.type), date, nominal_code, inv_ref,
    CASE WHEN regexp_matches(upper(j.type), '^[SP]') AND nominal_code IN (c.nom_debtors, c.nom_creditors)
        THEN account_ref END,
    details, amount, u.code,
    CASE WHEN u.code <> c.currency THEN abs(foreign_amount) * sign(amount) END::DECIMAL(20,4),
    tax_code, CASE WHEN nominal_code IN (c.nom_debtors, c.nom_creditors) THEN h.due_date END, record_modify_date
FROM landed.audit_journal j
CROSS JOIN landed.company c
LEFT JOIN (FROM landed.audit_header QUALIFY row_number() OVER (PARTITION BY header_number ORDER BY row DESC) = 1) h
    USING (header_number)
LEFT JOIN (SELECT number, any_value(code) AS code FROM landed.currency GROUP BY number) u ON u.number = h.currency
WHERE NOT coalesce(deleted_flag, false) AND NOT coalesce(record_deleted, false)
    -- What was cleared from the audit trail is told by the history alone.
    AND NOT (history AND header_number IN (SELECT header_number FROM landed.audit_journal WHERE NOT history));

CREATE VIEW books.dossier AS
SELECT name, NULL::VARCHAR AS code, CASE WHEN regexp_full_match(upper(country_code), '[A-Z]{2}') THEN upper(country_code) END
    AS country, currency, vat_reg_number AS vat_number
FROM landed.company;

CREATE VIEW books.fiscal_years AS SELECT label, start_date, end_date, closed FROM landed.years;

-- What a year opens with, where there is no line of it: the first year asked for opens with what was booked before, the
-- result of it on retained earnings. The current year opens with what the nominal ledger brought forward, where that is
-- not what was booked before it: the history was cleared.
CREATE TEMP TABLE s50_openings AS
WITH carried AS (
    SELECT y.label, CASE WHEN a.type IN ('income', 'expense') THEN c.nom_retained_earnings ELSE l.account END AS account,
        sum(l.amount) AS amount
    FROM landed.years y
    JOIN s50_lines l ON l.date < y.start_date
    LEFT JOIN s50_accounts a ON a.account_ref = l.account
    CROSS JOIN landed.company c
    WHERE y.asked_for AND (y.current OR y.start_date = (SELECT min(start_date) FROM landed.years WHERE asked_for))
    GROUP BY ALL
    HAVING sum(l.amount) <> 0
), brought AS (
    SELECT y.label, account_ref AS account, balance_bf AS amount
    FROM s50_accounts CROSS JOIN landed.years y
    WHERE y.current AND y.asked_for AND balance_bf <> 0 AND (SELECT sum(balance_bf) FROM s50_accounts) = 0
), differing AS (
    SELECT label FROM (SELECT label, account, amount FROM carried UNION ALL SELECT label, account, -amount FROM brought)
    WHERE label IN (SELECT label FROM landed.years WHERE current) AND EXISTS (FROM brought)
    GROUP BY label, account HAVING sum(amount) <> 0
)
SELECT *, 'Brought forward' AS description FROM brought WHERE label IN (FROM differing)
UNION ALL
SELECT *, 'Opening, added up from the years before' FROM carried
WHERE label NOT IN (FROM differing)
    AND label = (SELECT label FROM landed.years WHERE asked_for ORDER BY start_date LIMIT 1)
    AND EXISTS (FROM landed.years WHERE NOT asked_for);

CREATE TABLE books.journal_lines AS
SELECT l.line_key, l.entry_key, row_number() OVER (PARTITION BY entry_key ORDER BY place, side)::INTEGER AS line_no,
    y.label AS fiscal_year, NULL::INTEGER AS period, 'normal' AS period_kind, l.date, l.kind AS journal, l.document,
    l.account, l.counterparty, l.description, greatest(l.amount, 0)::DECIMAL(20,4) AS debit,
    greatest(-l.amount, 0)::DECIMAL(20,4) AS credit, coalesce(l.currency, c.currency) AS currency, l.amount_currency,
    l.vat_code, l.due_date, l.modified_at
FROM s50_lines l
JOIN landed.years y ON l.date BETWEEN y.start_date AND y.end_date AND y.asked_for
CROSS JOIN landed.company c
UNION ALL BY NAME
SELECT 'OPENING/' || o.label || '/' || account AS line_key, 'OPENING/' || o.label AS entry_key,
    row_number() OVER (PARTITION BY o.label ORDER BY account)::INTEGER AS line_no, o.label AS fiscal_year,
    0 AS period, 'opening' AS period_kind, y.start_date AS date, account, description,
    greatest(amount, 0)::DECIMAL(20,4) AS debit, greatest(-amount, 0)::DECIMAL(20,4) AS credit, c.currency
FROM s50_openings o JOIN landed.years y USING (label) CROSS JOIN landed.company c;

CREATE TABLE books.accounts AS
SELECT account_ref AS number, coalesce(name, account_ref) AS name, type,
    CASE WHEN type IN ('income', 'expense') THEN 'result' WHEN type IS NOT NULL THEN 'balance' END AS statement,
    'category:' || category AS package_type, NULL::VARCHAR AS explicit_code, NULL::VARCHAR AS currency,
    NOT (coalesce(inactive_flag, false) OR coalesce(record_deleted, false)) AS active, false AS heading
FROM s50_accounts;

-- Inferred: the result of earlier years goes to retained earnings, without an entry.
CREATE OR REPLACE TABLE books.carried_result AS SELECT nom_retained_earnings AS account FROM landed.company;

CREATE TABLE books.journals AS
SELECT kind AS code, name, journal AS type FROM s50_types WHERE kind IN (SELECT journal FROM books.journal_lines);

CREATE TABLE books.periods (fiscal_year VARCHAR, period INTEGER, start_date DATE, end_date DATE, kind VARCHAR);

CREATE TABLE books.counterparties AS
WITH parties AS (
    SELECT *, 'customer' AS kind, (SELECT nom_debtors FROM landed.company) AS control FROM landed.sales_ledger
    UNION ALL
    SELECT *, 'supplier', (SELECT nom_creditors FROM landed.company) FROM landed.purchase_ledger
), cleaned AS (
    SELECT *, CASE WHEN regexp_full_match(upper(country_code), '[A-Z]{2}') THEN upper(country_code) END AS country,
        regexp_replace(upper(coalesce(vat_reg_number, '')), '[^A-Z0-9]', '', 'g') AS digits
    FROM parties WHERE account_ref IS NOT NULL
)
SELECT account_ref AS code, coalesce(string_agg(DISTINCT name, ' / ' ORDER BY name), account_ref) AS name,
    CASE WHEN count(DISTINCT kind) = 2 THEN 'both' ELSE min(kind) END AS kind,
    first(CASE WHEN regexp_matches(digits, '^[A-Z]{2}.*[0-9]') THEN digits
        WHEN regexp_matches(digits, '[0-9]') THEN concat(country, digits) END ORDER BY kind) AS vat_number,
    first(country ORDER BY kind) AS country, first(control ORDER BY kind) AS control_account
FROM cleaned GROUP BY account_ref;

-- The nominal ledger's own balances of the current year.
CREATE TABLE books.trial_balances AS
SELECT y.label AS fiscal_year, NULL::INTEGER AS period, account_ref AS account,
    balance_bf::DECIMAL(20,4) AS opening,
    (debit_mth1 + debit_mth2 + debit_mth3 + debit_mth4 + debit_mth5 + debit_mth6
        + debit_mth7 + debit_mth8 + debit_mth9 + debit_mth10 + debit_mth11 + debit_mth12)::DECIMAL(20,4) AS debit,
    (credit_mth1 + credit_mth2 + credit_mth3 + credit_mth4 + credit_mth5 + credit_mth6
        + credit_mth7 + credit_mth8 + credit_mth9 + credit_mth10 + credit_mth11 + credit_mth12)::DECIMAL(20,4) AS credit,
    balance::DECIMAL(20,4) AS closing
FROM s50_accounts CROSS JOIN landed.years y
WHERE y.current AND balance IS NOT NULL;
