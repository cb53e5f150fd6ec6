-- What became of the balances that stood: per year and account, old and new. A year that was not there before is no
-- change; one that is gone is. In: work.before_years, work.before_balances; variables cause, since.

CREATE TABLE work.balance_changes AS
SELECT coalesce(b.fiscal_year, n.fiscal_year) AS fiscal_year, coalesce(y.closed, false) AS year_closed,
    coalesce(b.account, n.account) AS account, coalesce(b.opening, 0) AS old_opening, coalesce(n.opening, 0) AS new_opening,
    coalesce(b.closing, 0) AS old_closing, coalesce(n.closing, 0) AS new_closing
FROM work.before_balances b
FULL JOIN (FROM work.year_balances WHERE fiscal_year IN (SELECT label FROM work.before_years)) n
    ON n.fiscal_year = b.fiscal_year AND n.account = b.account
JOIN work.before_years y ON y.label = coalesce(b.fiscal_year, n.fiscal_year)
WHERE coalesce(b.opening, 0) <> coalesce(n.opening, 0) OR coalesce(b.closing, 0) <> coalesce(n.closing, 0);

-- A back-dated change in a closed year is an event that people must see; what they corrected themselves is none.
INSERT INTO work.check_results
SELECT 'closed_years_stand', 'warning',
    CASE WHEN (SELECT count(*) FROM work.before_years) > 0 THEN count(*) = 0 OR getvariable('cause') <> 'package' END,
    coalesce(sum(abs(new_closing - old_closing)), 0),
    CASE WHEN (SELECT count(*) FROM work.before_years) = 0 THEN 'first figures: nothing to compare with'
        WHEN count(*) = 0 THEN 'no balance of a closed year changed'
        ELSE count(*) || ' balances of closed years changed'
            || CASE getvariable('cause') WHEN 'package' THEN '' ELSE ' by a correction of ours' END || ', such as '
            || array_to_string(list_slice(
                list(fiscal_year || ' ' || account || ': was ' || old_closing || ', is ' || new_closing
                    ORDER BY fiscal_year, abs(new_closing - old_closing) DESC, account), 1, 5), '; ') END
FROM work.balance_changes WHERE year_closed AND old_closing <> new_closing;

-- What the books begin with: read on every sync, and nothing that should move. With a sync from a date it is the
-- opening balance at that date.
INSERT INTO work.check_results
SELECT 'opening_stands', 'warning',
    CASE WHEN (SELECT count(*) FROM work.before_years) > 0 THEN count(*) = 0 OR getvariable('cause') <> 'package' END,
    coalesce(sum(abs(new_opening - old_opening)), 0),
    CASE WHEN (SELECT count(*) FROM work.before_years) = 0 THEN 'first figures: nothing to compare with'
        WHEN count(*) = 0 THEN 'the first opening balance is what it was'
        ELSE count(*) || ' first opening balances changed, such as '
            || array_to_string(list_slice(
                list(fiscal_year || ' ' || account || ': was ' || old_opening || ', is ' || new_opening
                    ORDER BY abs(new_opening - old_opening) DESC, account), 1, 5), '; ') END
FROM work.balance_changes
WHERE old_opening <> new_opening
    AND fiscal_year = (SELECT label FROM work.fiscal_years ORDER BY start_date LIMIT 1);
