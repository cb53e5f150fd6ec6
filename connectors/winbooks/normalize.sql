-- WinBooks to the common language: landed.company, book_years, periods, acf, csf, dbk, act to schema books.
-- Variables: winbooks_provisional_result (an account), winbooks_countries (vehicle codes to ISO codes).

-- What an account is by its first three digits, as Odoo's WinBooks import reads the Belgian minimum chart; class 0
-- (rights and obligations off the balance sheet), which it does not know, is memo. NULL for what is no number.
CREATE OR REPLACE TEMP MACRO winbooks_type(number) AS (
    SELECT CASE
        WHEN n < 100 THEN 'memo'
        WHEN n < 160 THEN 'equity'
        WHEN n < 200 THEN 'liability'
        WHEN n < 420 THEN 'asset'
        WHEN n < 490 THEN 'liability'
        WHEN n < 492 THEN 'asset'
        WHEN n < 500 THEN 'liability'
        WHEN n < 600 THEN 'asset'
        WHEN n < 700 THEN 'expense'
        WHEN n < 822 THEN 'income'
        WHEN n < 860 THEN 'expense'
        WHEN n <= 999 THEN 'income'
    END
    FROM (SELECT try_cast(rpad(number, 3, '0')[:3] AS INTEGER) AS n)
);

CREATE OR REPLACE TEMP MACRO winbooks_statement(number) AS (
    CASE WHEN winbooks_type(number) IN ('asset', 'equity', 'liability') THEN 'balance'
        WHEN winbooks_type(number) IN ('income', 'expense') THEN 'result' END
);

CREATE VIEW books.dossier AS
SELECT name, code, country, currency, vat_number FROM landed.company;

CREATE VIEW books.fiscal_years AS
SELECT label, start_date, end_date, closed FROM landed.book_years;

CREATE VIEW books.periods AS
SELECT y.label AS fiscal_year, p.period, p.start_date, p.end_date, p.kind
FROM landed.periods p JOIN landed.book_years y ON y.code = p.book_year;

CREATE TABLE books.journal_lines AS
WITH controls AS (
    SELECT min(number) FILTER (centralid = 'C1') AS customers, min(number) FILTER (centralid = 'S1') AS suppliers
    FROM landed.acf WHERE coalesce(type, '3') = '3'
), told AS (
    SELECT a.*, y.label, y.asked_for, coalesce(y.start_date, a.date) AS year_start, c.currency AS base,
        concat_ws('-', bookyear, coalesce(period, ''), coalesce(dbkcode, ''), coalesce(dbktype, ''),
            coalesce(docnumber, '')) AS entry_key,
        try_cast(period AS INTEGER) AS period_number,
        coalesce(amounteur, 0) AS amount,
        coalesce(accountgl, CASE doctype WHEN '1' THEN k.customers WHEN '2' THEN k.suppliers END) AS account
    FROM landed.act a
    JOIN landed.book_years y ON y.code = a.bookyear
    CROSS JOIN landed.company c
    CROSS JOIN controls k
    -- Inferred: a base line of DOCTYPE 4 only states on what VAT was charged; it books nothing.
    WHERE NOT (coalesce(doctype, '') = '4' AND coalesce(amounteur, 0) = 0)
), booked AS (
    SELECT
        entry_key || '-' || coalesce(docorder, '') || '-'
            || row_number() OVER (PARTITION BY entry_key, docorder ORDER BY position) AS line_key,
        entry_key,
        row_number() OVER (PARTITION BY entry_key ORDER BY docorder, position)::INTEGER AS line_no,
        label AS fiscal_year,
        period_number AS period,
        CASE period_number WHEN 0 THEN 'opening' WHEN 99 THEN 'closing' ELSE 'normal' END AS period_kind,
        coalesce(t.date, datedoc, p.start_date, year_start) AS date,
        dbkcode AS journal,
        docnumber AS document,
        account,
        accountrp AS counterparty,
        -- Inferred: a comment that fills its field goes on in COMMENTEXT without a blank between.
        nullif(trim(CASE WHEN right(comment, 1) = ' ' THEN rtrim(comment) || coalesce(' ' || commentext, '')
            ELSE concat(comment, commentext) END), '') AS description,
        greatest(amount, 0)::DECIMAL(20,4) AS debit,
        greatest(-amount, 0)::DECIMAL(20,4) AS credit,
        coalesce(currcode, base) AS currency,
        CASE WHEN coalesce(currcode, base) = base THEN NULL
            -- Its sign may disagree with the amount's, which is the one that counts.
            WHEN amount <> 0 THEN abs(curramount) * sign(amount)
            ELSE curramount END::DECIMAL(20,4) AS amount_currency,
        vatcode AS vat_code,
        duedate AS due_date,
        NULL::TIMESTAMP AS modified_at,
        asked_for
    FROM told t
    LEFT JOIN landed.periods p ON p.book_year = t.bookyear AND p.period = t.period_number
), derived AS (
    -- The first year asked for has no opening entry, so earlier years were landed: their balances are what it opens
    -- with, their result stands in the provisional account until a closing entry appropriates it.
    SELECT y.label, y.start_date, y.code, c.currency,
        CASE WHEN winbooks_statement(account) = 'result' THEN getvariable('winbooks_provisional_result') ELSE account END AS account,
        sum(debit - credit) AS amount
    FROM booked
    CROSS JOIN landed.company c
    CROSS JOIN (SELECT * FROM landed.book_years WHERE asked_for ORDER BY start_date LIMIT 1) y
    WHERE NOT booked.asked_for
    GROUP BY ALL
    HAVING sum(debit - credit) <> 0
)
SELECT * EXCLUDE (asked_for) FROM booked WHERE asked_for
UNION ALL BY NAME
SELECT code || '-00-DERIVED-' || account AS line_key,
    code || '-00-DERIVED' AS entry_key,
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

