-- From AFAS's own fields (landed.*) to the common language (books.*).
-- Conclusions of ours that the vendor does not state are marked "inferred".

CREATE OR REPLACE MACRO afas_text(told) AS nullif(trim(told), '');
-- Dates carry a Z, and are local all the same.
CREATE OR REPLACE MACRO afas_date(told) AS try_cast(left(told, 10) AS DATE);

CREATE TABLE books.dossier AS
SELECT afas_text(AdminNm) AS name, coalesce(afas_text(AdminCd), AdminId::VARCHAR) AS code, Country AS country,
    Currency AS currency, NULL::VARCHAR AS vat_number
FROM landed.dossier;

-- Period 0 opens the year; one that lies within those before it is for corrections at its end (both inferred).
CREATE TABLE books.periods AS
SELECT Year::VARCHAR AS fiscal_year, Period::INTEGER AS period, min(afas_date(DateFrom)) AS start_date,
    max(afas_date(DateTo)) AS end_date,
    CASE WHEN Period = 0 THEN 'opening'
        WHEN min(afas_date(DateFrom)) <= max(max(afas_date(DateTo))) OVER (
            PARTITION BY Year, Period = 0 ORDER BY Period ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) THEN 'adjustment' ELSE 'normal' END AS kind
FROM landed.periods GROUP BY Year, Period;

-- A year is its periods together, and closed when all of them are blocked (inferred).
CREATE TABLE books.fiscal_years AS
SELECT Year::VARCHAR AS label, min(afas_date(DateFrom)) AS start_date, max(afas_date(DateTo)) AS end_date,
    CASE WHEN bool_and(Blocked IS NOT NULL) THEN bool_and(Blocked) END AS closed
FROM landed.periods GROUP BY Year;

-- The first year that the link asks for; NULL: all.
CREATE OR REPLACE TABLE afas_window AS
SELECT any_value(y.label::BIGINT ORDER BY y.start_date) AS first_year, min(y.start_date) AS first_day
FROM landed.dossier d JOIN books.fiscal_years y ON y.end_date >= d.Since;

-- Customers and suppliers are accounts of their own on lines. They stand on the control account that the customer
-- names, else on the first one that the chart marks (D, C); inferred for suppliers, who name none.
CREATE OR REPLACE TABLE afas_parties AS
WITH controls AS (
    SELECT CollectAccountType AS side, min(afas_text(Account)) AS account FROM landed.accounts GROUP BY ALL
), told AS (
    SELECT afas_text(DebtorId) AS number, 'customer' AS kind, afas_text(DebtorName) AS name,
        afas_text(VatNr) AS vat_number,
        coalesce(afas_text(CollectAccount), (SELECT account FROM controls WHERE side = 'D')) AS control
    FROM landed.debtors
    UNION ALL
    SELECT afas_text(CreditorId), 'supplier', afas_text(CreditorName), afas_text("Btw-nummer"),
        (SELECT account FROM controls WHERE side = 'C')
    FROM landed.creditors
)
SELECT number, CASE WHEN count(DISTINCT kind) > 1 THEN 'both' ELSE min(kind) END AS kind,
    coalesce(any_value(name ORDER BY kind), '') AS name, any_value(vat_number ORDER BY kind) AS vat_number,
    any_value(control ORDER BY kind) AS control
FROM told WHERE number IS NOT NULL GROUP BY number;

CREATE TABLE books.counterparties AS
SELECT number AS code, name, kind, vat_number, NULL::VARCHAR AS country, control AS control_account FROM afas_parties;

-- Every account number that lines or balances carry, with the ledger account that it stands on.
CREATE OR REPLACE TABLE afas_places AS
WITH used AS (
    SELECT AccountNo AS told FROM landed.lines UNION SELECT AccountNr FROM landed.period_balance
)
SELECT u.told, p.number AS party, coalesce(p.control, afas_text(u.told)) AS account
FROM used u
LEFT JOIN afas_parties p
    ON p.number = afas_text(u.told) AND p.number NOT IN (SELECT afas_text(Account) FROM landed.accounts WHERE Account IS NOT NULL)
WHERE afas_text(u.told) IS NOT NULL;

CREATE OR REPLACE TABLE afas_sums AS
SELECT b.Year AS year, b.Period AS period, p.account, sum(coalesce(b.Debit, 0))::DECIMAL(20,4) AS debit,
    sum(coalesce(b.Credit, 0))::DECIMAL(20,4) AS credit
FROM landed.period_balance b JOIN afas_places p ON p.told = b.AccountNr
GROUP BY ALL;

