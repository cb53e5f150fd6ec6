"""Reads the AFAS sandbox as the sync flow does: events to landed tables, landed tables to the books."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from connectors.afas import Afas
from connectors.afas.sandbox import AfasSandbox
from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.contract import Access, Batch, Event, ExtractRequest, NextCursor, Note
from connectors.sandbox.company import Company
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
    sandbox: AfasSandbox,
    clock: Clock,
    *,
    token: str = "",
    report: Callable[[str, int], None] = lambda stage, rows: None,
    **settings: str,
) -> Afas:
    """A connector for the sandbox, with the clock's time and sleep."""
    access = Access(
        software="afas",
        settings=sandbox.settings | settings,
        secrets={"token": Secret(token or sandbox.secrets["token"])},
        now=clock,
        sleep=clock.sleep,
        report=report,
        budgets=LocalBudgets(),
    )
    return Afas(access)


@dataclass
class Landed:
    """What one extract told."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    end: NextCursor | None = None

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        assert self.end is not None
        return json.loads(json.dumps(self.end.cursor))

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged

    @property
    def incremental(self) -> frozenset[str]:
        return self.end.incremental if self.end else frozenset()

    def codes(self) -> set[str]:
        return {note.code for note in self.notes}


def land(connector: Afas, events: Iterable[Event], previous: Landed | None = None) -> Landed:
    """Takes in all events; changes are merged with ``previous`` by key, as the landing does."""
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    landed = Landed()
    for event in events:
        match event:
            case Batch(resource=name, rows=rows):
                batches[name].append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
            case Note():
                landed.notes.append(event)
            case NextCursor():
                landed.end = event
    assert landed.end is not None, "the last event tells where to go on"
    if landed.end.unchanged:
        assert previous is not None
        return Landed(previous.tables, end=landed.end)
    for resource in connector.resources:
        table = pa.concat_tables([resource.schema.empty_table(), *batches[resource.name]])
        if resource.name in landed.end.incremental:
            assert previous is not None
            table = merge(previous.tables[resource.name], table, resource.key)
        landed.tables[resource.name] = table
    return landed


def merge(before: pa.Table, changes: pa.Table, key: tuple[str, ...]) -> pa.Table:
    with duckdb.connect() as db:
        db.register("before_rows", before)
        db.register("changes", changes)
        columns = ", ".join(f'"{name}"' for name in key)
        return db.sql(
            f"FROM before_rows ANTI JOIN changes USING ({columns}) UNION ALL BY NAME "
            f"(FROM changes QUALIFY row_number() OVER (PARTITION BY {columns} ORDER BY Read DESC) = 1)"
        ).to_arrow_table()


def read(connector: Afas, previous: Landed | None = None, unit: str = "5", **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    cursor = dict(previous.cursor) if previous and previous.cursor else None
    return land(connector, connector.extract(ExtractRequest(unit, cursor=cursor, **request)), previous)


def books(connector: Afas, landed: Landed) -> duckdb.DuckDBPyConnection:
    """The landed tables, normalized."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for name, table in landed.tables.items():
        db.register(f"arrow_{name}", table)
        db.execute(f"CREATE TABLE landed.{name} AS FROM arrow_{name}")
    connector.normalize(db)
    require_complete(db)
    return db


def loaded(connector: Afas, landed: Landed) -> dict[str, Decimal]:
    """Line key to amount."""
    rows = books(connector, landed).execute("SELECT line_key, debit - credit FROM books.journal_lines").fetchall()
    assert len(rows) == len(dict(rows)), "a line came twice"
    return dict(rows)


def standing(sandbox: AfasSandbox, unit: int = 5) -> dict[str, Decimal]:
    """The same of the lines that stand in the sandbox."""
    lines = sandbox.vendor.books.lines
    return {"-".join(map(str, key)): row["AmtDebit"] - row["AmtCredit"] for key, row in lines.items() if key[0] == unit}


def company_lines(told: Company) -> dict[str, Decimal]:
    return {
        f"5-{line.journal}-{line.year}-{line.entry}-{line.line_no}": line.amount
        for line in told.lines
        if line.kind != "closing"
    }
