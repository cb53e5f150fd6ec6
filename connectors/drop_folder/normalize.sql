-- From a drop folder's landed tables to schema books. Nothing is looped over and nothing is dropped; what a file does
-- not state stays NULL for the warehouse to derive. Temp table drop_prefixes: (country, prefix, type, statement).

CREATE TABLE books.dossier AS
SELECT name, code, country, currency, vat_number FROM landed.dossier;

CREATE TABLE books.fiscal_years AS
SELECT label, start_date, end_date, closed FROM landed.fiscal_years ORDER BY start_date;

-- Of rows with one key the last one stands: files are read from the oldest year to the newest.
CREATE TEMP TABLE drop_journals AS
SELECT code, any_value(name) AS name, any_value(type) AS type FROM (
    SELECT *, row_number() OVER (PARTITION BY code ORDER BY n DESC) AS place
    FROM (SELECT *, row_number() OVER () AS n FROM landed.journals)
) WHERE place = 1 GROUP BY code;

-- Words of our contract, of the audit file (one letter) and our own.
CREATE TEMP TABLE drop_journal_types AS
FROM (VALUES
    ('sale', 'sales'), ('sales', 'sales'), ('verkoop', 'sales'), ('vente', 'sales'), ('s', 'sales'),
    ('sales_credit', 'sales_credit'), ('purchase_credit', 'purchase_credit'),
    ('purchase', 'purchase'), ('aankoop', 'purchase'), ('achat', 'purchase'), ('p', 'purchase'),
    ('financial', 'bank'), ('financieel', 'bank'), ('financier', 'bank'), ('bank', 'bank'), ('b', 'bank'),
    ('cash', 'cash'), ('kas', 'cash'), ('c', 'cash'),
    ('misc', 'general'), ('general', 'general'), ('diverse', 'general'), ('m', 'general'), ('g', 'general'),
    ('opening', 'opening'), ('o', 'opening'),
    ('closing', 'closing')
) v(word, type);

CREATE TABLE books.journals AS
SELECT j.code, coalesce(j.name, j.code) AS name, coalesce(t.type, 'other') AS type
FROM (
    SELECT code, name, type FROM drop_journals
    UNION ALL
    SELECT DISTINCT journal, NULL, NULL FROM landed.lines
    WHERE journal IS NOT NULL AND journal NOT IN (SELECT code FROM drop_journals)
) j
LEFT JOIN drop_journal_types t ON t.word = lower(j.type);

-- The normal periods of a year: as the audit file lists them, or as fiscal_years.csv counts them in equal parts.
-- A listed period that repeats the last day of an earlier one is for adjustments at the year's end.
CREATE TEMP TABLE drop_periods AS
SELECT fiscal_year, period, start_date, end_date,
    CASE WHEN period = 0 THEN 'opening'
        WHEN start_date = end_date AND end_date = max(end_date) OVER (PARTITION BY fiscal_year)
            AND period > min(period) FILTER (period > 0) OVER (PARTITION BY fiscal_year, end_date) THEN 'adjustment'
        ELSE 'normal' END AS kind
FROM landed.periods
WHERE period IS NOT NULL AND start_date IS NOT NULL AND end_date IS NOT NULL
UNION ALL
SELECT label, n, (date_trunc('month', start_date) + to_months((n - 1) * length))::DATE,
    last_day((date_trunc('month', start_date) + to_months(n * length - 1))::DATE), 'normal'
