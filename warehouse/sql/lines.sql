-- Ledger lines with their booking period; none in totals mode, where the package's own balances stand in their place.
-- What the package states is kept; a line gets year and period from its date
-- only where the package states none, or where support corrected the year that it was stated in or now falls into.

CREATE TABLE work.journal_lines AS
WITH corrected AS (
    SELECT label, start_date, end_date FROM work.fiscal_years WHERE source = 'override'
), days AS (
    -- A ledger has many lines and few days: each day is looked up once.
    SELECT d.date, y.label, y.end_date
    FROM (SELECT DISTINCT date FROM books.journal_lines) d
    ASOF LEFT JOIN work.fiscal_years y ON d.date >= y.start_date
), placed AS (
    SELECT l.*, y.label AS dated_year, y.end_date AS dated_end,
        -- Opening lines may be older than the year that they open (detailed openings keep their own dates).
        NOT (l.period_kind = 'opening' AND c.label IS NOT NULL AND l.date < c.start_date)
            AND (l.fiscal_year IS NULL OR c.label IS NOT NULL OR y.label IN (SELECT label FROM corrected)) AS by_date
    FROM books.journal_lines l
    LEFT JOIN days y ON y.date = l.date
    LEFT JOIN corrected c ON c.label = l.fiscal_year
), dated AS (
    SELECT p.* EXCLUDE (dated_year, dated_end, by_date, fiscal_year, period),
        CASE WHEN by_date AND date <= dated_end THEN dated_year WHEN by_date THEN NULL ELSE fiscal_year END
            AS fiscal_year,
        CASE WHEN period_kind = 'opening' THEN 0
            WHEN by_date AND (fiscal_year IS NOT NULL OR period IS NULL) THEN NULL
            ELSE period END AS period
    FROM placed p
), normal AS (
    SELECT d.fiscal_year, d.date, m.period
    FROM (SELECT f.fiscal_year, days.date FROM days, (SELECT DISTINCT fiscal_year FROM work.periods) f) d
    ASOF JOIN (SELECT fiscal_year, period, start_date FROM work.periods WHERE kind = 'normal') m
        ON d.fiscal_year = m.fiscal_year AND d.date >= m.start_date
)
SELECT d.line_key, d.entry_key, d.line_no, d.fiscal_year,
    coalesce(d.period, m.period) AS period,
    coalesce(d.period_kind, 'normal') AS period_kind,
    d.date, d.journal, d.document, d.account, d.counterparty, d.description,
    d.debit, d.credit, (d.debit - d.credit)::DECIMAL(20,4) AS amount,
    d.currency, d.amount_currency, d.vat_code, d.due_date, d.modified_at
FROM dated d
LEFT JOIN normal m ON m.fiscal_year = d.fiscal_year AND m.date = d.date
-- A sync from a date takes the fiscal years that start at or after it; what has no year at all is kept and reported.
WHERE getvariable('mode') <> 'totals' AND (getvariable('since') IS NULL
    OR d.fiscal_year IN (SELECT label FROM work.fiscal_years)
    OR (d.date >= getvariable('since') AND d.fiscal_year IS NULL));

-- In totals mode: what the package's balances say as movements. Where it tells a year by periods, those are the
-- movement; elsewhere the year is one movement in its last normal period. A movement that is not told is closing less
-- opening.
CREATE TABLE work.package_movements AS
WITH told AS (
    SELECT t.*, coalesce(t.debit, greatest(t.closing - coalesce(t.opening, 0), 0)) AS moved_debit,
        coalesce(t.credit, CASE WHEN t.debit IS NULL THEN greatest(coalesce(t.opening, 0) - t.closing, 0) ELSE 0 END)
            AS moved_credit
    FROM books.trial_balances t
    WHERE getvariable('mode') = 'totals'
), monthly AS (SELECT DISTINCT fiscal_year FROM told WHERE period IS NOT NULL),
last_periods AS (SELECT fiscal_year, max(period) AS period FROM work.periods WHERE kind = 'normal' GROUP BY ALL)
SELECT t.fiscal_year, coalesce(t.period, p.period) AS period, 'normal' AS period_kind, t.account, y.end_date AS date,
    t.moved_debit::DECIMAL(20,4) AS debit, t.moved_credit::DECIMAL(20,4) AS credit
FROM told t
JOIN work.fiscal_years y ON y.label = t.fiscal_year
JOIN last_periods p USING (fiscal_year)
WHERE (t.period IS NOT NULL OR t.fiscal_year NOT IN (FROM monthly)) AND (t.moved_debit <> 0 OR t.moved_credit <> 0)
UNION ALL
SELECT t.fiscal_year, 0, 'opening', t.account, y.start_date, greatest(t.opening, 0), greatest(-t.opening, 0)
FROM told t JOIN work.fiscal_years y ON y.label = t.fiscal_year
WHERE t.opening <> 0
-- A year told by the whole and by periods opens once.
QUALIFY row_number() OVER (PARTITION BY t.fiscal_year, t.account ORDER BY t.period NULLS FIRST) = 1;
