-- From Exact Online's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

-- '/Date(ms)/' is the UTC midnight of a civil day. Where an offset is told and the moment is not midnight in UTC, it is
-- midnight there (inferred from the format's other users).
CREATE OR REPLACE MACRO exact_date(told) AS coalesce(
    make_timestamp_ms(try_cast(substr(told, 7, length(told) - 8) AS BIGINT))::DATE,
    make_timestamp_ms(
        try_cast(regexp_extract(told, '^/Date\((-?\d+)', 1) AS BIGINT)
        + CASE WHEN try_cast(regexp_extract(told, '^/Date\((-?\d+)', 1) AS BIGINT) % 86400000 = 0 THEN 0
            ELSE try_cast(regexp_extract(told, '([+-]\d\d)\d\d\)/$', 1) AS BIGINT) * 3600000
                + try_cast(regexp_extract(told, '([+-])\d\d\d\d\)/$', 1) || regexp_extract(told, '(\d\d)\)/$', 1) AS BIGINT)
                    * 60000 END
    )::DATE,
    try_cast(left(told, 10) AS DATE)
);
CREATE OR REPLACE MACRO exact_moment(told) AS
    make_timestamp_ms(try_cast(regexp_extract(told, '^/Date\((-?\d+)', 1) AS BIGINT));
CREATE OR REPLACE MACRO exact_code(told) AS nullif(trim(told), '');

-- Types of ledger lines: 10 take-on, 328 carry-forward; 320 to 326 transfer the result and 327 mirrors the next
-- year's 328, all of which close a year (inferred); 3000 is a budget and no booking.
CREATE OR REPLACE MACRO exact_kind(type) AS
    CASE WHEN type IN (10, 328) THEN 'opening' WHEN type BETWEEN 320 AND 327 THEN 'closing' ELSE 'normal' END;

CREATE TABLE books.dossier AS
SELECT coalesce(exact_code(Description), exact_code(CustomerName)) AS name,
    coalesce(exact_code(Hid), exact_code(CustomerCode), Code::VARCHAR) AS code,
    exact_code(Country) AS country, exact_code(Currency) AS currency, exact_code(VATNumber) AS vat_number
FROM landed.dossier;

-- A fiscal year is the periods of one FinYear (inferred); it is closed when all its journals are, in all periods.
CREATE TABLE books.periods AS
SELECT DISTINCT FinYear::VARCHAR AS fiscal_year, FinPeriod::INTEGER AS period, exact_date(StartDate) AS start_date,
    exact_date(EndDate) AS end_date, 'normal' AS kind
FROM landed.periods;

CREATE TABLE books.fiscal_years AS
SELECT p.fiscal_year AS label, min(p.start_date) AS start_date, max(p.end_date) AS end_date, any_value(s.closed) AS closed
FROM books.periods p
LEFT JOIN (
    SELECT Year::VARCHAR AS fiscal_year, bool_and(Status = 1) AS closed FROM landed.journal_statuses GROUP BY ALL
) s USING (fiscal_year)
GROUP BY ALL;

-- The vendor's types of account in our terms (inferred); 90 "general" and the year-end types 300 to 302 go by
-- statement and side, VAT (24) by side.
CREATE TABLE books.accounts AS
WITH told AS (
    SELECT *, exact_code(Code) AS number FROM landed.accounts
    WHERE exact_code(Code) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY exact_code(Code) ORDER BY coalesce(IsBlocked, false), ID) = 1
), schemes AS (
    SELECT exact_code(GLAccountCode) AS number, arg_max(exact_code(ClassificationCode), GLSchemeCode) AS explicit_code
    FROM landed.classifications WHERE starts_with(GLSchemeCode, 'RGS') GROUP BY ALL
)
SELECT t.number, coalesce(exact_code(t.Description), '') AS name,
    CASE
        WHEN t.Type IN (10, 12, 14, 16, 20, 21, 26, 30, 32, 35, 40) THEN 'asset'
        WHEN t.Type IN (22, 25, 27, 29, 55, 60, 100) THEN 'liability'
        WHEN t.Type IN (50, 52) THEN 'equity'
        WHEN t.Type IN (110, 140, 160) THEN 'income'
        WHEN t.Type IN (111, 120, 121, 122, 123, 125, 126, 130, 150) THEN 'expense'
        WHEN t.BalanceType = 'W' THEN CASE t.BalanceSide WHEN 'D' THEN 'expense' WHEN 'C' THEN 'income' END
        WHEN t.BalanceType = 'B' OR t.Type = 24 THEN CASE t.BalanceSide WHEN 'D' THEN 'asset' WHEN 'C' THEN 'liability' END
    END AS type,
    CASE t.BalanceType WHEN 'B' THEN 'balance' WHEN 'W' THEN 'result' END AS statement,
    'E:' || t.Type || CASE WHEN t.Type = 90 THEN coalesce('/' || t.BalanceType, '') ELSE '' END AS package_type,
    s.explicit_code, (SELECT any_value(currency) FROM books.dossier) AS currency, NOT coalesce(t.IsBlocked, false) AS active,
    false AS heading