FROM (
    SELECT label, start_date, (months // periods)::INTEGER AS length, unnest(range(1, periods + 1))::INTEGER AS n
    FROM (
        SELECT label, start_date, periods, datediff('month', start_date, end_date) + 1 AS months
        FROM landed.fiscal_years
        WHERE periods BETWEEN 1 AND 53 AND label NOT IN (SELECT fiscal_year FROM landed.periods)
    )
    WHERE months % periods = 0
);
UPDATE drop_periods SET start_date = greatest(drop_periods.start_date, y.start_date),
    end_date = least(drop_periods.end_date, y.end_date)
FROM landed.fiscal_years y
WHERE y.label = drop_periods.fiscal_year AND y.label NOT IN (SELECT fiscal_year FROM landed.periods);

-- A line is opening where its file says so: period 0, or a journal of opening balances on or before the first day.
-- Periods beyond the normal ones are adjustments.
CREATE TEMP TABLE drop_lines AS
SELECT l.* REPLACE (coalesce(l.journal, '') AS journal, coalesce(l.entry, '') AS entry),
    l.year || '/' || coalesce(l.journal, '') || '/' || coalesce(l.entry, '') AS entry_key,
    TRY_CAST(l.line_no AS INTEGER) AS told_number, y.start_date AS year_start,
    CASE WHEN l.kind = 'opening' OR l.period = 0 THEN 'opening'
        WHEN t.type = 'opening' AND l.date <= y.start_date THEN 'opening'
        WHEN t.type = 'closing' THEN 'closing'
        WHEN p.kind = 'adjustment' OR l.period > y.periods THEN 'adjustment'
        ELSE 'normal' END AS period_kind
FROM landed.lines l
LEFT JOIN landed.fiscal_years y ON y.label = l.year
LEFT JOIN drop_journals j ON j.code = l.journal
LEFT JOIN drop_journal_types t ON t.word = lower(j.type)
LEFT JOIN drop_periods p ON p.fiscal_year = l.year AND p.period = l.period;

CREATE TABLE books.periods AS
SELECT fiscal_year, period::INTEGER AS period, start_date, end_date, kind FROM drop_periods
UNION ALL
SELECT l.year, l.period, y.end_date, y.end_date, 'adjustment'
FROM (SELECT DISTINCT year, period FROM drop_lines WHERE period_kind = 'adjustment') l
JOIN landed.fiscal_years y ON y.label = l.year
WHERE (l.year, l.period) NOT IN (SELECT (fiscal_year, period) FROM drop_periods);

-- line_key: year, journal, entry and line number; lines that share all four are counted. Sorting is dear, so that only
-- those lines are sorted that need it: of entries that do not number every line, and of numbers that stand there twice.
CREATE TABLE books.journal_lines AS
WITH unnumbered AS (
    SELECT DISTINCT year, journal, entry FROM drop_lines WHERE told_number IS NULL
), placed AS (
    SELECT l.rowid AS id, row_number() OVER (PARTITION BY l.year, l.journal, l.entry ORDER BY l.file, l.row) AS place
    FROM drop_lines l
    SEMI JOIN unnumbered u ON u.year IS NOT DISTINCT FROM l.year AND u.journal = l.journal AND u.entry = l.entry
), numbered AS MATERIALIZED (
    SELECT l.rowid AS id, l.entry_key, coalesce(l.told_number, p.place)::INTEGER AS n, l.file, l.row
    FROM drop_lines l
    LEFT JOIN placed p ON p.id = l.rowid
), repeated AS (
    SELECT entry_key, n FROM numbered GROUP BY ALL HAVING count(*) > 1
), counted AS (
    SELECT id, row_number() OVER (PARTITION BY entry_key, n ORDER BY file, row) AS time
    FROM numbered SEMI JOIN repeated USING (entry_key, n)
)
SELECT l.entry_key || '/' || n || CASE WHEN time > 1 THEN '#' || time ELSE '' END AS line_key, l.entry_key,
    n AS line_no,
    year AS fiscal_year,
    CASE period_kind WHEN 'opening' THEN 0 ELSE period END::INTEGER AS period, period_kind,
    -- A line that its file books in period 0 carries a balance at the first day, whatever day stands on it.
    CASE period_kind WHEN 'opening' THEN least(date, year_start) ELSE date END AS date,
    journal, document, account, counterparty, coalesce(description, '') AS description, debit, credit,
    coalesce(currency, (SELECT any_value(currency) FROM landed.dossier)) AS currency, amount_currency, vat_code,
    due_date, modified_at
FROM drop_lines l
JOIN numbered ON numbered.id = l.rowid
LEFT JOIN counted ON counted.id = l.rowid;

CREATE TABLE books.counterparties AS
SELECT code, coalesce(name, code) AS name,
    CASE WHEN lower(kind) IN ('customer', 'klant', 'client', 'k') THEN 'customer'
        WHEN lower(kind) IN ('supplier', 'leverancier', 'fournisseur', 'l') THEN 'supplier'
        WHEN lower(kind) = 'both' THEN 'both' ELSE 'other' END AS kind,
    vat_number, country, control_account
FROM (
    SELECT *, row_number() OVER (PARTITION BY code ORDER BY n DESC) AS place
    FROM (SELECT *, row_number() OVER () AS n FROM landed.parties)
) WHERE place = 1;

-- The package's own word on the type where it gives one; otherwise what the first digits of the national chart tell.
CREATE TABLE books.accounts AS
WITH told AS (
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY number ORDER BY n DESC) AS place
        FROM (SELECT *, row_number() OVER () AS n FROM landed.accounts)
    ) WHERE place = 1
), prefixed AS (
    SELECT t.*, p.type AS prefix_type, p.statement AS prefix_statement
    FROM told t
    LEFT JOIN drop_prefixes p
        ON p.country = (SELECT any_value(country) FROM landed.dossier) AND starts_with(t.number, p.prefix)
    QUALIFY row_number() OVER (PARTITION BY t.number ORDER BY length(p.prefix) DESC NULLS LAST) = 1
)
SELECT number, coalesce(name, name_2, '') AS name,
    CASE WHEN lower(type) IN ('asset', 'equity', 'liability', 'income', 'expense', 'memo') THEN lower(type)
        WHEN type IS NULL THEN prefix_type END AS type,
    CASE WHEN lower(type) IN ('asset', 'equity', 'liability') OR upper(type) = 'B' THEN 'balance'
        WHEN lower(type) IN ('income', 'expense') OR upper(type) = 'P' THEN 'result'
        ELSE prefix_statement END AS statement,
    CASE WHEN upper(type) IN ('B', 'P', 'M') THEN 'XAF:' || upper(type) ELSE type END AS package_type,
    explicit_code, currency, coalesce(active, true) AS active, false AS heading
FROM prefixed;

CREATE TABLE books.trial_balances AS
SELECT fiscal_year, NULL::INTEGER AS period, account, sum(opening)::DECIMAL(20,4) AS opening,
    sum(debit)::DECIMAL(20,4) AS debit, sum(credit)::DECIMAL(20,4) AS credit, sum(closing)::DECIMAL(20,4) AS closing
FROM landed.balances
GROUP BY fiscal_year, account;
