-- From WinBooks on Web's own properties (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE MACRO wow_text(told) AS nullif(trim(told), '');
CREATE OR REPLACE MACRO wow_vat(told) AS nullif(upper(regexp_replace(told, '[^0-9A-Za-z]', '', 'g')), '');

CREATE TABLE books.dossier AS
SELECT coalesce(wow_text(Label), Folder) AS name, Folder AS code, Country AS country, Currency AS currency,
    NULL::VARCHAR AS vat_number
FROM landed.dossier;

-- Whether a year is closed is not told.
CREATE TABLE books.fiscal_years AS
SELECT label, start_date, end_date, NULL::BOOLEAN AS closed FROM landed.book_years;

CREATE TABLE books.periods AS
SELECT y.label AS fiscal_year, p.Number::INTEGER AS period, p.start_date, p.end_date, p.kind
FROM landed.book_periods p JOIN landed.book_years y ON y.Id = p.BookYear_Id;

CREATE TABLE books.accounts AS
SELECT trim(Code) AS number, coalesce(wow_text(Name), '') AS name, NULL::VARCHAR AS type, NULL::VARCHAR AS statement,
    NULL::VARCHAR AS package_type, NULL::VARCHAR AS explicit_code, NULL::VARCHAR AS currency,
    NOT coalesce(IsLocked, false) AND NOT coalesce(IsHidden, false) AS active, false AS heading
FROM landed.accounts
QUALIFY row_number() OVER (PARTITION BY trim(Code) ORDER BY Id) = 1;

-- A supplier whose code is also that of a customer who is somebody else has a mark of ours behind it (inferred).
CREATE OR REPLACE TABLE wow_parties AS
WITH told AS (
    SELECT *, 'customer' AS kind FROM landed.customers UNION ALL BY NAME SELECT *, 'supplier' AS kind FROM landed.suppliers
), once AS (
    SELECT Id, kind, trim(Code) AS told_code, wow_text(ThirdCode) AS third, wow_text(ThirdName) AS name,
        wow_vat(ThirdVatNumber) AS number, upper(coalesce(wow_text(ThirdVatCountryCode), wow_text(AddressCountryCode))) AS country,
        wow_text(GLAccountCentralCode) AS control_account
    FROM told
    QUALIFY row_number() OVER (PARTITION BY kind, trim(Code) ORDER BY Id) = 1
)
SELECT o.*, CASE WHEN o.kind = 'supplier' AND c.Id IS NOT NULL AND coalesce(o.third, o.name) IS DISTINCT FROM coalesce(c.third, c.name)
    THEN o.told_code || ' (S)' ELSE o.told_code END AS code,
    CASE WHEN o.number IS NULL THEN NULL WHEN o.country IS NULL OR NOT regexp_matches(o.number, '^[0-9]') THEN o.number
        ELSE o.country || o.number END AS vat_number
FROM once o LEFT JOIN once c ON c.kind = 'customer' AND o.kind = 'supplier' AND c.told_code = o.told_code;

CREATE TABLE books.counterparties AS
SELECT code, coalesce(any_value(name ORDER BY kind), '') AS name,
    CASE WHEN count(DISTINCT kind) = 2 THEN 'both' ELSE any_value(kind) END AS kind,
    any_value(vat_number ORDER BY kind) AS vat_number, any_value(country ORDER BY kind) AS country,
    CASE WHEN count(DISTINCT kind) = 1 THEN any_value(control_account) END AS control_account
FROM wow_parties
GROUP BY code;

-- Lines and headers as they were told last; in years that were swept, those whose ids were seen in the last sweep.
CREATE OR REPLACE TABLE wow_repeated AS
SELECT Id FROM landed.lines GROUP BY Id HAVING count(*) > 1;

CREATE OR REPLACE VIEW wow_standing AS
SELECT l.*, p.BookYear_Id, p.Number, p.kind, p.start_date AS period_start
FROM (
    FROM landed.lines ANTI JOIN wow_repeated USING (Id)
    UNION ALL
    FROM landed.lines SEMI JOIN wow_repeated USING (Id)
    QUALIFY row_number() OVER (PARTITION BY Id ORDER BY Reading DESC) = 1
) l
LEFT JOIN landed.book_periods p ON p.Id = l.BookPeriod_Id
LEFT JOIN landed.swept w ON w.BookYear_Id = p.BookYear_Id
LEFT JOIN landed.standing s ON s.Id = l.Id AND s.Sweep >= w.Sweep
WHERE w.Sweep IS NULL OR s.Id IS NOT NULL;

