-- From Xero's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred"; their reasons stand in inferred.py.

-- '/Date(ms+0000)/' is a moment in UTC, whatever offset is told; a day is the day there.
CREATE OR REPLACE MACRO xero_moment(told) AS coalesce(
    make_timestamp_ms(try_cast(regexp_extract(told, '^/Date\((-?\d+)', 1) AS BIGINT)), try_cast(left(told, 19) AS TIMESTAMP)
);
CREATE OR REPLACE MACRO xero_text(told) AS nullif(trim(told), '');

CREATE TABLE books.dossier AS
SELECT coalesce(xero_text(Name), xero_text(LegalName)) AS name, coalesce(xero_text(ShortCode), OrganisationID) AS code,
    xero_text(CountryCode) AS country, xero_text(BaseCurrency) AS currency, xero_text(TaxNumber) AS vat_number
FROM landed.dossier;

CREATE TABLE books.fiscal_years AS SELECT label, start_date, end_date, closed FROM landed.years;
CREATE OR REPLACE TABLE xero_first_day AS SELECT min(start_date) AS day FROM landed.years;

-- Every trial balance, account by account; the balance is that at the end of the day.
CREATE OR REPLACE TABLE xero_told AS
SELECT Date AS day, b.AccountID AS account_id, b.Name AS label, b.Section AS section,
    (coalesce(b.YTDDebit, 0) - coalesce(b.YTDCredit, 0))::DECIMAL(20,4) AS balance
FROM (SELECT Date, unnest(Balances) AS b FROM landed.trial_balances);

CREATE OR REPLACE TABLE xero_lines AS
SELECT JournalID, JournalNumber, line_no, xero_moment(JournalDate)::DATE AS day, xero_moment(CreatedDateUTC) AS created,
    xero_text(SourceType) AS source, xero_text(Reference) AS reference, l.*,
    -- Conversion balances are journals without a source that are older than all others (inferred).
    coalesce(xero_text(SourceType) IS NULL AND xero_moment(JournalDate)::DATE = (SELECT any_value(Conversion) FROM landed.dossier),
        false) AS opens
FROM (
    SELECT *, unnest(JournalLines) AS l, generate_subscripts(JournalLines, 1) AS line_no FROM landed.journals
);

-- A code may be missing, and an archived account may have that of another: then the id stands for it. What lines or
-- balances name that is not in the list is known by what they say.
CREATE OR REPLACE TABLE xero_accounts AS
WITH listed AS (
    SELECT AccountID, xero_text(Code) AS code, coalesce(xero_text(Name), '') AS name, upper(xero_text(Class)) AS class,
        upper(xero_text(Type)) AS type, xero_text(SystemAccount) AS system, xero_text(CurrencyCode) AS currency,
        coalesce(xero_text(Status), 'ACTIVE') = 'ACTIVE' AS active
    FROM landed.accounts
), named AS (
    SELECT account_id AS AccountID, xero_text(regexp_extract(any_value(label), '\(([^()]*)\)$', 1)) AS code,
        coalesce(any_value(label), '') AS name,
        -- The sections of the report, in English; others tell nothing.
        CASE any_value(section) WHEN 'Revenue' THEN 'REVENUE' WHEN 'Expenses' THEN 'EXPENSE' WHEN 'Assets' THEN 'ASSET'
            WHEN 'Liabilities' THEN 'LIABILITY' WHEN 'Equity' THEN 'EQUITY' END AS class
    FROM xero_told GROUP BY ALL
    UNION ALL
    SELECT AccountID, xero_text(any_value(AccountCode)), coalesce(xero_text(any_value(AccountName)), ''), NULL
    FROM xero_lines WHERE AccountID NOT IN (SELECT account_id FROM xero_told) GROUP BY AccountID
), every AS (
    FROM listed
    UNION ALL
    SELECT AccountID, code, name, class, NULL, NULL, NULL, false FROM named
    WHERE AccountID NOT IN (SELECT AccountID FROM listed)
)
SELECT *,
    CASE WHEN code IS NULL OR row_number() OVER (PARTITION BY code ORDER BY NOT active, AccountID) > 1 THEN AccountID
        ELSE code END AS number,
    CASE
        WHEN class = 'ASSET' THEN 'asset'
        WHEN class = 'LIABILITY' THEN 'liability'
        WHEN class = 'EQUITY' THEN 'equity'
        WHEN class = 'REVENUE' THEN 'income'
        WHEN class = 'EXPENSE' THEN 'expense'
        WHEN type IN ('BANK', 'CURRENT', 'FIXED', 'INVENTORY', 'NONCURRENT', 'PREPAYMENT') THEN 'asset'
        WHEN type IN ('CURRLIAB', 'LIABILITY', 'TERMLIAB', 'PAYG', 'PAYGLIABILITY', 'SUPERANNUATIONLIABILITY') THEN 'liability'
        WHEN type = 'EQUITY' THEN 'equity'
        WHEN type IN ('REVENUE', 'SALES', 'OTHERINCOME') THEN 'income'
        WHEN type IN ('DIRECTCOSTS', 'EXPENSE', 'OVERHEADS', 'DEPRECIATN', 'SUPERANNUATIONEXPENSE', 'WAGESEXPENSE') THEN 'expense'
    END AS kind
