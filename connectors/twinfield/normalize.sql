-- From Twinfield's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE MACRO tw_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO tw_date(told) AS try_strptime(left(told, 8), '%Y%m%d')::DATE;
CREATE OR REPLACE MACRO tw_year(year_period) AS split_part(year_period, '/', 1);
CREATE OR REPLACE MACRO tw_period(year_period) AS try_cast(split_part(year_period, '/', 2) AS INTEGER);

CREATE TABLE books.dossier AS
SELECT tw_text(name) AS name, tw_text(code) AS code, upper(tw_text(country)) AS country,
    upper(tw_text(basecurrency)) AS currency, tw_text(vatnumber) AS vat_number
FROM landed.office;

CREATE TABLE books.periods AS
SELECT year::VARCHAR AS fiscal_year, number::INTEGER AS period, start_date, end_date, 'normal' AS kind
FROM landed.periods;

-- A year is closed when none of its periods is open (inferred).
CREATE TABLE books.fiscal_years AS
SELECT year::VARCHAR AS label, min(start_date) AS start_date, max(end_date) AS end_date, NOT bool_or(open) AS closed
FROM landed.periods GROUP BY year;

-- The first year that the link asks for, and whether there are earlier ones.
CREATE OR REPLACE TABLE tw_window AS
SELECT arg_min(y.label, y.start_date) AS first_year, min(y.start_date) AS first_day,
    count(*) < (SELECT count(*) FROM books.fiscal_years) AS has_history
FROM books.fiscal_years y, landed.office o
WHERE o.since IS NULL OR y.end_date >= o.since;

-- Period 00 of a later year opens it where it tells at least half as many accounts as had a balance in the year before;
-- elsewhere it corrects the opening, and is an adjustment (inferred). What no list of periods tells: 55 and later close
-- the year, others adjust it (inferred).
CREATE OR REPLACE TABLE tw_sums AS
SELECT trim(head_year) AS fiscal_year, try_cast(head_period AS INTEGER) AS period, tw_text(line_dim1) AS account,
    upper(tw_text(line_dim1type)) AS statement, sum(greatest(line_basevaluesigned, 0)) AS debit,
    sum(greatest(-line_basevaluesigned, 0)) AS credit
FROM landed.totals GROUP BY ALL;

CREATE OR REPLACE TABLE tw_opens AS
WITH ended AS (
    SELECT fiscal_year, count(*) AS accounts FROM (
        SELECT fiscal_year, account FROM tw_sums WHERE statement = 'BAS' GROUP BY ALL HAVING sum(debit - credit) <> 0
    ) GROUP BY ALL
), opened AS (
    SELECT fiscal_year, count(DISTINCT account) AS accounts FROM tw_sums WHERE period = 0 GROUP BY ALL
)
SELECT o.fiscal_year
FROM opened o LEFT JOIN ended e ON e.fiscal_year::INTEGER = o.fiscal_year::INTEGER - 1
WHERE coalesce(2 * o.accounts >= e.accounts, true);

CREATE OR REPLACE TABLE tw_kinds AS
SELECT w.fiscal_year, w.period,
    CASE WHEN w.period = 0 AND o.fiscal_year IS NOT NULL THEN 'opening' WHEN w.period = 0 THEN 'adjustment'
        WHEN p.period IS NOT NULL THEN 'normal' WHEN w.period >= 55 THEN 'closing' ELSE 'adjustment' END AS kind
FROM (
    SELECT DISTINCT tw_year(head_yearperiod) AS fiscal_year, tw_period(head_yearperiod) AS period FROM landed.lines
    UNION
    SELECT fiscal_year, period FROM tw_sums
) w
LEFT JOIN books.periods p USING (fiscal_year, period)
LEFT JOIN tw_opens o USING (fiscal_year);

-- Unlisted periods have no dates: they lie on the last day of their year (inferred).
INSERT INTO books.periods
SELECT k.fiscal_year, k.period, y.end_date, y.end_date, k.kind
FROM tw_kinds k JOIN books.fiscal_years y ON y.label = k.fiscal_year
WHERE k.kind = 'adjustment';

-- Every transaction as it was told last: what was changed or deleted while a full read went on is told again, or taken
-- out here.
CREATE OR REPLACE TABLE tw_repeated AS
SELECT head_code, head_number FROM landed.lines GROUP BY ALL HAVING count(DISTINCT caught_up) > 1;

CREATE OR REPLACE VIEW tw_lines AS
FROM (FROM landed.lines ANTI JOIN tw_repeated USING (head_code, head_number) WHERE NOT caught_up)
    ANTI JOIN landed.deletions USING (head_code, head_number)
UNION ALL
FROM landed.lines WHERE caught_up;

