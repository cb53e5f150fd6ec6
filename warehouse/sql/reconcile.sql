-- The package's own balances: do they add up, and do they equal the computed ones?
-- Variables: mode ('totals': the figures are the package's own), revaluation (the package values foreign balances anew
-- in its reports without booking it).

-- What the package says of an account and a year or period must add up in itself.
INSERT INTO work.check_results
SELECT 'package_adds_up', CASE getvariable('mode') WHEN 'totals' THEN 'error' ELSE 'warning' END,
    CASE WHEN count(*) > 0 THEN count(*) FILTER (off <> 0) = 0 END, sum(abs(off)),
    CASE WHEN count(*) = 0 THEN 'no evidence from this package'
        WHEN count(*) FILTER (off <> 0) = 0 THEN 'opening and movement make the closing in all ' || count(*) || ' balances'
        ELSE count(*) FILTER (off <> 0) || ' balances do not add up, such as '
            || array_to_string(list_slice(list(
                fiscal_year || coalesce('/' || period, '') || ' ' || account || ' (' || off || ')' ORDER BY abs(off) DESC,
                fiscal_year, account) FILTER (off <> 0), 1, 5), ', ') END
FROM (
    SELECT fiscal_year, period, account, opening + debit - credit - closing AS off
    FROM books.trial_balances
    WHERE opening IS NOT NULL AND debit IS NOT NULL AND credit IS NOT NULL AND closing IS NOT NULL
);

-- The package's own trial balance against ours, per account and at the grain that the package gives.
-- A year that support corrected has other bounds than the package's balances, and is not compared.
CREATE TABLE work.compared AS
SELECT fiscal_year, period, account, sum(opening) AS opening, sum(debit - credit) AS movement, sum(closing) AS closing
FROM books.trial_balances
WHERE fiscal_year IN (SELECT label FROM work.fiscal_years WHERE source = 'package')
GROUP BY ALL;

CREATE TABLE work.told_apart AS
WITH package AS (FROM work.compared), by_year AS (
    SELECT fiscal_year, account,
        sum(CASE WHEN period_kind = 'opening' THEN closing ELSE 0 END) AS opening,
        sum(CASE WHEN period_kind IN ('opening', 'closing') THEN 0 ELSE debit - credit END) AS movement,
        sum(CASE period_kind WHEN 'opening' THEN closing WHEN 'closing' THEN 0 ELSE debit - credit END) AS closing
    FROM work.trial_balances GROUP BY ALL
), by_period AS (
    SELECT fiscal_year, period, account, sum(debit - credit) AS movement
    FROM work.trial_balances WHERE period_kind NOT IN ('opening', 'closing') GROUP BY ALL
), yearly AS (
    SELECT fiscal_year, account, p.opening AS package_opening, p.movement AS package_movement,
        p.closing AS package_closing, coalesce(c.opening, 0) AS opening, coalesce(c.movement, 0) AS movement,
        coalesce(c.closing, 0) AS closing
    FROM (SELECT * FROM package WHERE period IS NULL) p
    FULL JOIN (
        SELECT * FROM by_year WHERE fiscal_year IN (SELECT fiscal_year FROM package WHERE period IS NULL)
    ) c USING (fiscal_year, account)
), periodic AS (
    SELECT fiscal_year, period, account, p.movement AS package_movement, coalesce(c.movement, 0) AS movement
    FROM (SELECT * FROM package WHERE period IS NOT NULL AND movement IS NOT NULL) p
    FULL JOIN (
        SELECT * FROM by_period WHERE fiscal_year IN (SELECT fiscal_year FROM package WHERE period IS NOT NULL)
    ) c USING (fiscal_year, period, account)
)
SELECT fiscal_year, NULL::INTEGER AS period, account, what, package, computed, computed - package AS difference
FROM (
    SELECT fiscal_year, account, 'opening' AS what, package_opening AS package, opening AS computed FROM yearly
    UNION ALL
    SELECT fiscal_year, account, 'movement', package_movement, movement FROM yearly
    UNION ALL
    SELECT fiscal_year, account, 'closing', package_closing, closing FROM yearly
)
WHERE package IS NOT NULL AND package <> computed
UNION ALL
-- An account that the package's yearly balance leaves out must stand at zero here.
SELECT fiscal_year, NULL, account, 'closing', 0, closing, closing FROM yearly
WHERE package_opening IS NULL AND package_movement IS NULL AND package_closing IS NULL
    AND closing <> 0
    AND NOT (account = 'RESULT-CARRIED')
