-- From Octopus's own fields (landed.*) to the common language (books.*). `a_id` is the vendor's `a.id`.
-- Conclusions of ours that the vendor does not state are marked "inferred". Variable: octopus_french (names in French).

CREATE OR REPLACE MACRO octopus_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO octopus_vat(told) AS nullif(upper(regexp_replace(told, '[^0-9A-Za-z]', '', 'g')), '');
-- A, V, F, D and L are the vendor's letters; their pairing with the journal types is inferred.
CREATE OR REPLACE MACRO octopus_journal(type, number) AS
    CASE type WHEN 1 THEN 'A' WHEN 2 THEN 'V' WHEN 3 THEN 'F' WHEN 4 THEN 'D' WHEN 7 THEN 'L' ELSE type || '-' END || number;

-- The euro is inferred: a dossier tells no currency.
CREATE TABLE books.dossier AS
SELECT octopus_text(dossierDescription) AS name, dossierKey_id::VARCHAR AS code, octopus_text(country) AS country,
    'EUR' AS currency, octopus_vat(vatNr) AS vat_number
FROM landed.dossier;

CREATE TABLE books.fiscal_years AS
SELECT label, startDate AS start_date, endDate AS end_date, closed FROM landed.bookyears;

CREATE TABLE books.periods AS
SELECT y.label AS fiscal_year, p.period::INTEGER AS period, p.startDate AS start_date, p.endDate AS end_date,
    'normal' AS kind
FROM landed.periods p JOIN landed.bookyears y USING (bookyearKey_id);

-- An account stands once per bookyear; the latest bookyear names it. One that is only listed as deleted is no account.
CREATE TABLE books.accounts AS
WITH named AS (
    SELECT a.accountKey_id, a.deleted, y.startDate,
        coalesce(
            CASE WHEN getvariable('octopus_french') THEN octopus_text(description_FR) END,
            octopus_text(description_NL), octopus_text(description_FR), octopus_text(description_EN),
            octopus_text(description_DE)
        ) AS name
    FROM landed.accounts a LEFT JOIN landed.bookyears y USING (bookyearKey_id)
    WHERE a.accountKey_id IS NOT NULL
)
SELECT accountKey_id::VARCHAR AS number,
    coalesce(arg_max(name, coalesce(startDate, DATE '0001-01-01')) FILTER (NOT deleted), '') AS name,
    NULL::VARCHAR AS type, NULL::VARCHAR AS statement, NULL::VARCHAR AS package_type, NULL::VARCHAR AS explicit_code,
    NULL::VARCHAR AS currency, NOT bool_or(deleted) AS active, false AS heading
FROM named
GROUP BY accountKey_id
HAVING bool_or(NOT deleted);

-- Journals by the name that the latest bookyear gives them. One whose name speaks of opening holds openings (inferred).
CREATE OR REPLACE TABLE octopus_journals AS
SELECT journalKey AS code, coalesce(octopus_text(arg_max(j.name, y.startDate)), journalKey) AS name,
    bool_or(starts_with(journalKey, 'D') AND regexp_matches(strip_accents(lower(j.name)),
        'openin|begin ?bala|a.?nouveau|ouverture|overdracht|bilan d.entree')) AS opens
FROM landed.journals j LEFT JOIN landed.bookyears y USING (bookyearKey_id)
WHERE journalKey IS NOT NULL
GROUP BY journalKey;

CREATE TABLE books.journals AS
SELECT code, name,
    CASE WHEN opens THEN 'opening' ELSE CASE left(code, 1) WHEN 'A' THEN 'purchase' WHEN 'V' THEN 'sales'
        WHEN 'F' THEN 'bank' WHEN 'D' THEN 'general' ELSE 'other' END END AS type
FROM octopus_journals;

