-- The codes that closed years were closed with. A year freezes when a sync first sees it closed after having seen it
-- open; from then on a new rule or chart does not change how it is told, except a person's rule that reaches closed
-- years. A year that was closed when first seen is told by the mapping in force. A year that opens again thaws.
-- In: work.before_years, work.before_mapping (what stood), work.accounts, work.by_person. Out: work.year_mapping.

CREATE TABLE work.year_mapping AS
WITH closed AS (
    SELECT y.label, y.label IN (SELECT fiscal_year FROM work.before_mapping) AS frozen,
        y.label IN (SELECT label FROM work.before_years WHERE NOT coalesce(closed, false)) AS closes_now
    FROM work.fiscal_years y WHERE y.closed
)
SELECT c.label AS fiscal_year, b.account,
    CASE WHEN p.closed_years THEN a.common_code ELSE coalesce(m.common_code, a.common_code) END AS common_code,
    CASE WHEN p.closed_years THEN a.mapping_rule ELSE coalesce(m.mapping_rule, a.mapping_rule) END AS mapping_rule,
    coalesce(m.common_code, a.common_code) AS closed_code, coalesce(m.mapping_rule, a.mapping_rule) AS closed_rule,
    coalesce(m.chart, getvariable('chart')) AS chart
FROM closed c
JOIN work.year_balances b ON b.fiscal_year = c.label
JOIN work.accounts a ON a.number = b.account
LEFT JOIN work.before_mapping m ON m.fiscal_year = c.label AND m.account = b.account
LEFT JOIN work.by_person p ON p.number = b.account
WHERE c.frozen OR c.closes_now;
