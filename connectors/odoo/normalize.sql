-- From Odoo's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE TABLE odoo_company AS
SELECT d.*, cur.name AS currency FROM landed.dossier d LEFT JOIN landed.currencies cur ON cur.id = d.currency_id;

CREATE TABLE books.dossier AS
SELECT name, id::VARCHAR AS code, country_code AS country, currency, vat AS vat_number FROM odoo_company;

CREATE TABLE books.fiscal_years AS
SELECT label, date_from AS start_date, date_to AS end_date, closed FROM landed.fiscal_years;

-- Odoo keeps no periods: they are the calendar months of a year.
CREATE TABLE books.periods (fiscal_year VARCHAR, period INTEGER, start_date DATE, end_date DATE, kind VARCHAR);

-- Up to 15 an account points to a type, known by its name; from 16 on it has one of these words itself (the pairs
-- follow from what the upgrade makes of each).
CREATE OR REPLACE TABLE odoo_types AS
SELECT t.id, coalesce(w.account_type, CASE t.type WHEN 'receivable' THEN 'asset_receivable'
    WHEN 'payable' THEN 'liability_payable' WHEN 'liquidity' THEN 'asset_cash' END) AS account_type
FROM landed.account_types t
LEFT JOIN (VALUES
    ('Receivable', 'asset_receivable'), ('Payable', 'liability_payable'), ('Bank and Cash', 'asset_cash'),
    ('Credit Card', 'liability_credit_card'), ('Current Assets', 'asset_current'),
    ('Non-current Assets', 'asset_non_current'), ('Prepayments', 'asset_prepayments'), ('Fixed Assets', 'asset_fixed'),
    ('Current Liabilities', 'liability_current'), ('Non-current Liabilities', 'liability_non_current'),
    ('Equity', 'equity'), ('Current Year Earnings', 'equity_unaffected'), ('Income', 'income'),
    ('Other Income', 'income_other'), ('Expenses', 'expense'), ('Depreciation', 'expense_depreciation'),
    ('Cost of Revenue', 'expense_direct_cost'), ('Off-Balance Sheet', 'off_balance')
) w(name, account_type) ON w.name = t.name;

-- An account without a code in this company keeps its id, so that none of its lines is lost (inferred).
CREATE OR REPLACE TABLE odoo_accounts AS
SELECT a.id, coalesce(nullif(trim(a.code), ''), '#' || a.id) AS number, coalesce(a.name, '') AS name,
    coalesce(a.account_type, t.account_type) AS account_type,
    coalesce(split_part(coalesce(a.account_type, t.account_type), '_', 1), a.internal_group) AS family,
    c.name AS currency, coalesce(a.active, true) AND NOT coalesce(a.deprecated, false) AS active
FROM landed.accounts a
LEFT JOIN odoo_types t ON t.id = a.user_type_id
LEFT JOIN landed.currencies c ON c.id = a.currency_id;

CREATE TABLE books.accounts AS
SELECT number, any_value(name ORDER BY id) AS name,
    any_value(CASE WHEN family IN ('asset', 'equity', 'liability', 'income', 'expense') THEN family
        WHEN family = 'off' OR family = 'off_balance' THEN 'memo' END ORDER BY id) AS type,
    any_value(CASE WHEN family IN ('asset', 'equity', 'liability') THEN 'balance'
        WHEN family IN ('income', 'expense') THEN 'result' END ORDER BY id) AS statement,
    any_value('O:' || account_type ORDER BY id) AS package_type, NULL::VARCHAR AS explicit_code,
    any_value(coalesce(currency, (SELECT any_value(currency) FROM odoo_company)) ORDER BY id) AS currency,
    bool_or(active) AS active, false AS heading
FROM odoo_accounts GROUP BY number;

-- The result of earlier years stands, without any entry, on the one account for what is not distributed yet.
CREATE OR REPLACE TABLE books.carried_result AS
SELECT coalesce(min(number), getvariable('odoo_undistributed')) AS account
FROM odoo_accounts WHERE account_type = 'equity_unaffected';

INSERT INTO books.accounts
SELECT account, 'Undistributed Profits/Losses', 'equity', 'balance', 'O:equity_unaffected', NULL,
    (SELECT any_value(currency) FROM odoo_company), true, false
FROM books.carried_result WHERE account NOT IN (SELECT number FROM books.accounts);

CREATE TABLE books.journals AS
SELECT code, any_value(coalesce(name, '') ORDER BY id) AS name,
    any_value(CASE type WHEN 'sale' THEN 'sales' WHEN 'purchase' THEN 'purchase' WHEN 'cash' THEN 'cash' WHEN 'bank' THEN 'bank'
        WHEN 'credit' THEN 'bank' WHEN 'general' THEN 'general' ELSE 'other' END ORDER BY id) AS type
