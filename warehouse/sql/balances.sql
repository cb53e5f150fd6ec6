-- The computed trial balance, sparse: one row per fiscal year, period, kind and account with a movement, and an
-- opening row where a year opens with a balance. Depends on the books alone, never on the day it is run.
-- A year opens with the opening lines that the package holds for its first day. Where it holds none, balances are
-- carried over: balance accounts keep theirs, the result of earlier years goes to the account that the package carries it
-- to (books.carried_result), else to the account 'RESULT-CARRIED' of ours.
-- Closing entries stand in a period of their own, 99, whatever period they were booked in.

CREATE TABLE work.years AS
SELECT label, start_date, end_date, source, row_number() OVER (ORDER BY start_date) AS n
FROM (
    SELECT label, start_date, end_date, source FROM work.fiscal_years
    UNION ALL
    SELECT label, start_date, end_date, source FROM work.kept_years
);

CREATE TABLE work.movements AS
SELECT y.n, CASE WHEN l.period_kind = 'closing' THEN 99 ELSE l.period END AS period, l.period_kind, l.account,
    sum(l.debit) AS debit, sum(l.credit) AS credit
FROM (
    SELECT fiscal_year, period, period_kind, account, date, debit, credit FROM work.journal_lines
    UNION ALL
    SELECT fiscal_year, period, period_kind, account, date, debit, credit FROM work.package_movements
    UNION ALL
    SELECT fiscal_year, period, period_kind, account, date, debit, credit FROM work.kept_movements
) l
JOIN work.years y ON y.label = l.fiscal_year
-- Where support made two years one, opening lines now lie inside a year and repeat what was booked before them.
WHERE l.period_kind <> 'opening' OR y.source = 'package' OR l.date <= y.start_date
    OR l.date <= (SELECT min(date) FROM work.journal_lines)
GROUP BY ALL;

-- Year y opens with the opening lines of the last year at or before it that has any (its base), and with everything
-- booked from there up to y; without any opening lines, with everything booked before y.
CREATE TABLE work.openings AS
WITH carried AS (
    SELECT coalesce(min(account), 'RESULT-CARRIED') AS account
    FROM books.carried_result WHERE account IN (SELECT number FROM work.accounts)
), opened AS (SELECT DISTINCT n FROM work.movements WHERE period_kind = 'opening'),
based AS (
    SELECT y.n, y.label, coalesce((SELECT max(o.n) FROM opened o WHERE o.n <= y.n), 1) AS base FROM work.years y
), contributions AS (
    SELECT b.n, b.label, m.account, m.debit - m.credit AS amount, m.n = b.n AS own
    FROM based b
    JOIN work.movements m
        ON (m.n >= b.base AND m.n < b.n AND (m.period_kind <> 'opening' OR m.n = b.base))
        OR (m.n = b.n AND b.base = b.n AND m.period_kind = 'opening')
)
SELECT c.label AS fiscal_year,
    CASE WHEN a.statement = 'result' AND NOT c.own THEN (SELECT account FROM carried) ELSE c.account END AS account,
    sum(c.amount)::DECIMAL(20,4) AS opening
FROM contributions c
LEFT JOIN work.accounts a ON a.number = c.account
GROUP BY ALL
HAVING sum(c.amount) <> 0;

-- The result of earlier years that no entry has appropriated yet is an account of ours, marked as a stub.
INSERT INTO work.accounts BY NAME
SELECT 'RESULT-CARRIED' AS number, 'Result of earlier years, not yet appropriated' AS name, 'equity' AS type,
    'E15' AS common_code, 'computed' AS mapping_rule, true AS active, true AS stub, 'balance' AS statement,
    'high' AS confidence, false AS contra, true AS posted
WHERE EXISTS (FROM work.openings WHERE account = 'RESULT-CARRIED')
    AND NOT EXISTS (FROM work.accounts WHERE number = 'RESULT-CARRIED');

CREATE TABLE work.trial_balances AS
WITH rows AS (
    SELECT fiscal_year, 0 AS period, 'opening' AS period_kind, account,
        opening AS change, 0::DECIMAL(20,4) AS debit, 0::DECIMAL(20,4) AS credit, 0 AS place
    FROM work.openings
    UNION ALL
    SELECT y.label, m.period, m.period_kind, m.account, m.debit - m.credit, m.debit, m.credit,
        CASE m.period_kind WHEN 'normal' THEN 1 WHEN 'adjustment' THEN 2 ELSE 3 END
    FROM work.movements m JOIN work.years y USING (n)
    WHERE m.period_kind <> 'opening'
), running AS (
    SELECT *, sum(change) OVER (PARTITION BY fiscal_year, account ORDER BY place, period, period_kind) AS closing
    FROM rows
)
SELECT r.fiscal_year, r.period, r.period_kind, coalesce(p.end_date, y.end_date) AS period_end, r.account,
    CASE WHEN r.period_kind = 'opening' THEN r.closing ELSE r.closing - r.change END::DECIMAL(20,4) AS opening,
    r.debit::DECIMAL(20,4) AS debit, r.credit::DECIMAL(20,4) AS credit, r.closing::DECIMAL(20,4) AS closing
FROM running r
JOIN work.years y ON y.label = r.fiscal_year
LEFT JOIN work.periods p ON p.fiscal_year = r.fiscal_year AND p.period = r.period AND p.kind = r.period_kind;

-- The same per year and account, before closing entries: what changes are told by.
CREATE TABLE work.year_balances AS
SELECT fiscal_year, account,
    sum(CASE WHEN period_kind = 'opening' THEN closing ELSE 0 END)::DECIMAL(20,4) AS opening,
    sum(CASE WHEN period_kind = 'opening' THEN closing ELSE debit - credit END)::DECIMAL(20,4) AS closing
FROM work.trial_balances
WHERE period_kind <> 'closing'
GROUP BY ALL;
