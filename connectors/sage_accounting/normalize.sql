-- From Sage Accounting's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred"; their reasons stand in inferred.py.

CREATE OR REPLACE MACRO sage_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO sage_day(told) AS try_cast(left(told, 10) AS DATE);
CREATE OR REPLACE MACRO sage_moment(told) AS try_cast(left(told, 19) AS TIMESTAMP);
-- What stands in brackets at the end of a name: "Sales (0400)".
CREATE OR REPLACE MACRO sage_bracket(told) AS sage_text(regexp_extract(told, '\(([^()]*)\)\s*$', 1));

CREATE TABLE books.dossier AS
SELECT sage_text(name) AS name, id AS code, sage_text(country) AS country, sage_text(currency) AS currency,
    sage_text(tax_number) AS vat_number
FROM landed.dossier;

CREATE TABLE books.fiscal_years AS SELECT label, start_date, end_date, closed FROM landed.years;
CREATE TABLE books.periods (fiscal_year VARCHAR, period INTEGER, start_date DATE, end_date DATE, kind VARCHAR);
CREATE OR REPLACE TABLE sage_first AS SELECT label, start_date AS day, whole FROM landed.years ORDER BY start_date LIMIT 1;

-- The trial balances, account by account; and those of whole years.
CREATE OR REPLACE TABLE sage_told AS
SELECT from_date, to_date, a.id, a.displayed_as AS label, (a.opening_debit - a.opening_credit)::DECIMAL(20,4) AS opening,
    a.debit, a.credit, (a.closing_debit - a.closing_credit)::DECIMAL(20,4) AS closing
FROM (SELECT from_date, to_date, unnest(ledger_accounts) AS a FROM landed.trial_balances);

CREATE OR REPLACE VIEW sage_yearly AS
SELECT y.label, y.start_date, y.end_date, y.whole, t.* EXCLUDE (from_date, to_date, label)
FROM landed.years y JOIN sage_told t ON t.from_date = y.start_date AND t.to_date = y.end_date;

-- Every entry once, as it was told last. A deleted one stays in the vendor's list, and its flag tells.
CREATE OR REPLACE TABLE sage_repeated AS SELECT id FROM landed.ledger_entries GROUP BY id HAVING count(*) > 1;

CREATE OR REPLACE VIEW sage_entries AS
FROM (
    FROM landed.ledger_entries ANTI JOIN sage_repeated USING (id)
    UNION ALL
    FROM landed.ledger_entries SEMI JOIN sage_repeated USING (id)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST, deleted DESC) = 1
) WHERE NOT coalesce(deleted, false);

CREATE OR REPLACE TABLE sage_transactions AS
SELECT DISTINCT ON (id) id, sage_text(reference) AS reference, sage_text(transaction_type.id) AS kind,
    sage_text(transaction_type.displayed_as) AS kind_name
FROM landed.transactions ORDER BY id, updated_at DESC NULLS LAST;

-- An account's code is what stands in brackets where that is the nominal code with its leading zeros, else the nominal
-- code; without one, or where another account has it, the id stands for it. What entries or balances name that is not in
-- the list is known by what they say.
CREATE OR REPLACE TABLE sage_accounts AS
WITH listed AS (
    SELECT id, displayed_as, sage_text(name) AS name, nominal_code, upper(sage_text(ledger_account_type.id)) AS type,
        upper(coalesce(sage_text(ledger_account_group.id), sage_text(ledger_account_group.displayed_as))) AS grouped,
        coalesce(included_in_chart, true) AS active, true AS listed
    FROM landed.ledger_accounts WHERE id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY displayed_as) = 1
), named AS (
    SELECT id, any_value(label) AS label FROM (
        SELECT id, label FROM sage_told
        UNION ALL
        SELECT ledger_account.id, ledger_account.displayed_as FROM sage_entries
    ) WHERE id IS NOT NULL GROUP BY id
), every AS (
    FROM listed
    UNION ALL
    SELECT id, label, NULL, NULL, NULL, NULL, false, false FROM named WHERE id NOT IN (SELECT id FROM listed)
), coded AS (
    SELECT *, CASE
        WHEN try_cast(bracket AS BIGINT) = nominal_code THEN bracket
        WHEN nominal_code IS NULL AND regexp_full_match(bracket, '[0-9A-Z][0-9A-Z.-]*') THEN bracket
        ELSE nominal_code::VARCHAR END AS code
    FROM (SELECT *, sage_bracket(displayed_as) AS bracket FROM every)
)
SELECT id, type, active,
    CASE WHEN code IS NULL OR row_number() OVER (PARTITION BY code ORDER BY NOT listed, NOT active, id) > 1 THEN id
        ELSE code END AS number,
    coalesce(name, sage_text(regexp_replace(displayed_as, '\s*\([^()]*\)\s*$', '')), '') AS name,
    CASE
        WHEN type IN ('CURRENT_ASSETS', 'FIXED_ASSETS', 'FUTURE_ASSETS', 'BANK') THEN 'asset'
        WHEN type IN ('CURRENT_LIABILITY', 'FUTURE_LIABILITY', 'LINE_OF_CREDIT') THEN 'liability'
        WHEN type = 'EQUITY' THEN 'equity'
        WHEN type IN ('SALES', 'OTHER_INCOME') THEN 'income'
        WHEN type IN ('DIRECT_EXPENSES', 'OVERHEADS', 'DEPRECIATION', 'TAXES') THEN 'expense' -- the last is inferred
        -- Words of the group, which some countries have (inferred).
        WHEN grouped IN ('ASSET', 'ASSETS') THEN 'asset' WHEN grouped IN ('LIABILITY', 'LIABILITIES') THEN 'liability'
        WHEN grouped IN ('EQUITY', 'CAPITAL') THEN 'equity' WHEN grouped IN ('INCOME', 'REVENUE') THEN 'income'
        WHEN grouped IN ('EXPENSE', 'EXPENSES') THEN 'expense'
    END AS kind
