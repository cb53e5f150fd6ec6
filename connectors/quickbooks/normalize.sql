-- From QuickBooks' own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred"; their reasons stand in inferred.py.

CREATE OR REPLACE MACRO qb_text(told) AS nullif(trim(told), '');
-- Names of inactive accounts carry a mark, with a number where several had the same name.
CREATE OR REPLACE MACRO qb_name(told) AS regexp_replace(coalesce(trim(told), ''), '\s*\(deleted[^()]*\)$', '');

CREATE TABLE books.dossier AS
SELECT coalesce(qb_text(CompanyName), qb_text(LegalName)) AS name, RealmId AS code, qb_text(Country) AS country,
    qb_text(HomeCurrency) AS currency, NULL::VARCHAR AS vat_number
FROM landed.dossier;

CREATE TABLE books.fiscal_years AS SELECT label, start_date, end_date, closed FROM landed.years;
CREATE TABLE books.periods (fiscal_year VARCHAR, period INTEGER, start_date DATE, end_date DATE, kind VARCHAR);

-- Of every half-year, the lines that its last reading brought.
CREATE OR REPLACE VIEW qb_told AS FROM landed.lines SEMI JOIN landed.readings USING (HalfYear, Read);

-- Accounts that lines or balances name and that are in no list are known by what those say.
CREATE OR REPLACE TABLE qb_accounts AS
WITH listed AS (
    SELECT Id, qb_text(AcctNum) AS code, qb_name(coalesce(qb_text(FullyQualifiedName), Name)) AS name,
        qb_text(Classification) AS class, qb_text(AccountType) AS type, qb_text(CurrencyRef.value) AS currency,
        coalesce(Active, true) AS active
    FROM landed.accounts WHERE AccountType IS DISTINCT FROM 'Non-Posting'
), named AS (
    SELECT AccountId AS Id, qb_name(any_value(AccountName)) AS name
    FROM (SELECT AccountId, AccountName FROM qb_told UNION ALL SELECT AccountId, Name FROM landed.trial_balances)
    GROUP BY AccountId
), every AS (
    FROM listed
    UNION ALL
    SELECT Id, NULL, name, NULL, NULL, NULL, false FROM named WHERE Id NOT IN (SELECT Id FROM listed)
)
SELECT *,
    CASE WHEN code IS NULL OR row_number() OVER (PARTITION BY code ORDER BY NOT active, length(Id), Id) > 1 THEN Id
        ELSE code END AS number,
    CASE
        WHEN class = 'Asset' OR type IN ('Bank', 'Accounts Receivable', 'Other Current Asset', 'Fixed Asset', 'Other Asset')
            THEN 'asset'
        WHEN class = 'Liability' OR type IN ('Accounts Payable', 'Credit Card', 'Other Current Liability', 'Long Term Liability')
            THEN 'liability'
        WHEN class = 'Equity' OR type = 'Equity' THEN 'equity'
        WHEN class = 'Revenue' OR type IN ('Income', 'Other Income') THEN 'income'
        WHEN class = 'Expense' OR type IN ('Cost of Goods Sold', 'Expense', 'Other Expense') THEN 'expense'
    END AS kind
FROM every;

CREATE TABLE books.accounts AS
SELECT number, name, kind AS type,
    CASE WHEN kind IN ('income', 'expense') THEN 'result' WHEN kind IS NOT NULL THEN 'balance' END AS statement,
    'Q:' || type AS package_type, NULL::VARCHAR AS explicit_code,
    coalesce(currency, (SELECT any_value(currency) FROM books.dossier)) AS currency, active, false AS heading
FROM qb_accounts;

-- Nothing is booked at a year's end; the results of earlier years stand on retained earnings.
CREATE OR REPLACE TABLE books.carried_result AS
SELECT number AS account FROM qb_accounts WHERE Id = (SELECT any_value(RetainedEarnings) FROM landed.dossier);

-- The report tells no day-book; the type of the transaction stands for one. These are the English names: others are
-- told as they come.
CREATE OR REPLACE TABLE qb_types AS
FROM (VALUES
    ('Invoice', 'sales'), ('Sales Receipt', 'sales'), ('Statement Charge', 'sales'), ('Charge', 'sales'),
    ('Credit Memo', 'sales_credit'), ('Refund', 'sales_credit'), ('Refund Receipt', 'sales_credit'),
    ('Bill', 'purchase'), ('Expense', 'purchase'), ('Check', 'bank'), ('Cheque', 'bank'), ('Cash Expense', 'purchase'),
    ('Cash Purchase', 'purchase'), ('Credit Card Expense', 'purchase'), ('Vendor Credit', 'purchase_credit'),
    ('Supplier Credit', 'purchase_credit'), ('Credit Card Credit', 'purchase_credit'), ('Payment', 'bank'),
    ('Bill Payment (Check)', 'bank'), ('Bill Payment (Cheque)', 'bank'), ('Bill Payment (Credit Card)', 'bank'),
    ('Bill Payment', 'bank'), ('Deposit', 'bank'), ('Transfer', 'bank'), ('Credit Card Payment', 'bank'),
    ('Journal Entry', 'general'), ('Journal', 'general'), ('Inventory Qty Adjust', 'general'),
    ('Inventory Starting Value', 'general'), ('Payroll Check', 'general'), ('Tax Payment', 'bank'),
    ('Sales Tax Payment', 'bank'), ('Sales Tax Adjustment', 'general')
) t(name, type);

