-- One code of the common chart for every account, with the rule that gave it: a person's rule for the dossier or its
-- firm, explicit code of the package, country prefix (only when the ledger uses that chart), package type, unmapped.
-- Nothing is dropped. Accounts of kept history that the package no longer tells keep the code that stood, until a
-- person's rule gives another or the person's rule that gave it is gone.
-- In: books.accounts, work.journal_lines, work.kept_*, work.mapping_rules, chart.*; variable 'country'.
-- Out: work.fit, work.accounts (confidence: high for what a person or the package said, medium for what the number or
-- its type suggests, low for coarse types; NULL: unmapped. contra: stands against the value of other accounts).

CREATE TABLE work.numbers AS
WITH posted AS (
    SELECT account AS number FROM work.journal_lines WHERE account IS NOT NULL
    UNION
    SELECT account FROM work.package_movements WHERE account IS NOT NULL
),
told AS (SELECT * FROM books.accounts WHERE number IS NOT NULL QUALIFY row_number() OVER (PARTITION BY number ORDER BY name) = 1)
SELECT coalesce(t.number, p.number) AS number, t.name, t.type, t.statement, t.package_type, t.explicit_code,
    t.currency, coalesce(t.heading, false) AS heading, coalesce(t.active, true) AS active, t.number IS NULL AS stub, p.number IS NOT NULL AS posted,
    NULL::VARCHAR AS kept_code, NULL::VARCHAR AS kept_rule,
    regexp_extract(coalesce(t.number, p.number), '^[0-9]*') AS digits
FROM told t FULL JOIN posted p ON p.number = t.number;

-- Not posted as far as the fit test goes: history says nothing of the chart that the package uses now.
INSERT INTO work.numbers BY NAME
SELECT number, name, nullif(type, 'unmapped') AS type, statement, package_type, currency, false AS heading, active, stub,
    false AS posted, common_code AS kept_code, mapping_rule AS kept_rule, regexp_extract(number, '^[0-9]*') AS digits
FROM work.kept_accounts
WHERE number NOT IN (SELECT number FROM work.numbers) AND number <> 'RESULT-CARRIED'
    AND number IN (SELECT account FROM work.kept_movements);

-- People's rules: the dossier's before the firm's, an exact account before a prefix, a longer prefix before a shorter.
CREATE TABLE work.by_person AS
SELECT n.number, r.code, r.closed_years, CASE r.scope WHEN 'dossier' THEN 'dossier_override' ELSE 'firm_rule' END AS mapping_rule
FROM work.numbers n
JOIN work.mapping_rules r
    ON CASE r.match WHEN 'exact' THEN n.number = r.account ELSE starts_with(n.number, r.account) END
QUALIFY row_number() OVER (
    PARTITION BY n.number ORDER BY r.scope = 'dossier' DESC, r.match = 'exact' DESC, length(r.account) DESC
) = 1;

CREATE TABLE work.by_prefix AS
SELECT n.number, p.code, c.statement
FROM work.numbers n
JOIN chart.prefixes p ON p.chart = getvariable('country') AND starts_with(n.digits, p.prefix)
JOIN chart.codes c ON c.code = p.code
QUALIFY row_number() OVER (PARTITION BY n.number ORDER BY length(p.prefix) DESC) = 1;

-- The fit test, once per dossier: does this ledger use its country's chart? At least 90 % of the posted accounts
-- find a prefix and at least 95 % of those agree with the package on balance sheet or result.
CREATE TABLE work.fit AS
SELECT count(*) AS posted, count(b.code) AS found,
    count(*) FILTER (b.code IS NOT NULL AND n.statement IS NOT NULL) AS judged,
    count(*) FILTER (
        (n.statement = 'balance' AND b.statement = 'BS') OR (n.statement = 'result' AND b.statement IN ('PL', 'APPR'))
    ) AS agreed,
    count(*) > 0 AND count(b.code) >= 0.9 * count(*)
        AND count(*) FILTER (
            (n.statement = 'balance' AND b.statement = 'BS')
            OR (n.statement = 'result' AND b.statement IN ('PL', 'APPR'))
        ) >= 0.95 * count(*) FILTER (b.code IS NOT NULL AND n.statement IS NOT NULL) AS fits
