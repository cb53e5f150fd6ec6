-- From e-conomic's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred". Table economic_countries holds the ISO code
-- of each word for a country, in lower case.

CREATE OR REPLACE MACRO economic_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO economic_date(told) AS try_cast(left(told, 10) AS DATE);
CREATE OR REPLACE MACRO economic_country(told) AS
    (SELECT c.code FROM economic_countries c WHERE c.word = lower(trim(told)));
-- In Denmark the VAT number is the registration number (inferred: its own field is often empty).
CREATE OR REPLACE MACRO economic_vat(told, registration, country) AS coalesce(economic_text(told),
    CASE WHEN country = 'DK' AND regexp_matches(replace(registration, ' ', ''), '^\d{8}$')
        THEN 'DK' || replace(registration, ' ', '') END);
CREATE OR REPLACE MACRO economic_opens(type) AS coalesce(type IN ('openingEntry', 'transferredOpeningEntry'), false);
-- Numbers of customers and suppliers are two ranges that overlap.
CREATE OR REPLACE MACRO economic_party(customer, supplier) AS coalesce('C' || customer, 'S' || supplier);

CREATE TABLE books.dossier AS
SELECT economic_text(a.company.name) AS name, a.agreementNumber::VARCHAR AS code,
    coalesce(economic_country(a.company.country), economic_country(a.agreementType.name)) AS country,
    economic_text(a.settings.baseCurrency) AS currency,
    economic_vat(a.company.vatNumber, a.company.companyIdentificationNumber,
        coalesce(economic_country(a.company.country), economic_country(a.agreementType.name))) AS vat_number
FROM landed.agreement a;

-- A flag that is not told is false: the vendor leaves those out.
CREATE TABLE books.fiscal_years AS
SELECT year AS label, economic_date(fromDate) AS start_date, economic_date(toDate) AS end_date,
    coalesce(closed, false) AS closed
FROM landed.accounting_years;

CREATE TABLE books.periods AS
SELECT year AS fiscal_year, periodNumber::INTEGER AS period, economic_date(fromDate) AS start_date,
    economic_date(toDate) AS end_date, 'normal' AS kind
FROM landed.periods;

-- Of posting accounts the vendor tells only whether they are on the balance sheet, and their usual side. Whether a
-- balance account is equity, a debt or an asset follows from the nearest title above it, where that is one of the usual
-- words, else from the side (inferred). Titles and totals hold no entries.
CREATE TABLE books.accounts AS
WITH told AS (
    SELECT *, accountType IS NOT NULL AND accountType NOT IN ('profitAndLoss', 'status') AS heading
    FROM landed.accounts WHERE accountNumber IS NOT NULL
), titled AS (
    SELECT *, CASE WHEN accountType NOT IN ('heading', 'headingStart') OR accountType IS NULL THEN NULL
            WHEN regexp_matches(lower(name), 'egenkapital|eget kapital|equity') THEN 'equity'
            WHEN regexp_matches(lower(name), 'gæld|gjeld|skuld|passiv|hensæt|avsetning|liabilit|debt') THEN 'liability'
            WHEN regexp_matches(lower(name), 'aktiv|tillgång|eiendel|midler|tilgodehav|anlæg|asset') THEN 'asset'
            ELSE '' END AS word
    FROM told
), placed AS (
    SELECT *, last_value(word IGNORE NULLS) OVER (ORDER BY accountNumber) AS section FROM titled
)
SELECT accountNumber::VARCHAR AS number, coalesce(economic_text(name), '') AS name,
    CASE WHEN accountType = 'profitAndLoss' THEN CASE debitCredit WHEN 'debit' THEN 'expense' WHEN 'credit' THEN 'income' END
        WHEN accountType = 'status' THEN coalesce(nullif(section, ''),
            CASE debitCredit WHEN 'debit' THEN 'asset' WHEN 'credit' THEN 'liability' END)
    END AS type,
    CASE accountType WHEN 'status' THEN 'balance' WHEN 'profitAndLoss' THEN 'result' END AS statement,
    'M:' || accountType AS package_type, NULL::VARCHAR AS explicit_code,
    (SELECT any_value(currency) FROM books.dossier) AS currency, NOT coalesce(barred, false) AS active, heading
FROM placed;

-- Every entry once: pages and overlaps may repeat one.
CREATE OR REPLACE TABLE economic_repeated AS
SELECT entryNumber FROM landed.entries GROUP BY ALL HAVING count(*) > 1;

CREATE OR REPLACE TABLE economic_entries AS
SELECT * FROM landed.entries ANTI JOIN economic_repeated USING (entryNumber)
UNION ALL
SELECT DISTINCT ON (entryNumber) * FROM landed.entries SEMI JOIN economic_repeated USING (entryNumber);