UNION ALL
SELECT fiscal_year, period, account, 'movement', coalesce(package_movement, 0), movement,
    movement - coalesce(package_movement, 0)
FROM periodic WHERE coalesce(package_movement, 0) <> movement;

-- Some packages value foreign balances anew in their reports and book nothing. Such differences lie on accounts in a
-- foreign currency and on exchange results, and cancel one another out; they are told apart, as a line of their own.
CREATE TABLE work.differences AS
WITH base AS (SELECT any_value(currency) AS currency FROM books.dossier), foreign_accounts AS (
    -- A currency that is not told is no foreign one.
    SELECT number FROM work.accounts
    -- Customers and suppliers may owe in a foreign currency where lines do not tell one.
    WHERE common_code IN ('R22', 'X52', 'A60', 'L31') OR currency <> (SELECT currency FROM base)
    UNION
    SELECT account FROM work.journal_lines WHERE currency <> (SELECT currency FROM base)
    UNION
    -- What earlier years were valued at is in the result that they left.
    SELECT account FROM books.carried_result
), judged AS (
    SELECT t.*, coalesce(getvariable('revaluation'), false) AND t.account IN (FROM foreign_accounts) AS foreign_account
    FROM work.told_apart t
), cancelling AS (
    SELECT fiscal_year, period, what FROM judged WHERE foreign_account GROUP BY ALL HAVING sum(difference) = 0
)
SELECT j.fiscal_year, j.period, j.account, j.what, j.package, j.computed, j.difference,
    CASE WHEN j.foreign_account AND c.fiscal_year IS NOT NULL THEN 'revaluation' ELSE 'unexplained' END AS cause
FROM judged j
LEFT JOIN cancelling c
    ON c.fiscal_year = j.fiscal_year AND c.period IS NOT DISTINCT FROM j.period AND c.what = j.what;

INSERT INTO work.check_results
WITH seen AS (SELECT count(*) AS compared, count(DISTINCT (fiscal_year, account)) AS balances FROM work.compared)
SELECT 'equals_package', 'error',
    CASE WHEN any_value(s.compared) > 0 AND getvariable('mode') <> 'totals' THEN count(d.account) = 0 END,
    CASE WHEN any_value(s.compared) > 0 AND getvariable('mode') <> 'totals' THEN coalesce(sum(abs(d.difference)), 0) END,
    CASE WHEN getvariable('mode') = 'totals' THEN 'the figures are the package''s own; there are no lines to prove them with'
        WHEN any_value(s.compared) = 0 THEN 'no evidence from this package'
        WHEN count(d.account) = 0 THEN
            'equal to the package''s own balances in ' || any_value(s.balances) || ' account years'
        ELSE count(d.account) || ' balances differ from the package, such as '
            || array_to_string(list_slice(
                list(d.fiscal_year || coalesce('/' || d.period, '') || ' ' || d.account || ' ' || d.what || ': package '
                    || d.package || ', computed ' || d.computed ORDER BY abs(d.difference) DESC, d.fiscal_year, d.account),
                1, 5), '; ') END
FROM seen s LEFT JOIN (FROM work.differences WHERE cause = 'unexplained') d ON true;

INSERT INTO work.check_results
SELECT 'revaluation', 'warning',
    CASE WHEN getvariable('revaluation') AND (SELECT count(*) FROM work.compared) > 0 THEN count(*) = 0 END,
    CASE WHEN getvariable('revaluation') AND (SELECT count(*) FROM work.compared) > 0
        THEN coalesce(sum(abs(difference)), 0) END,
    CASE WHEN NOT coalesce(getvariable('revaluation'), false) THEN 'this package books its revaluations'
        WHEN count(*) = 0 THEN 'no unbooked revaluation'
        ELSE 'the package shows a revaluation of foreign balances that it has not booked: '
            || array_to_string(list_slice(
                list(fiscal_year || coalesce('/' || period, '') || ' ' || account || ' ' || what || ' ' || -difference
                    ORDER BY abs(difference) DESC, fiscal_year, account), 1, 5), '; ') END
FROM work.differences WHERE cause = 'revaluation';
