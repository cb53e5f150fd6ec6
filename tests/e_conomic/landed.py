"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import Budgets, LocalBudgets
from connectors.contract import Access, Batch, Checkpoint, Event, ExtractRequest, NextCursor, Note, Resumed, Stated
from connectors.e_conomic import Economic
from connectors.e_conomic import resources as r
from connectors.e_conomic.client import normalize
from connectors.e_conomic.sandbox import EconomicSandbox
from foundation.secrets import Secret
from tests.exact_online.landed import Clock

SOFTWARE, AGREEMENT = "e_conomic", "700123"


def connect(sandbox: EconomicSandbox, clock: Clock, *, budgets: Budgets | None = None, **secrets: str) -> Economic:
    """A connector for the sandbox, with the clock's time and sleep; ``secrets`` stand in for the sandbox's own."""
    access = Access(
        software=SOFTWARE,
        settings=sandbox.settings,
        secrets={name: Secret(value) for name, value in (sandbox.secrets | secrets).items()},
        now=clock,
        sleep=clock.sleep,
        budgets=budgets or LocalBudgets(),
    )
    return Economic(access)


@dataclass
class Landed:
    """What one extract told: tables by resource, and the rest of the events."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    end: NextCursor | None = None
    resumed: bool = False

    @property
    def cursor(self) -> Mapping[str, Any]:
        assert self.end is not None
        assert self.end.cursor is not None
        return json.loads(json.dumps(self.end.cursor))

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged

    @property
    def incremental(self) -> bool:
        return self.end is not None and bool(self.end.incremental)

    @property
    def numbers(self) -> list[int]:
        """Every entry number once, ascending."""
        return sorted(set(self.tables["entries"].column("entryNumber").to_pylist()))


def land(events: Iterable[Event], previous: Landed | None = None) -> Landed:
    """Takes in all events. Changes are merged with ``previous`` by entry number."""
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in r.RESOURCES}
    landed = Landed()
    for event in events:
        match event:
            case Batch(resource=name, rows=rows):
                batches[name].append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
            case Stated(resource=name, count=count):
                landed.stated[name] = count
            case Note():
                landed.notes.append(event)
            case Resumed():
                landed.resumed = True
            case NextCursor():
                landed.end = event
    assert landed.end is not None, "the last event tells where to go on"
    if landed.end.unchanged:
        assert previous is not None
        return Landed(previous.tables, end=landed.end)
    for resource in r.RESOURCES:
        table = pa.concat_tables([resource.schema.empty_table(), *batches[resource.name]])
        assert table.schema == resource.schema
        if resource.name in landed.end.incremental:
            assert previous is not None
            table = pa.concat_tables([previous.tables[resource.name], table])  # what came twice is the same
        landed.tables[resource.name] = table
    return landed


def read(connector: Economic, previous: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    cursor = dict(previous.cursor) if previous else None
    return land(connector.extract(ExtractRequest(AGREEMENT, cursor=cursor, **request)), previous)


def read_until_cut(
    connector: Economic, error: type[Exception], **request: Any
) -> tuple[dict[str, Any], list[pa.Table]]:
    """The state of the last checkpoint and the entries before it, of a read that ends in ``error``."""
    state, rows, kept = None, [], []
    try:
        for event in connector.extract(ExtractRequest(AGREEMENT, **request)):
            if isinstance(event, Batch) and event.resource == "entries":
                rows.append(pa.table(event.rows) if isinstance(event.rows, pa.RecordBatch) else event.rows)
            elif isinstance(event, Checkpoint):
                state, kept = json.loads(json.dumps(event.state)), list(rows)
    except error:
        assert state is not None
        return state, kept
    raise AssertionError("the read was not cut short")


def books_of(tables: Mapping[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """Landed tables, normalized; those that are not given are empty."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for resource in r.RESOURCES:
        db.register(f"arrow_{resource.name}", tables.get(resource.name, resource.schema.empty_table()))
        db.execute(f"CREATE TABLE landed.{resource.name} AS FROM arrow_{resource.name}")
    normalize(db)
    require_complete(db)
    return db