-- Headings (TYPE 9) and numbers shorter than a general account's are titles, unless something is booked on them.
CREATE TABLE books.accounts AS
SELECT number,
    coalesce(
        CASE c.language WHEN 2 THEN nullif(concat_ws(' ', name21, name22), '') END,
        nullif(concat_ws(' ', name11, name12), ''),
        nullif(concat_ws(' ', name21, name22), ''),
        number
    ) AS name,
    winbooks_type(number) AS type,
    winbooks_statement(number) AS statement,
    NULL::VARCHAR AS package_type,
    NULL::VARCHAR AS explicit_code,
    coalesce(a.currency, c.currency) AS currency,
    NOT coalesce(islocked, false) AS active,
    coalesce(a.type, '3') = '9' AS heading
FROM landed.acf a CROSS JOIN landed.company c
WHERE number IS NOT NULL
    AND ((coalesce(a.type, '3') = '3' AND length(number) >= coalesce(c.account_length, 0))
        OR number IN (SELECT account FROM books.journal_lines))
QUALIFY row_number() OVER (PARTITION BY number ORDER BY coalesce(a.type, '3') = '3' DESC, a.row DESC) = 1
UNION ALL
SELECT account, 'Provisional result', 'equity', 'balance', NULL, NULL, any_value(currency), true, false
FROM books.journal_lines
WHERE account = getvariable('winbooks_provisional_result') AND account NOT IN (SELECT number FROM landed.acf WHERE number IS NOT NULL)
GROUP BY account;

-- DBKTYPE: 0 purchase, 1 its credit note, 2 sale, 3 its credit note, 4 financial, 5 miscellaneous. A journal that lines
-- name but the list lacks (MATCHG) is there all the same, with the type that its lines state.
CREATE VIEW books.journals AS
WITH named AS (
    SELECT dbkid AS code, dbkdesc AS name, dbktype, dbktype2, dbkopt, 0 AS rank, row FROM landed.dbk
    UNION ALL BY NAME
    SELECT dbkcode AS code, dbktype, 1 AS rank, min(position) AS row FROM landed.act GROUP BY dbkcode, dbktype
)
SELECT code, coalesce(name, code) AS name,
    CASE
        WHEN dbktype = '0' THEN 'purchase'
        WHEN dbktype = '1' THEN 'purchase_credit'
        WHEN dbktype = '2' THEN 'sales'
        WHEN dbktype = '3' THEN 'sales_credit'
        WHEN dbktype = '4' AND (rank = 1 OR contains(upper(dbkopt), 'IBAN')) THEN 'bank'
        WHEN dbktype = '4' THEN 'cash'
        WHEN dbktype2 = '1' THEN 'opening'
        WHEN dbktype2 = '2' THEN 'closing'
        WHEN dbktype = '5' THEN 'general'
        ELSE 'other'
    END AS type
FROM named
WHERE code IS NOT NULL
    -- A simulation journal (DBKTYPE2 6) is there when its lines are.
    AND (coalesce(dbktype2, '') <> '6' OR code IN (SELECT dbkcode FROM landed.act))
QUALIFY row_number() OVER (PARTITION BY code ORDER BY rank, row) = 1;

-- A number may stand for a customer and for a supplier: one counterparty of kind 'both', with both names.
CREATE TABLE books.counterparties AS
WITH parties AS (
    SELECT number AS code, nullif(concat_ws(' ', name1, name2), '') AS name, type, central, row,
        coalesce(getvariable('winbooks_countries')[upper(country)],
            CASE WHEN regexp_full_match(upper(country), '[A-Z]{2}') THEN upper(country) END) AS country,
        regexp_replace(upper(vatnumber), '[^A-Z0-9]', '', 'g') AS vat_number,
        CASE type WHEN '1' THEN 'C' WHEN '2' THEN 'S' END AS side
    FROM landed.csf WHERE number IS NOT NULL
), controls AS (
    SELECT centralid, min(number) AS account FROM landed.acf GROUP BY centralid
)
SELECT code,
    coalesce(string_agg(DISTINCT name, ' / ' ORDER BY name), code) AS name,
    CASE WHEN bool_or(type = '1') AND bool_or(type = '2') THEN 'both'
        WHEN bool_or(type = '1') THEN 'customer' WHEN bool_or(type = '2') THEN 'supplier' ELSE 'other' END AS kind,
    first(CASE WHEN regexp_matches(vat_number, '^[A-Z].*[0-9]') THEN vat_number
        WHEN regexp_matches(vat_number, '[0-9]') THEN concat(country, vat_number) END ORDER BY row) AS vat_number,
    first(country ORDER BY row) AS country,
    first(coalesce(own.account, sided.account) ORDER BY row) AS control_account
FROM parties
LEFT JOIN controls own ON own.centralid = central
LEFT JOIN controls sided ON sided.centralid = side || central
GROUP BY code;
