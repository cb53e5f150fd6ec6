-- BOB 50 to the common language: landed.dossier, fiscal_years, months, ac_accoun, ac_compan, ac_dbk, ac_ahisto to
-- schema books.

-- Inferred: of the words of SUBTYPE and ABALANCE only LEQUITY and LIABILIT are seen in real dossiers; the others are
-- what they would be. An account that neither types is left to what its first digit tells in the Belgian chart.
CREATE OR REPLACE TEMP MACRO bob_type(number, abalance, subtype) AS (
    CASE WHEN starts_with(upper(subtype), 'LEQUITY') OR starts_with(upper(abalance), 'EQUITY') THEN 'equity'
        WHEN starts_with(upper(abalance), 'LIABILIT') THEN 'liability'
        WHEN starts_with(upper(abalance), 'ASSET') THEN 'asset'
        WHEN regexp_matches(upper(abalance), '^(INCOME|PROFIT)') THEN 'income'
        WHEN regexp_matches(upper(abalance), '^(EXPENSE|CHARGE)') THEN 'expense'
        WHEN number LIKE '0%' THEN 'memo'
        WHEN regexp_matches(number, '^[23]') THEN 'asset'
        WHEN regexp_matches(number, '^6[0-8]') THEN 'expense'
        WHEN regexp_matches(number, '^7[0-8]') THEN 'income' END
);
CREATE OR REPLACE TEMP MACRO bob_statement(number, type) AS (
    CASE WHEN type IN ('asset', 'equity', 'liability') THEN 'balance' WHEN type IN ('income', 'expense') THEN 'result'
        WHEN regexp_matches(number, '^[1-5]') THEN 'balance' WHEN regexp_matches(number, '^[67]') THEN 'result' END
);

CREATE VIEW books.dossier AS
SELECT name, code, country, currency, NULL::VARCHAR AS vat_number FROM landed.dossier;

CREATE VIEW books.fiscal_years AS
SELECT label, start_date, end_date, closed FROM landed.fiscal_years;

CREATE VIEW books.periods AS
SELECT fiscal_year, period, start_date, end_date, 'normal' AS kind FROM landed.months;

-- Of records with one number the last one stands. Titles hold no entries, unless something is booked on them.
CREATE TEMP TABLE bob_accounts AS
SELECT aid AS number, coalesce(CASE d.language WHEN 2 THEN heading2 END, heading1, heading2, aid) AS name,
    bob_type(aid, abalance, subtype) AS type,
    nullif(concat_ws(':', abalance, subtype), '') AS package_type,
    NOT coalesce(asleeping, false) AS active, coalesce(aistitle, false) AS title
FROM landed.ac_accoun CROSS JOIN landed.dossier d
WHERE aid IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY aid ORDER BY row DESC) = 1;

CREATE TABLE books.journal_lines AS
WITH lasts AS (
    SELECT fiscal_year, max(period) AS period FROM landed.months GROUP BY ALL
), told AS (
    SELECT l.*, y.asked_for, y.start_date AS year_start, d.currency AS base, m.start_date AS month_start,
        concat_ws('-', hfyear, coalesce(hdbk, ''), coalesce(hdocno::VARCHAR, '')) AS entry_key,
        -- A month behind the twelfth is booked in the year's last one.
        CASE WHEN hmonth = 0 THEN 0 WHEN hmonth > 12 THEN lasts.period WHEN hmonth < 0 THEN 1 ELSE m.period END AS period,
        CASE WHEN control THEN 'C' ELSE '' END AS origin
    FROM landed.ac_ahisto l
    JOIN landed.fiscal_years y ON y.label = l.hfyear
    JOIN lasts ON lasts.fiscal_year = l.hfyear
    CROSS JOIN landed.dossier d
    LEFT JOIN landed.months m ON m.fiscal_year = l.hfyear AND m.year = l.hyear AND m.month = l.hmonth
), keyed AS (
    SELECT *, concat_ws('-', entry_key, coalesce(hyear::VARCHAR, ''), coalesce(hmonth::VARCHAR, ''),
        coalesce(horderno::VARCHAR, '') || origin) AS key
    FROM told
), booked AS (
    SELECT key || CASE WHEN n > 1 THEN '#' || n ELSE '' END AS line_key,
        entry_key,
        row_number() OVER (PARTITION BY entry_key ORDER BY horderno, origin, row)::INTEGER AS line_no,
        hfyear AS fiscal_year,
        period::INTEGER AS period,
        CASE period WHEN 0 THEN 'opening' ELSE 'normal' END AS period_kind,
        -- Opening lines carry balances at the first day, whatever day stands on them.
        CASE period WHEN 0 THEN least(hdocdate, year_start) ELSE coalesce(hdocdate, month_start, year_start) END AS date,
        hdbk AS journal,
        hdocno::VARCHAR AS document,
        hid AS account,
        hcussup AS counterparty,
        hrem AS description,
        greatest(hamount, 0)::DECIMAL(20,4) AS debit,
        greatest(-hamount, 0)::DECIMAL(20,4) AS credit,
        coalesce(hcurrency, base) AS currency,
        CASE WHEN coalesce(hcurrency, base) = base THEN NULL
            -- Its sign may disagree with the amount's, which is the one that counts.
            WHEN hamount <> 0 THEN abs(hcuramn) * sign(hamount)
            ELSE hcuramn END::DECIMAL(20,4) AS amount_currency,
        hvatcode AS vat_code,
        hduedate AS due_date,
        modifiedon AS modified_at,
        asked_for
    FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY row) AS n FROM keyed)
), derived AS (
    -- The first year asked for has no opening lines, so earlier years were landed: their balances are what it opens
    -- with, and their result has not been appropriated yet.
    SELECT y.label, y.start_date, d.currency,
        CASE WHEN bob_statement(account, a.type) = 'result' THEN 'RESULT-CARRIED' ELSE account END AS account,
        sum(debit - credit) AS amount
    FROM booked
    LEFT JOIN bob_accounts a ON a.number = booked.account
    CROSS JOIN landed.dossier d
    CROSS JOIN (SELECT * FROM landed.fiscal_years WHERE asked_for ORDER BY start_date LIMIT 1) y
    WHERE NOT booked.asked_for
    -- Every opening repeats what was booked before it: from the last one on everything counts once.
        AND booked.fiscal_year IN (
            SELECT label FROM landed.fiscal_years WHERE start_date >= coalesce(
                (SELECT max(o.start_date) FROM landed.fiscal_years o JOIN booked b ON b.fiscal_year = o.label
                WHERE b.period = 0 AND NOT b.asked_for), DATE '0001-01-01'))
    GROUP BY ALL
    HAVING sum(debit - credit) <> 0
)
SELECT * EXCLUDE (asked_for) FROM booked WHERE asked_for
UNION ALL BY NAME
SELECT label || '-OPENING-' || account AS line_key,
    label || '-OPENING' AS entry_key,
    row_number() OVER (ORDER BY account)::INTEGER AS line_no,
    label AS fiscal_year,
    0 AS period,
    'opening' AS period_kind,
    start_date AS date,
    account,
    'Opening, added up from the years before' AS description,
    greatest(amount, 0)::DECIMAL(20,4) AS debit,
    greatest(-amount, 0)::DECIMAL(20,4) AS credit,
    currency
