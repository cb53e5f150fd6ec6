"""The warehouse on DuckDB: one writer at a time, one transaction per load, a published snapshot for readers.

Files in the warehouse folder:

* ``warehouse.duckdb``: the live file. Only this module opens it, behind a file lock, late and for a short time, because
  DuckDB lets no other process in while a writer has it.
* ``ledger_read.duckdb``: the published snapshot, replaced by an atomic rename. Readers open this one, read-only; a
  reader that holds it open keeps the figures that it opened with. A spare beside it makes publishing cost what changed
  (:mod:`warehouse.snapshots`).

Publishing is shared: a load that finds its figures already published by another process has nothing left to do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from filelock import FileLock, Timeout

from foundation.disk import is_full
from foundation.errors import Busy
from warehouse import chart, desk, scripts
from warehouse.bench import Workbench
from warehouse.contract import DossierFacts, Loaded, LoadRecord, Reader
from warehouse.loading import naive_utc, open_window, replace_window
from warehouse.reader import DuckDBReader, clear_left_names, nothing_published, query_failed
from warehouse.remembered import Remembered, nothing, read_remembered
from warehouse.snapshots import replace_with_copy
from warehouse.standing import Standing, client_rows, read_clients, read_standing

__all__ = ["DossierFacts", "LoadRecord", "Loaded", "Warehouse"]

_FORMAT = "v1.5.0"  # readable by DuckDB 1.5 and 2.0


class Warehouse:
    """The ledgers of all dossiers, in ``folder``. Opening the object opens no file."""

    def __init__(self, folder: Path, *, lock_timeout: float = 600.0) -> None:
        self.folder = folder
        self.live = folder / "warehouse.duckdb"
        self.published = folder / "ledger_read.duckdb"
        self._lock_timeout = lock_timeout
        self._turn = threading.Lock()

    def create(self) -> None:
        """Makes the file, or brings its views and chart up to date, and publishes; safe to repeat."""
        self.publish()

    def standing(self, dossier_id: str, *, keep_before: date | None = None) -> Standing:
        """What stands for a dossier; see :class:`warehouse.standing.Standing`."""
        if not self.live.exists():
            return Standing()
        with self._opened(read_only=True) as db:
            return read_standing(DuckDBReader(db), dossier_id, keep_before)

    def remembered(self, dossier_id: str) -> Remembered:
        """What was told of a dossier until now; see :mod:`warehouse.remembered`."""
        if not self.live.exists():
            return nothing()
        with self._opened(read_only=True) as db:
            return read_remembered(DuckDBReader(db), dossier_id)

    def clients(self, list_id: str) -> pa.Table:
        """The rows of ``ledger.clients`` that stand for a client list."""
        if not self.live.exists():
            return client_rows()
        with self._opened() as db:  # and not read-only: a file of an older version gets its columns
            return read_clients(DuckDBReader(db), list_id)

    def load(self, bench: Workbench, facts: DossierFacts, record: LoadRecord) -> Loaded:
        """Replaces the dossier's window with what lies on the bench, in one transaction; see
        :class:`warehouse.contract.Store`."""
        with self._locked():
            self._ensure()
            bench.db.execute(f"ATTACH '{_quoted(self.live)}' AS wh")
            try:
                open_window(bench.db, facts, record)
                bench.db.execute("BEGIN")
                try:
                    if facts.kind != "clients":
                        scripts.run(bench.db, "load_lines")
                    loaded = replace_window(bench.db, facts, record)
                    bench.db.execute("COMMIT")
                except BaseException:
                    with suppress(duckdb.TransactionException):  # a commit that failed has rolled back by itself
                        bench.db.execute("ROLLBACK")
                    raise
            finally:
                bench.db.execute("DETACH wh")
        return loaded

    def confirm(self, dossier_id: str, moment: datetime) -> None:
        """The package says that nothing changed: the figures that stand are as of ``moment``."""
        with self._opened() as db:
            db.execute(
                "UPDATE ledger.dossiers SET last_synced_at = ?::TIMESTAMP, status = 'synced' WHERE dossier_id = ?",
                [naive_utc(moment), dossier_id],
            )

    def mark_unlinked(self, dossier_id: str) -> None:
        """The dossier is synced no more: its figures stay, with status ``unlinked`` until the next sync."""
        with self._opened() as db:
            db.execute("UPDATE ledger.dossiers SET status = 'unlinked' WHERE dossier_id = ?", [dossier_id])

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
            try:
                replace_with_copy(self.live, self.published)
            except OSError as error:
                if not is_full(error):
                    raise
                raise Busy(
                    "the disk is full while publishing",
                    next_step="Free space below the state folder, then sync again; what was published before stands.",
                ) from None
            mark.write_text(stamp)
            clear_left_names(self.published)
            return True

    @property
    def published_at(self) -> datetime | None:
        """When the snapshot was published; None when there is none yet."""
        try:
            return datetime.fromtimestamp(self.published.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    @property
    def readable(self) -> bool:
        """Whether a snapshot is published."""
        return self.published.exists()

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A read-only connection to the published snapshot, which reaches no other file."""
        if not self.readable:
            raise nothing_published()
        reader = DuckDBReader.on_file(self.published)
        try:
            yield reader
        except duckdb.Error as error:
            raise query_failed(error) from None
        finally:
            reader.close()

    def size(self) -> int:
        """Bytes of the published snapshot."""
        return self.published.stat().st_size

    def close(self) -> None:
        """Nothing is held open between calls."""

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
    def _opened(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The live file as the current database of a desk: an instance of its own would take ten times as long."""
        with self._locked(), desk.taken(self.folder / "warehouse.duckdb.tmp") as db:
            if not read_only:
                self._ensure()
            db.execute(f"ATTACH '{_quoted(self.live)}' AS wh{' (READ_ONLY)' if read_only else ''}")
            db.execute("USE wh")
            yield db
            db.execute(f"USE {desk.BENCH}")
            db.execute("DETACH wh")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / "ledger.lock", timeout=self._lock_timeout, thread_local=False)
        # Threads of a process take turns without polling a file.
        if not self._turn.acquire(timeout=self._lock_timeout):
            raise self._busy()
        try:
            with lock:
                yield
        except Timeout:
            raise self._busy() from None
        finally:
            self._turn.release()

    def _busy(self) -> Busy:
        return Busy(
            f"another process has been writing to the warehouse for {self._lock_timeout:.0f} seconds",
            next_step="Wait for it to end, or stop it, and sync again.",
        )


def _fill_chart(db: duckdb.DuckDBPyConnection) -> None:
    """Puts the common chart of this version beside the ledgers: views take names, classes and signs from it."""
    db.register("codes", chart.tables()["codes"])
    db.execute("DELETE FROM ledger.common_chart")
    db.execute("INSERT INTO ledger.common_chart BY NAME FROM codes")
    db.unregister("codes")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