CREATE TABLE books.journal_lines AS
SELECT l.head_code || '/' || l.head_number || '/' || l.key_line AS line_key,
    l.head_code || '/' || l.head_number AS entry_key, try_cast(l.key_line AS INTEGER) AS line_no,
    k.fiscal_year, k.period, k.kind AS period_kind, tw_date(l.head_date) AS date, l.head_code AS journal,
    coalesce(tw_text(l.line_invnumber), l.head_number) AS document, tw_text(l.line_dim1) AS account,
    CASE WHEN l.line_dim2type IN ('DEB', 'CRD') THEN tw_text(l.line_dim2) END AS counterparty,
    tw_text(l.line_description) AS description,
    -- By sign, not by debitcredit, which follows the transaction currency: there a line may be zero (a difference of
    -- exchange), and a zero is called debit.
    greatest(l.line_basevaluesigned, 0)::DECIMAL(20,4) AS debit,
    greatest(-l.line_basevaluesigned, 0)::DECIMAL(20,4) AS credit,
    tw_text(l.head_curcode) AS currency, l.line_valuesigned AS amount_currency, tw_text(l.line_vatcode) AS vat_code,
    d.due_date, try_strptime(l.head_modified, '%Y%m%d%H%M%S') AS modified_at
FROM tw_lines l
LEFT JOIN tw_kinds k ON k.fiscal_year = tw_year(l.head_yearperiod)
    AND k.period IS NOT DISTINCT FROM tw_period(l.head_yearperiod)
LEFT JOIN (
    SELECT head_code, head_number, key_line, max(tw_date(line_datedue)) AS due_date FROM landed.dues GROUP BY ALL
) d USING (head_code, head_number, key_line)
WHERE (SELECT NOT has_history FROM tw_window)
    OR tw_year(l.head_yearperiod)::INTEGER >= (SELECT first_year::INTEGER FROM tw_window);

-- Control accounts are those that the cards of customers and suppliers name. The groups are those of the office's
-- hierarchy: where they are codes of the Dutch reference chart, the deepest one tells what the account is (inferred).
CREATE TABLE books.accounts AS
WITH controls AS (
    SELECT tw_text(substitutewith) AS number, min(type) AS type FROM landed.cards
    WHERE tw_text(substitutewith) IS NOT NULL GROUP BY ALL HAVING count(DISTINCT type) = 1
), groups AS (
    SELECT tw_text(line_dim1) AS number,
        any_value(list_filter(
            [line_dim1group5, line_dim1group4, line_dim1group3, line_dim1group2, line_dim1group1],
            lambda code: regexp_full_match(coalesce(code, ''), '[BW]([A-Z][a-z]{2}){1,5}')
        )[1]) AS explicit_code
    FROM landed.totals GROUP BY ALL
)
SELECT tw_text(a.code) AS number, coalesce(tw_text(a.name), tw_text(a.code)) AS name,
    CASE c.type WHEN 'DEB' THEN 'asset' WHEN 'CRD' THEN 'liability' END AS type,
    CASE a.type WHEN 'BAS' THEN 'balance' WHEN 'PNL' THEN 'result' END AS statement,
    'T:' || coalesce(c.type, a.type) AS package_type, g.explicit_code,
    (SELECT any_value(currency) FROM books.dossier) AS currency, a.status = 'active' AS active, false AS heading
FROM landed.accounts a
LEFT JOIN controls c ON c.number = tw_text(a.code)
LEFT JOIN groups g ON g.number = tw_text(a.code)
-- The list may end with a template whose code is its type and that has no name.
WHERE tw_text(a.code) IS NOT NULL AND coalesce(a.behaviour, '') <> 'template'
    AND NOT (a.code = a.type AND tw_text(a.name) IS NULL)
QUALIFY row_number() OVER (PARTITION BY tw_text(a.code) ORDER BY a.status = 'active' DESC, a.type) = 1;

-- Without closing entries the result of earlier years stands where closing entries of another year took it, or on the
-- account that the hierarchy calls retained earnings (inferred).
CREATE OR REPLACE TABLE books.carried_result AS
SELECT account FROM (
    SELECT s.account, 1 AS place, abs(sum(s.debit - s.credit)) AS amount
    FROM tw_sums s JOIN tw_kinds k USING (fiscal_year, period)
    WHERE k.kind = 'closing' AND s.statement = 'BAS' GROUP BY ALL
    UNION ALL
    SELECT number, 2, 0 FROM books.accounts WHERE starts_with(explicit_code, 'BEivOre')
) ORDER BY place, amount DESC, account LIMIT 1;

