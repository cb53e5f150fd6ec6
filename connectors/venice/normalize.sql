-- From Venice's own fields (landed.*) to the common language (books.*): what the gateway told.
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE MACRO ven_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO ven_vat(told) AS nullif(upper(regexp_replace(told, '[^0-9A-Za-z]', '', 'g')), '');

CREATE TABLE books.dossier AS
SELECT coalesce(ven_text(Name), Reference) AS name, Reference AS code, 'BE' AS country,
    coalesce(ven_text(Currency), 'EUR') AS currency, NULL::VARCHAR AS vat_number
FROM landed.directory;

-- Whether a year is closed is not told.
CREATE TABLE books.fiscal_years AS
SELECT Year AS label, "Begin" AS start_date, "End" AS end_date, NULL::BOOLEAN AS closed FROM landed.years;

-- Months are counted from the first day of a year on; an extended one has up to 25.
CREATE TABLE books.periods AS
SELECT label AS fiscal_year, (row_number() OVER (PARTITION BY label ORDER BY month))::INTEGER AS period,
    greatest(month, start_date)::DATE AS start_date, least(last_day(month), end_date)::DATE AS end_date, 'normal' AS kind
FROM (
    SELECT label, start_date, end_date,
        unnest(generate_series(date_trunc('month', start_date), end_date::TIMESTAMP, INTERVAL 1 MONTH))::DATE AS month
    FROM books.fiscal_years
);

-- A type is not told: the class of the number decides in the Belgian chart. 0 is a normal account; what other types are
-- is not public, but no entry can stand on a title.
CREATE TABLE books.accounts AS
SELECT trim(Number) AS number, coalesce(ven_text(Descr), '') AS name, NULL::VARCHAR AS type, NULL::VARCHAR AS statement,
    'V:' || coalesce(ven_text(AccTypeDsc), ven_text(AccType)) AS package_type, NULL::VARCHAR AS explicit_code,
    NULL::VARCHAR AS currency, true AS active, false AS heading
FROM landed.general_accounts
WHERE ven_text(Number) IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY trim(Number) ORDER BY Descr) = 1;

-- Numbers of customers and suppliers are two series: one that stands in both has a mark of ours (inferred).
CREATE TABLE books.counterparties AS
WITH told AS (
    SELECT *, 'customer' AS kind FROM landed.customers UNION ALL BY NAME SELECT *, 'supplier' AS kind FROM landed.suppliers
), numbered AS (
    SELECT *, trim(Number) || CASE WHEN coalesce(ven_text(SubNumber), '0') <> '0' THEN '/' || trim(SubNumber) ELSE '' END AS told_code
    FROM told WHERE ven_text(Number) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY kind, Number, SubNumber ORDER BY Name) = 1
)
SELECT told_code || CASE WHEN kind = 'supplier' AND count(*) OVER (PARTITION BY told_code) > 1 THEN ' (S)' ELSE '' END AS code,
    coalesce(ven_text(Name), '') AS name, kind, ven_vat(VatNum) AS vat_number, upper(ven_text(CountryCode)) AS country,
    NULL::VARCHAR AS control_account
FROM numbered;

CREATE OR REPLACE TABLE ven_since AS SELECT any_value(Since) AS since FROM landed.directory;

-- An entry with an original year was carried over: it repeats what stands in that year, and is no movement of this one.
CREATE OR REPLACE TABLE ven_entries AS
SELECT e.*, y.label, y.start_date, coalesce(AccYearOrg, 0) <> 0 AS carried
FROM (FROM landed.entries QUALIFY row_number() OVER (PARTITION BY SysNum) = 1) e
LEFT JOIN books.fiscal_years y ON e.BookDate BETWEEN y.start_date AND y.end_date;

CREATE TABLE books.journal_lines AS
SELECT SysNum::VARCHAR AS line_key, concat_ws('-', label, Book, coalesce(ven_text(DocNum), SysNum::VARCHAR)) AS entry_key,
    try_cast(LineNum AS INTEGER) AS line_no, NULL::VARCHAR AS fiscal_year, NULL::INTEGER AS period, 'normal' AS period_kind,
    BookDate AS date, ven_text(Book) AS journal, ven_text(DocNum) AS document, trim(Account) AS account,
    NULL::VARCHAR AS counterparty, ven_text(Remark) AS description,
    -- One signed amount, debit positive: a negative debit cannot be told from a credit.
    greatest(AmountDosC, 0)::DECIMAL(20,4) AS debit, greatest(-AmountDosC, 0)::DECIMAL(20,4) AS credit,
    NULL::VARCHAR AS currency, NULL::DECIMAL(20,4) AS amount_currency, NULL::VARCHAR AS vat_code, NULL::DATE AS due_date,
    NULL::TIMESTAMP AS modified_at
FROM ven_entries
WHERE NOT carried AND (BookDate >= (SELECT since FROM ven_since) OR (SELECT since FROM ven_since) IS NULL);

-- From a date on, the balance at that date is what was booked before; results (class 6 and 7, inferred) that were not
-- appropriated stand on an account of ours.
INSERT INTO books.journal_lines BY NAME
WITH earlier AS (
    SELECT CASE WHEN left(trim(Account), 1) IN ('6', '7') THEN 'RESULT-CARRIED' ELSE trim(Account) END AS account,
        sum(AmountDosC)::DECIMAL(20,4) AS amount
    FROM ven_entries WHERE NOT carried AND BookDate < (SELECT since FROM ven_since) GROUP BY ALL
)
SELECT 'opening-' || since || '-' || account AS line_key, 'opening-' || since AS entry_key,
    row_number() OVER (ORDER BY account)::INTEGER AS line_no, 'opening' AS period_kind, since AS date, account,
    greatest(amount, 0) AS debit, greatest(-amount, 0) AS credit