CREATE OR REPLACE TABLE wow_headers AS
FROM landed.headers QUALIFY row_number() OVER (PARTITION BY Id ORDER BY Reading DESC) = 1;

-- Older versions name related objects by their ids alone. Currencies and VAT codes are then not known.
CREATE OR REPLACE VIEW wow_lines AS
SELECT l.*, y.label, y.start_date AS year_start, y.end_date AS year_end, coalesce(h.IsTemp, false) AS simulated,
    coalesce(h.BookDate, l.ValueDate, l.period_start) AS day, wow_text(h.DocNumber) AS document, h.DueDate,
    coalesce(wow_text(h.JournalCode), j.Code) AS journal,
    coalesce(wow_text(l.GLAccountCode), trim(a.Code)) AS account,
    coalesce(c.code, s.code, wow_text(l.CustomerCode), wow_text(l.SupplierCode)) AS counterparty,
    coalesce(c.kind, s.kind) AS party_kind
FROM wow_standing l
LEFT JOIN landed.book_years y ON y.Id = l.BookYear_Id
LEFT JOIN wow_headers h ON h.Id = l.GLTransHeader_Id
LEFT JOIN landed.journals j ON j.Id = h.Journal_Id
LEFT JOIN landed.accounts a ON a.Id = l.GLAccount_Id
LEFT JOIN landed.customers ci ON ci.Id = l.Customer_Id
LEFT JOIN landed.suppliers si ON si.Id = l.Supplier_Id
LEFT JOIN wow_parties c ON c.kind = 'customer' AND c.told_code = trim(coalesce(l.CustomerCode, ci.Code))
LEFT JOIN wow_parties s ON s.kind = 'supplier' AND s.told_code = trim(coalesce(l.SupplierCode, si.Code));

-- The first book year that the link asks for, where there are earlier ones; none: every year is wanted.
CREATE OR REPLACE TABLE wow_window AS
SELECT Id AS first_id, label AS first_year, start_date AS first_day
FROM landed.book_years
WHERE end_date >= (SELECT Since FROM landed.dossier)
    AND (SELECT Since FROM landed.dossier) > (SELECT min(start_date) FROM landed.book_years)
ORDER BY start_date
LIMIT 1;

CREATE TABLE books.journal_lines AS
SELECT Id AS line_key, coalesce(GLTransHeader_Id, Id) AS entry_key, try_cast(LineOrder AS INTEGER) AS line_no,
    label AS fiscal_year, Number::INTEGER AS period, coalesce(kind, 'normal') AS period_kind, day AS date, journal, document,
    account, counterparty, wow_text(coalesce(wow_text(CommentBooking), wow_text(CommentExternal), Reference)) AS description,
    -- One signed amount, debit positive: a negative debit cannot be told from a credit.
    greatest(Amount, 0)::DECIMAL(20,4) AS debit, greatest(-Amount, 0)::DECIMAL(20,4) AS credit,
    wow_text(CurrencyCode) AS currency,
    CASE WHEN wow_text(CurrencyCode) IS NOT NULL THEN CurrencyAmount END AS amount_currency,
    wow_text(VatCode) AS vat_code,
    -- A document is due where its customer or supplier is booked.
    CASE WHEN counterparty IS NOT NULL THEN DueDate END AS due_date,
    CASE WHEN Modified IS NOT NULL THEN epoch_ms(Modified) END::TIMESTAMP AS modified_at
FROM wow_lines
WHERE NOT simulated AND NOT EXISTS (FROM wow_window w WHERE year_start < w.first_day);

-- What simulation entries hold is in the package's sums, too.
CREATE OR REPLACE TABLE wow_totals AS
WITH simulated AS (
    SELECT BookYear_Id, kind, account AS GLAccountCode, -Amount AS Amount FROM wow_lines WHERE simulated
)
SELECT y.Id AS year_id, y.label, y.start_date, t.kind, trim(t.GLAccountCode) AS account, sum(t.Amount)::DECIMAL(20,4) AS amount
FROM (SELECT * FROM landed.totals UNION ALL BY NAME SELECT * FROM simulated) t
JOIN landed.book_years y ON y.Id = t.BookYear_Id
WHERE t.GLAccountCode IS NOT NULL
GROUP BY ALL;

