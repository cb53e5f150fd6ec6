-- From Yuki's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE MACRO yuki_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO yuki_day(told) AS try_cast(left(told, 10) AS DATE);
-- Terms that the interface did not translate begin with TRM.
CREATE OR REPLACE MACRO yuki_term(told) AS
    yuki_text(CASE WHEN starts_with(told, 'TRM') THEN substr(told, 4) ELSE told END);

CREATE TABLE books.dossier AS
SELECT yuki_text(Name) AS name, coalesce(yuki_text(InternalCustomerCode), split_part(ID, '-', 1)) AS code,
    yuki_text(Country) AS country, 'EUR' AS currency, yuki_text(VATNumber) AS vat_number -- all keep their books in euro (inferred)
FROM landed.dossier;

CREATE TABLE books.fiscal_years AS
SELECT YearID::VARCHAR AS label, StartDate AS start_date, EndDate AS end_date, NULL::BOOLEAN AS closed
FROM landed.years;

-- Which reading of each part stands: what an earlier one brought and it did not is gone.
CREATE OR REPLACE TABLE yuki_stands AS
SELECT What AS what, Part AS part, max(Read) AS read FROM landed.readings GROUP BY ALL;

-- Every line once, as it was read last.
CREATE OR REPLACE TABLE yuki_repeated AS
SELECT id FROM landed.lines GROUP BY id HAVING count(*) > 1;

CREATE OR REPLACE TABLE yuki_lines AS
WITH told AS (
    FROM landed.lines ANTI JOIN yuki_repeated USING (id)
    UNION ALL
    FROM landed.lines SEMI JOIN yuki_repeated USING (id)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY Read DESC) = 1
)
SELECT l.*, yuki_day(l.transactionDate) AS day, y.YearID AS year_id
FROM told l
LEFT JOIN yuki_stands s ON s.what = 'lines' AND s.part = left(l.transactionDate, 7)
ASOF LEFT JOIN landed.years y ON yuki_day(l.transactionDate) >= y.StartDate
WHERE l.Read >= coalesce(s.read, 0);

-- Periods are calendar months, cut to the year (inferred); a later number of a year is one for its corrections.
CREATE OR REPLACE TABLE yuki_months AS
SELECT YearID AS year_id, unnest(generate_series(1, months)) AS period, StartDate, EndDate
FROM (
    SELECT *, ((year(EndDate) - year(StartDate)) * 12 + month(EndDate) - month(StartDate) + 1)::BIGINT AS months
    FROM landed.years
);

-- periodId is a year and a number in it. Where a book year is no calendar year and most of its lines carry the month of
-- their date, it is a calendar month instead (inferred).
CREATE OR REPLACE TABLE yuki_calendar AS
SELECT l.year_id
FROM yuki_lines l JOIN landed.years y ON y.YearID = l.year_id
WHERE (month(y.StartDate), day(y.StartDate)) <> (1, 1) OR year(y.StartDate) <> l.year_id OR year(y.EndDate) <> l.year_id
GROUP BY ALL HAVING count(*) FILTER (l.periodId = strftime(l.day, '%Y%m')) * 2 > count(*);

CREATE OR REPLACE TABLE yuki_booked AS
WITH numbered AS (
    SELECT l.id, l.year_id, try_cast(left(l.periodId, 4) AS BIGINT) AS told_year,
        try_cast(substr(l.periodId, 5) AS INTEGER) AS told_period, l.year_id IN (FROM yuki_calendar) AS by_calendar,
        try_cast(left(l.periodId, 4) || '-' || substr(l.periodId, 5) || '-01' AS DATE) AS month
    FROM yuki_lines l
)
SELECT n.id,
    CASE WHEN n.by_calendar AND m.YearID IS NOT NULL AND last_day(n.month) <= last_day(m.EndDate) THEN m.YearID
        WHEN NOT n.by_calendar AND t.YearID IS NOT NULL AND n.told_period BETWEEN 1 AND 99 THEN t.YearID END AS year_id,
    CASE WHEN n.by_calendar AND m.YearID IS NOT NULL AND last_day(n.month) <= last_day(m.EndDate)
        THEN ((year(n.month) - year(m.StartDate)) * 12 + month(n.month) - month(m.StartDate) + 1)::INTEGER
        WHEN NOT n.by_calendar AND t.YearID IS NOT NULL AND n.told_period BETWEEN 1 AND 99 THEN n.told_period END AS period