CREATE TABLE books.counterparties AS
SELECT relationKey_id::VARCHAR AS code, coalesce(nullif(trim(concat_ws(' ', firstName, name)), ''), '') AS name,
    CASE WHEN client AND supplier THEN 'both' WHEN client THEN 'customer' WHEN supplier THEN 'supplier'
        ELSE 'other' END AS kind,
    octopus_vat(vatNr) AS vat_number, octopus_text(country) AS country, NULL::VARCHAR AS control_account
FROM landed.relations
QUALIFY row_number() OVER (PARTITION BY relationKey_id ORDER BY coalesce(active, true) DESC) = 1;

-- A document as it was told last: lines that a later telling does not name are gone, and so is what was deleted.
-- What stands in an opening journal on the first day of a bookyear opens it (inferred); the ledger knows no other
-- openings, and balances run on from year to year.
CREATE OR REPLACE TABLE octopus_documents AS
SELECT bookyearKey_id, journalType, journalNr, documentSequenceNr, max(version) AS version
FROM landed.documents
GROUP BY ALL
HAVING NOT arg_max(deleted, version);

CREATE OR REPLACE VIEW octopus_lines AS
SELECT l.*, y.label, y.startDate AS year_start,
    concat_ws('-', l.bookyearKey_id, journalType, journalNr, documentSequenceNr) AS entry_key,
    octopus_journal(journalType, journalNr) AS journal, try_cast(left(documentDate, 10) AS DATE) AS day,
    coalesce(p.period, bookyearPeriodeNr % 100)::INTEGER AS period,
    coalesce(j.opens AND day = year_start, false) AS opens
FROM landed.lines l
SEMI JOIN octopus_documents d USING (bookyearKey_id, journalType, journalNr, documentSequenceNr, version)
LEFT JOIN landed.bookyears y USING (bookyearKey_id)
LEFT JOIN landed.periods p ON p.bookyearKey_id = l.bookyearKey_id AND p.bookyearPeriod = l.bookyearPeriodeNr
LEFT JOIN octopus_journals j ON j.code = octopus_journal(journalType, journalNr);

-- The first bookyear that the link asks for, where there are earlier ones; none: every bookyear is wanted.
CREATE OR REPLACE TABLE octopus_window AS
SELECT label AS first_year, startDate AS first_day
FROM landed.bookyears
WHERE endDate >= (SELECT since FROM landed.dossier)
    AND (SELECT since FROM landed.dossier) > (SELECT min(startDate) FROM landed.bookyears)
ORDER BY startDate
LIMIT 1;

CREATE TABLE books.journal_lines AS
SELECT entry_key || '-' || lineSequenceNr AS line_key, entry_key, lineSequenceNr::INTEGER AS line_no,
    label AS fiscal_year, period, CASE WHEN opens THEN 'opening' ELSE 'normal' END AS period_kind,
    day AS date, journal, documentSequenceNr::VARCHAR AS document, accountKey::VARCHAR AS account,
    relationKey_id::VARCHAR AS counterparty, coalesce(octopus_text(comment), octopus_text(reference)) AS description,
    -- Debit positive (inferred).
    greatest(bookingAmount, 0)::DECIMAL(20,4) AS debit, greatest(-bookingAmount, 0)::DECIMAL(20,4) AS credit,
    octopus_text(currencyCode) AS currency, documentAmount AS amount_currency,
    octopus_text(vatSectionCode) AS vat_code, try_cast(left(expiryDate, 10) AS DATE) AS due_date,
    NULL::TIMESTAMP AS modified_at
FROM octopus_lines l
WHERE NOT EXISTS (FROM octopus_window w WHERE l.year_start < w.first_day);

