-- Whether accounts are known and well mapped: told to people, never mended in silence. All are warnings.

INSERT INTO work.check_results
SELECT 'accounts_known', 'warning', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'every account used is in the package''s chart'
        ELSE count(*) || ' accounts are used but not in the chart, such as '
            || array_to_string(list_slice(list(number ORDER BY number), 1, 5), ', ') END
FROM work.accounts WHERE stub AND number <> 'RESULT-CARRIED';

INSERT INTO work.check_results
SELECT 'accounts_mapped', 'warning', count(*) = 0, coalesce(sum(turnover), 0),
    CASE count(*) WHEN 0 THEN 'every posted account has a code of the common chart'
        ELSE count(*) || ' posted accounts are unmapped, such as '
            || array_to_string(list_slice(list(number || ' ' || name ORDER BY number), 1, 5), ', ') END
FROM (
    SELECT a.number, a.name, sum(abs(l.amount)) AS turnover
    FROM work.accounts a
    JOIN (
        SELECT account, amount FROM work.journal_lines
        UNION ALL
        SELECT account, debit - credit FROM work.package_movements
    ) l ON l.account = a.number
    WHERE starts_with(a.common_code, 'U')
    GROUP BY ALL
);

-- The package says balance sheet and the code says income or expense, or the other way round.
INSERT INTO work.check_results
SELECT 'mapping_agrees', 'warning', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'no code contradicts the package on balance sheet or result'
        ELSE count(*) || ' accounts have a code of the other statement, such as '
            || array_to_string(list_slice(list(number || ' ' || common_code ORDER BY number), 1, 5), ', ') END
FROM (
    SELECT a.number, a.common_code
    FROM work.accounts a
    JOIN work.numbers n USING (number)
    JOIN chart.codes c ON c.code = a.common_code
    WHERE a.posted AND ((n.statement = 'balance' AND c.statement = 'PL') OR (n.statement = 'result' AND c.statement = 'BS'))
);

-- Control accounts of customers and suppliers belong to trade debtors and creditors.
INSERT INTO work.check_results
WITH controls AS (
    SELECT control_account AS number FROM books.counterparties WHERE control_account IS NOT NULL AND kind <> 'other'
    UNION
    SELECT n.number FROM work.numbers n
    JOIN chart.package_types t ON t.package_type = n.package_type AND t.code IN ('A60', 'L31') AND t.confidence <> 'low'
)
SELECT 'controls_mapped', 'warning', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'every control account is trade debtors or creditors'
        ELSE count(*) || ' control accounts are mapped elsewhere than A60 or L31, such as '
            || array_to_string(list_slice(list(number || ' ' || common_code ORDER BY number), 1, 5), ', ') END
FROM work.accounts a JOIN controls USING (number)
WHERE a.posted AND a.common_code NOT IN ('A60', 'L31');

-- At two year ends in a row on the wrong side of its code: the code is doubtful. Contra accounts are left out, codes
-- that may stand on either side or have a twin for that (an overdrawn bank), and codes of a coarse type ("assets"),
-- which are doubtful anyway and say so (confidence).
INSERT INTO work.check_results
WITH ended AS (
    SELECT b.account, y.n, b.closing, lag(b.closing) OVER w AS before, lag(y.n) OVER w AS before_n
    FROM work.year_balances b JOIN work.years y ON y.label = b.fiscal_year
    WHERE y.label IN (SELECT label FROM work.fiscal_years WHERE closed)
    WINDOW w AS (PARTITION BY b.account ORDER BY y.n)
)
SELECT 'sides_usual', 'warning', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'no account stood on the unusual side at two year ends in a row'
        ELSE count(*) || ' accounts stood on the unusual side of their code at two year ends in a row, such as '
            || array_to_string(list_slice(list(account || ' ' || common_code ORDER BY account), 1, 5), ', ') END
FROM (
    SELECT DISTINCT e.account, a.common_code
    FROM ended e
    JOIN work.accounts a ON a.number = e.account AND NOT a.contra AND a.confidence IS DISTINCT FROM 'low'
    JOIN chart.codes c ON c.code = a.common_code AND c.twin IS NULL
    WHERE e.before_n = e.n - 1
        AND ((c.side = 'D' AND e.closing < 0 AND e.before < 0) OR (c.side = 'C' AND e.closing > 0 AND e.before > 0))
);

INSERT INTO work.check_results
SELECT 'headings_unposted', 'warning', count(*) = 0, count(*),
    CASE count(*) WHEN 0 THEN 'nothing is booked on a heading'
        ELSE count(*) || ' headings have entries, such as '
            || array_to_string(list_slice(list(number ORDER BY number), 1, 5), ', ') END
FROM work.numbers WHERE heading AND posted;

-- A person's rule for one account of this dossier is stale when the account is gone, or is of another type than when the
-- rule was made. Firm rules are written for many dossiers, and need not find an account in each.
INSERT INTO work.check_results
SELECT 'mapping_rules_apply', 'warning', CASE WHEN count(*) > 0 THEN count(stale) = 0 END, count(stale),
    CASE WHEN count(*) = 0 THEN 'people made no rules for this dossier'
        WHEN count(stale) = 0 THEN 'every rule for this dossier finds its account'
        ELSE 'rules to look at again: ' || string_agg(stale, '; ' ORDER BY stale) END
FROM (
    SELECT CASE WHEN count(n.number) = 0 THEN r.account || ' finds no account'
        WHEN bool_or(r.account_type IS NOT NULL AND n.type IS NOT NULL AND r.account_type <> n.type)
            THEN r.account || ' was ' || r.account_type || ' and is ' || any_value(n.type) END AS stale
    FROM work.mapping_rules r
    LEFT JOIN work.numbers n
        ON CASE r.match WHEN 'exact' THEN n.number = r.account ELSE starts_with(n.number, r.account) END
    WHERE r.scope = 'dossier'
    GROUP BY r.match, r.account, r.account_type
);
