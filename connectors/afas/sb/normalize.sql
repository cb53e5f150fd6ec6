-- From AFAS SB's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE MACRO sb_text(told) AS nullif(trim(told), '');
-- Days are told as moments at midnight.
CREATE OR REPLACE MACRO sb_date(told) AS try_cast(left(told, 10) AS DATE);

CREATE TABLE books.dossier AS
SELECT sb_text(Description) AS name, Environment AS code, Country AS country, Currency AS currency,
    NULL::VARCHAR AS vat_number
FROM landed.dossier;

CREATE OR REPLACE TABLE sb_years AS
SELECT y.Id AS id, sb_text(y.Description) AS label, sb_date(y.StartDate) AS start_date, sb_date(y.EndDate) AS end_date,
    d.Since IS NULL OR sb_date(y.EndDate) >= d.Since AS wanted
FROM landed.years y, landed.dossier d;

CREATE TABLE books.fiscal_years AS
SELECT label, start_date, end_date, NULL::BOOLEAN AS closed FROM sb_years;

-- A period names its year by the year's text. Period 0 opens the year, and one that lies within those before it is for
-- corrections at its end, as in Profit (both inferred).
CREATE OR REPLACE TABLE sb_periods AS
SELECT p.Id AS id, y.label AS fiscal_year, p.PeriodNumber::INTEGER AS period, sb_date(p.StartDate) AS start_date,
    sb_date(p.EndDate) AS end_date,
    CASE WHEN p.PeriodNumber = 0 THEN 'opening'
        WHEN sb_date(p.StartDate) <= max(sb_date(p.EndDate)) OVER (
            PARTITION BY y.label, p.PeriodNumber = 0 ORDER BY p.PeriodNumber
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) THEN 'adjustment' ELSE 'normal' END AS kind
FROM landed.periods p JOIN sb_years y ON y.label = sb_text(p.AccountingYear);

CREATE TABLE books.periods AS SELECT fiscal_year, period, start_date, end_date, kind FROM sb_periods;

-- The chart, and accounts that totals alone name ("Debiteuren (1300)"). Totals also tell the account's reference code
-- (RGS). An account is known by its number, or by its id where it has none or shares it.
CREATE OR REPLACE TABLE sb_accounts AS
WITH totals AS (
    SELECT LedgerAccountId AS id, any_value(sb_text(LedgerAccount)) AS named, any_value(sb_text(RgsCode)) AS rgs
    FROM landed.totals WHERE LedgerAccountId IS NOT NULL GROUP BY ALL
), every AS (
    SELECT coalesce(a.Id, t.id) AS id, a.Id IS NOT NULL AS listed, a.TypeId AS type, t.rgs,
        coalesce(sb_text(a.LedgerAccountNumber), nullif(regexp_extract(t.named, '\((\w+)\)$', 1), '')) AS number,
        coalesce(sb_text(a.Description), regexp_replace(t.named, '\s*\(\w+\)$', ''), '') AS name
    FROM (FROM landed.accounts WHERE Id IS NOT NULL) a FULL JOIN totals t ON t.id = a.Id
)
SELECT id, type, rgs, name,
    CASE WHEN number IS NULL OR row_number() OVER (PARTITION BY number ORDER BY NOT listed, id) > 1 THEN id
        ELSE number END AS number,
    CASE WHEN rgs LIKE 'B%' THEN 'balance' WHEN rgs LIKE 'W%' OR rgs LIKE 'Resultaat%' THEN 'result' END AS told
FROM every;

-- An account without a reference code is of the statement that all others of its type are of (inferred: what the ids
-- of types mean is not public).
CREATE TABLE books.accounts AS
WITH types AS (
    SELECT type, min(told) AS statement FROM sb_accounts GROUP BY type HAVING count(DISTINCT told) = 1
)
SELECT a.number, a.name, NULL::VARCHAR AS type, coalesce(a.told, t.statement) AS statement, 'SB:' || a.type AS package_type,
    a.rgs AS explicit_code, (SELECT any_value(currency) FROM books.dossier) AS currency, NULL::BOOLEAN AS active,
    false AS heading
FROM sb_accounts a LEFT JOIN types t ON t.type = a.type;

-- Every line as the last pass over its year told it; what that did not find again is gone.
CREATE OR REPLACE VIEW sb_lines AS
SELECT l.*
FROM landed.lines l
ANTI JOIN landed.years_read d ON d.AccountingYearId = l.AccountingYearId AND d.Read > l.Read;