FROM every;

CREATE TABLE books.accounts AS
SELECT number, name, kind AS type,
    CASE WHEN kind IN ('income', 'expense') THEN 'result' WHEN kind IS NOT NULL THEN 'balance' END AS statement,
    -- What the system uses an account for says more than its type, where we know what that is.
    CASE
        WHEN system IN ('DEBTORS', 'CREDITORS', 'BANKCURRENCYGAIN', 'GST', 'GSTONIMPORTS', 'HISTORICAL', 'REALISEDCURRENCYGAIN',
            'RETAINEDEARNINGS', 'ROUNDING', 'TRACKINGTRANSFERS', 'UNPAIDEXPCLM', 'UNREALISEDCURRENCYGAIN', 'WAGEPAYABLES')
            THEN 'X:sys:' || system
        WHEN type IS NOT NULL THEN 'X:' || type END AS package_type,
    NULL::VARCHAR AS explicit_code, coalesce(currency, (SELECT any_value(currency) FROM books.dossier)) AS currency, active,
    false AS heading
FROM xero_accounts;

-- Nothing is booked at a year's end; the results of earlier years stand on retained earnings.
CREATE OR REPLACE TABLE books.carried_result AS
SELECT number AS account FROM xero_accounts WHERE system = 'RETAINEDEARNINGS' ORDER BY NOT active, number LIMIT 1;

-- Journals have no day-books; where they came from stands for one.
CREATE OR REPLACE TABLE xero_sources AS
FROM (VALUES
    ('ACCREC', 'Sales invoices', 'sales'), ('ACCRECCREDIT', 'Sales credit notes', 'sales_credit'),
    ('ACCPAY', 'Bills', 'purchase'), ('ACCPAYCREDIT', 'Supplier credit notes', 'purchase_credit'),
    ('ACCRECPAYMENT', 'Customer payments', 'bank'), ('ACCPAYPAYMENT', 'Supplier payments', 'bank'),
    ('ARCREDITPAYMENT', 'Refunds to customers', 'bank'), ('APCREDITPAYMENT', 'Refunds from suppliers', 'bank'),
    ('CASHREC', 'Money received', 'bank'), ('CASHPAID', 'Money spent', 'bank'), ('TRANSFER', 'Bank transfers', 'bank'),
    ('ARPREPAYMENT', 'Customer prepayments', 'bank'), ('APPREPAYMENT', 'Supplier prepayments', 'bank'),
    ('AROVERPAYMENT', 'Customer overpayments', 'bank'), ('APOVERPAYMENT', 'Supplier overpayments', 'bank'),
    ('EXPCLAIM', 'Expense claims', 'purchase'), ('EXPPAYMENT', 'Expense claim payments', 'bank'),
    ('EXTERNALSPENDMONEY', 'Money spent outside', 'bank'), ('MANJOURNAL', 'Manual journals', 'general'),
    ('PAYSLIP', 'Payslips', 'general'), ('WAGEPAYABLE', 'Wages payable', 'general'), ('SYSTEM', 'System', 'general')
) s(code, name, type);

CREATE TABLE books.journals AS
SELECT DISTINCT l.code, coalesce(s.name, l.code) AS name, coalesce(s.type, 'other') AS type
FROM (SELECT coalesce(source, 'SYSTEM') AS code FROM xero_lines) l LEFT JOIN xero_sources s USING (code);

-- Lines name nobody; contacts are told for themselves.
CREATE TABLE books.counterparties AS
SELECT coalesce(CASE WHEN row_number() OVER (PARTITION BY xero_text(AccountNumber) ORDER BY ContactID) = 1
        THEN xero_text(AccountNumber) END, ContactID) AS code,
    coalesce(xero_text(Name), '') AS name,
    CASE WHEN IsCustomer AND IsSupplier THEN 'both' WHEN IsCustomer THEN 'customer' WHEN IsSupplier THEN 'supplier'
        ELSE 'other' END AS kind,
    xero_text(TaxNumber) AS vat_number,
    xero_text(list_filter(list_transform(Addresses, lambda a: a.Country), lambda c: xero_text(c) IS NOT NULL)[1]) AS country,
    NULL::VARCHAR AS control_account
FROM landed.contacts;

-- NetAmount is debit-positive and without tax, which has a line of its own. What is reversed stays, and nets out.
CREATE OR REPLACE VIEW xero_booked AS
SELECT l.*, coalesce(a.number, xero_text(l.AccountCode), l.AccountID) AS account, a.kind,
    CASE WHEN l.opens THEN greatest(l.day, (SELECT day FROM xero_first_day)) ELSE l.day END AS date
FROM xero_lines l LEFT JOIN xero_accounts a USING (AccountID);