-- Types are codes (1 to 4), and labels in some connectors. There is none for equity.
CREATE OR REPLACE TABLE afas_accounts AS
SELECT afas_text(Account) AS number, coalesce(afas_text(Description), '') AS name,
    CASE lower(afas_text(Type)) WHEN '1' THEN 1 WHEN 'activa' THEN 1 WHEN '2' THEN 2 WHEN 'passiva' THEN 2
        WHEN '3' THEN 3 WHEN 'opbrengsten' THEN 3 WHEN '4' THEN 4 WHEN 'kosten' THEN 4 END AS type,
    coalesce(Blocked, false) AS blocked, coalesce(CollectAccount, false) AS collects,
    coalesce(CollectAccountType, 'N') AS side
FROM landed.accounts WHERE afas_text(Account) IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY afas_text(Account) ORDER BY coalesce(Blocked, false), Description) = 1;

-- The account that takes a year's result is the one that opens with just so much more than it closed with (inferred);
-- nobody names it. Only a year that opens with entries of its own can tell.
CREATE OR REPLACE TABLE afas_result_account AS
WITH opened AS (SELECT DISTINCT year FROM afas_sums WHERE period = 0 AND debit <> credit),
results AS (
    SELECT s.year, sum(s.debit - s.credit) AS amount FROM afas_sums s JOIN afas_accounts a ON a.number = s.account
    WHERE a.type IN (3, 4) GROUP BY ALL HAVING sum(s.debit - s.credit) <> 0
), turns AS (
    SELECT r.year, s.account,
        sum(CASE WHEN s.year = r.year THEN s.credit - s.debit WHEN s.period = 0 THEN s.debit - s.credit ELSE 0 END) AS more,
        r.amount
    FROM results r
    JOIN afas_sums s ON s.year IN (r.year, r.year + 1)
    JOIN afas_accounts a ON a.number = s.account AND a.type IN (1, 2)
    WHERE r.year + 1 IN (FROM opened)
    GROUP BY r.year, s.account, r.amount
)
SELECT account FROM turns WHERE more = amount GROUP BY account ORDER BY count(*) DESC, account LIMIT 1;

CREATE OR REPLACE TABLE books.carried_result AS FROM afas_result_account;

CREATE TABLE books.accounts AS
SELECT number, name,
    CASE WHEN number IN (FROM afas_result_account) THEN 'equity'
        ELSE CASE type WHEN 1 THEN 'asset' WHEN 2 THEN 'liability' WHEN 3 THEN 'income' WHEN 4 THEN 'expense' END END AS type,
    CASE WHEN type IN (1, 2) THEN 'balance' WHEN type IN (3, 4) THEN 'result' END AS statement,
    CASE WHEN number IN (FROM afas_result_account) THEN 'A:result' WHEN side IN ('D', 'C') AND type IN (1, 2) THEN 'A:' || side
        ELSE 'A:' || type END AS package_type,
    NULL::VARCHAR AS explicit_code, (SELECT any_value(currency) FROM books.dossier) AS currency, NOT blocked AS active,
    collects AND side = 'N' AS heading
FROM afas_accounts;

-- Every line once, as the last pass told it; what a later pass over its booking day did not find again is gone. Only
-- the few lines told twice are sorted.
CREATE OR REPLACE TABLE afas_repeated AS
SELECT JournalId, Year, EntryNo, SeqNo FROM landed.lines GROUP BY ALL HAVING count(*) > 1;

CREATE OR REPLACE VIEW afas_lines AS
SELECT l.*
FROM (
    FROM landed.lines ANTI JOIN afas_repeated USING (JournalId, Year, EntryNo, SeqNo)
    UNION ALL
    FROM landed.lines SEMI JOIN afas_repeated USING (JournalId, Year, EntryNo, SeqNo)
    QUALIFY row_number() OVER (PARTITION BY JournalId, Year, EntryNo, SeqNo ORDER BY Read DESC) = 1
) l
ANTI JOIN landed.days d ON d.EntryDate = left(l.EntryDate, 10) AND d.Read > l.Read;

-- When an invoice falls due, for the line of its party.
CREATE OR REPLACE TABLE afas_due AS
SELECT party, invoice, min(due_date) AS due_date
FROM (
    SELECT afas_text(DebtorId) AS party, afas_text(InvoiceNr) AS invoice, afas_date(ExpDate) AS due_date
    FROM landed.debtor_invoices
    UNION ALL
    SELECT afas_text(CreditorId), afas_text(InvoiceNr), afas_date(ExpDate) FROM landed.creditor_invoices
)
WHERE party IS NOT NULL AND invoice IS NOT NULL GROUP BY ALL;