FROM coded;

CREATE TABLE books.accounts AS
SELECT number, name, kind AS type,
    CASE WHEN kind IN ('income', 'expense') THEN 'result' WHEN kind IS NOT NULL THEN 'balance' END AS statement,
    'S:' || type AS package_type, NULL::VARCHAR AS explicit_code,
    (SELECT any_value(currency) FROM books.dossier) AS currency, active, false AS heading
FROM sage_accounts;

-- Nothing is booked at a year's end (inferred); the report of the next year moves the result to an account that the
-- vendor does not name. It is the one of the balance sheet that opens otherwise than it closed, by just that result.
CREATE OR REPLACE TABLE books.carried_result AS
WITH ended AS (
    SELECT t.*, coalesce(a.kind IN ('income', 'expense'), false) AS of_result
    FROM sage_yearly t LEFT JOIN sage_accounts a USING (id)
), results AS (
    SELECT end_date + 1 AS day, sum(closing) AS result FROM ended WHERE of_result GROUP BY ALL HAVING sum(closing) <> 0
), moved AS (
    SELECT day, id, sum(amount) AS amount FROM (
        SELECT start_date AS day, id, opening AS amount FROM ended WHERE NOT of_result
        UNION ALL
        SELECT end_date + 1, id, -closing FROM ended WHERE NOT of_result
    ) GROUP BY ALL
)
SELECT a.number AS account FROM moved m JOIN results r ON r.day = m.day AND r.result = m.amount
JOIN sage_accounts a USING (id) GROUP BY a.number ORDER BY count(*) DESC, a.number LIMIT 1;

CREATE OR REPLACE MACRO sage_carried() AS coalesce((SELECT any_value(c.account) FROM books.carried_result c), 'RESULT-CARRIED');

-- Day-books are France's; elsewhere the type of a transaction stands for one (what is no known type goes by its words).
CREATE OR REPLACE MACRO sage_journal_type(kind) AS CASE
    WHEN contains(kind, 'OPENING_BALANCE') THEN 'opening'
    WHEN regexp_matches(kind, '^SALES.*CREDIT_NOTE') THEN 'sales_credit' WHEN starts_with(kind, 'SALES') THEN 'sales'
    WHEN regexp_matches(kind, '^PURCHASE.*CREDIT_NOTE') THEN 'purchase_credit'
    WHEN starts_with(kind, 'PURCHASE') THEN 'purchase'
    WHEN regexp_matches(kind, 'RECEIPT|PAYMENT|REFUND|TRANSFER|DEPOSIT') THEN 'bank'
    WHEN regexp_matches(kind, '^(JOURNAL|TAX_RETURN|CORRECTION)$|_ALLOCATION$') THEN 'general' ELSE 'other' END;

-- What the books begin with: transactions whose type says so, on the first day or earlier, and whatever else is older
-- than the books (inferred). From a date on it is what was booked before.
CREATE OR REPLACE VIEW sage_booked AS
SELECT e.id, coalesce(e.transaction.id, e.id) AS entry, sage_day(e.date) AS day,
    coalesce(a.number, e.ledger_account.id) AS account, a.kind, t.reference,
    coalesce(sage_text(j.code), sage_text(e.journal_code.displayed_as), t.kind) AS journal, e.contact.id AS contact,
    sage_text(e.description) AS description, coalesce(e.debit, 0)::DECIMAL(20,4) AS debit,
    coalesce(e.credit, 0)::DECIMAL(20,4) AS credit, sage_text(e.tax_rate.id) AS vat_code, e.created_at, e.updated_at,
    coalesce(sage_day(e.date) < f.day OR (sage_day(e.date) = f.day AND d.since IS NULL AND contains(t.kind, 'OPENING_BALANCE')),
        false) AS opens