-- A first year without lines in period 00 opens with what the totals of the years before add up to.
INSERT INTO books.journal_lines
WITH earlier AS (
    SELECT CASE WHEN s.statement = 'PNL' THEN coalesce((FROM books.carried_result), 'RESULT-CARRIED') ELSE s.account END
            AS account, sum(s.debit - s.credit)::DECIMAL(20,4) AS amount
    FROM tw_sums s JOIN tw_kinds k USING (fiscal_year, period), tw_window w
    WHERE s.fiscal_year::INTEGER < w.first_year::INTEGER
        AND (k.kind <> 'opening' OR s.fiscal_year = (SELECT min(fiscal_year) FROM tw_opens))
    GROUP BY ALL
)
SELECT 'opening/' || w.first_year || '/' || e.account, 'opening/' || w.first_year,
    row_number() OVER (ORDER BY e.account)::INTEGER, w.first_year, 0, 'opening', w.first_day, NULL, NULL, e.account, NULL,
    NULL, greatest(e.amount, 0), greatest(-e.amount, 0), NULL, NULL, NULL, NULL, NULL
FROM earlier e, tw_window w
WHERE e.amount <> 0 AND w.has_history AND w.first_year NOT IN (FROM tw_opens);

-- What a daybook is for shows in its transactions (inferred from the names of their types).
CREATE TABLE books.journals AS
WITH used AS (
    SELECT l.head_code AS code, mode(l.mng_type) AS kind, bool_and(j.period_kind = 'opening') AS opens,
        bool_and(j.period_kind = 'closing') AS closes
    FROM tw_lines l
    JOIN tw_kinds k ON k.fiscal_year = tw_year(l.head_yearperiod) AND k.period = tw_period(l.head_yearperiod)
    CROSS JOIN LATERAL (SELECT k.kind AS period_kind) j
    GROUP BY ALL
), named AS (
    SELECT tw_text(code) AS code, any_value(tw_text(name)) AS name FROM landed.journals
    WHERE tw_text(code) IS NOT NULL GROUP BY ALL
)
SELECT coalesce(n.code, u.code) AS code, coalesce(n.name, n.code, u.code) AS name,
    CASE WHEN u.opens THEN 'opening' WHEN u.closes THEN 'closing' WHEN u.kind LIKE 'SALES%' THEN 'sales'
        WHEN u.kind LIKE 'PURCHASE%' THEN 'purchase' WHEN u.kind LIKE 'BANK%' THEN 'bank' WHEN u.kind LIKE 'CASH%' THEN 'cash'
        WHEN u.kind LIKE 'JOURNAL%' THEN 'general' ELSE 'other' END AS type
FROM named n FULL JOIN used u ON u.code = n.code;

-- Customers and suppliers; and whoever lines name that no card tells (cards may be refused).
CREATE TABLE books.counterparties AS
WITH listed AS (
    SELECT tw_text(code) AS code, coalesce(any_value(tw_text(name)), '') AS name,
        CASE WHEN count(DISTINCT type) > 1 THEN 'both' WHEN min(type) = 'DEB' THEN 'customer' ELSE 'supplier' END AS kind,
        any_value(tw_text(vatnumber)) AS vat_number, any_value(upper(tw_text(country))) AS country,
        any_value(tw_text(substitutewith)) AS control_account
    FROM landed.cards
    WHERE tw_text(code) IS NOT NULL AND coalesce(behaviour, '') <> 'template' AND NOT (code = type AND tw_text(name) IS NULL)
    GROUP BY ALL
)
FROM listed
UNION ALL
SELECT counterparty, '', 'other', NULL, NULL, NULL
FROM books.journal_lines
WHERE counterparty IS NOT NULL AND counterparty NOT IN (SELECT code FROM listed)
GROUP BY counterparty;

CREATE TABLE books.trial_balances AS
WITH told AS (
    SELECT s.*, k.kind FROM tw_sums s JOIN tw_kinds k USING (fiscal_year, period), tw_window w
    WHERE s.fiscal_year::INTEGER >= w.first_year::INTEGER
)
SELECT fiscal_year, period, account, NULL::DECIMAL(20,4) AS opening, sum(debit)::DECIMAL(20,4) AS debit,
    sum(credit)::DECIMAL(20,4) AS credit, NULL::DECIMAL(20,4) AS closing
FROM told WHERE kind IN ('normal', 'adjustment') GROUP BY ALL
UNION ALL
SELECT fiscal_year, NULL, account, coalesce(sum(debit - credit) FILTER (kind = 'opening'), 0)::DECIMAL(20,4),
    coalesce(sum(debit) FILTER (kind <> 'opening'), 0)::DECIMAL(20,4),
    coalesce(sum(credit) FILTER (kind <> 'opening'), 0)::DECIMAL(20,4), sum(debit - credit)::DECIMAL(20,4)
FROM told
WHERE kind <> 'closing' AND fiscal_year IN (FROM tw_opens)
GROUP BY ALL;
