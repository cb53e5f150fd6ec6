"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from connectors.bocount import BoCount
from connectors.bocount.sandbox import BoCountSandbox
from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.contract import Access, Batch, ExtractRequest, NextCursor, Note, Stated, TokenStore
from connectors.sandbox.company import Company, company
from connectors.tokens import MemoryTokenStore
from foundation.secrets import Secret


class Clock:
    """A clock that moves when somebody sleeps, or is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


def told(revision: int) -> Company:
    return company("BE", revision, corrects_by_entries=True)


def connect(sandbox: BoCountSandbox, clock: Clock, *, tokens: TokenStore | None = None, **settings: str) -> BoCount:
    secrets = {name: Secret(value) for name, value in sandbox.secrets.items()}
    access = Access(
        software="bocount",
        settings=sandbox.settings | settings,
        secrets=secrets,
        tokens=tokens or MemoryTokenStore(),
        now=clock,
        sleep=clock.sleep,
        budgets=LocalBudgets(),
    )
    return BoCount(access)


@dataclass
class Read:
    """What one extraction told; ``tables`` are landed tables, changes merged into those of ``before``."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    notes: set[str] = field(default_factory=set)
    stated: dict[str, int] = field(default_factory=dict)
    end: NextCursor = field(default_factory=lambda: NextCursor(None))

    def books(self, connector: BoCount, query: str) -> list[tuple[Any, ...]]:
        """The answer to ``query`` on the books that are made of the landed tables."""
        with duckdb.connect() as db:
            db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
            for name, table in self.tables.items():
                db.register(f"told_{name}", table)
                db.execute(f"CREATE TABLE landed.{name} AS FROM told_{name}")
            connector.normalize(db)
            require_complete(db)
            return db.execute(query).fetchall()


def read(connector: BoCount, sandbox: BoCountSandbox, before: Read | None = None, **request: Any) -> Read:
    found = Read()
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    cursor = before.end.cursor if before else None
    for event in connector.extract(ExtractRequest(sandbox.external_id, cursor=cursor, **request)):
        match event:
            case Batch(resource=name, rows=rows):
                batches[name].append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
            case Note(code=code):
                found.notes.add(code)
            case Stated(resource=name, count=count):
                found.stated[name] = count
            case NextCursor():
                found.end = event
            case _:
                raise AssertionError(event)
    for resource in connector.resources:
        table = pa.concat_tables([resource.schema.empty_table(), *batches[resource.name]])
        found.rows[resource.name] = table.num_rows
        if before and resource.name in found.end.incremental:
            table = _merged(before.tables[resource.name], table, resource.key[0])
        found.tables[resource.name] = table
    return found


def _merged(old: pa.Table, new: pa.Table, key: str) -> pa.Table:
    rows = {row[key]: row for table in (old, new) for row in table.to_pylist()}
    return pa.Table.from_pylist([rows[number] for number in sorted(rows)], schema=old.schema)