FROM sage_entries e CROSS JOIN sage_first f CROSS JOIN landed.dossier d
LEFT JOIN sage_accounts a ON a.id = e.ledger_account.id
LEFT JOIN sage_transactions t ON t.id = e.transaction.id
LEFT JOIN landed.journal_codes j ON j.id = e.journal_code.id;

-- Customers and suppliers by their reference, or by their id where that is missing or another's; and whoever entries
-- name that the list does not (it may be refused).
CREATE OR REPLACE TABLE sage_contacts AS
WITH listed AS (
    SELECT id, coalesce(sage_text(name), sage_text(displayed_as), '') AS name, sage_text(reference) AS reference,
        sage_text(tax_number) AS vat_number, list_transform(contact_types, lambda t: upper(t.id)) AS kinds
    FROM landed.contacts WHERE id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC NULLS LAST) = 1
), every AS (
    FROM listed
    UNION ALL
    SELECT contact.id, coalesce(any_value(sage_text(contact.displayed_as)), ''), NULL, NULL, NULL
    FROM sage_entries WHERE contact.id IS NOT NULL AND contact.id NOT IN (SELECT id FROM listed) GROUP BY contact.id
)
SELECT *, CASE WHEN reference IS NULL OR count(*) OVER (PARTITION BY reference) > 1 THEN id ELSE reference END AS code
FROM every;

CREATE TABLE books.counterparties AS
SELECT code, name,
    CASE WHEN list_contains(kinds, 'CUSTOMER') AND list_contains(kinds, 'VENDOR') THEN 'both'
        WHEN list_contains(kinds, 'CUSTOMER') THEN 'customer' WHEN list_contains(kinds, 'VENDOR') THEN 'supplier'
        ELSE 'other' END AS kind, vat_number, NULL::VARCHAR AS country, NULL::VARCHAR AS control_account
FROM sage_contacts;

-- An opening keeps its account, unless it is a result of a year before the first: then it is part of what was carried.
-- Entries of a transaction have no numbers; the moment of their making and their id order them.
CREATE TABLE books.journal_lines AS
SELECT b.id AS line_key, b.entry AS entry_key,
    row_number() OVER (PARTITION BY b.entry ORDER BY b.created_at, b.id)::INTEGER AS line_no,
    CASE WHEN b.opens THEN f.label END AS fiscal_year, NULL::INTEGER AS period,
    CASE WHEN b.opens THEN 'opening' ELSE 'normal' END AS period_kind,
    CASE WHEN b.opens THEN f.day ELSE b.day END AS date, b.journal, b.reference AS document,
    CASE WHEN b.opens AND f.whole AND b.kind IN ('income', 'expense') THEN sage_carried() ELSE b.account END AS account,
    c.code AS counterparty, b.description, b.debit, b.credit, NULL::VARCHAR AS currency,
    NULL::DECIMAL(20,4) AS amount_currency, b.vat_code, NULL::DATE AS due_date, sage_moment(b.updated_at) AS modified_at
FROM sage_booked b CROSS JOIN sage_first f LEFT JOIN sage_contacts c ON c.id = b.contact
WHERE (SELECT any_value(since) IS NULL FROM landed.dossier) OR NOT b.opens;

-- What each year opens with in the package's own report. However the report treats results of earlier years (still on
-- their accounts, moved, or left out), they are part of what was carried; a first year that begins within one keeps its
-- own (inferred).
CREATE OR REPLACE TABLE sage_openings AS
WITH told AS (
    SELECT label, a.number AS account, opening,
        CASE WHEN whole AND a.kind IN ('income', 'expense') THEN 0 ELSE opening END AS own
    FROM sage_yearly LEFT JOIN sage_accounts a USING (id)
)
SELECT label, account, sum(told)::DECIMAL(20,4) AS told, sum(opening)::DECIMAL(20,4) AS opening FROM (
    SELECT label, account, opening AS told, own AS opening FROM told
    UNION ALL
    SELECT label, sage_carried(), 0, -sum(own) FROM told GROUP BY label HAVING sum(own) <> 0
) GROUP BY ALL;

