"""Reading from DuckDB: questions on the ledgers, and nothing beyond them."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from foundation.errors import WrongInput
from warehouse import scripts
from warehouse.contract import Parameters, Rows

_BATCH = 20_000
_LEFT = 60  # seconds after which a reader that wanted a name for a moment is gone


class DuckDBReader:
    """A :class:`warehouse.contract.Reader`. ``db`` stays its opener's to close."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db

    @classmethod
    def on_file(cls, path: Path) -> DuckDBReader:
        """Opens a database file for people's questions: these reach no other file, setting or variable of ours.

        Within a process DuckDB opens one path once, and gives that to whoever comes while it is open: with locked
        settings, and with the file of before when another took its place. So each reader opens a name of its own.
        """
        with _own_name(path) as own:
            db = duckdb.connect(str(own), read_only=True, config={"enable_external_access": "false"})
        db.execute("SET schema = 'ledger'")
        db.execute(scripts.TRUSTWORTHY)
        db.execute("SET python_enable_replacements = false")
        db.execute("SET lock_configuration = true")
        return cls(db)

    def execute(self, query: str, parameters: Parameters = None, /) -> Rows:
        """Runs one question; the answer must be fetched before the next."""
        return self._db.execute(query, parameters)

    def arrow(self, query: str, parameters: Parameters = None) -> pa.RecordBatchReader:
        """The answer in record batches."""
        return self._db.sql(query, params=parameters).to_arrow_reader(_BATCH)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


@contextmanager
def _own_name(path: Path) -> Iterator[Path]:
    """Another name of the file, for as long as it takes to open it; its own, where links cannot be made (a folder that
    this person may only read: then there is no server of ours in the process either)."""
    own = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(6)}")
    try:
        os.link(path, own)
    except FileNotFoundError:
        raise
    except OSError:
        yield path
        return
    try:
        yield own
    finally:
        with suppress(OSError):  # where an open file cannot be removed, publishing clears it away
            own.unlink()


def clear_left_names(path: Path) -> None:
    """Removes the names that readers gave to an earlier file at ``path`` and could not take back."""
    for left in path.parent.glob(f".{path.name}.*-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_ctime > _LEFT:
                left.unlink()


def nothing_published() -> WrongInput:
    """The error for a warehouse that holds nothing yet."""
    return WrongInput("nothing is published yet", next_step="Link a dossier and sync it, or try `grandlivre demo`.")


def query_failed(error: Exception) -> WrongInput:
    """The error for a question that the database refused; its first line says why."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return WrongInput(
        f"the query failed: {lines[0]}",
        next_step="Tables and views are in schema ledger: see docs/warehouse.md.",
    )