FROM derived;

CREATE TABLE books.accounts AS
SELECT number, name, type, bob_statement(number, type) AS statement, package_type, NULL::VARCHAR AS explicit_code,
    NULL::VARCHAR AS currency, active, title AS heading
FROM bob_accounts
WHERE NOT title OR number IN (SELECT account FROM books.journal_lines)
UNION ALL
SELECT 'RESULT-CARRIED', 'Result of earlier years, not yet appropriated', 'equity', 'balance', NULL, NULL, NULL, true, false
WHERE 'RESULT-CARRIED' IN (SELECT account FROM books.journal_lines);

-- Inferred: of the types of journals PUR and CAS are seen in real dossiers. A journal that holds nothing but opening
-- lines is one of openings; one that lines name but the list lacks is there all the same.
CREATE TABLE books.journals AS
WITH used AS (
    SELECT hdbk AS code, min(hdbtype) AS dbtype, bool_and(hmonth = 0) AS opens FROM landed.ac_ahisto GROUP BY hdbk
), named AS (
    SELECT dbid AS code, coalesce(CASE d.language WHEN 2 THEN heading2 END, heading1, heading2) AS name, dbtype, row
    FROM landed.ac_dbk CROSS JOIN landed.dossier d
    UNION ALL
    SELECT code, NULL, dbtype, 0 FROM used
)
SELECT code, coalesce(name, code) AS name,
    CASE WHEN u.opens THEN 'opening'
        WHEN n.dbtype LIKE 'PUR%' THEN 'purchase'
        WHEN n.dbtype LIKE 'SAL%' THEN 'sales'
        WHEN n.dbtype LIKE 'CAS%' OR n.dbtype LIKE 'FIN%' THEN 'bank'
        ELSE 'general' END AS type
FROM named n LEFT JOIN used u USING (code)
WHERE code IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY code ORDER BY n.row DESC) = 1;

-- One record may be a customer and a supplier: one counterparty of kind 'both'.
CREATE TABLE books.counterparties AS
WITH told AS (
    SELECT cid, nullif(concat_ws(' ', cname1, cname2), '') AS name, upper(ccustype) = 'C' AS customer,
        upper(csuptype) = 'S' AS supplier, ccusctracc, csupctracc,
        CASE WHEN regexp_full_match(upper(cctrycode), '[A-Z]{2}') THEN upper(cctrycode) END AS country,
        regexp_replace(upper(coalesce(cvatno, '')), '[^A-Z0-9]', '', 'g') AS digits,
        CASE WHEN regexp_full_match(upper(cvatref), '[A-Z]{2}') THEN upper(cvatref) END AS prefix
    FROM landed.ac_compan WHERE cid IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY cid ORDER BY row DESC) = 1
)
SELECT cid AS code, coalesce(name, cid) AS name,
    CASE WHEN customer AND supplier THEN 'both' WHEN customer THEN 'customer' WHEN supplier THEN 'supplier'
        ELSE 'other' END AS kind,
    CASE WHEN NOT regexp_matches(digits, '[0-9]') THEN NULL
        WHEN regexp_matches(digits, '^[A-Z]{2}') THEN digits
        ELSE concat(coalesce(prefix, country), digits) END AS vat_number,
    country,
    CASE WHEN customer THEN coalesce(ccusctracc, csupctracc) ELSE csupctracc END AS control_account
FROM told;