FROM earlier, ven_since WHERE amount <> 0;

INSERT INTO books.accounts
SELECT 'RESULT-CARRIED', 'Result of earlier years, not yet appropriated', 'equity', 'balance', NULL, NULL, NULL, true, false
WHERE 'RESULT-CARRIED' IN (SELECT account FROM books.journal_lines);

-- Journals are known by the entries alone; what they are for is not told with them.
CREATE TABLE books.journals AS
SELECT DISTINCT journal AS code, journal AS name, 'other' AS type FROM books.journal_lines WHERE journal IS NOT NULL;

-- The package's balance of a prefix is the sum of all accounts that begin with it. Taken apart: a prefix holds the
-- accounts for which no longer one was asked, and what the longer ones come to is taken off.
CREATE OR REPLACE TABLE ven_told AS
SELECT b.Year AS label, b.AccountNumber AS prefix, b.Balance AS amount
FROM landed.get_balance b
JOIN (SELECT Year, max(Reading) AS Reading FROM landed.get_balance GROUP BY Year) USING (Year, Reading)
JOIN books.fiscal_years y ON y.label = b.Year
WHERE y.end_date >= (SELECT since FROM ven_since) OR (SELECT since FROM ven_since) IS NULL;

CREATE OR REPLACE TABLE ven_own AS
WITH inner_ones AS (
    SELECT label, any_value(amount) AS amount, max_by(parent, length(parent)) AS parent
    FROM (
        SELECT i.label, i.prefix, i.amount, o.prefix AS parent FROM ven_told i
        JOIN ven_told o ON o.label = i.label AND starts_with(i.prefix, o.prefix) AND length(o.prefix) < length(i.prefix)
    ) GROUP BY label, prefix
)
SELECT t.label, t.prefix, any_value(t.amount) - coalesce(sum(i.amount), 0) AS amount
FROM ven_told t LEFT JOIN inner_ones i ON i.label = t.label AND i.parent = t.prefix
GROUP BY t.label, t.prefix;

-- Per account and year: what was booked, what was carried over as entries, and what stood before on balance accounts.
CREATE OR REPLACE TABLE ven_moved AS
WITH accounts AS (SELECT DISTINCT trim(Account) AS account FROM ven_entries WHERE ven_text(Account) IS NOT NULL),
years AS (SELECT DISTINCT t.label, y.start_date FROM ven_told t JOIN books.fiscal_years y USING (label)),
sums AS (
    SELECT label, start_date, trim(Account) AS account, sum(AmountDosC) FILTER (NOT carried) AS native,
        sum(AmountDosC) FILTER (carried) AS carried
    FROM ven_entries WHERE label IS NOT NULL GROUP BY ALL
)
SELECT y.label, a.account, coalesce(sum(s.native) FILTER (s.label = y.label), 0) AS native,
    coalesce(sum(s.carried) FILTER (s.label = y.label), 0) AS carried,
    coalesce(sum(s.native) FILTER (s.start_date < y.start_date AND left(a.account, 1) NOT IN ('6', '7')), 0) AS before
FROM accounts a CROSS JOIN years y LEFT JOIN sums s ON s.account = a.account AND s.start_date <= y.start_date
GROUP BY ALL;

-- A balance holds what was carried over into the year. Carrying over may have left entries, balances alone, or not have
-- happened yet: what explains a balance better is taken to be so (inferred). Of accounts that were asked together, one
-- shows the difference. A prefix without accounts holds what no entry names.
CREATE TABLE books.trial_balances AS
WITH asked AS (
    SELECT m.*, max_by(t.prefix, length(t.prefix)) AS prefix
    FROM ven_moved m JOIN ven_told t ON t.label = m.label AND starts_with(m.account, t.prefix)
    GROUP BY ALL
), grouped AS (
    SELECT label, prefix, sum(native) AS native, sum(carried) AS carried, sum(before) AS before, min(account) AS shown
    FROM asked GROUP BY ALL
), weighed AS (
    SELECT o.label, o.prefix, coalesce(g.shown, o.prefix) AS shown,
        o.amount - coalesce(g.native + g.carried, 0) AS with_entries, o.amount - coalesce(g.native + g.before, 0) AS with_balance
    FROM ven_own o LEFT JOIN grouped g USING (label, prefix)
), judged AS (
    SELECT label, prefix, shown,
        CASE WHEN abs(with_balance) < abs(with_entries) THEN with_balance ELSE with_entries END AS difference
    FROM weighed
), figures AS (
    SELECT a.label, a.account, a.native + CASE WHEN a.account = j.shown THEN j.difference ELSE 0 END AS amount
    FROM asked a JOIN judged j USING (label, prefix)
    UNION ALL
    SELECT label, shown, difference FROM judged WHERE difference <> 0 AND (label, prefix) NOT IN (SELECT (label, prefix) FROM asked)
)
SELECT label AS fiscal_year, NULL::INTEGER AS period, account, NULL::DECIMAL(20,4) AS opening,
    greatest(amount, 0)::DECIMAL(20,4) AS debit, greatest(-amount, 0)::DECIMAL(20,4) AS credit, NULL::DECIMAL(20,4) AS closing
FROM figures;
