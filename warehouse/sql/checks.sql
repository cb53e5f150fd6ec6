-- Whether the books can be trusted. One row per check: work.check_results(check_name, severity, passed, value, detail).
-- passed NULL: no evidence. A failed check of severity 'error' blocks the load. Variables: entry_severity,
-- closed_year_severity (how much a package's entries and closed archive years are to be trusted).

CREATE TABLE work.check_results (
    check_name VARCHAR, severity VARCHAR, passed BOOLEAN, value DECIMAL(20,4), detail VARCHAR
);

INSERT INTO work.check_results
SELECT 'ledger_balances', 'error', coalesce(sum(amount), 0) = 0, coalesce(sum(amount), 0),
    'debit ' || coalesce(sum(debit), 0) || ', credit ' || coalesce(sum(credit), 0)
FROM work.journal_lines
WHERE getvariable('closed_year_severity') = 'error'
    OR fiscal_year NOT IN (SELECT label FROM work.fiscal_years WHERE closed);

INSERT INTO work.check_results
SELECT CASE WHEN kind.closed THEN 'closed_years_balance' ELSE 'years_balance' END,
    CASE WHEN kind.closed THEN getvariable('closed_year_severity') ELSE 'error' END,
    count(off) = 0, coalesce(sum(abs(off)), 0),
    coalesce(string_agg(label || ' is off by ' || off, '; ' ORDER BY label), 'every year balances')
FROM (VALUES (true), (false)) kind(closed)
LEFT JOIN (
    SELECT y.label, coalesce(y.closed, false) AS closed, nullif(sum(l.amount), 0) AS off
    FROM work.fiscal_years y JOIN work.journal_lines l ON l.fiscal_year = y.label
    GROUP BY ALL
) sums ON sums.closed = kind.closed AND off IS NOT NULL
GROUP BY kind.closed;

INSERT INTO work.check_results
SELECT 'entries_balance', getvariable('entry_severity'), count(*) = 0, coalesce(sum(abs(off)), 0),
    CASE count(*) WHEN 0 THEN 'every entry balances'
        ELSE count(*) || ' entries do not balance, such as '
            || array_to_string(list_slice(list(entry_key || ' (' || off || ')' ORDER BY entry_key), 1, 5), ', ') END
FROM (
    SELECT entry_key, sum(amount) AS off FROM work.journal_lines
    WHERE getvariable('closed_year_severity') = 'error'
        OR fiscal_year NOT IN (SELECT label FROM work.fiscal_years WHERE closed)
    GROUP BY entry_key HAVING sum(amount) <> 0
);

INSERT INTO work.check_results
SELECT 'line_keys_unique', 'error', count(*) = count(DISTINCT line_key), count(*) - count(DISTINCT line_key),
    (count(*) - count(DISTINCT line_key)) || ' lines share a key with another'
FROM work.journal_lines;

INSERT INTO work.check_results
SELECT 'lines_complete', 'error', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'every line has account, date and amounts'
        ELSE count(*) || ' lines lack account, date or amount, such as ' || any_value(line_key) END
FROM work.journal_lines
WHERE account IS NULL OR account = '' OR date IS NULL OR debit IS NULL OR credit IS NULL;

INSERT INTO work.check_results
SELECT 'lines_in_years', 'error', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'every line lies in a fiscal year'
        ELSE count(*) || ' lines lie in no fiscal year, from ' || min(l.date) || ' to ' || max(l.date) END
FROM work.journal_lines l
LEFT JOIN work.fiscal_years y ON y.label = l.fiscal_year
WHERE y.label IS NULL OR l.period IS NULL;

INSERT INTO work.check_results
SELECT 'years_continuous', 'error', count(*) = 0, count(*),
    coalesce(string_agg(detail, '; ' ORDER BY detail), 'years follow one another without gap or overlap')
FROM (
    SELECT label, start_date, end_date, lag(label) OVER w AS before, lag(end_date) OVER w AS before_end,
        CASE WHEN end_date < start_date THEN label || ' ends before it starts'
            WHEN start_date <= lag(end_date) OVER w THEN label || ' overlaps ' || lag(label) OVER w
            WHEN start_date > lag(end_date) OVER w + 1 THEN
                'nothing between ' || lag(label) OVER w || ' (to ' || lag(end_date) OVER w || ') and '
                || label || ' (from ' || start_date || ')'
        END AS detail
    FROM work.years
    WINDOW w AS (ORDER BY start_date, end_date)
)
WHERE detail IS NOT NULL;

INSERT INTO work.check_results
SELECT 'balances_add_up', 'error', count(off) = 0, coalesce(sum(abs(off)), 0),
    coalesce('balances do not add up to zero: ' || string_agg(fiscal_year || ' ' || off, '; ' ORDER BY fiscal_year),
        'the balances of every year add up to zero')
FROM (
    SELECT fiscal_year, nullif(sum(CASE WHEN period_kind = 'opening' THEN closing ELSE debit - credit END), 0) AS off
    FROM work.trial_balances t
    JOIN work.fiscal_years y ON y.label = t.fiscal_year
    WHERE NOT coalesce(y.closed, false) OR getvariable('closed_year_severity') = 'error'
    GROUP BY fiscal_year
) WHERE off IS NOT NULL;

INSERT INTO work.check_results
SELECT 'periods_known', 'warning', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'every booking period is one of its year'
        ELSE count(*) || ' lines name a period that their year does not have, such as '
            || any_value(l.fiscal_year || '/' || l.period) END
FROM work.journal_lines l
LEFT JOIN work.periods p ON p.fiscal_year = l.fiscal_year AND p.period = l.period AND p.kind = l.period_kind
WHERE l.period_kind = 'normal' AND p.period IS NULL AND l.period IS NOT NULL;

INSERT INTO work.check_results
SELECT 'year_labels_unique', 'error', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'every fiscal year has a label of its own'
        ELSE 'two fiscal years are called ' || string_agg(label, ', ' ORDER BY label)
            || ' (one may stand from another package, before the date that this link starts from)' END
FROM (SELECT label FROM work.years GROUP BY label HAVING count(*) > 1);

-- What a year opens with is what the year before closed with; the result may have moved within equity. Some packages
-- carry balances out with closing entries that empty the balance sheet: then it is what stood before those.
INSERT INTO work.check_results
WITH told AS (
    SELECT fiscal_year, account, opening AS before, opening AS after FROM work.openings
    UNION ALL
    SELECT fiscal_year, account, CASE period_kind WHEN 'closing' THEN 0 ELSE debit - credit END, debit - credit
    FROM work.trial_balances WHERE period_kind <> 'opening'
), ended AS (
    SELECT y.n, t.account, coalesce(a.statement = 'result' OR a.common_code IN ('E15', 'E16', 'Q10'), false) AS of_result,
        sum(t.before) AS before, sum(t.after) AS after
    FROM told t JOIN work.years y ON y.label = t.fiscal_year LEFT JOIN work.accounts a ON a.number = t.account
    GROUP BY ALL
), emptied AS (
    SELECT n FROM ended WHERE NOT of_result GROUP BY n HAVING bool_and(after = 0) AND bool_or(before <> 0)
), compared AS (
    SELECT n, CASE WHEN of_result THEN 'result' ELSE account END AS account, sum(closed) AS closed, sum(opened) AS opened
    FROM (
        SELECT n + 1 AS n, account, of_result, CASE WHEN n IN (FROM emptied) THEN before ELSE after END AS closed,
            0 AS opened
        FROM ended
        UNION ALL
        SELECT y.n, o.account, e.of_result, 0, o.opening
        FROM work.openings o JOIN work.years y ON y.label = o.fiscal_year JOIN ended e ON e.n = y.n AND e.account = o.account
    )
    WHERE n > 1 AND n IN (SELECT n FROM work.movements WHERE period_kind = 'opening')
        AND n <= (SELECT max(n) FROM work.years)
    GROUP BY ALL
), differing AS (
    SELECT y.label, c.account, c.closed, c.opened FROM compared c JOIN work.years y USING (n) WHERE closed <> opened
)
SELECT 'opening_continues', 'warning', count(*) = 0, coalesce(sum(abs(closed - opened)), 0),
    CASE count(*) WHEN 0 THEN 'every year opens with what the year before closed with'
        ELSE count(*) || ' accounts open otherwise than they closed, such as '
            || array_to_string(list_slice(
                list(label || ' ' || account || ': closed ' || closed || ', opens ' || opened ORDER BY label, account),
                1, 5), '; ') END
FROM differing;