CREATE TABLE books.journal_lines AS
SELECT coalesce(xero_text(JournalLineID), JournalNumber || '-' || line_no) AS line_key, JournalNumber::VARCHAR AS entry_key,
    line_no::INTEGER AS line_no, NULL::VARCHAR AS fiscal_year, NULL::INTEGER AS period,
    CASE WHEN opens THEN 'opening' ELSE 'normal' END AS period_kind, date, coalesce(source, 'SYSTEM') AS journal,
    reference AS document, account, NULL::VARCHAR AS counterparty, xero_text(Description) AS description,
    greatest(NetAmount, 0)::DECIMAL(20,4) AS debit, greatest(-NetAmount, 0)::DECIMAL(20,4) AS credit,
    NULL::VARCHAR AS currency, NULL::DECIMAL(20,4) AS amount_currency, xero_text(TaxType) AS vat_code,
    NULL::DATE AS due_date, created AS modified_at
FROM xero_booked
WHERE date >= (SELECT coalesce(any_value(Since), DATE '0001-01-01') FROM landed.dossier);

-- From a date on: the opening balance there is what was booked before, results moved to retained earnings (inferred).
INSERT INTO books.journal_lines
WITH earlier AS (
    SELECT coalesce(CASE WHEN kind IN ('income', 'expense') THEN (SELECT any_value(account) FROM books.carried_result) END,
            account) AS account,
        sum(NetAmount)::DECIMAL(20,4) AS amount, any_value(d.Since) AS since
    FROM xero_booked b, (SELECT any_value(Since) AS Since FROM landed.dossier) d
    WHERE b.date < d.Since
    GROUP BY 1
)
SELECT 'opening-' || since || '-' || account, 'opening-' || since, row_number() OVER (ORDER BY account)::INTEGER, NULL, NULL,
    'opening', since, NULL, NULL, account, NULL, NULL, greatest(amount, 0), greatest(-amount, 0), NULL, NULL, NULL, NULL, NULL
FROM earlier WHERE amount <> 0;

CREATE TABLE books.periods (fiscal_year VARCHAR, period INTEGER, start_date DATE, end_date DATE, kind VARCHAR);

-- The package's own balances. A report is as of its day: balances since the beginning, results since their year began,
-- those of earlier years on retained earnings. A year opens with the report of the day before (inferred), in which the
-- results are still apart, unless a conversion cut the year short.
CREATE OR REPLACE TABLE xero_balances AS
SELECT t.day, coalesce(a.number, t.account_id) AS account, a.kind IN ('income', 'expense') AS of_result,
    sum(t.balance)::DECIMAL(20,4) AS balance
FROM xero_told t LEFT JOIN xero_accounts a ON a.AccountID = t.account_id
GROUP BY ALL;

CREATE OR REPLACE TABLE xero_openings AS
SELECT y.label, CASE WHEN b.of_result AND y.whole THEN coalesce((SELECT account FROM books.carried_result), b.account)
        ELSE b.account END AS account,
    sum(b.balance)::DECIMAL(20,4) AS opening
FROM landed.years y JOIN xero_balances b ON b.day = y.start_date - 1
GROUP BY ALL;

-- Whole years; and in totals mode months, as what moved since the balance before.
CREATE TABLE books.trial_balances AS
WITH days AS (
    SELECT y.label, t.Date AS day, y.start_date, y.end_date,
        lag(t.Date) OVER (PARTITION BY y.label ORDER BY t.Date) AS before
    FROM landed.years y JOIN landed.trial_balances t ON t.Date BETWEEN y.start_date AND y.end_date
), ended AS (
    SELECT d.label, b.account, b.balance AS closing FROM days d JOIN xero_balances b USING (day) WHERE d.day = d.end_date
), told AS (SELECT DISTINCT label FROM days WHERE day = end_date)
SELECT label AS fiscal_year, NULL::INTEGER AS period, account, coalesce(o.opening, 0)::DECIMAL(20,4) AS opening,
    greatest(coalesce(e.closing, 0) - coalesce(o.opening, 0), 0)::DECIMAL(20,4) AS debit,
    greatest(coalesce(o.opening, 0) - coalesce(e.closing, 0), 0)::DECIMAL(20,4) AS credit,
    coalesce(e.closing, 0)::DECIMAL(20,4) AS closing
FROM ended e FULL JOIN (FROM xero_openings SEMI JOIN told USING (label)) o USING (label, account)
UNION ALL
SELECT label, (datediff('month', start_date, day) + 1)::INTEGER, account, NULL, greatest(moved, 0)::DECIMAL(20,4),
    greatest(-moved, 0)::DECIMAL(20,4), closing
FROM (
    SELECT label, start_date, day, account, sum(amount) AS moved, sum(amount) FILTER (now)::DECIMAL(20,4) AS closing
    FROM (
        SELECT d.label, d.start_date, d.day, b.account, b.balance AS amount, true AS now
        FROM days d JOIN xero_balances b USING (day)
        UNION ALL
        SELECT d.label, d.start_date, d.day, b.account, -b.balance, false
        FROM days d JOIN xero_balances b ON b.day = d.before
        UNION ALL
        SELECT d.label, d.start_date, d.day, o.account, -o.opening, false
        FROM days d JOIN xero_openings o USING (label) WHERE d.before IS NULL
    )
    WHERE (SELECT any_value(TotalsOnly) FROM landed.dossier)
    GROUP BY ALL
);