-- Opening a year again takes its opening entries back by entries of the opposite sign. An opening and what took it back
-- cancel out, and neither is told; the latest stands (inferred: both are of the same type).
CREATE OR REPLACE TABLE economic_taken_back AS
WITH openings AS (
    SELECT e.entryNumber, e.amountInBaseCurrency > 0 AS debit,
        hash(e.year, e.account.accountNumber, e.currency, e.customer.customerNumber, e.supplier.supplierNumber) AS place,
        abs(e.amountInBaseCurrency) AS size
    FROM economic_entries e WHERE economic_opens(e.entryType) AND e.amountInBaseCurrency <> 0
), counted AS (
    SELECT entryNumber, row_number() OVER (PARTITION BY place, size, debit ORDER BY entryNumber) AS nth,
        least(count(*) FILTER (debit) OVER (PARTITION BY place, size),
            count(*) FILTER (NOT debit) OVER (PARTITION BY place, size)) AS pairs
    FROM openings
)
SELECT entryNumber FROM counted WHERE nth <= pairs;

-- Lines of one voucher number and year are an entry (inferred); opening entries are one together.
CREATE TABLE books.journal_lines AS
SELECT e.entryNumber::VARCHAR AS line_key,
    e.year || '-' || CASE WHEN economic_opens(e.entryType) THEN 'opening' ELSE coalesce(e.voucherNumber, 0)::VARCHAR END
        AS entry_key,
    try_cast(e.entryNumber AS INTEGER) AS line_no, e.year AS fiscal_year, NULL::INTEGER AS period,
    CASE WHEN economic_opens(e.entryType) THEN 'opening' ELSE 'normal' END AS period_kind,
    economic_date(e.date) AS date, e.entryType AS journal,
    coalesce(economic_text(e.invoiceNumber), economic_text(e.supplierInvoiceNumber), e.voucherNumber::VARCHAR) AS document,
    e.account.accountNumber::VARCHAR AS account,
    economic_party(e.customer.customerNumber, e.supplier.supplierNumber) AS counterparty,
    economic_text(e.text) AS description,
    greatest(e.amountInBaseCurrency, 0)::DECIMAL(20,4) AS debit,
    greatest(-e.amountInBaseCurrency, 0)::DECIMAL(20,4) AS credit,
    economic_text(e.currency) AS currency, e.amount AS amount_currency, economic_text(e.vatAccount.vatCode) AS vat_code,
    economic_date(e.dueDate) AS due_date, NULL::TIMESTAMP AS modified_at
FROM economic_entries e ANTI JOIN economic_taken_back USING (entryNumber);

-- A package's type of entry stands for the journal, which a booked entry does not name.
CREATE TABLE books.journals AS
SELECT code, name, type FROM (VALUES
    ('customerInvoice', 'Customer invoices', 'sales'),
    ('manualDebtorInvoice', 'Customer invoices, entered by hand', 'sales'),
    ('supplierInvoice', 'Supplier invoices', 'purchase'),
    ('customerPayment', 'Customer payments', 'bank'),
    ('supplierPayment', 'Supplier payments', 'bank'),
    ('financeVoucher', 'Finance vouchers', 'general'),
    ('reminder', 'Reminders', 'other'),
    ('systemEntry', 'System entries', 'other'),
    ('openingEntry', 'Opening entries', 'opening'),
    ('transferredOpeningEntry', 'Opening entries, transferred', 'opening')
) t(code, name, type)
WHERE code IN (SELECT journal FROM books.journal_lines);

-- Customers and suppliers; and whoever entries name that the lists do not (they may be refused).
CREATE TABLE books.counterparties AS
WITH listed AS (
    SELECT economic_party(customerNumber, NULL) AS code, coalesce(economic_text(name), '') AS name, 'customer' AS kind,
        economic_vat(vatNumber, corporateIdentificationNumber, economic_country(country)) AS vat_number,
        economic_country(country) AS country
    FROM landed.customers WHERE customerNumber IS NOT NULL
    UNION ALL
    SELECT economic_party(NULL, supplierNumber), coalesce(economic_text(name), ''), 'supplier',
        economic_vat(NULL, corporateIdentificationNumber, economic_country(country)), economic_country(country)
    FROM landed.suppliers WHERE supplierNumber IS NOT NULL
)
SELECT *, NULL::VARCHAR AS control_account FROM listed QUALIFY row_number() OVER (PARTITION BY code ORDER BY name) = 1
UNION ALL
SELECT DISTINCT counterparty, '', CASE left(counterparty, 1) WHEN 'C' THEN 'customer' ELSE 'supplier' END, NULL, NULL, NULL
FROM books.journal_lines WHERE counterparty NOT IN (SELECT code FROM listed);

-- Totals of posting accounts by year; those of title and total accounts repeat them.
CREATE OR REPLACE TABLE economic_totals AS
SELECT t.year AS fiscal_year, t.account.accountNumber::VARCHAR AS account, sum(t.totalInBaseCurrency)::DECIMAL(20,4) AS total
FROM landed.totals t
WHERE t.account.accountNumber IS NOT NULL
    AND t.account.accountNumber::VARCHAR NOT IN (SELECT number FROM books.accounts WHERE heading)
