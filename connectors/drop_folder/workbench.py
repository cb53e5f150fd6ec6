"""A scratch database in which the files of one folder are put side by side before anything is yielded.

Its memory is bounded and spills to disk: a dossier of any size is read in constant memory, and a fault in the last
file stops the sync before the first row has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.contract import Batch, Note, Resource
from connectors.drop_folder.resources import LINES, RESOURCES

BATCH_ROWS = 65_536
# Told on lines where a format has no chart or party list of its own; they become rows of those, and are not landed.
_ONLY_HERE = "account_name VARCHAR, counterparty_name VARCHAR, journal_name VARCHAR, validated BOOLEAN"
_TYPES = {
    pa.string(): "VARCHAR",
    pa.date32(): "DATE",
    pa.decimal128(20, 4): "DECIMAL(20,4)",
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP",
}


class Workbench:
    """Tables named as the resources, and the notes collected on the way. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[Note] = []
        self.db = duckdb.connect(
            config={"threads": 2, "memory_limit": "350MB", "temp_directory": str(folder / "spill")}
        )
        self.db.execute("; ".join(_ddl(resource) for resource in RESOURCES))

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def note(self, code: str, message: str, count: int = 1) -> None:
        if count:
            self.notes.append(Note(code, message, count))

    def insert(self, table: str, rows: pa.Table, *, create: bool = False) -> None:
        """Appends Arrow rows by column name; ``create`` makes the table from their schema first."""
        self.db.register("incoming", rows)
        self.db.execute(
            f"CREATE OR REPLACE TABLE {table} AS FROM incoming"
            if create
            else f"INSERT INTO {table} BY NAME FROM incoming"
        )
        self.db.unregister("incoming")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, list(parameters)).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The one row of an aggregate."""
        return self.rows(sql, parameters)[0]

    def batches(self, resource: Resource, where: str = "true") -> Iterator[Batch]:
        """The table's rows in the order in which they were read."""
        columns = ", ".join(f'"{name}"' for name in resource.schema.names)
        rows = self.db.sql(f"SELECT {columns} FROM {resource.name} WHERE {where}")
        for batch in rows.to_arrow_reader(BATCH_ROWS):
            yield Batch(resource.name, batch.cast(resource.schema))


def literal(text: str) -> str:
    """``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _ddl(resource: Resource) -> str:
    columns = [f'"{column.name}" {_TYPES[column.type]}' for column in resource.schema]
    if resource is LINES:
        columns.append(_ONLY_HERE)
    return f"CREATE TABLE {resource.name} ({', '.join(columns)})"
