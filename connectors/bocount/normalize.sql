-- From Business Central's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

-- Captions are told encoded, or plain; a blank one is a space. Text and dates that are not there are empty, or of year 1.
CREATE OR REPLACE MACRO bc_caption(told) AS
    nullif(trim(replace(replace(replace(told, '_x0020_', ' '), '_x002D_', '-'), '_x002F_', '/')), '');
CREATE OR REPLACE MACRO bc_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO bc_date(told) AS
    CASE WHEN NOT starts_with(told, '0001-') THEN try_cast(left(told, 10) AS DATE) END;
CREATE OR REPLACE MACRO bc_money(told) AS coalesce(try_cast(replace(told, ',', '') AS DECIMAL(20,4)), 0)::DECIMAL(20,4);

CREATE TABLE books.dossier AS
SELECT coalesce(bc_text(i.displayName), bc_text(c.displayName), bc_text(c.name)) AS name, bc_text(c.name) AS code,
    bc_text(i.country) AS country, coalesce(bc_text(i.currencyCode), bc_text(s.localCurrencyCode)) AS currency,
    bc_text(i.taxRegistrationNumber) AS vat_number
FROM landed.company c
LEFT JOIN (FROM landed.companyInformation LIMIT 1) i ON true
LEFT JOIN (FROM landed.generalLedgerSetup LIMIT 1) s ON true;

CREATE TABLE books.fiscal_years AS SELECT label, start_date, end_date, closed FROM landed.years;

CREATE TABLE books.periods AS
WITH told AS (
    SELECT DISTINCT bc_date(startingDate) AS start_date FROM landed.accountingPeriods WHERE bc_date(startingDate) IS NOT NULL
)
SELECT y.label AS fiscal_year, (row_number() OVER of_year)::INTEGER AS period, t.start_date,
    coalesce(lead(t.start_date) OVER of_year - 1, y.end_date)::DATE AS end_date, 'normal' AS kind
FROM told t JOIN landed.years y ON t.start_date BETWEEN y.start_date AND y.end_date
-- Years that are only assumed have no periods of their own.
WHERE (SELECT count(*) FROM landed.accountingPeriods WHERE NOT newFiscalYear) > 0
WINDOW of_year AS (PARTITION BY y.label ORDER BY t.start_date);

-- Only posting accounts carry entries. The category is often blank in Belgian set-ups; then BoCount's word decides, and
-- at last the class of the number (inferred).
CREATE TABLE books.accounts AS
WITH told AS (
    SELECT bc_text(a.number) AS number, coalesce(bc_text(a.displayName), '') AS name,
        coalesce(bc_caption(a.category), bc_caption(b.accountCategory)) AS category, bc_caption(b.incomeBalance) AS income_balance,
        coalesce(bc_caption(a.accountType), 'Posting') <> 'Posting' AS heading, NOT coalesce(a.blocked, false) AS active
    FROM landed.accounts a LEFT JOIN landed.glaccounts b ON bc_text(b.no) = bc_text(a.number)
    WHERE bc_text(a.number) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY bc_text(a.number) ORDER BY a.displayName) = 1
)
SELECT number, name,
    CASE category WHEN 'Assets' THEN 'asset' WHEN 'Liabilities' THEN 'liability' WHEN 'Equity' THEN 'equity'
        WHEN 'Income' THEN 'income' WHEN 'Cost of Goods Sold' THEN 'expense' WHEN 'Expense' THEN 'expense' END AS type,
    CASE WHEN income_balance = 'Balance Sheet' THEN 'balance' WHEN income_balance = 'Income Statement' THEN 'result'
        WHEN category IN ('Assets', 'Liabilities', 'Equity') THEN 'balance'
        WHEN category IN ('Income', 'Cost of Goods Sold', 'Expense') THEN 'result'
        WHEN left(number, 1) IN ('6', '7') THEN 'result' WHEN left(number, 1) BETWEEN '1' AND '5' THEN 'balance'
    END AS statement,
    'B:' || category AS package_type, NULL::VARCHAR AS explicit_code, (SELECT any_value(currency) FROM books.dossier) AS currency,
    active, heading
