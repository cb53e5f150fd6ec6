"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.contract import (
    Access,
    Batch,
    Checkpoint,
    Event,
    ExtractRequest,
    NextCursor,
    Note,
    Resumed,
    Stated,
    TokenStore,
)
from connectors.odoo import Odoo
from connectors.odoo.sandbox import OdooSandbox
from connectors.odoo.wire import PageSizes
from connectors.tokens import MemoryTokenStore
from foundation.secrets import Secret


class Clock:
    """A clock that moves when somebody sleeps, or is told to."""

    def __init__(self, start: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) -> None:
        self.moment = start
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)

    def pass_by(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


def connect(
    sandbox: OdooSandbox,
    clock: Clock,
    *,
    tokens: TokenStore | None = None,
    sizes: PageSizes | None = None,
    **settings: str,
) -> Odoo:
    """A connector for the sandbox, with the clock's time and sleep."""
    secret = settings.pop("api_key", sandbox.secrets["api_key"])
    access = Access(
        software="odoo",
        settings=sandbox.settings | settings,
        secrets={"api_key": Secret(secret)},
        tokens=tokens or MemoryTokenStore(),
        now=clock,
        sleep=clock.sleep,
        budgets=LocalBudgets(),
    )
    return Odoo(access, sizes=sizes)


@dataclass
class Landed:
    """What one extract told: tables by resource, and the rest of the events."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    checkpoints: list[Mapping[str, Any]] = field(default_factory=list)
    resumed: bool = False
    end: NextCursor | None = None

    @property
    def cursor(self) -> dict[str, Any]:
        assert self.end is not None
        assert self.end.cursor is not None
        return json.loads(json.dumps(self.end.cursor))

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged

    def amounts(self) -> dict[int, Decimal]:
        """Line id to amount as landed; of a line told twice, the later telling."""
        rows = sorted(self.tables["lines"].to_pylist(), key=lambda row: (row["write_date"], row["Reading"]))
        return {row["id"]: row["debit"] - row["credit"] for row in rows}


def land(connector: Odoo, events: Iterable[Event], previous: Landed | None = None) -> Landed:
    """Takes in all events. Changes replace what ``previous`` has under the same id."""
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    landed = Landed()
    for event in events:
        match event:
            case Batch(resource=name, rows=rows):
                batches[name].append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
            case Stated(resource=name, count=count):
                landed.stated[name] = count
            case Note():
                landed.notes[event.code] = event
            case Checkpoint():
                landed.checkpoints.append(event.state)
            case Resumed():
                landed.resumed = True
            case NextCursor():
                landed.end = event
    assert landed.end is not None, "the last event tells where to go on"
    if landed.end.unchanged:
        assert previous is not None
        return Landed(previous.tables, end=landed.end)
    for resource in connector.resources:
        table = pa.concat_tables([resource.schema.empty_table(), *batches[resource.name]])
        assert table.schema == resource.schema
        if resource.name in landed.end.incremental:
            assert previous is not None
            changed = set(table.column("id").to_pylist())
            kept = [row for row in previous.tables[resource.name].to_pylist() if row["id"] not in changed]
            table = pa.concat_tables([pa.Table.from_pylist(kept, schema=resource.schema), table])
        landed.tables[resource.name] = table
    return landed


def read(connector: Odoo, previous: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    cursor = previous.cursor if previous else None
    return land(connector, connector.extract(ExtractRequest("4", cursor=cursor, **request)), previous)


def books(landed: Landed, connector: Odoo) -> duckdb.DuckDBPyConnection:
    """The landed tables, normalized."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for name, table in landed.tables.items():
        db.register(f"arrow_{name}", table)
        db.execute(f"CREATE TABLE landed.{name} AS FROM arrow_{name}")
    connector.normalize(db)
    require_complete(db)
    return db


def told_lines(db: duckdb.DuckDBPyConnection) -> dict[int, Decimal]:
    """Key to amount of the lines of the books, without openings that we made."""
    rows = db.execute("SELECT line_key, debit - credit FROM books.journal_lines").fetchall()
    return {int(key): amount for key, amount in rows if key.isdigit()}


def standing_lines(sandbox: OdooSandbox) -> dict[int, Decimal]:
    """The same as the database holds it: the company's posted lines that have an account."""
    return {
        key: row["balance"]
        for key, row in sandbox.vendor.books.lines.items()
        if row["company_id"] == 4 and row["parent_state"] == "posted" and not row["display_type"]
    }