CREATE TABLE books.journals AS
SELECT DISTINCT l.txn_type AS code, l.txn_type AS name, coalesce(t.type, 'other') AS type
FROM qb_told l LEFT JOIN qb_types t ON t.name = l.txn_type
WHERE qb_text(l.txn_type) IS NOT NULL;

-- Customers and suppliers are numbered together (inferred). Employees and others are known by the lines that name them.
CREATE TABLE books.counterparties AS
WITH every AS (
    SELECT Id, DisplayName AS name, 'customer' AS kind, PrimaryTaxIdentifier AS vat_number, BillAddr.Country AS country
    FROM landed.customers
    UNION ALL
    SELECT Id, DisplayName, 'supplier', TaxIdentifier, BillAddr.Country FROM landed.vendors
), named AS (
    SELECT NameId AS Id, any_value(name) AS name FROM qb_told
    WHERE NameId IS NOT NULL AND NameId NOT IN (SELECT Id FROM every) GROUP BY NameId
)
SELECT Id AS code, qb_name(any_value(name)) AS name,
    CASE WHEN count(DISTINCT kind) > 1 THEN 'both' ELSE any_value(kind) END AS kind,
    qb_text(any_value(vat_number)) AS vat_number, qb_text(any_value(country)) AS country, NULL::VARCHAR AS control_account
FROM (FROM every UNION ALL SELECT Id, name, 'other', NULL, NULL FROM named)
GROUP BY Id;

-- An entry is a transaction, known by its type and id; a line of it by its account and its place there (inferred).
CREATE TABLE books.journal_lines AS
WITH numbered AS (
    SELECT l.*, concat_ws('-', txn_type, coalesce(l.TxnId, tx_date || ' ' || coalesce(doc_num, ''))) AS entry_key,
    FROM qb_told l
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY entry_key ORDER BY length(AccountId), AccountId, HalfYear, RowNo) AS line_no,
        rank() OVER (PARTITION BY entry_key ORDER BY length(AccountId), AccountId) AS first
    FROM numbered
)
SELECT concat_ws('-', entry_key, AccountId, line_no - first + 1) AS line_key, entry_key,
    line_no::INTEGER AS line_no,
    NULL::VARCHAR AS fiscal_year, NULL::INTEGER AS period, 'normal' AS period_kind, tx_date::DATE AS date,
    qb_text(txn_type) AS journal, qb_text(doc_num) AS document, coalesce(a.number, AccountId) AS account,
    NameId AS counterparty, qb_text(memo) AS description, Debit AS debit, Credit AS credit,
    CASE WHEN n.currency <> (SELECT currency FROM books.dossier) THEN qb_text(n.currency) END AS currency,
    -- The size alone is taken: its sign follows the account's natural side (inferred).
    CASE WHEN n.currency <> (SELECT currency FROM books.dossier)
        THEN (abs("Foreign") * sign(Debit - Credit))::DECIMAL(20,4) END AS amount_currency,
    qb_text(tax_code) AS vat_code, NULL::DATE AS due_date, NULL::TIMESTAMP AS modified_at
FROM placed n LEFT JOIN qb_accounts a ON a.Id = n.AccountId;

-- The package's own balances. A report is as of its day: balances since the beginning, results since their year began,
-- those of earlier years on retained earnings. A year opens with the report of the day before, in which the results are
-- still apart (inferred).
CREATE OR REPLACE TABLE qb_balances AS
SELECT t.Date AS day, coalesce(a.number, t.AccountId) AS account, coalesce(a.kind IN ('income', 'expense'), false) AS of_result,
    t.Balance AS balance
FROM landed.trial_balances t LEFT JOIN qb_accounts a ON a.Id = t.AccountId;

CREATE OR REPLACE TABLE qb_openings AS
SELECT y.label, y.start_date,
    CASE WHEN b.of_result THEN coalesce((SELECT account FROM books.carried_result), b.account) ELSE b.account END AS account,
    sum(b.balance)::DECIMAL(20,4) AS opening
FROM landed.years y JOIN qb_balances b ON b.day = y.start_date - 1
GROUP BY ALL;

CREATE TABLE books.trial_balances AS
WITH ended AS (
    SELECT y.label, b.account, b.balance AS closing FROM landed.years y JOIN qb_balances b ON b.day = y.end_date
)
SELECT label AS fiscal_year, NULL::INTEGER AS period, account, coalesce(o.opening, 0)::DECIMAL(20,4) AS opening,
    greatest(coalesce(e.closing, 0) - coalesce(o.opening, 0), 0)::DECIMAL(20,4) AS debit,
    greatest(coalesce(o.opening, 0) - coalesce(e.closing, 0), 0)::DECIMAL(20,4) AS credit,
    coalesce(e.closing, 0)::DECIMAL(20,4) AS closing
FROM ended e FULL JOIN qb_openings o USING (label, account);

-- What the first year read opens with; nothing where the books begin with it.
INSERT INTO books.journal_lines
SELECT 'opening-' || start_date || '-' || account, 'opening-' || start_date, row_number() OVER (ORDER BY account)::INTEGER,
    NULL, NULL, 'opening', start_date, NULL, NULL, account, NULL, NULL, greatest(opening, 0), greatest(-opening, 0), NULL,
    NULL, NULL, NULL, NULL
FROM qb_openings
WHERE opening <> 0 AND start_date = (SELECT min(start_date) FROM landed.years);