CREATE TABLE books.journal_lines AS
SELECT concat_ws('-', l.UnitId, l.JournalId, l.Year, l.EntryNo, l.SeqNo) AS line_key,
    concat_ws('-', l.UnitId, l.JournalId, l.Year, l.EntryNo) AS entry_key,
    l.SeqNo::INTEGER AS line_no, l.Year::VARCHAR AS fiscal_year, l.Period::INTEGER AS period,
    coalesce(p.kind, CASE l.Period WHEN 0 THEN 'opening' ELSE 'normal' END) AS period_kind,
    afas_date(l.EntryDate) AS date, afas_text(l.JournalId) AS journal,
    coalesce(afas_text(l.VoucherNo), afas_text(l.InvoiceId)) AS document, a.account, a.party AS counterparty,
    afas_text(l.Description) AS description, coalesce(l.AmtDebit, 0)::DECIMAL(20,4) AS debit,
    coalesce(l.AmtCredit, 0)::DECIMAL(20,4) AS credit, NULL::VARCHAR AS currency,
    NULL::DECIMAL(20,4) AS amount_currency, afas_text(l.VatCode) AS vat_code, d.due_date,
    try_cast(left(l.Modified, 19) AS TIMESTAMP) AS modified_at
FROM afas_lines l
LEFT JOIN afas_places a ON a.told = l.AccountNo
LEFT JOIN books.periods p ON p.fiscal_year = l.Year::VARCHAR AND p.period = l.Period
LEFT JOIN afas_due d ON d.party = a.party AND d.invoice = afas_text(l.InvoiceId)
WHERE (SELECT first_year IS NULL OR l.Year IS NULL OR l.Year >= first_year FROM afas_window);

-- A year that was not opened in the package has no opening entries of its own. From a date on, its opening balance is
-- then what the package's own sums of the years before tell, from the last one on that was opened.
INSERT INTO books.journal_lines
WITH base AS (
    SELECT coalesce((SELECT max(s.year) FROM afas_sums s WHERE s.period = 0 AND s.year < w.first_year), 0) AS year
    FROM afas_window w
), earlier AS (
    SELECT CASE WHEN a.type IN (3, 4) THEN coalesce((FROM afas_result_account), 'RESULT-CARRIED') ELSE s.account END AS account,
        sum(s.debit - s.credit)::DECIMAL(20,4) AS amount
    FROM afas_sums s LEFT JOIN afas_accounts a ON a.number = s.account, base b, afas_window w
    WHERE s.year >= b.year AND s.year < w.first_year
    GROUP BY ALL
)
SELECT 'opening-' || w.first_year || '-' || e.account, 'opening-' || w.first_year,
    row_number() OVER (ORDER BY e.account)::INTEGER, w.first_year::VARCHAR, 0, 'opening', w.first_day, NULL, NULL, e.account,
    NULL, NULL, greatest(e.amount, 0), greatest(-e.amount, 0), NULL, NULL, NULL, NULL, NULL
FROM earlier e, afas_window w
WHERE e.amount <> 0
    AND NOT EXISTS (FROM books.journal_lines WHERE fiscal_year = w.first_year::VARCHAR AND period_kind = 'opening');

-- The vendor's codes for types of journals are not public: what a journal is for is told by what it holds (inferred).
CREATE TABLE books.journals AS
WITH used AS (
    SELECT l.journal AS code, bool_and(l.period_kind = 'opening') AS opens,
        bool_or(p.kind = 'customer' AND l.due_date IS NOT NULL) AS sells,
        bool_or(p.kind = 'supplier' AND l.due_date IS NOT NULL) AS buys
    FROM books.journal_lines l LEFT JOIN afas_parties p ON p.number = l.counterparty
    WHERE l.journal IS NOT NULL GROUP BY ALL
)
SELECT afas_text(j.JournalId) AS code, coalesce(any_value(afas_text(j.Description)), '') AS name,
    CASE WHEN bool_or(u.opens) THEN 'opening' WHEN bool_or(u.sells) AND NOT bool_or(u.buys) THEN 'sales'
        WHEN bool_or(u.buys) AND NOT bool_or(u.sells) THEN 'purchase' ELSE 'other' END AS type
FROM landed.journals j LEFT JOIN used u ON u.code = afas_text(j.JournalId)
WHERE afas_text(j.JournalId) IS NOT NULL
GROUP BY ALL;

-- The package's own sums: per period, and of the year as a whole where it opens with entries (elsewhere the balance
-- that it opens with is not told).
CREATE TABLE books.trial_balances AS
WITH told AS (SELECT s.* FROM afas_sums s, (SELECT any_value(first_year) AS first_year FROM afas_window) w
    WHERE w.first_year IS NULL OR s.year >= w.first_year)
SELECT year::VARCHAR AS fiscal_year, period::INTEGER AS period, account, NULL::DECIMAL(20,4) AS opening, debit, credit,
    NULL::DECIMAL(20,4) AS closing
FROM told WHERE period <> 0
UNION ALL
SELECT year::VARCHAR, NULL, account, coalesce(sum(debit - credit) FILTER (period = 0), 0)::DECIMAL(20,4),
    coalesce(sum(debit) FILTER (period <> 0), 0)::DECIMAL(20,4),
    coalesce(sum(credit) FILTER (period <> 0), 0)::DECIMAL(20,4), sum(debit - credit)::DECIMAL(20,4)
FROM told WHERE year IN (SELECT year FROM told WHERE period = 0)
GROUP BY ALL;