FROM told t LEFT JOIN schemes s USING (number);

-- The first year that the link asks for; NULL: all.
CREATE OR REPLACE TABLE exact_window AS
SELECT d.Since AS since, d.HasHistory AS has_history, any_value(y.label ORDER BY y.start_date) AS first_year,
    min(y.start_date) AS first_day
FROM landed.dossier d LEFT JOIN books.fiscal_years y ON y.end_date >= d.Since
GROUP BY ALL;

-- Every line once, as it was told last; bulk rows carry a row version older than the change feed's. What was deleted
-- while a full read went on is taken out here. Only the few lines told twice are sorted.
CREATE OR REPLACE TABLE exact_repeated AS
SELECT ID FROM landed.lines GROUP BY ID HAVING count(*) > 1;

CREATE OR REPLACE VIEW exact_lines AS
SELECT l.*
FROM (
    FROM landed.lines ANTI JOIN exact_repeated USING (ID)
    UNION ALL
    FROM landed.lines SEMI JOIN exact_repeated USING (ID)
    QUALIFY row_number() OVER (PARTITION BY ID ORDER BY Timestamp DESC) = 1
) l
ANTI JOIN landed.deletions d ON d.ID = l.ID AND d.Timestamp >= l.Timestamp
WHERE l.Type IS DISTINCT FROM 3000;

CREATE TABLE books.journal_lines AS
SELECT ID AS line_key, coalesce(EntryID, JournalCode || '-' || EntryNumber) AS entry_key,
    LineNumber::INTEGER AS line_no, FinancialYear::VARCHAR AS fiscal_year, FinancialPeriod::INTEGER AS period,
    exact_kind(Type) AS period_kind, exact_date(Date) AS date, exact_code(JournalCode) AS journal,
    EntryNumber::VARCHAR AS document, exact_code(GLAccountCode) AS account,
    exact_code(AccountCode) AS counterparty, exact_code(Description) AS description,
    greatest(AmountDC, 0)::DECIMAL(20,4) AS debit, greatest(-AmountDC, 0)::DECIMAL(20,4) AS credit,
    exact_code(Currency) AS currency, AmountFC AS amount_currency, exact_code(VATCode) AS vat_code,
    exact_date(DueDate) AS due_date, exact_moment(Modified) AS modified_at
FROM exact_lines
WHERE (SELECT first_year IS NULL OR FinancialYear IS NULL OR FinancialYear >= first_year::BIGINT FROM exact_window);

