"""The warehouse on DuckDB: one writer at a time, one transaction per load, a published snapshot for readers.

Files in the warehouse folder:

* ``warehouse.duckdb``: the live file. Only this module opens it, behind a file lock, late and for a short time, because
  DuckDB lets no other process in while a writer has it.
* ``ledger_read.duckdb``: the published snapshot, replaced by an atomic rename. Readers open this one, read-only; a
  reader that holds it open keeps the figures that it opened with.

Publishing is shared: a load that finds its figures already published by another process has nothing left to do.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from foundation.errors import Busy, WrongInput
from warehouse import chart, scripts
from warehouse.bench import Workbench
from warehouse.remembered import Remembered, nothing, read_remembered
from warehouse.standing import Standing, read_standing

_FORMAT = "v1.5.0"  # readable by DuckDB 1.5 and 2.0


@dataclass(frozen=True)
class DossierFacts:
    """What the registry knows of a dossier and the warehouse repeats for analysts."""

    dossier_id: str
    firm_id: str
    link_id: str
    connection_id: str
    software: str
    external_id: str
    name: str
    code: str
    country: str | None
    currency: str | None
    vat_number: str | None
    mode: str
    since: date | None


@dataclass(frozen=True)
class LoadRecord:
    """What a load writes beside the figures: its run, the snapshot it was made from, the change cursor, people's
    corrections (``calendar``) and the code (``rules``) that made the figures, as fingerprints. ``cause`` is why they
    may differ from those that stood (see ``Workbench.check``); only the package's news is compared line by line."""

    sync_id: str
    snapshot_id: str
    cursor: Mapping[str, Any] | None
    calendar: str
    trigger: str
    started_at: datetime
    finished_at: datetime
    rows_read: int
    vendor_calls: int
    rules: str = ""
    cause: str = "package"
    as_of: datetime | None = None
    """When the package told these figures; None: at the end of this run."""
    dagster_run_id: str | None = None


@dataclass(frozen=True)
class Loaded:
    """Lines that a load put in and took out."""

    inserted: int
    deleted: int