FROM numbered n
LEFT JOIN landed.years t ON t.YearID = n.told_year
ASOF LEFT JOIN landed.years m ON last_day(n.month) >= m.StartDate;

CREATE TABLE books.periods AS
SELECT year_id::VARCHAR AS fiscal_year, period::INTEGER AS period,
    greatest(StartDate, (date_trunc('month', StartDate) + to_months((period - 1)::INTEGER))::DATE) AS start_date,
    least(EndDate, last_day((date_trunc('month', StartDate) + to_months((period - 1)::INTEGER))::DATE)) AS end_date,
    'normal' AS kind
FROM yuki_months
UNION ALL
SELECT DISTINCT b.year_id::VARCHAR, b.period, y.EndDate, y.EndDate, 'adjustment'
FROM yuki_booked b JOIN landed.years y ON y.YearID = b.year_id
WHERE b.period NOT IN (SELECT m.period FROM yuki_months m WHERE m.year_id = b.year_id);

-- The vendor's types of account (1 assets, 2 liabilities and equity, 3 revenue and purchases, 4 costs, 5 financial
-- result, 6 taxes) told apart further by the Dutch reference code or by the number's class (inferred). Whether an account
-- is of the balance sheet is what the balances say of it.
CREATE TABLE books.accounts AS
WITH told AS (
    SELECT *, yuki_text(code) AS number FROM landed.accounts WHERE yuki_text(code) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY yuki_text(code) ORDER BY isEnabled DESC NULLS LAST) = 1
), coded AS (
    SELECT yuki_text(YukiCode) AS number, min(yuki_text(RgsReferenceCode)) AS rgs FROM landed.rgs GROUP BY ALL
), sheets AS (
    SELECT Code AS number, arg_max(BalanceType, YearID) AS sheet FROM landed.balances GROUP BY ALL
), country AS (SELECT any_value(country) = 'NL' AS dutch FROM books.dossier)
SELECT t.number, coalesce(yuki_text(t.descripton), yuki_text(t.descriptionNL), yuki_text(t.descriptionFR), '') AS name,
    CASE
        WHEN regexp_matches(c.rgs, '^B(Iva|Mva|Fva|Vrd|Vor|Lim|Eff|Pro)') THEN 'asset'
        WHEN starts_with(c.rgs, 'BEiv') THEN 'equity'
        WHEN starts_with(c.rgs, 'B') THEN 'liability'
        WHEN starts_with(c.rgs, 'WOmz') THEN 'income'
        WHEN t.type = 1 THEN 'asset'
        WHEN t.type = 2 AND NOT dutch AND left(t.number, 2) BETWEEN '10' AND '15' THEN 'equity'
        WHEN t.type = 2 THEN 'liability'
        WHEN t.type = 3 THEN CASE WHEN left(t.number, 1) = CASE WHEN dutch THEN '8' ELSE '7' END THEN 'income' ELSE 'expense' END
        WHEN t.type IN (4, 6) THEN 'expense'
        WHEN t.type = 5 AND NOT dutch THEN CASE WHEN left(t.number, 1) = '7' THEN 'income' ELSE 'expense' END
    END AS type,
    CASE WHEN s.sheet = 'B' THEN 'balance' WHEN s.sheet = 'W' THEN 'result' WHEN t.type <= 2 THEN 'balance'
        WHEN t.type >= 3 THEN 'result' END AS statement,
    'Y:' || t.type AS package_type, c.rgs AS explicit_code, 'EUR' AS currency,
    lower(coalesce(t.isEnabled, 'true')) <> 'false' AS active, false AS heading
FROM told t LEFT JOIN coded c USING (number) LEFT JOIN sheets s USING (number) CROSS JOIN country;

-- Contacts; and whoever lines name that the list does not (it may be refused).
CREATE OR REPLACE TABLE yuki_contacts AS
SELECT ID AS id, coalesce(yuki_text(Code), ID) AS code, coalesce(yuki_text(Name), '') AS name,
    coalesce(lower(IsCustomer) = 'true', Type = 'Customer') AS customer,
    coalesce(lower(IsSupplier) = 'true', Type = 'Supplier') AS supplier,
    yuki_text(VATNumber) AS vat_number, yuki_text(Country) AS country
