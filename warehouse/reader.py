"""Reading from DuckDB: questions on the ledgers, and nothing beyond them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from foundation.errors import WrongInput
from warehouse import scripts
from warehouse.contract import Parameters, Rows

_BATCH = 20_000


class DuckDBReader:
    """A :class:`warehouse.contract.Reader`. ``db`` stays its opener's to close."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db

    @classmethod
    def on_file(cls, path: Path) -> DuckDBReader:
        """Opens a database file for people's questions: these reach no other file, setting or variable of ours."""
        db = duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"})
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