-- A year whose predecessor was not closed in the package has no opening lines of its own. Its opening balance is then
-- what was booked before; the result that nobody transferred yet stands on the first retained-earnings account
-- (inferred: it is where the package's own year end would put it).
INSERT INTO books.journal_lines
WITH earlier AS (
    SELECT coalesce(CASE WHEN a.statement = 'result' THEN (
            SELECT min(number ORDER BY type_order, number) FROM (
                SELECT number, CASE package_type WHEN 'E:52' THEN 1 ELSE 2 END AS type_order FROM books.accounts
                WHERE package_type IN ('E:50', 'E:52')
            ) WHERE type_order = (SELECT min(CASE package_type WHEN 'E:52' THEN 1 ELSE 2 END) FROM books.accounts
                WHERE package_type IN ('E:50', 'E:52'))
        ) END, exact_code(l.GLAccountCode)) AS account, sum(l.AmountDC)::DECIMAL(20,4) AS amount
    FROM exact_lines l
    LEFT JOIN books.accounts a ON a.number = exact_code(l.GLAccountCode)
    WHERE l.FinancialYear < (SELECT first_year::BIGINT FROM exact_window)
    GROUP BY ALL
)
SELECT 'opening-' || w.first_year || '-' || e.account, 'opening-' || w.first_year,
    row_number() OVER (ORDER BY e.account)::INTEGER, w.first_year, 1, 'opening', w.first_day, NULL, NULL, e.account, NULL,
    NULL, greatest(e.amount, 0), greatest(-e.amount, 0), NULL, NULL, NULL, NULL, NULL
FROM earlier e, exact_window w
WHERE e.amount <> 0 AND w.has_history
    AND NOT EXISTS (FROM books.journal_lines WHERE fiscal_year = w.first_year AND period_kind = 'opening');

-- A general journal that holds nothing but opening, or nothing but closing lines, is one for those (inferred).
CREATE TABLE books.journals AS
WITH used AS (
    SELECT journal AS code, bool_and(period_kind = 'opening') AS opens, bool_and(period_kind = 'closing') AS closes
    FROM books.journal_lines WHERE journal IS NOT NULL GROUP BY ALL
)
SELECT DISTINCT exact_code(j.Code) AS code, coalesce(exact_code(j.Description), '') AS name,
    CASE WHEN j.Type = 90 AND u.opens THEN 'opening' WHEN j.Type = 90 AND u.closes THEN 'closing'
        ELSE CASE j.Type WHEN 10 THEN 'cash' WHEN 12 THEN 'bank' WHEN 16 THEN 'bank' WHEN 20 THEN 'sales'
            WHEN 21 THEN 'sales_credit' WHEN 22 THEN 'purchase' WHEN 23 THEN 'purchase_credit' WHEN 90 THEN 'general'
            ELSE 'other' END
    END AS type
FROM landed.journals j LEFT JOIN used u ON u.code = exact_code(j.Code);

-- Relations; and whoever lines name that the list does not (it may be refused).
CREATE TABLE books.counterparties AS
WITH listed AS (
    SELECT exact_code(Code) AS code, coalesce(exact_code(Name), '') AS name,
        CASE WHEN Status = 'C' AND IsSupplier THEN 'both' WHEN Status = 'C' THEN 'customer' WHEN IsSupplier THEN 'supplier'
            ELSE 'other' END AS kind,
        exact_code(VATNumber) AS vat_number, exact_code(Country) AS country, NULL::VARCHAR AS control_account
    FROM landed.relations
    WHERE exact_code(Code) IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY exact_code(Code) ORDER BY ID) = 1
)
FROM listed
UNION ALL
SELECT exact_code(AccountCode), coalesce(any_value(exact_code(AccountName)), ''), 'other', NULL, NULL, NULL
FROM landed.lines
WHERE exact_code(AccountCode) IS NOT NULL AND exact_code(AccountCode) NOT IN (SELECT code FROM listed)
GROUP BY exact_code(AccountCode);

-- The package's own balances are movements per account, period and type. Amount is the signed sum, whatever the sign
-- that it gives AmountCredit. A year is compared as a whole only where the package opened it: elsewhere its opening
-- balance is not told.
CREATE TABLE books.trial_balances AS
WITH told AS (
    SELECT DISTINCT ReportingYear::VARCHAR AS fiscal_year, ReportingPeriod::INTEGER AS period,
        exact_code(GLAccountCode) AS account, exact_kind(Type) AS kind, Type, Status, CostCenterCode, CostUnitCode, Count,
        coalesce(AmountDebit, greatest(Amount, 0)) AS debit,
        coalesce(Amount, AmountDebit - abs(AmountCredit)) AS amount
    FROM landed.reporting_balance
    WHERE Type IS DISTINCT FROM 3000
)
SELECT fiscal_year, period, account, NULL::DECIMAL(20,4) AS opening, sum(debit)::DECIMAL(20,4) AS debit,
    sum(debit - amount)::DECIMAL(20,4) AS credit, NULL::DECIMAL(20,4) AS closing
FROM told WHERE kind = 'normal' GROUP BY ALL
UNION ALL
SELECT fiscal_year, NULL, account, coalesce(sum(amount) FILTER (kind = 'opening'), 0)::DECIMAL(20,4),
    coalesce(sum(debit) FILTER (kind = 'normal'), 0)::DECIMAL(20,4),
    coalesce(sum(debit - amount) FILTER (kind = 'normal'), 0)::DECIMAL(20,4), sum(amount)::DECIMAL(20,4)
FROM told
WHERE kind <> 'closing' AND fiscal_year IN (SELECT fiscal_year FROM told WHERE kind = 'opening')
GROUP BY ALL;