FROM landed.journals WHERE code IS NOT NULL GROUP BY code;

-- People know a partner by its reference where it has one that no other has; its id is sure (inferred).
CREATE OR REPLACE TABLE odoo_partners AS
WITH told AS (
    SELECT *, nullif(trim(ref), '') AS known_by FROM landed.partners
    QUALIFY row_number() OVER (PARTITION BY id) = 1
)
SELECT *, CASE WHEN known_by IS NOT NULL AND count(*) OVER (PARTITION BY known_by) = 1
    AND try_cast(known_by AS BIGINT) IS NULL THEN known_by ELSE id::VARCHAR END AS code
FROM told;

CREATE TABLE books.counterparties AS
SELECT p.code, coalesce(p.name, '') AS name,
    CASE WHEN p.customer_rank > 0 AND p.supplier_rank > 0 THEN 'both' WHEN p.customer_rank > 0 THEN 'customer'
        WHEN p.supplier_rank > 0 THEN 'supplier' ELSE 'other' END AS kind,
    p.vat AS vat_number, c.code AS country,
    CASE WHEN p.customer_rank > 0 AND p.supplier_rank > 0 THEN NULL WHEN p.customer_rank > 0 THEN receivable.number
        WHEN p.supplier_rank > 0 THEN payable.number END AS control_account
FROM odoo_partners p
LEFT JOIN landed.countries c ON c.id = p.country_id
LEFT JOIN odoo_accounts receivable ON receivable.id = p.property_account_receivable_id
LEFT JOIN odoo_accounts payable ON payable.id = p.property_account_payable_id;

-- Every posted line once, as it was told last. In years that were swept, a line whose id does not stand any more was
-- deleted.
CREATE OR REPLACE TABLE odoo_repeated AS
SELECT id FROM landed.lines GROUP BY id HAVING count(*) > 1;

CREATE OR REPLACE VIEW odoo_lines AS
SELECT l.*
FROM (
    FROM landed.lines ANTI JOIN odoo_repeated USING (id)
    UNION ALL
    FROM landed.lines SEMI JOIN odoo_repeated USING (id)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY write_date DESC, Reading DESC) = 1
) l, odoo_company d
LEFT JOIN landed.standing s ON s.id = l.id
WHERE l.parent_state = 'posted'
    AND (d.SweptFrom IS NULL OR l.date::DATE < d.SweptFrom OR s.id IS NOT NULL)
    AND (d.Since IS NULL OR l.date::DATE >= d.Since);

-- The move that opens the books is dated before the first year; it is that year's opening. Where the link begins later
-- it is in the balances that are carried over (below).
CREATE TABLE books.journal_lines AS
SELECT l.id::VARCHAR AS line_key, l.move_id::VARCHAR AS entry_key, try_cast(l.id AS INTEGER) AS line_no,
    CASE WHEN l.move_id = d.OpeningMove THEN y.label END AS fiscal_year, NULL::INTEGER AS period,
    CASE WHEN l.move_id = d.OpeningMove THEN 'opening' ELSE 'normal' END AS period_kind,
    CASE WHEN l.move_id = d.OpeningMove THEN y.start_date ELSE l.date::DATE END AS date,
    j.code AS journal, nullif(l.move_name, '/') AS document, coalesce(a.number, '#' || l.account_id) AS account,
    coalesce(p.code, l.partner_id::VARCHAR) AS counterparty, coalesce(l.name, l.ref) AS description,
    l.debit, l.credit,
    CASE WHEN l.currency_id <> d.currency_id THEN c.name END AS currency,
    CASE WHEN l.currency_id <> d.currency_id THEN l.amount_currency END AS amount_currency,
    t.name AS vat_code, l.date_maturity::DATE AS due_date, l.write_date::TIMESTAMP AS modified_at
FROM odoo_lines l
CROSS JOIN odoo_company d
CROSS JOIN (SELECT arg_min(label, start_date) AS label, min(start_date) AS start_date FROM books.fiscal_years) y
LEFT JOIN odoo_accounts a ON a.id = l.account_id
LEFT JOIN landed.journals j ON j.id = l.journal_id
LEFT JOIN odoo_partners p ON p.id = l.partner_id
LEFT JOIN landed.currencies c ON c.id = l.currency_id
LEFT JOIN landed.taxes t ON t.id = coalesce(l.tax_line_id, l.tax_ids[1])
WHERE d.Since IS NULL OR l.move_id IS DISTINCT FROM d.OpeningMove;

