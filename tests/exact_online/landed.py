"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import Budgets, LocalBudgets
from connectors.contract import (
    Access,
    Batch,
    Connector,
    Deleted,
    Event,
    ExtractRequest,
    NextCursor,
    Note,
    Stated,
    TokenStore,
)
from connectors.exact_online import ExactOnline
from connectors.exact_online.sandbox import ExactSandbox
from connectors.tokens import MemoryTokenStore
from foundation.secrets import Secret

SOFTWARE = "exact_online_be"


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
    sandbox: ExactSandbox,
    clock: Clock,
    *,
    software: str = SOFTWARE,
    tokens: TokenStore | None = None,
    report: Callable[[str, int], None] = lambda stage, rows: None,
    budgets: Budgets | None = None,
    **settings: str,
) -> ExactOnline:
    """A connector for the sandbox, with the clock's time and sleep."""
    access = Access(
        software=software,
        settings=sandbox.settings | settings,
        secrets={name: Secret(value) for name, value in sandbox.secrets.items()},
        tokens=tokens or MemoryTokenStore(),
        now=clock,
        sleep=clock.sleep,
        report=report,
        budgets=budgets or LocalBudgets(),
    )
    return ExactOnline(access)


@dataclass
class Landed:
    """What one extract told: tables by resource, and the rest of the events."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    stated: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    end: NextCursor | None = None

    @property
    def cursor(self) -> Mapping[str, Any]:
        assert self.end is not None
        assert self.end.cursor is not None
        return json.loads(json.dumps(self.end.cursor))

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged

    def codes(self) -> set[str]:
        return {note.code for note in self.notes}


def land(connector: Connector, events: Iterable[Event], previous: Landed | None = None) -> Landed:
    """Takes in all events. Changes are merged with ``previous`` by key: changed rows come, deleted ones go."""
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    landed = Landed()
    for event in events:
        match event:
            case Batch(resource=name, rows=rows):
                batches[name].append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)
            case Deleted(keys=keys):
                landed.deleted |= set(keys.column("ID").to_pylist())
            case Stated(resource=name, count=count):
                landed.stated[name] = count
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
        assert table.schema == resource.schema
        if resource.name in landed.end.incremental:
            assert previous is not None
            table = merge(previous.tables[resource.name], table, landed.deleted if resource.name == "lines" else set())
        landed.tables[resource.name] = table
    return landed


def merge(before: pa.Table, changes: pa.Table, deleted: set[str]) -> pa.Table:
    with duckdb.connect() as db:
        db.register("before_rows", before)
        db.register("changes", changes)
        db.register("gone", pa.table({"ID": pa.array(sorted(deleted), pa.string())}))
        return db.sql(
            "SELECT * FROM before_rows b ANTI JOIN changes c ON c.ID = b.ID ANTI JOIN gone g ON g.ID = b.ID "
            "UNION ALL SELECT * FROM changes"
        ).to_arrow_table()


def line_amounts(landed: Landed) -> dict[str, Decimal]:
    """Line id to amount as landed; of a line told twice, the later."""
    rows = landed.tables["lines"].select(["Timestamp", "ID", "AmountDC"]).to_pydict()
    ordered = sorted(zip(rows["Timestamp"], rows["ID"], rows["AmountDC"], strict=True))
    return {key: amount for _, key, amount in ordered}


def read(connector: Connector, previous: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    cursor = dict(previous.cursor) if previous else None
    return land(connector, connector.extract(ExtractRequest("900101", cursor=cursor, **request)), previous)


def books(connector: Connector, landed: Landed) -> duckdb.DuckDBPyConnection:
    """The landed tables, normalized."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for name, table in landed.tables.items():
        db.register(f"arrow_{name}", table)
        db.execute(f"CREATE TABLE landed.{name} AS FROM arrow_{name}")
    connector.normalize(db)
    require_complete(db)
    return db


def balances(db: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]:
    """(year, account) to opening, movement and closing before closing entries; zero rows left out."""
    rows = db.execute(
        "SELECT fiscal_year, account, sum(CASE WHEN period_kind = 'opening' THEN debit - credit ELSE 0 END), "
        "sum(CASE WHEN period_kind = 'normal' THEN debit - credit ELSE 0 END), sum(debit - credit) "
        "FROM books.journal_lines WHERE period_kind <> 'closing' GROUP BY ALL"
    ).fetchall()
    return {(year, account): tuple(sums) for year, account, *sums in rows if any(sums)}  # type: ignore[misc]


def company_balances(company: Any, first: str = "") -> dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]:
    found = {
        key: (row["opening"], row["debit"] - row["credit"], row["closing"])
        for key, row in company.balances().items()
        if key[0] >= first
    }
    return {key: value for key, value in found.items() if any(value)}