-- From a date on, the balance at that date is what was booked before, where the year has no opening entries yet; the
-- result of those years stands with the result brought forward, on the first account of class 14 (inferred).
INSERT INTO books.journal_lines BY NAME
WITH earlier AS (
    SELECT CASE WHEN left(account, 1) IN ('6', '7')
            THEN coalesce((SELECT min(number) FROM books.accounts WHERE starts_with(number, '14')), '140000')
            ELSE account END AS account,
        sum(amount)::DECIMAL(20,4) AS amount
    FROM wow_totals t, wow_window w
    WHERE t.start_date < w.first_day
    GROUP BY ALL
)
SELECT 'opening-' || w.first_year || '-' || e.account AS line_key, 'opening-' || w.first_year AS entry_key,
    row_number() OVER (ORDER BY e.account)::INTEGER AS line_no, w.first_year AS fiscal_year, 0 AS period,
    'opening' AS period_kind, w.first_day AS date, e.account, greatest(e.amount, 0) AS debit,
    greatest(-e.amount, 0) AS credit, (SELECT Currency FROM landed.dossier) AS currency
FROM earlier e, wow_window w
WHERE e.amount <> 0
    AND NOT EXISTS (FROM books.journal_lines WHERE fiscal_year = w.first_year AND period_kind = 'opening');

-- A journal stands once per book year; the latest one names it. Its kind is not public: it is what its documents have
-- (inferred): a customer's or a supplier's line first, or a line on a bank or cash account in each.
CREATE TABLE books.journals AS
WITH documents AS (
    SELECT journal, GLTransHeader_Id, any_value(period_kind) AS period_kind,
        bool_or(LineOrder = 0 AND party_kind = 'customer') AS sale, bool_or(LineOrder = 0 AND party_kind = 'supplier') AS purchase,
        bool_or(left(account, 2) IN ('55', '56')) AS bank, bool_or(left(account, 2) = '57') AS cash,
        sum(CASE WHEN LineOrder = 0 THEN Amount END) AS first_amount
    FROM (SELECT *, coalesce(kind, 'normal') AS period_kind FROM wow_lines WHERE NOT simulated)
    GROUP BY ALL
), kinds AS (
    SELECT journal, CASE
        WHEN bool_and(period_kind = 'opening') THEN 'opening' WHEN bool_and(period_kind = 'closing') THEN 'closing'
        WHEN bool_and(sale) THEN CASE WHEN bool_and(first_amount < 0) THEN 'sales_credit' ELSE 'sales' END
        WHEN bool_and(purchase) THEN CASE WHEN bool_and(first_amount > 0) THEN 'purchase_credit' ELSE 'purchase' END
        WHEN bool_and(bank) THEN 'bank' WHEN bool_and(cash) THEN 'cash' ELSE 'general' END AS type
    FROM documents WHERE journal IS NOT NULL GROUP BY journal
), named AS (
    SELECT trim(j.Code) AS code, arg_max(wow_text(j.Name), coalesce(y.start_date, DATE '0001-01-01')) AS name
    FROM landed.journals j LEFT JOIN landed.book_years y ON y.Id = j.BookYear_Id
    GROUP BY ALL
)
SELECT coalesce(n.code, k.journal) AS code, coalesce(n.name, n.code, k.journal) AS name, coalesce(k.type, 'other') AS type
FROM named n FULL JOIN kinds k ON k.journal = n.code;

-- The package's own sums of a year: what it opens with, where it has opening entries, and what moved. An account that
-- they leave out moved by nothing.
CREATE TABLE books.trial_balances AS
WITH years AS (
    SELECT year_id, label, bool_or(kind = 'opening') AS opens
    FROM wow_totals WHERE NOT EXISTS (FROM wow_window w WHERE start_date < w.first_day)
    GROUP BY ALL
), accounts AS (
    SELECT number AS account FROM books.accounts UNION SELECT account FROM wow_totals
), moved AS (
    SELECT y.label, a.account, CASE WHEN y.opens THEN coalesce(sum(t.amount) FILTER (t.kind = 'opening'), 0) END AS opening,
        coalesce(sum(t.amount) FILTER (t.kind = 'normal'), 0) AS amount
    FROM years y CROSS JOIN accounts a LEFT JOIN wow_totals t ON t.year_id = y.year_id AND t.account = a.account
    GROUP BY y.label, y.opens, a.account
)
SELECT label AS fiscal_year, NULL::INTEGER AS period, account, opening::DECIMAL(20,4) AS opening,
    greatest(amount, 0)::DECIMAL(20,4) AS debit, greatest(-amount, 0)::DECIMAL(20,4) AS credit,
    NULL::DECIMAL(20,4) AS closing
FROM moved;