FROM landed.contacts;

CREATE TABLE books.counterparties AS
WITH listed AS (
    SELECT code, name,
        CASE WHEN customer AND supplier THEN 'both' WHEN customer THEN 'customer' WHEN supplier THEN 'supplier'
            ELSE 'other' END AS kind,
        vat_number, country, NULL::VARCHAR AS control_account
    FROM yuki_contacts
    QUALIFY row_number() OVER (PARTITION BY code ORDER BY id) = 1
)
FROM listed
UNION ALL
SELECT l.code, coalesce(max(yuki_text(l.fullName)), ''), 'other', max(yuki_text(l.VATNumber)),
    max(yuki_text(l.contactCountry)), NULL
FROM (
    SELECT l.*, coalesce(yuki_text(l.contactCode), c.code, yuki_text(l.contactID)) AS code
    FROM yuki_lines l LEFT JOIN yuki_contacts c ON c.id = l.contactID
) l
WHERE l.code IS NOT NULL AND l.code NOT IN (SELECT code FROM listed)
GROUP BY l.code;

-- Neither entry nor journal is told of a line. An entry is what has one document, or else one number that people know it
-- by; where the lines of either do not add up to zero, what was booked on one day, or else in one month (inferred).
CREATE OR REPLACE TABLE yuki_entries AS
WITH documents AS (
    SELECT documentID AS key FROM yuki_lines WHERE yuki_text(documentID) IS NOT NULL
    GROUP BY ALL HAVING sum(transactionAmount) = 0
), numbers AS (
    SELECT day, hID AS key FROM yuki_lines
    WHERE yuki_text(hID) IS NOT NULL AND coalesce(documentID, '') NOT IN (FROM documents)
    GROUP BY ALL HAVING sum(transactionAmount) = 0
), first AS (
    SELECT l.id, l.day, l.transactionAmount,
        CASE WHEN d.key IS NOT NULL THEN d.key WHEN n.key IS NOT NULL THEN 'n' || n.key || ' ' || l.day END AS entry
    FROM yuki_lines l
    LEFT JOIN documents d ON d.key = l.documentID
    LEFT JOIN numbers n ON n.key = l.hID AND n.day = l.day
), days AS (
    SELECT day FROM first WHERE entry IS NULL GROUP BY ALL HAVING sum(transactionAmount) = 0
)
SELECT f.id, coalesce(f.entry, 'd' || d.day, 'm' || strftime(f.day, '%Y-%m'), '') AS entry_key
FROM first f LEFT JOIN days d ON d.day = f.day;

-- When an open item is due stands on the line of its document, contact and amount; what is paid has no due date any more.
CREATE OR REPLACE TABLE yuki_due AS
SELECT DocumentID AS document_id, ContactID AS contact_id,
    CASE Side WHEN 'creditor' THEN -OriginalAmount ELSE OriginalAmount END AS amount, max(yuki_day(DueDate)) AS due_date
FROM landed.items
WHERE yuki_text(DocumentID) IS NOT NULL AND yuki_day(DueDate) IS NOT NULL
GROUP BY ALL;

CREATE TABLE books.journal_lines AS
SELECT l.id AS line_key, e.entry_key,
    row_number() OVER (PARTITION BY e.entry_key ORDER BY l.day, try_cast(l.hID AS BIGINT), l.id)::INTEGER AS line_no,
    b.year_id::VARCHAR AS fiscal_year, b.period,
    CASE WHEN p.kind = 'adjustment' THEN 'adjustment' ELSE 'normal' END AS period_kind, l.day AS date,
    coalesce(yuki_term(l.documentType), yuki_term(l.documentFolder)) AS journal,
    coalesce(yuki_text(l.documentReference), l.hID) AS document, yuki_text(l.glAccountCode) AS account,
    coalesce(yuki_text(l.contactCode), c.code, yuki_text(l.contactID)) AS counterparty,
    yuki_text(l.description) AS description,
    greatest(l.transactionAmount, 0)::DECIMAL(20,4) AS debit, greatest(-l.transactionAmount, 0)::DECIMAL(20,4) AS credit,
    coalesce(yuki_text(l.currency), 'EUR') AS currency, l.transactionAmountForeignCurrency AS amount_currency,
    yuki_term(l.taxCodeDescription) AS vat_code, d.due_date, NULL::TIMESTAMP AS modified_at
