"""The load as it runs on the bench, with the rows that stand attached as database ``wh``, whoever keeps them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb

from warehouse import scripts
from warehouse.contract import DossierFacts, Loaded, LoadRecord


def open_window(db: duckdb.DuckDBPyConnection, facts: DossierFacts, record: LoadRecord) -> None:
    """Tells the load's scripts what they replace; runs before the transaction, under the lock."""
    for name, value in (("dossier_id", facts.dossier_id), ("link_id", facts.link_id), ("sync_id", record.sync_id)):
        db.execute(f"SET VARIABLE {name} = ?", [value])
    db.execute("SET VARIABLE load_since = ?::DATE", [facts.since])
    db.execute("SET VARIABLE seen_at = ?::TIMESTAMP", [naive_utc(record.finished_at)])
    db.execute("SET VARIABLE cause = ?", [record.cause])
    if facts.kind == "clients":
        return
    scripts.run(db, "load_window")
    stood = db.execute("SELECT link_id FROM wh.ledger.dossiers WHERE dossier_id = ?", [facts.dossier_id]).fetchall()
    compare = record.cause == "package" and stood == [(facts.link_id,)]
    db.execute("SET VARIABLE compare_lines = ?", [compare])
    scripts.run(db, "line_changes")


def replace_window(db: duckdb.DuckDBPyConnection, facts: DossierFacts, record: LoadRecord) -> Loaded:
    """The body of the load's transaction but for the lines, with the warehouse attached to the bench as ``wh``."""
    first_year_end = None
    if facts.kind == "clients":
        scripts.run(db, "load_clients")
        counts = (
            "SELECT count(*) FILTER (status <> 'removed'), (SELECT count(*) FROM work.client_changes "
            "WHERE change = 'removed') FROM work.clients"
        )
    else:
        scripts.run(db, "load")
        counts = "SELECT inserted, deleted FROM work.load_counts"
        ((first_year_end,),) = db.execute("SELECT arg_min(end_date, start_date) FROM work.years").fetchall()
    scripts.run(db, "load_checks")
    inserted, deleted = db.execute(counts).fetchall()[0]
    db.execute("DELETE FROM wh.ledger.dossiers WHERE dossier_id = ?", [facts.dossier_id])
    db.execute(
        "INSERT INTO wh.ledger.dossiers BY NAME SELECT ? AS dossier_id, ? AS firm_id, ? AS name, ? AS code, "
        "? AS software, ? AS connection_id, ? AS external_id, ? AS country, ? AS currency, ? AS vat_number, "
        "?::DATE AS first_year_end, ? AS sync_mode, "
        "?::DATE AS transfer_date, ?::TIMESTAMP AS last_synced_at, 'synced' AS status, ? AS sync_id, "
        "? AS link_id, ? AS snapshot_id, ? AS cursor, ? AS calendar, ? AS rules_version, ? AS kind",
        [
            facts.dossier_id,
            facts.firm_id,
            facts.name,
            facts.code,
            facts.software,
            facts.connection_id,
            facts.external_id,
            facts.country,
            facts.currency,
            facts.vat_number,
            first_year_end,
            facts.mode,
            facts.since,
            naive_utc(record.as_of or record.finished_at),
            record.sync_id,
            facts.link_id,
            record.snapshot_id,
            json.dumps(record.cursor) if record.cursor is not None else None,
            record.calendar,
            record.rules,
            facts.kind,
        ],
    )
    db.execute(
        "INSERT INTO wh.ledger.sync_runs BY NAME SELECT ? AS sync_id, ? AS dossier_id, ? AS link_id, ? AS trigger, "
        "? AS mode, ?::DATE AS window_start, ?::TIMESTAMP AS started_at, ?::TIMESTAMP AS finished_at, "
        "'synced' AS status, ? AS rows_read, ? AS rows_loaded, ? AS rows_deleted, ? AS vendor_calls, "
        "? AS dagster_run_id",
        [
            record.sync_id,
            facts.dossier_id,
            facts.link_id,
            record.trigger,
            facts.mode,
            facts.since,
            naive_utc(record.started_at),
            naive_utc(record.finished_at),
            record.rows_read,
            inserted,
            deleted,
            record.vendor_calls,
            record.dagster_run_id,
        ],
    )
    return Loaded(inserted, deleted)


def naive_utc(moment: datetime) -> datetime:
    """Tables hold UTC without a zone: analysts' tools otherwise shift it to their own."""
    return moment.astimezone(UTC).replace(tzinfo=None)