-- The database's own sums by account number; a result account of earlier years is carried to the one for results.
CREATE OR REPLACE TABLE odoo_sums AS
WITH told AS (
    SELECT 'opening' AS what, * FROM landed.openings
    UNION ALL SELECT 'movement', * FROM landed.movements
    UNION ALL SELECT 'closing', * FROM landed.closings
)
SELECT s.what, s.day::DATE AS day, coalesce(a.number, '#' || s.account_id) AS account,
    CASE WHEN a.family IN ('income', 'expense') THEN (SELECT account FROM books.carried_result)
        ELSE coalesce(a.number, '#' || s.account_id) END AS carried_to,
    s.debit, s.credit, s.balance
FROM told s LEFT JOIN odoo_accounts a ON a.id = s.account_id
WHERE s.account_id IS NOT NULL;

-- A link that begins at a date has the balances before it as the opening of its first year.
INSERT INTO books.journal_lines BY NAME
WITH first_year AS (
    SELECT arg_min(y.label, y.start_date) AS label, min(y.start_date) AS start_date
    FROM books.fiscal_years y, odoo_company d WHERE y.start_date >= d.Since
), carried AS (
    SELECT carried_to AS account, sum(balance)::DECIMAL(20,4) AS amount
    FROM odoo_sums WHERE what = 'opening' GROUP BY ALL HAVING sum(balance) <> 0
)
SELECT 'opening-' || y.label || '-' || c.account AS line_key, 'opening-' || y.label AS entry_key,
    row_number() OVER (ORDER BY c.account)::INTEGER AS line_no, y.label AS fiscal_year, 'opening' AS period_kind,
    y.start_date AS date, c.account, greatest(c.amount, 0)::DECIMAL(20,4) AS debit,
    greatest(-c.amount, 0)::DECIMAL(20,4) AS credit
FROM carried c, first_year y, odoo_company d
WHERE d.Since IS NOT NULL AND y.label IS NOT NULL;

CREATE OR REPLACE TABLE odoo_years AS
SELECT label, start_date, end_date, row_number() OVER (ORDER BY start_date) AS n
FROM books.fiscal_years, odoo_company d WHERE d.Since IS NULL OR start_date >= d.Since;

CREATE OR REPLACE TABLE odoo_moved AS
SELECT y.n, y.label, datediff('month', y.start_date, s.day)::INTEGER + 1 AS period, s.account, s.carried_to,
    sum(s.debit) AS debit, sum(s.credit) AS credit, sum(s.balance) AS balance
FROM odoo_sums s JOIN odoo_years y ON s.day BETWEEN y.start_date AND y.end_date
WHERE s.what = 'movement' GROUP BY ALL;

-- Movements per period; and years with the balances at their two ends. What is summed over all time is apart from the
-- movements, and where it differs from them the last year's closing balance tells so.
CREATE TABLE books.trial_balances AS
WITH flows AS (
    SELECT 0 AS n, account, carried_to, balance FROM odoo_sums WHERE what = 'opening'
    UNION ALL SELECT n, account, carried_to, balance FROM odoo_moved
), openings AS (
    SELECT y.n, f.carried_to AS account, sum(f.balance) AS opening
    FROM odoo_years y JOIN flows f ON f.n < y.n GROUP BY ALL
), movements AS (
    SELECT n, account, sum(debit) AS debit, sum(credit) AS credit FROM odoo_moved GROUP BY ALL
), beside AS (
    SELECT (SELECT max(n) FROM odoo_years) AS n, account, sum(amount) AS beside
    FROM (
        SELECT account, balance AS amount FROM odoo_sums WHERE what = 'closing'
        UNION ALL SELECT account, -balance FROM flows
    )
    GROUP BY account HAVING sum(amount) <> 0
)
SELECT label AS fiscal_year, period, account, NULL::DECIMAL(20,4) AS opening, sum(debit)::DECIMAL(20,4) AS debit,
    sum(credit)::DECIMAL(20,4) AS credit, NULL::DECIMAL(20,4) AS closing
FROM odoo_moved GROUP BY ALL
UNION ALL
SELECT y.label, NULL, account, coalesce(o.opening, 0)::DECIMAL(20,4), coalesce(m.debit, 0)::DECIMAL(20,4),
    coalesce(m.credit, 0)::DECIMAL(20,4),
    (coalesce(o.opening, 0) + coalesce(m.debit, 0) - coalesce(m.credit, 0) + coalesce(b.beside, 0))::DECIMAL(20,4)
FROM openings o
FULL JOIN movements m USING (n, account)
FULL JOIN beside b USING (n, account)
JOIN odoo_years y USING (n);
