-- The common schema. Names and meanings are fixed; columns may be added.
-- Money is DECIMAL(20,4) in the dossier's base currency unless a column says otherwise. There are no keys or
-- indexes on purpose: uniqueness holds by construction (one transaction replaces a dossier's window) and is checked.
CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE IF NOT EXISTS ledger.dossiers (
    dossier_id VARCHAR, firm_id VARCHAR, name VARCHAR, code VARCHAR, software VARCHAR, connection_id VARCHAR,
    external_id VARCHAR, country VARCHAR, currency VARCHAR, vat_number VARCHAR, first_year_end DATE,
    sync_mode VARCHAR, transfer_date DATE, last_synced_at TIMESTAMP, status VARCHAR,
    -- what stands: the load that made it, and the snapshot and change cursor that it was made from
    sync_id VARCHAR, link_id VARCHAR, snapshot_id VARCHAR, cursor VARCHAR, calendar VARCHAR, rules_version VARCHAR
);
-- 'clients': no books, but the client list of an administrative package; NULL: books
ALTER TABLE ledger.dossiers ADD COLUMN IF NOT EXISTS kind VARCHAR;
CREATE TABLE IF NOT EXISTS ledger.fiscal_years (
    dossier_id VARCHAR, label VARCHAR, start_date DATE, end_date DATE, closed BOOLEAN, source VARCHAR,
    package_start_date DATE, package_end_date DATE
);
CREATE TABLE IF NOT EXISTS ledger.periods (
    dossier_id VARCHAR, fiscal_year VARCHAR, period INTEGER, start_date DATE, end_date DATE, kind VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.accounts (
    dossier_id VARCHAR, number VARCHAR, name VARCHAR, type VARCHAR, common_code VARCHAR, mapping_rule VARCHAR,
    package_type VARCHAR, currency VARCHAR, active BOOLEAN, stub BOOLEAN,
    -- 'balance' or 'result': whether its balance is carried into the next year
    statement VARCHAR
);
ALTER TABLE ledger.accounts ADD COLUMN IF NOT EXISTS confidence VARCHAR; -- of the code: high, medium, low
ALTER TABLE ledger.accounts ADD COLUMN IF NOT EXISTS contra BOOLEAN; -- accumulated depreciation, write-downs
CREATE TABLE IF NOT EXISTS ledger.journals (dossier_id VARCHAR, code VARCHAR, name VARCHAR, type VARCHAR);
CREATE TABLE IF NOT EXISTS ledger.counterparties (
    dossier_id VARCHAR, code VARCHAR, name VARCHAR, kind VARCHAR, vat_number VARCHAR, country VARCHAR,
    control_account VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.journal_lines (
    dossier_id VARCHAR, line_key VARCHAR, entry_key VARCHAR, line_no INTEGER, fiscal_year VARCHAR, period INTEGER,
    period_kind VARCHAR, date DATE, journal VARCHAR, document VARCHAR, account VARCHAR, counterparty VARCHAR,
    description VARCHAR, debit DECIMAL(20,4), credit DECIMAL(20,4), amount DECIMAL(20,4), currency VARCHAR,
    amount_currency DECIMAL(20,4), vat_code VARCHAR, due_date DATE, modified_at TIMESTAMP, link_id VARCHAR,
    sync_id VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.trial_balances (
    dossier_id VARCHAR, fiscal_year VARCHAR, period INTEGER, period_end DATE, account VARCHAR,
    opening DECIMAL(20,4), debit DECIMAL(20,4), credit DECIMAL(20,4), closing DECIMAL(20,4), source VARCHAR,
    -- as in periods.kind; the closing entries of a year stand apart from its last normal period
    period_kind VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.clients (
    firm_id VARCHAR, client_id VARCHAR, code VARCHAR, name VARCHAR, commercial_name VARCHAR, legal_form VARCHAR,
    enterprise_number VARCHAR, vat_number VARCHAR, address_line_1 VARCHAR, address_line_2 VARCHAR, postcode VARCHAR,
    city VARCHAR, country VARCHAR, email VARCHAR, phone VARCHAR, language VARCHAR, fiscal_year_end VARCHAR,
    responsible VARCHAR, status VARCHAR, software VARCHAR, external_id VARCHAR
);
-- The clients of a firm as its administrative packages list them; client_id is <list_id>/<external_id>. vat_number and
-- enterprise_number are written as in BE0403019261 and 0403019261, fiscal_year_end as MM-DD. status: active, inactive, or
-- removed (no longer in the list, since removed_at). Columns from officers on are JSON; extra is what has no column.
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS list_id VARCHAR; -- dossiers.dossier_id of the list, not of books
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS connection_id VARCHAR;
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS client_type VARCHAR;
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS client_group VARCHAR;
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS office VARCHAR; -- the firm's own entity that serves the client
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS dossier_code VARCHAR; -- its code in the bookkeeping package
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS removed_at TIMESTAMP;
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS officers VARCHAR;
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS shareholders VARCHAR;
ALTER TABLE ledger.clients ADD COLUMN IF NOT EXISTS extra VARCHAR;
-- What an administrative package told otherwise than before, per client and field. change: added, changed, removed,
-- returned; field is NULL for a client that was added. cause as in balance_changes. seen_at is when a sync saw it.
CREATE TABLE IF NOT EXISTS ledger.client_changes (
    list_id VARCHAR, firm_id VARCHAR, client_id VARCHAR, sync_id VARCHAR, seen_at TIMESTAMP, cause VARCHAR,
    change VARCHAR, field VARCHAR, old_value VARCHAR, new_value VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.check_results (
    sync_id VARCHAR, dossier_id VARCHAR, check_name VARCHAR, severity VARCHAR,
    -- NULL: the package gives no evidence for this check, which is not the same as passed
    passed BOOLEAN, value DECIMAL(20,4), detail VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.sync_runs (
    sync_id VARCHAR, dossier_id VARCHAR, link_id VARCHAR, trigger VARCHAR, mode VARCHAR, window_start DATE,
    started_at TIMESTAMP, finished_at TIMESTAMP, status VARCHAR, rows_read BIGINT, rows_loaded BIGINT,
    rows_deleted BIGINT, vendor_calls BIGINT, error_kind VARCHAR, error_message VARCHAR, dagster_run_id VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.common_chart (
    code VARCHAR, parent VARCHAR, level INTEGER, use VARCHAR, class VARCHAR, side VARCHAR, statement VARCHAR,
    name_en VARCHAR, name_fr VARCHAR, name_nl VARCHAR
);
ALTER TABLE ledger.common_chart ADD COLUMN IF NOT EXISTS twin VARCHAR; -- where reports show the other side

-- The codes that a closed year is told by (common_code) and was closed with (closed_code: they differ where a person's
-- rule reaches closed years); see frozen.sql. chart: the version of the common chart then.
CREATE TABLE IF NOT EXISTS ledger.year_mapping (
    dossier_id VARCHAR, fiscal_year VARCHAR, account VARCHAR, common_code VARCHAR, mapping_rule VARCHAR,
    closed_code VARCHAR, closed_rule VARCHAR, chart VARCHAR
);
-- What moved between two syncs: balances per year and account, before closing entries. cause: package (it told
-- otherwise), correction (people's, or newer rules of ours), moved (from another package or link).
CREATE TABLE IF NOT EXISTS ledger.balance_changes (
    dossier_id VARCHAR, sync_id VARCHAR, seen_at TIMESTAMP, cause VARCHAR, fiscal_year VARCHAR, year_closed BOOLEAN,
    account VARCHAR, old_opening DECIMAL(20,4), new_opening DECIMAL(20,4), old_closing DECIMAL(20,4),
    new_closing DECIMAL(20,4)
);
-- Lines that were added, changed or deleted since the first load. Columns tell the line as it stood before (as it came,
-- where it was added); new_* tell what became of it, NULL where it is gone. seen_at is when a sync saw it.
CREATE TABLE IF NOT EXISTS ledger.line_changes (
    dossier_id VARCHAR, sync_id VARCHAR, seen_at TIMESTAMP, change VARCHAR, year_closed BOOLEAN, line_key VARCHAR,
    entry_key VARCHAR, fiscal_year VARCHAR, period INTEGER, period_kind VARCHAR, date DATE, journal VARCHAR,
    document VARCHAR, account VARCHAR, counterparty VARCHAR, description VARCHAR, currency VARCHAR,
    old_debit DECIMAL(20,4), old_credit DECIMAL(20,4), old_amount DECIMAL(20,4), old_amount_currency DECIMAL(20,4),
    new_amount DECIMAL(20,4), new_account VARCHAR, new_date DATE, new_fiscal_year VARCHAR, new_period INTEGER
);
-- Where the package's balances and the computed ones differ in the figures that stand, and why.
CREATE TABLE IF NOT EXISTS ledger.balance_differences (
    dossier_id VARCHAR, sync_id VARCHAR, fiscal_year VARCHAR, period INTEGER, account VARCHAR, what VARCHAR,
    package DECIMAL(20,4), computed DECIMAL(20,4), difference DECIMAL(20,4), cause VARCHAR
);