FROM work.numbers n LEFT JOIN work.by_prefix b USING (number)
WHERE n.posted;

CREATE TABLE work.accounts AS
WITH explicit AS (
    SELECT n.number, p.code
    FROM work.numbers n
    JOIN chart.prefixes p ON p.chart = 'RGS' AND starts_with(n.explicit_code, p.prefix)
    QUALIFY row_number() OVER (PARTITION BY n.number ORDER BY length(p.prefix) DESC) = 1
), coded AS (
    SELECT n.*, r.code AS person_match, r.mapping_rule AS person_rule, e.code AS explicit_match,
        b.code AS prefix_match, t.code AS type_match, t.confidence AS type_confidence, (SELECT fits FROM work.fit) AS fits,
        kept_code IS NOT NULL AND kept_rule NOT IN ('dossier_override', 'firm_rule') AS stands
    FROM work.numbers n
    LEFT JOIN work.by_person r USING (number)
    LEFT JOIN explicit e USING (number)
    LEFT JOIN work.by_prefix b USING (number)
    LEFT JOIN chart.package_types t ON t.package_type = n.package_type
), chosen AS (
    SELECT *,
        CASE WHEN person_match IS NOT NULL THEN person_match
            WHEN stands THEN kept_code
            WHEN explicit_match IS NOT NULL THEN explicit_match
            WHEN fits AND prefix_match IS NOT NULL THEN prefix_match
            WHEN type_match IS NOT NULL THEN type_match
            WHEN statement = 'balance' THEN 'U10'
            WHEN statement = 'result' THEN 'U20'
            ELSE 'U99' END AS common_code,
        CASE WHEN person_match IS NOT NULL THEN person_rule
            WHEN stands THEN kept_rule
            WHEN explicit_match IS NOT NULL THEN 'explicit_code'
            WHEN fits AND prefix_match IS NOT NULL THEN 'country_prefix'
            WHEN type_match IS NOT NULL AND type_match NOT LIKE 'U%' THEN 'package_type'
            ELSE 'unmapped' END AS mapping_rule
    FROM coded
), contra AS (
    SELECT n.number
    FROM work.numbers n
    JOIN chart.contra c ON regexp_matches(
        CASE c.chart WHEN 'package_type' THEN n.package_type WHEN 'RGS' THEN n.explicit_code
            WHEN getvariable('country') THEN CASE WHEN (SELECT fits FROM work.fit) THEN n.digits END END,
        c.pattern
    )
)
SELECT n.number, coalesce(n.name, '') AS name,
    coalesce(n.type, CASE WHEN c.class = 'unmapped' THEN 'unmapped' ELSE c.class END) AS type,
    n.common_code, n.mapping_rule, n.package_type, n.currency, n.active, n.stub,
    -- Whether a balance is carried over a year end. Where neither package nor chart tells, it is: then nothing vanishes.
    coalesce(
        n.statement,
        CASE WHEN c.statement IN ('PL', 'APPR') THEN 'result' WHEN c.statement IS NOT NULL THEN 'balance' END,
        CASE WHEN n.type IN ('income', 'expense') THEN 'result' END,
        'balance'
    ) AS statement,
    CASE n.mapping_rule WHEN 'unmapped' THEN NULL WHEN 'country_prefix' THEN 'medium' WHEN 'package_type' THEN type_confidence
        ELSE 'high' END AS confidence,
    n.number IN (FROM contra) AS contra,
    n.posted OR n.kept_code IS NOT NULL AS posted
FROM chosen n LEFT JOIN chart.codes c ON c.code = n.common_code;
