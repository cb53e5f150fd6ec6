-- From books.* (as the package tells) and work.overrides (as support corrected) to work.fiscal_years, work.periods.

CREATE TABLE work.fiscal_years AS
SELECT coalesce(o.label, p.label) AS label,
    coalesce(o.start_date, p.start_date) AS start_date,
    coalesce(o.end_date, p.end_date) AS end_date,
    p.closed,
    CASE WHEN o.label IS NULL THEN 'package' ELSE 'override' END AS source,
    p.start_date AS package_start_date,
    p.end_date AS package_end_date
FROM books.fiscal_years p
FULL JOIN work.overrides o ON o.label = p.label
-- A sync from a date leaves the years before it as they stand; the package's own dates tell which those are.
WHERE getvariable('since') IS NULL OR coalesce(p.start_date, o.start_date) >= getvariable('since');

-- The package's own periods, except in a year that was corrected: there, and where it has none, calendar months
-- from the first day of the year. A first year may start mid-month and may be longer than twelve months.
CREATE TABLE work.periods AS
WITH own AS (
    SELECT p.fiscal_year, p.period, p.start_date, p.end_date, p.kind
    FROM books.periods p
    JOIN work.fiscal_years y ON y.label = p.fiscal_year AND y.source = 'package'
    WHERE p.kind NOT IN ('opening', 'closing')
    QUALIFY row_number() OVER (PARTITION BY p.fiscal_year, p.period, p.kind ORDER BY p.start_date) = 1
), months AS (
    SELECT y.label, y.start_date, y.end_date,
        unnest(range(0, datediff('month', y.start_date, y.end_date)::INTEGER + 1)) AS n
    FROM work.fiscal_years y
    WHERE y.label NOT IN (SELECT fiscal_year FROM own WHERE kind = 'normal')
)
SELECT * FROM own
UNION ALL
SELECT label, (n + 1)::INTEGER,
    greatest(start_date, (date_trunc('month', start_date) + to_months(n::INTEGER))::DATE),
    least(end_date, last_day((date_trunc('month', start_date) + to_months(n::INTEGER))::DATE)),
    'normal'
FROM months
UNION ALL
SELECT label, 0, start_date, start_date, 'opening' FROM work.fiscal_years
UNION ALL
SELECT label, 99, end_date, end_date, 'closing' FROM work.fiscal_years;