class Warehouse:
    """The ledgers of all dossiers, in ``folder``. Opening the object opens no file."""

    def __init__(self, folder: Path, *, lock_timeout: float = 600.0) -> None:
        self.folder = folder
        self.live = folder / "warehouse.duckdb"
        self.published = folder / "ledger_read.duckdb"
        self._lock_timeout = lock_timeout

    def create(self) -> None:
        """Makes the file, or brings its views and chart up to date, and publishes; safe to repeat."""
        self.publish()

    def standing(self, dossier_id: str, *, keep_before: date | None = None) -> Standing:
        """What stands for a dossier; see :class:`warehouse.standing.Standing`."""
        if not self.live.exists():
            return Standing()
        with self._locked():
            db = duckdb.connect(str(self.live), read_only=True)
            try:
                return read_standing(db, dossier_id, keep_before)
            finally:
                db.close()

    def remembered(self, dossier_id: str) -> Remembered:
        """What was told of a dossier until now; see :mod:`warehouse.remembered`."""
        if not self.live.exists():
            return nothing()
        with self._writer() as db:
            return read_remembered(db, dossier_id)

    def load(self, bench: Workbench, facts: DossierFacts, record: LoadRecord) -> Loaded:
        """Replaces the dossier's window with what lies on the bench, in one transaction.

        The window is everything, or with ``facts.since`` the fiscal years that start at or after it. The record of
        the run and the cursor are part of the transaction: a crash leaves the old state or the new one.
        """
        with self._locked():
            self._ensure()
            bench.db.execute(f"ATTACH '{_quoted(self.live)}' AS wh")
            try:
                _open_window(bench.db, facts, record)
                bench.db.execute("BEGIN")
                try:
                    loaded = _replace(bench.db, facts, record)
                    bench.db.execute("COMMIT")
                except BaseException:
                    bench.db.execute("ROLLBACK")
                    raise
            finally:
                bench.db.execute("DETACH wh")
        return loaded

    def confirm(self, dossier_id: str, moment: datetime) -> None:
        """The package says that nothing changed: the figures that stand are as of ``moment``."""
        with self._writer() as db:
            db.execute(
                "UPDATE ledger.dossiers SET last_synced_at = ?::TIMESTAMP WHERE dossier_id = ?",
                [_naive_utc(moment), dossier_id],
            )

    def publish(self) -> bool:
        """Makes what is loaded visible to readers; False when another process had done so already."""
        with self._locked():
            self._ensure()
            if self.live.with_suffix(".duckdb.wal").exists():
                duckdb.connect(str(self.live)).close()  # folds the log of a crashed writer into the file
            stamp = f"{self.live.stat().st_mtime_ns}"
            mark = self.folder / "published.stamp"
            if self.published.exists() and mark.exists() and mark.read_text() == stamp:
                return False
            fresh = self.folder / ".ledger_read.tmp"  # under the lock; a killed publisher's remains are written over
            try:
                shutil.copyfile(self.live, fresh)
                os.replace(fresh, self.published)
            finally:
                fresh.unlink(missing_ok=True)
            mark.write_text(stamp)
            return True

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to the published snapshot."""
        if not self.published.exists():
            raise WrongInput(
                "nothing is published yet", next_step="Link a dossier and sync it, or try `grandlivre demo`."
            )
        db = duckdb.connect(str(self.published), read_only=True)
        try:
            yield db
        finally:
            db.close()

    def _ensure(self) -> None:
        """Makes the file where there is none, and renews its views and chart where the code has newer ones."""
        stamp = self.folder / "schema.stamp"
        version = f"{scripts.version()} {chart.version()}"
        if self.live.exists() and stamp.exists() and stamp.read_text() == version:
            return
        with duckdb.connect(":memory:") as db:
            db.execute(f"ATTACH '{_quoted(self.live)}' AS fresh (STORAGE_VERSION '{_FORMAT}')")
            db.execute("USE fresh")
            scripts.run(db, "schema")
            scripts.run(db, "views")
            _fill_chart(db)
            db.execute("USE memory")
            db.execute("DETACH fresh")
        stamp.write_text(version)

    @contextmanager
    def _writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._locked():
            self._ensure()
            db = duckdb.connect(str(self.live))
            try:
                yield db
            finally:
                db.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "ledger.lock", timeout=self._lock_timeout, thread_local=False)
        try:
            with lock:
                yield
        except Timeout:
            raise Busy(
                f"another process has been writing to the warehouse for {self._lock_timeout:.0f} seconds",
                next_step="Wait for it to end, or stop it, and sync again.",
            ) from None


def _fill_chart(db: duckdb.DuckDBPyConnection) -> None:
    """Puts the common chart of this version beside the ledgers: views take names, classes and signs from it."""
    db.register("codes", chart.tables()["codes"])
    db.execute("DELETE FROM ledger.common_chart")
    db.execute("INSERT INTO ledger.common_chart BY NAME FROM codes")
    db.unregister("codes")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _open_window(db: duckdb.DuckDBPyConnection, facts: DossierFacts, record: LoadRecord) -> None:
    """Tells the load's scripts what they replace; runs before the transaction, under the lock."""
    for name, value in (("dossier_id", facts.dossier_id), ("link_id", facts.link_id), ("sync_id", record.sync_id)):
        db.execute(f"SET VARIABLE {name} = ?", [value])
    db.execute("SET VARIABLE load_since = ?::DATE", [facts.since])
    db.execute("SET VARIABLE seen_at = ?::TIMESTAMP", [_naive_utc(record.finished_at)])
    db.execute("SET VARIABLE cause = ?", [record.cause])
    scripts.run(db, "load_window")
    stood = db.execute("SELECT link_id FROM wh.ledger.dossiers WHERE dossier_id = ?", [facts.dossier_id]).fetchall()
    compare = record.cause == "package" and stood == [(facts.link_id,)]
    db.execute("SET VARIABLE compare_lines = ?", [compare])
    scripts.run(db, "line_changes")


def _replace(db: duckdb.DuckDBPyConnection, facts: DossierFacts, record: LoadRecord) -> Loaded:
    """The body of the load's transaction, on the bench's database with the warehouse attached as ``wh``."""
    scripts.run(db, "load")
    inserted, deleted = db.execute("SELECT inserted, deleted FROM work.load_counts").fetchall()[0]
    db.execute("DELETE FROM wh.ledger.dossiers WHERE dossier_id = ?", [facts.dossier_id])
    db.execute(
        "INSERT INTO wh.ledger.dossiers BY NAME SELECT ? AS dossier_id, ? AS firm_id, ? AS name, ? AS code, "
        "? AS software, ? AS connection_id, ? AS external_id, ? AS country, ? AS currency, ? AS vat_number, "
        "(SELECT end_date FROM work.years ORDER BY start_date LIMIT 1) AS first_year_end, ? AS sync_mode, "
        "?::DATE AS transfer_date, ?::TIMESTAMP AS last_synced_at, 'synced' AS status, ? AS sync_id, "
        "? AS link_id, ? AS snapshot_id, ? AS cursor, ? AS calendar, ? AS rules_version",
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
            facts.mode,
            facts.since,
            _naive_utc(record.as_of or record.finished_at),
            record.sync_id,
            facts.link_id,
            record.snapshot_id,
            json.dumps(record.cursor) if record.cursor is not None else None,
            record.calendar,
            record.rules,
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
            _naive_utc(record.started_at),
            _naive_utc(record.finished_at),
            record.rows_read,
            inserted,
            deleted,
            record.vendor_calls,
            record.dagster_run_id,
        ],
    )
    return Loaded(inserted, deleted)


def _naive_utc(moment: datetime) -> datetime:
    """Tables hold UTC without a zone: analysts' tools otherwise shift it to their own."""
    return moment.astimezone(UTC).replace(tzinfo=None)