FROM yuki_lines l
JOIN yuki_entries e USING (id)
LEFT JOIN yuki_booked b USING (id)
LEFT JOIN books.periods p ON p.fiscal_year = b.year_id::VARCHAR AND p.period = b.period
LEFT JOIN yuki_contacts c ON c.id = l.contactID
LEFT JOIN yuki_due d
    ON d.document_id = l.documentID AND d.contact_id = l.contactID AND d.amount = l.transactionAmount;

-- A year's start balances are its opening lines. Where those of a year do not add up to zero, the result of the years
-- before was left out: the first year then opens with it on an account of ours, and later ones carry over.
CREATE OR REPLACE TABLE yuki_starts AS
WITH told AS (
    SELECT b.YearID AS year_id, yuki_text(b.accountID) AS account, sum(b.startBalance) AS amount
    FROM landed.start_balances b JOIN yuki_stands s ON s.what = 'start_balances' AND s.part = b.YearID::VARCHAR AND s.read = b.Read
    GROUP BY ALL
), sums AS (SELECT year_id, sum(amount) AS missing FROM told GROUP BY ALL),
first_year AS (SELECT arg_min(YearID, StartDate) AS year_id FROM landed.years)
SELECT t.* FROM told t JOIN sums USING (year_id)
WHERE amount <> 0 AND (missing = 0 OR year_id = (SELECT year_id FROM first_year))
UNION ALL
SELECT year_id, 'RESULT-CARRIED', -missing FROM sums
WHERE missing <> 0 AND year_id = (SELECT year_id FROM first_year);

INSERT INTO books.journal_lines
SELECT 'opening-' || s.year_id || '-' || s.account, 'opening-' || s.year_id,
    row_number() OVER (PARTITION BY s.year_id ORDER BY s.account)::INTEGER, s.year_id::VARCHAR, 1, 'opening', y.StartDate,
    NULL, NULL, s.account, NULL, NULL, greatest(s.amount, 0), greatest(-s.amount, 0), 'EUR', NULL, NULL, NULL, NULL
FROM yuki_starts s JOIN landed.years y ON y.YearID = s.year_id;

INSERT INTO books.accounts
SELECT 'RESULT-CARRIED', 'Result of earlier years, not yet appropriated', 'equity', 'balance', NULL, NULL, 'EUR', true, false
WHERE EXISTS (FROM yuki_starts WHERE account = 'RESULT-CARRIED');

-- A journal is a type of document; what it is for goes by its name (inferred).
CREATE TABLE books.journals AS
SELECT DISTINCT journal AS code, journal AS name,
    CASE WHEN regexp_matches(lower(journal), 'sales|verkoop|vente') THEN 'sales'
        WHEN regexp_matches(lower(journal), 'purchase|inkoop|aankoop|achat') THEN 'purchase'
        WHEN regexp_matches(lower(journal), 'bank|banque') THEN 'bank'
        WHEN regexp_matches(lower(journal), 'cash|kas|caisse') THEN 'cash'
        WHEN regexp_matches(lower(journal), 'memorial|memoriaal|journal|divers') THEN 'general'
        ELSE 'other' END AS type
FROM books.journal_lines WHERE journal IS NOT NULL;

CREATE TABLE books.trial_balances AS
WITH closing AS (
    SELECT b.YearID AS year_id, yuki_text(b.Code) AS account, sum(b.Amount) AS amount
    FROM landed.balances b JOIN yuki_stands s ON s.what = 'balances' AND s.part = b.YearID::VARCHAR AND s.read = b.Read
    GROUP BY ALL
), carried AS (SELECT DISTINCT year_id FROM yuki_starts)
SELECT year_id::VARCHAR AS fiscal_year, NULL::INTEGER AS period, account,
    CASE WHEN year_id IN (FROM carried) THEN coalesce(s.amount, 0) END::DECIMAL(20,4) AS opening,
    NULL::DECIMAL(20,4) AS debit, NULL::DECIMAL(20,4) AS credit, coalesce(c.amount, 0)::DECIMAL(20,4) AS closing
FROM closing c FULL JOIN (FROM yuki_starts WHERE account <> 'RESULT-CARRIED') s USING (year_id, account)
WHERE year_id IN (SELECT year_id FROM closing);