FROM told;

-- A customer and a supplier may have the same number; then both are told by what they are, too.
CREATE OR REPLACE TABLE bc_parties AS
WITH listed AS (
    SELECT bc_text(number) AS number, 'Customer' AS source_type, 'customer' AS kind, * EXCLUDE (number) FROM landed.customers
    UNION ALL
    SELECT bc_text(number), 'Vendor', 'supplier', * EXCLUDE (number) FROM landed.vendors
)
SELECT number, source_type, kind, coalesce(bc_text(displayName), '') AS name, bc_text(country) AS country,
    bc_text(taxRegistrationNumber) AS vat_number,
    CASE WHEN count(*) OVER (PARTITION BY number) > 1 THEN number || '/' || kind ELSE number END AS code
FROM listed
WHERE number IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY number, source_type ORDER BY displayName) = 1;

-- What was posted before the first year is what the books begin with: it opens that year (inferred).
CREATE OR REPLACE TABLE bc_window AS
SELECT any_value(c.SINCE) AS since, min(y.start_date) AS first_day FROM landed.company c, landed.years y;

-- An entry on a closing date is told as of the year's last day. Which those are was asked apart; their source code says
-- it, too (inferred: unless an administrator chose another).
CREATE OR REPLACE VIEW bc_lines AS
SELECT e.entryNumber, coalesce('T' || d.Transaction_No, bc_date(e.postingDate) || ' ' || e.documentNumber) AS entry_key,
    greatest(bc_date(e.postingDate), w.first_day) AS date,
    CASE WHEN c.entryNumber IS NOT NULL OR d.Source_Code = 'CLSINCOME' THEN 'closing'
        WHEN bc_date(e.postingDate) < w.first_day THEN 'opening' ELSE 'normal' END AS period_kind,
    coalesce(bc_text(d.Journal_Templ_Name), bc_text(d.Source_Code)) AS journal, d.Source_Code AS source_code,
    bc_text(e.documentNumber) AS document, bc_text(e.accountNumber) AS account, bc_text(e.description) AS description,
    e.debitAmount AS debit, e.creditAmount AS credit, bc_caption(d.Source_Type) AS source_type,
    bc_text(d.Source_No) AS source_no, bc_text(d.Source_Currency_Code) AS currency,
    CASE WHEN bc_text(d.Source_Currency_Code) IS NOT NULL THEN d.Source_Currency_Amount END AS amount_currency,
    nullif(concat_ws('/', bc_text(d.VAT_Bus_Posting_Group), bc_text(d.VAT_Prod_Posting_Group)), '') AS vat_code,
    try_cast(rtrim(e.lastModifiedDateTime, 'Z') AS TIMESTAMP) AS modified_at
FROM landed.generalLedgerEntries e
LEFT JOIN landed.details d ON d.Entry_No = e.entryNumber
LEFT JOIN (SELECT DISTINCT entryNumber FROM landed.closing) c ON c.entryNumber = e.entryNumber
CROSS JOIN bc_window w;

CREATE TABLE books.journal_lines AS
SELECT l.entryNumber::VARCHAR AS line_key, l.entry_key, l.entryNumber::INTEGER AS line_no, NULL::VARCHAR AS fiscal_year,
    NULL::INTEGER AS period, l.period_kind, l.date, l.journal, l.document, l.account,
    CASE WHEN l.source_type IN ('Customer', 'Vendor') THEN coalesce(p.code, l.source_no) END AS counterparty, l.description,
    l.debit::DECIMAL(20,4) AS debit, l.credit::DECIMAL(20,4) AS credit, l.currency, l.amount_currency, l.vat_code,
    NULL::DATE AS due_date, l.modified_at
FROM bc_lines l
LEFT JOIN bc_parties p ON p.number = l.source_no AND p.source_type = l.source_type
WHERE l.date >= (SELECT coalesce(since, DATE '0001-01-01') FROM bc_window);

