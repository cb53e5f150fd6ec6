"""Moves what a registry holds into another one, as it is: secrets stay sealed, with the key that they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Table, func, select, text, tuple_

from foundation.errors import ReportABug, WrongInput
from registry.database import Database, explained, for_writing
from registry.models import Base

_AT_ONCE = 2_000


def move(source: Database, target: Database) -> int:
    """Makes ``target`` (on Postgres) hold what ``source`` holds, in one transaction, and proves it row by row.

    Returns the number of rows. Safe to repeat. Raises WrongInput where the target holds what the source does not: it
    has been used since, and would lose that.
    """
    count = 0
    tables = Base.metadata.sorted_tables
    with explained(), source._engine.connect() as old, for_writing(target._engine).begin() as new:
        for table in tables:
            _refuse_more(table, old, new)
        for table in reversed(tables):
            new.execute(table.delete())
        for table in tables:
            for rows in _blocks(table, old):
                new.execute(table.insert(), rows)
                if _found(table, new, rows) != {_key(table, row): row for row in rows}:
                    raise ReportABug(f"rows of {table.name} did not arrive as they were")
                count += len(rows)
            _go_on_counting(table, new)
    return count


def _blocks(table: Table, connection: Connection) -> Iterator[list[dict[str, Any]]]:
    for block in connection.execute(select(table)).mappings().partitions(_AT_ONCE):
        yield [dict(row) for row in block]


def _key(table: Table, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _found(table: Table, connection: Connection, rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], Any]:
    """The rows with the keys of ``rows``."""
    keys = [_key(table, row) for row in rows]
    found = connection.execute(select(table).where(tuple_(*table.primary_key).in_(keys))).mappings()
    return {_key(table, dict(row)): dict(row) for row in found}


def _refuse_more(table: Table, old: Connection, new: Connection) -> None:
    for rows in _blocks(table, new):
        more = {_key(table, row) for row in rows} - _found(table, old, rows).keys()
        if more:
            raise WrongInput(
                f"the database holds {table.name} that this installation does not, such as {min(more)}",
                next_step="It was used since, and nothing was moved. Give an empty database, or go on with that one.",
            )


def _go_on_counting(table: Table, connection: Connection) -> None:
    """Numbers that the database gives go on after the last one."""
    column = table.autoincrement_column
    if column is None or not isinstance(column.type, Integer):
        return
    last = connection.execute(select(func.max(column))).scalar()
    if last:
        query = text("SELECT setval(pg_get_serial_sequence(:name, :part), :last)")
        connection.execute(query, {"name": table.name, "part": column.name, "last": last})