-- From a date on, the opening balance there is that of the report; without one, what was booked before.
INSERT INTO books.journal_lines BY NAME
WITH wanted AS (SELECT f.* FROM sage_first f, landed.dossier d WHERE d.since IS NOT NULL),
amounts AS (
    SELECT o.account, o.opening AS amount FROM sage_openings o JOIN wanted w USING (label)
    UNION ALL
    SELECT CASE WHEN w.whole AND b.kind IN ('income', 'expense') THEN sage_carried() ELSE b.account END,
        sum(b.debit - b.credit)
    FROM sage_booked b, wanted w
    WHERE b.opens AND NOT EXISTS (FROM sage_openings o WHERE o.label = w.label) GROUP BY ALL
), summed AS (SELECT account, sum(amount)::DECIMAL(20,4) AS amount FROM amounts GROUP BY ALL HAVING sum(amount) <> 0)
SELECT 'opening-' || w.day || '-' || s.account AS line_key, 'opening-' || w.day AS entry_key,
    row_number() OVER (ORDER BY s.account)::INTEGER AS line_no, w.label AS fiscal_year, 'opening' AS period_kind,
    w.day AS date, s.account, greatest(s.amount, 0) AS debit, greatest(-s.amount, 0) AS credit
FROM summed s, wanted w;

CREATE TABLE books.journals AS
SELECT DISTINCT u.code, coalesce(sage_text(j.name), t.kind_name, u.code) AS name,
    CASE WHEN j.id IS NULL THEN sage_journal_type(u.code) -- the words of day-books' types are inferred
        ELSE CASE upper(j.journal_code_type.id) WHEN 'SALES' THEN 'sales' WHEN 'PURCHASES' THEN 'purchase'
            WHEN 'PURCHASE' THEN 'purchase' WHEN 'BANK' THEN 'bank' WHEN 'CASH' THEN 'cash' ELSE 'general' END END AS type
FROM (SELECT DISTINCT journal AS code FROM books.journal_lines WHERE journal IS NOT NULL) u
LEFT JOIN (SELECT *, sage_text(code) AS journal FROM landed.journal_codes) j ON j.journal = u.code
LEFT JOIN (SELECT kind, any_value(kind_name) AS kind_name FROM sage_transactions GROUP BY ALL) t ON t.kind = u.code;

-- The package's own balances of whole years; and in totals mode movements of months. What the books begin with on
-- their first day is a movement in the report.
CREATE TABLE books.trial_balances AS
WITH begun AS (
    SELECT b.account, sum(b.debit) AS debit, sum(b.credit) AS credit FROM sage_booked b, sage_first f
    WHERE b.opens AND b.day = f.day GROUP BY ALL
), moved AS (
    -- An account that the report leaves out is one at zero.
    SELECT y.label, a.number AS account, t.debit, t.credit, t.closing
    FROM landed.years y JOIN landed.trial_balances r ON r.from_date = y.start_date AND r.to_date = y.end_date
    CROSS JOIN sage_accounts a
    LEFT JOIN sage_yearly t ON t.label = y.label AND t.id = a.id
), years AS (
    SELECT label, account, coalesce(o.opening, 0) AS opening, coalesce(o.opening, 0) - coalesce(o.told, 0) AS carried,
        coalesce(m.debit, 0) AS debit, coalesce(m.credit, 0) AS credit, coalesce(m.closing, 0) AS closing
    FROM moved m FULL JOIN sage_openings o USING (label, account)
)
SELECT y.label AS fiscal_year, NULL::INTEGER AS period, y.account,
    (y.opening + coalesce(b.debit - b.credit, 0))::DECIMAL(20,4) AS opening,
    (y.debit - coalesce(b.debit, 0))::DECIMAL(20,4) AS debit, (y.credit - coalesce(b.credit, 0))::DECIMAL(20,4) AS credit,
    (y.closing + y.carried)::DECIMAL(20,4) AS closing
FROM years y LEFT JOIN begun b ON b.account = y.account AND y.label = (SELECT label FROM sage_first)
UNION ALL
SELECT y.label, (datediff('month', y.start_date, t.from_date) + 1)::INTEGER, coalesce(a.number, t.id), NULL, t.debit,
    t.credit, NULL
FROM landed.years y JOIN sage_told t ON t.from_date >= y.start_date AND t.to_date <= y.end_date AND t.to_date - t.from_date < 31
LEFT JOIN sage_accounts a USING (id)
WHERE NOT (t.from_date = y.start_date AND t.to_date = y.end_date);

INSERT INTO books.accounts BY NAME
SELECT 'RESULT-CARRIED' AS number, 'Result of earlier years, not yet appropriated' AS name, 'equity' AS type,
    'balance' AS statement, 'BEivOre' AS explicit_code, true AS active, false AS heading
WHERE EXISTS (FROM books.journal_lines WHERE account = 'RESULT-CARRIED');
