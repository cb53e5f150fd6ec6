"""What must hold once processes were killed: at once, and when one more run came to its end."""

from __future__ import annotations

from datetime import datetime

import dagster as dg
import psycopg
from filelock import FileLock

from tests.machines.books import PACKAGES
from tests.machines.nights import Installation

LINES = 5
_HALVES = """
SELECT d.dossier_id,
    (SELECT count(*) FROM ledger.journal_lines l WHERE l.dossier_id = d.dossier_id),
    (SELECT sum(amount) FROM ledger.journal_lines l WHERE l.dossier_id = d.dossier_id),
    (SELECT count(DISTINCT sync_id) FROM ledger.journal_lines l WHERE l.dossier_id = d.dossier_id),
    (SELECT count(*) FROM ledger.sync_runs s WHERE s.sync_id = d.sync_id)
FROM ledger.dossiers d
"""


def assert_nothing_is_half_done(installation: Installation, begun: datetime) -> None:
    """Readers find each dossier whole, of one sync, or not at all. Each is read, or shown as failed; the registry says
    of none that it is being read."""
    if installation.house.warehouse.readable:
        with installation.house.warehouse.reader() as db:
            rows = db.execute(_HALVES).fetchall()
        assert {row[1:] for row in rows} <= {(LINES, 0, 1, 1)}, rows
    good, shown = installation.good(begun), installation.partitions()
    assert {name for name, status in shown.items() if status == "MATERIALIZED"} <= good
    assert set(shown) - good <= {name for name, status in shown.items() if status == "FAILED"}
    assert not [run for run in installation.house.registry.runs(limit=None) if run.status == "running"]


def assert_all_is_done(installation: Installation, begun: datetime) -> None:
    """Every dossier is read and green."""
    assert installation.good(begun) == set(installation.books.all_names)
    assert installation.partitions() == dict.fromkeys(installation.books.all_names, "MATERIALIZED")


def assert_nothing_is_left(installation: Installation) -> None:
    """No lock is held, no place taken, no run at work, and no unfinished file lies anywhere."""
    home, registry, instance = installation.home, installation.house.registry, installation.instance
    for folder in (home.scratch, installation.temporary):
        assert list(folder.iterdir()) == []
    assert list(home.locks.glob("run-*")) == []
    for path in [*home.locks.glob("*.lock"), *home.warehouse.glob("*.lock")]:
        with FileLock(path, timeout=0):
            pass
    expected = {"warehouse.duckdb", "ledger_read.duckdb", ".ledger_read.duckdb.spare"}
    expected |= {"ledger.lock", "published.stamp", "schema.stamp"}
    assert {path.name for path in home.warehouse.iterdir()} == (set() if home.database else expected)
    for software in PACKAGES:
        for name in installation.books.names(software):
            landed = {
                path.name: {file.name for file in path.iterdir()} for path in (home.landing / software / name).iterdir()
            }
            assert landed
            for files in landed.values():
                assert "manifest.json" in files
                assert {file.partition(".")[2] for file in files} == {"json", "parquet"}
        places = instance.event_log_storage.get_concurrency_info(software)
        assert (places.active_slot_count, places.pending_step_count) == (0, 0)
    failed = [run for run in registry.runs(limit=None) if run.status == "failed"]
    assert {run.error_kind for run in failed} <= {"crashed"}
    ended = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    assert {run.status for run in instance.get_runs()} <= ended
    if home.database:
        with psycopg.connect(home.database.reveal()) as db:
            database = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            held = db.execute(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {database}").fetchall()
        assert held == [(0,)]