-- From a date on: the opening balance there is all that was booked before. Results that no closing entry has moved yet
-- stand on an account of ours.
INSERT INTO books.journal_lines
WITH earlier AS (
    SELECT CASE WHEN a.statement = 'result' THEN 'RESULT-CARRIED' ELSE l.account END AS account,
        sum(l.debit - l.credit)::DECIMAL(20,4) AS amount, any_value(w.since) AS since
    FROM bc_lines l CROSS JOIN bc_window w LEFT JOIN books.accounts a ON a.number = l.account
    WHERE l.date < w.since
    GROUP BY 1
)
SELECT 'opening-' || since || '-' || account, 'opening-' || since, row_number() OVER (ORDER BY account)::INTEGER, NULL, NULL,
    'opening', since, NULL, NULL, account, NULL, NULL, greatest(amount, 0), greatest(-amount, 0), NULL, NULL, NULL, NULL, NULL
FROM earlier WHERE amount <> 0;

-- Journals are known by their codes alone; what they are for is told by the source codes of the vendor's own set-up
-- (inferred).
CREATE TABLE books.journals AS
SELECT journal AS code, journal AS name,
    CASE mode(source_code) WHEN 'SALES' THEN 'sales' WHEN 'PURCHASES' THEN 'purchase' WHEN 'CASHRECJNL' THEN 'bank'
        WHEN 'PAYMENTJNL' THEN 'bank' WHEN 'BANKREC' THEN 'bank' WHEN 'GENJNL' THEN 'general' WHEN 'START' THEN 'opening'
        WHEN 'CLSINCOME' THEN 'closing' ELSE 'other' END AS type
FROM bc_lines WHERE journal IS NOT NULL GROUP BY journal;

CREATE TABLE books.counterparties AS
SELECT code, name, kind, vat_number, country, NULL::VARCHAR AS control_account FROM bc_parties;

-- The package's own balances, per year and without its closing entries: totals of the year, and the balance at its end of
-- all that was ever booked. For results that balance holds earlier years, too, as long as those are not closed; these are
-- told together, as what is carried into the year. Totals have no sign: a negative one is not to be seen (inferred).
CREATE TABLE books.trial_balances AS
WITH told AS (
    SELECT y.label AS fiscal_year, bc_text(t.number) AS account, coalesce(a.statement = 'result', false) AS of_result,
        bc_money(t.totalDebit) AS debit, bc_money(t.totalCredit) AS credit,
        (bc_money(t.balanceAtDateDebit) - bc_money(t.balanceAtDateCredit))::DECIMAL(20,4) AS closing
    FROM landed.trialBalances t
    JOIN landed.years y ON y.start_date = t.YEAR_START
    LEFT JOIN books.accounts a ON a.number = bc_text(t.number)
    WHERE bc_caption(t.accountType) = 'Posting'
)
SELECT fiscal_year, NULL::INTEGER AS period, account,
    CASE WHEN NOT of_result THEN closing - debit + credit END::DECIMAL(20,4) AS opening, debit, credit,
    CASE WHEN NOT of_result THEN closing END::DECIMAL(20,4) AS closing
FROM told WHERE debit <> 0 OR credit <> 0 OR (closing <> 0 AND NOT of_result)
UNION ALL
SELECT fiscal_year, NULL, 'RESULT-CARRIED', sum(closing - debit + credit)::DECIMAL(20,4), 0, 0,
    sum(closing - debit + credit)::DECIMAL(20,4)
FROM told WHERE of_result GROUP BY fiscal_year HAVING sum(closing - debit + credit) <> 0;

INSERT INTO books.accounts
SELECT 'RESULT-CARRIED', 'Result of earlier years, not yet appropriated', 'equity', 'balance', 'B:Equity', NULL,
    (SELECT any_value(currency) FROM books.dossier), true, false
WHERE 'RESULT-CARRIED' IN (SELECT account FROM books.journal_lines UNION ALL SELECT account FROM books.trial_balances);