GROUP BY ALL;

-- The first year that the link asks for.
CREATE OR REPLACE TABLE economic_window AS
SELECT any_value(y.label ORDER BY y.start_date) AS first_year, min(y.start_date) AS first_day
FROM landed.agreement a JOIN books.fiscal_years y ON a.since IS NULL OR y.end_date >= a.since;

-- The package's own balances. A year's totals hold its opening entries (inferred), so they are what it closes with;
-- a year without such entries, and one whose totals agree better with what was booked in it, tells movements.
CREATE TABLE books.trial_balances AS
WITH wanted AS (
    SELECT y.label FROM books.fiscal_years y, economic_window w WHERE y.start_date >= w.first_day
        AND y.label IN (SELECT fiscal_year FROM economic_totals)
), booked AS (
    SELECT fiscal_year, account, sum(debit - credit) AS everything,
        sum(CASE period_kind WHEN 'opening' THEN 0 ELSE debit - credit END) AS movement
    FROM books.journal_lines GROUP BY ALL
), opened AS (SELECT DISTINCT fiscal_year FROM books.journal_lines WHERE period_kind = 'opening'),
sides AS (
    SELECT fiscal_year, account, coalesce(t.total, 0) AS total, coalesce(b.everything, 0) AS everything,
        coalesce(b.movement, 0) AS movement
    FROM (FROM economic_totals WHERE fiscal_year IN (FROM wanted)) t
    FULL JOIN (FROM booked WHERE fiscal_year IN (FROM wanted)) b USING (fiscal_year, account)
), agreeing AS (
    SELECT s.fiscal_year, count(*) AS balances, count(*) FILTER (s.total = s.movement) AS with_movement,
        count(*) FILTER (s.total = s.everything) AS with_everything
    FROM sides s JOIN books.accounts a ON a.number = s.account AND a.statement = 'balance'
    GROUP BY s.fiscal_year
), moved AS (
    SELECT fiscal_year FROM agreeing
    WHERE CASE WHEN fiscal_year IN (FROM opened) THEN with_movement > with_everything
        ELSE with_movement * 2 >= balances END
)
SELECT t.fiscal_year, NULL::INTEGER AS period, t.account, NULL::DECIMAL(20,4) AS opening, NULL::DECIMAL(20,4) AS debit,
    NULL::DECIMAL(20,4) AS credit, t.total AS closing
FROM economic_totals t
WHERE t.fiscal_year IN (FROM wanted) AND t.fiscal_year NOT IN (FROM moved)
UNION ALL
-- An account that nothing moved is told as such: what it holds was carried over.
SELECT f.fiscal_year, NULL, a.number, NULL, greatest(coalesce(t.total, 0), 0), greatest(-coalesce(t.total, 0), 0), NULL
FROM moved f
JOIN books.accounts a ON NOT a.heading
LEFT JOIN economic_totals t ON t.fiscal_year = f.fiscal_year AND t.account = a.number;

-- A year whose predecessor is open has no opening entries. Where earlier years are not read, their totals tell what it
-- opens with; the result that nobody transferred yet stands on an account of ours, since the vendor does not say where
-- closing the year will put it.
INSERT INTO books.journal_lines BY NAME
WITH carried AS (
    SELECT CASE a.statement WHEN 'result' THEN 'RESULT-CARRIED' ELSE t.account END AS account, sum(t.total) AS amount
    FROM economic_totals t
    JOIN books.fiscal_years y ON y.label = t.fiscal_year
    JOIN economic_window w ON y.start_date < w.first_day
    LEFT JOIN books.accounts a ON a.number = t.account
    GROUP BY ALL HAVING sum(t.total) <> 0
)
SELECT 'opening-' || w.first_year || '-' || c.account AS line_key, w.first_year || '-opening' AS entry_key,
    row_number() OVER (ORDER BY c.account)::INTEGER AS line_no, w.first_year AS fiscal_year, 'opening' AS period_kind,
    w.first_day AS date, c.account, greatest(c.amount, 0)::DECIMAL(20,4) AS debit,
    greatest(-c.amount, 0)::DECIMAL(20,4) AS credit
FROM carried c, economic_window w
WHERE NOT EXISTS (FROM books.journal_lines WHERE fiscal_year = w.first_year AND period_kind = 'opening');

INSERT INTO books.accounts BY NAME
SELECT 'RESULT-CARRIED' AS number, 'Result of earlier years, not yet transferred' AS name, 'equity' AS type,
    'balance' AS statement, 'BEivOre' AS explicit_code, true AS active, false AS heading
WHERE EXISTS (FROM books.journal_lines WHERE account = 'RESULT-CARRIED');