-- A rate stands for the code of VAT, which is an id without a name (inferred).
CREATE TABLE books.journal_lines AS
SELECT l.LineId AS line_key, l.HeaderId AS entry_key,
    row_number() OVER (PARTITION BY l.HeaderId ORDER BY l.LineId)::INTEGER AS line_no, y.label AS fiscal_year,
    p.period, coalesce(p.kind, 'normal') AS period_kind, sb_date(l.PostingDate) AS date, NULL::VARCHAR AS journal,
    coalesce(sb_text(l.DocumentIdentification), sb_text(l.Number)) AS document,
    coalesce(a.number, l.LedgerAccountId) AS account, NULL::VARCHAR AS counterparty,
    sb_text(l.Description) AS description, coalesce(l.AmountDebit, 0)::DECIMAL(20,4) AS debit,
    coalesce(l.AmountCredit, 0)::DECIMAL(20,4) AS credit, NULL::VARCHAR AS currency,
    NULL::DECIMAL(20,4) AS amount_currency, regexp_replace(l.VatPercentage::VARCHAR, '\.?0*$', '') AS vat_code,
    NULL::DATE AS due_date, try_cast(left(l.AuditCreatedOnDate, 19) AS TIMESTAMP) AS modified_at
FROM sb_lines l
JOIN sb_years y ON y.id = l.AccountingYearId AND y.wanted
LEFT JOIN sb_periods p ON p.id = l.AccountingPeriodId
LEFT JOIN sb_accounts a ON a.id = l.LedgerAccountId;

-- Each period's result is moved to equity in totals alone, through an account of neither statement (inferred from the
-- vendor's example, where 9999 "Overboeking van het resultaat" stands against 0900, reference code BEivOreOvw). Books
-- are told without that: it is taken back where it was put. Where entries are booked on the account, it is one like
-- others.
CREATE OR REPLACE TABLE books.carried_result AS
SELECT number AS account FROM sb_accounts WHERE rgs LIKE 'BEivOre%'
ORDER BY rgs = 'BEivOreOvw' DESC, number LIMIT 1;

CREATE OR REPLACE TABLE sb_totals AS
WITH moved AS (
    SELECT number FROM sb_accounts WHERE rgs IS NOT NULL AND NOT (rgs LIKE 'B%' OR rgs LIKE 'W%')
        AND id NOT IN (SELECT LedgerAccountId FROM sb_lines WHERE LedgerAccountId IS NOT NULL)
)
SELECT y.label AS fiscal_year, y.start_date, p.period, coalesce(t.IsOpeningBalance, false) AS opening,
    CASE WHEN a.number IN (FROM moved) THEN coalesce((FROM books.carried_result), a.number) ELSE a.number END AS account,
    sum(coalesce(t.Total, 0))::DECIMAL(20,4) AS amount
FROM landed.totals t
JOIN sb_years y ON y.id = t.AccountingYearId AND y.wanted
JOIN sb_accounts a ON a.id = t.LedgerAccountId
LEFT JOIN sb_periods p ON p.id = t.AccountingPeriodId
GROUP BY ALL;

-- What the books begin with is in totals alone (inferred); later years carry over what stood before them.
INSERT INTO books.journal_lines
WITH first AS (SELECT min(start_date) AS start_date FROM sb_totals), opened AS (
    SELECT fiscal_year, start_date, account, sum(amount)::DECIMAL(20,4) AS amount
    FROM sb_totals SEMI JOIN first USING (start_date)
    WHERE opening GROUP BY ALL HAVING sum(amount) <> 0
)
SELECT concat_ws('-', 'opening', fiscal_year, account), 'opening-' || fiscal_year,
    row_number() OVER (ORDER BY account)::INTEGER, fiscal_year, 0, 'opening', start_date, NULL, NULL, account, NULL, NULL,
    greatest(amount, 0), greatest(-amount, 0), NULL, NULL, NULL, NULL, NULL
FROM opened;

-- The package's own sums, one figure each: per period, and of a year what it opens and ends with.
CREATE TABLE books.trial_balances AS
SELECT fiscal_year, period, account, NULL::DECIMAL(20,4) AS opening, greatest(sum(amount), 0)::DECIMAL(20,4) AS debit,
    greatest(-sum(amount), 0)::DECIMAL(20,4) AS credit, NULL::DECIMAL(20,4) AS closing
FROM sb_totals WHERE NOT opening AND period IS NOT NULL GROUP BY ALL
UNION ALL
SELECT fiscal_year, NULL, account, coalesce(sum(amount) FILTER (opening), 0)::DECIMAL(20,4), NULL, NULL,
    sum(amount)::DECIMAL(20,4)
FROM sb_totals GROUP BY ALL;
