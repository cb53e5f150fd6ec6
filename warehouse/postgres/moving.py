"""Moves the ledgers of an embedded warehouse into Postgres, dossier by dossier, and proves that all of them came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from foundation.errors import Busy, ReportABug, WrongInput
from warehouse.contract import Reader
from warehouse.postgres.mirror import Window, clean_texts, mirror
from warehouse.postgres.schema import owner, tables
from warehouse.postgres.store import PostgresWarehouse
from warehouse.store import Warehouse

_SUMS = {
    "journal_lines": "sum(debit), sum(credit), sum(amount), count(DISTINCT sync_id)",
    "trial_balances": "sum(opening), sum(debit), sum(credit), sum(closing)",
}


def move(
    source: Warehouse, target: PostgresWarehouse, scratch: Path, report: Callable[[str], None] = lambda dossier: None
) -> int:
    """Makes the target tell what the source tells; returns the number of dossiers.

    A transaction per dossier, which writes only what differs: safe to break off and to repeat. Raises WrongInput where
    the target was synced since, Busy where the source was meanwhile.
    """
    source.publish()
    target.create()
    with duckdb.connect(":memory:", config={"memory_limit": "512MB", "temp_directory": str(scratch)}) as db:
        quoted = str(source.published).replace("'", "''")
        db.execute(f"ATTACH '{quoted}' AS moved (READ_ONLY)")
        _refuse_newer(db, target)
        dossiers = db.execute("SELECT dossier_id FROM moved.ledger.dossiers ORDER BY dossier_id").fetchall()
        for (dossier_id,) in dossiers:
            _move(db, target, Window(dossier_id, None))
            report(dossier_id)
    target.analyze()
    with source.reader() as old, target.reader() as new:
        _prove(old, new)
    if source.publish():
        raise Busy(
            "dossiers were synced while they were moved",
            next_step="Stop Dagster and repeat the command: it moves what changed.",
        )
    return len(dossiers)


def _refuse_newer(db: duckdb.DuckDBPyConnection, target: PostgresWarehouse) -> None:
    known = set(
        db.execute(
            "SELECT dossier_id, sync_id FROM moved.ledger.sync_runs "
            "UNION SELECT dossier_id, sync_id FROM moved.ledger.dossiers"
        ).fetchall()
    )
    with target.reader() as there:
        standing = there.execute("SELECT dossier_id, sync_id FROM ledger.dossiers").fetchall()
    newer = sorted(dossier_id for dossier_id, sync_id in standing if (dossier_id, sync_id) not in known)
    if newer:
        raise WrongInput(
            f"the database holds syncs of dossiers that this installation does not know, such as {newer[0]}",
            next_step="It was used since, and nothing was moved. Give an empty database, or go on with that one.",
        )


def _move(db: duckdb.DuckDBPyConnection, target: PostgresWarehouse, window: Window) -> None:
    """One window's rows, beside those that stand in Postgres; what differs goes over."""
    texts = [field.name for field in tables()["journal_lines"] if pa.types.is_string(field.type)]
    clean = ", ".join(f"replace({name}, chr(0), '') AS {name}" for name in texts)
    quoted = window.dossier_id.replace("'", "''")
    told = f"(SELECT * REPLACE ({clean}) FROM moved.ledger.journal_lines WHERE dossier_id = '{quoted}')"
    with target.writing(window.dossier_id) as connection, mirror(db, connection, window, told, history=True) as rows:
        for table, columns in tables().items():
            by = owner(columns.names)
            if table == "journal_lines" or by is None:
                continue
            db.execute(f"DELETE FROM wh.ledger.{table}")
            db.execute(
                f"INSERT INTO wh.ledger.{table} BY NAME SELECT * FROM moved.ledger.{table} WHERE {by} = ?",
                [window.dossier_id],
            )
        clean_texts(db, "wh", ["ledger"])
        rows.push()


def _prove(old: Reader, new: Reader) -> None:
    """Counts per dossier of every table, and sums of the amounts, are the same on both sides."""
    for table, columns in tables().items():
        by = owner(columns.names)
        if by is None:
            continue
        sums = f", {_SUMS[table]}" if table in _SUMS else ""
        query = f"SELECT {by}, count(*){sums} FROM ledger.{table} GROUP BY {by} ORDER BY {by}"
        theirs, ours = old.execute(query).fetchall(), new.execute(query).fetchall()
        if theirs != ours:
            off = sorted(str(key) for key in {row[0] for row in set(theirs) ^ set(ours)})
            raise ReportABug(f"{table} of {', '.join(off[:5])} did not arrive whole", next_step="Repeat the command.")