-- From a date on, the balance at that date is what was booked before; the result of those years stands with the result
-- brought forward, on the first account of class 14.
INSERT INTO books.journal_lines BY NAME
WITH earlier AS (
    SELECT CASE WHEN left(accountKey::VARCHAR, 1) IN ('6', '7')
            THEN coalesce((SELECT min(number) FROM books.accounts WHERE starts_with(number, '14')), '140000')
            ELSE accountKey::VARCHAR END AS account,
        sum(bookingAmount)::DECIMAL(20,4) AS amount
    FROM octopus_lines, octopus_window w
    WHERE year_start < w.first_day
    GROUP BY ALL
)
SELECT 'opening-' || w.first_year || '-' || e.account AS line_key, 'opening-' || w.first_year AS entry_key,
    row_number() OVER (ORDER BY e.account)::INTEGER AS line_no, w.first_year AS fiscal_year, 1 AS period,
    'opening' AS period_kind, w.first_day AS date, e.account, greatest(e.amount, 0) AS debit,
    greatest(-e.amount, 0) AS credit, 'EUR' AS currency
FROM earlier e, octopus_window w
WHERE e.amount <> 0
    AND NOT EXISTS (FROM books.journal_lines WHERE fiscal_year = w.first_year AND period_kind = 'opening');

-- The package's own balances, per period and without openings. Whether a period's balance is what moved in it or what
-- stands at its end, and whether a bookyear's first one holds what was carried over, is not told: it is what more of the
-- balances agree with (inferred).
CREATE OR REPLACE TABLE octopus_booked AS
SELECT bookyearKey_id, year_start, period, accountKey AS accountKey_id, sum(bookingAmount) AS amount,
    coalesce(sum(bookingAmount) FILTER (opens), 0) AS opening
FROM octopus_lines
GROUP BY ALL;

CREATE TABLE books.trial_balances AS
WITH carried AS (
    SELECT y.bookyearKey_id, 1 AS period, accountKey_id, sum(amount) AS carried
    FROM landed.bookyears y JOIN octopus_booked b ON b.year_start < y.startDate
    WHERE left(accountKey_id::VARCHAR, 1) NOT IN ('6', '7')
    GROUP BY ALL
), told AS (
    SELECT a.bookyearKey_id, coalesce(p.period, bookyearPeriodNr % 100)::INTEGER AS period, accountKey_id, balance,
        balance - lag(balance, 1, 0) OVER (PARTITION BY a.bookyearKey_id, accountKey_id ORDER BY bookyearPeriodNr) AS grown
    FROM landed.amounts a
    LEFT JOIN landed.periods p ON p.bookyearKey_id = a.bookyearKey_id AND p.bookyearPeriod = a.bookyearPeriodNr
    WHERE accountKey_id IS NOT NULL
), compared AS (
    SELECT t.*, coalesce(b.amount, 0) AS amount, coalesce(b.opening, 0) AS opening, coalesce(c.carried, 0) AS carried
    FROM told t
    LEFT JOIN octopus_booked b USING (bookyearKey_id, period, accountKey_id)
    LEFT JOIN carried c USING (bookyearKey_id, period, accountKey_id)
), meant AS (
    SELECT count(*) FILTER (period > 1 AND grown = amount) > count(*) FILTER (period > 1 AND balance = amount) AS standing,
        count(*) FILTER (carried <> 0 AND balance = amount + carried) > count(*) FILTER (carried <> 0 AND balance = amount)
            AS carries
    FROM compared
), moved AS (
    SELECT y.label AS fiscal_year, period, accountKey_id::VARCHAR AS account,
        CASE WHEN standing THEN grown ELSE balance END - CASE WHEN carries THEN carried ELSE 0 END - opening AS amount
    FROM compared
    JOIN landed.bookyears y USING (bookyearKey_id)
    CROSS JOIN meant
    WHERE NOT EXISTS (FROM octopus_window w WHERE y.startDate < w.first_day)
)
SELECT fiscal_year, period, account, NULL::DECIMAL(20,4) AS opening,
    greatest(amount, 0)::DECIMAL(20,4) AS debit, greatest(-amount, 0)::DECIMAL(20,4) AS credit,
    NULL::DECIMAL(20,4) AS closing
FROM moved;
