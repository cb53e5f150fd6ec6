"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import (
    Access,
    Batch,
    Checkpoint,
    Event,
    ExtractRequest,
    NextCursor,
    Note,
    Resume,
    Resumed,
    Stated,
)
from connectors.sandbox.company import Company
from connectors.tokens import MemoryTokenStore
from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox
from foundation.secrets import Secret

SLUG = "winbooks_on_web"


class Clock:
    """A clock that moves when somebody sleeps, or is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def pass_by(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


def connect(
    sandbox: WinBooksOnWebSandbox,
    clock: Clock,
    *,
    tokens: MemoryTokenStore | None = None,
    exchange_token: str = "",
    **settings: str,
) -> WinBooksOnWeb:
    """A connector for the sandbox, with the clock's time and sleep."""
    secrets = {name: Secret(exchange_token or value) for name, value in sandbox.secrets.items()}
    return WinBooksOnWeb(
        Access(
            software=SLUG,
            settings=package(SLUG).complete_settings(sandbox.settings | settings),
            secrets=secrets,
            tokens=tokens or MemoryTokenStore(),
            now=clock,
            sleep=clock.sleep,
            budgets=LocalBudgets(),
        )
    )


@dataclass
class Landed:
    """What one extract told: tables by resource, and the rest of the events."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    stated: dict[str, int] = field(default_factory=dict)
    end: NextCursor | None = None
    resumed: bool = False
    checkpoint: dict[str, Any] | None = None
    full: bool = True

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged


def take_in(landed: Landed, events: Iterator[Event]) -> None:
    """Adds up what comes; stands where it was when an error cuts the events short."""
    for event in events:
        match event:
            case Batch(resource=name, rows=rows):
                table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
                landed.tables[name] = pa.concat_tables([landed.tables[name], table]) if name in landed.tables else table
            case Checkpoint(state=state):
                landed.checkpoint = json.loads(json.dumps(state))
            case Resumed():
                landed.resumed = True
            case Note(code=code):
                landed.notes.append(code)
            case Stated(resource=name, count=count):
                landed.stated[name] = count
            case NextCursor():
                landed.end = event
            case _:
                raise AssertionError(event)


def read(
    connector: WinBooksOnWeb,
    previous: Landed | None = None,
    kept: Landed | None = None,
    folder: str = "ATELIER É/1",
    **request: Any,
) -> Landed:
    """One sync: with ``previous`` from its cursor on, with ``kept`` from where that was cut short."""
    cursor = json.loads(json.dumps(previous.end.cursor)) if previous and previous.end else None
    resume = Resume(kept.checkpoint, lambda name, columns: iter(())) if kept and kept.checkpoint else None
    landed = Landed(tables=dict(kept.tables) if kept else {})
    take_in(landed, connector.extract(ExtractRequest(folder, cursor=cursor, resume=resume, **request)))
    assert landed.end is not None, "the last event tells where to go on"
    landed.full = not landed.end.incremental
    for resource in connector.resources if not landed.unchanged else ():
        table = landed.tables.setdefault(resource.name, resource.schema.empty_table())
        assert table.schema == resource.schema
        if resource.name in landed.end.incremental:
            assert previous is not None
            landed.tables[resource.name] = merge(previous.tables[resource.name], table, resource.key)
    return landed


def merge(before: pa.Table, changes: pa.Table, key: tuple[str, ...]) -> pa.Table:
    with duckdb.connect() as db:
        db.register("before_rows", before)
        db.register("changes", changes)
        keys = ", ".join(key)
        return db.sql(f"FROM before_rows ANTI JOIN changes USING ({keys}) UNION ALL FROM changes").to_arrow_table()


def books(connector: WinBooksOnWeb, landed: Landed) -> duckdb.DuckDBPyConnection:
    """The landed tables, normalized."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for name, table in landed.tables.items():
        db.register(f"arrow_{name}", table)
        db.execute(f"CREATE TABLE landed.{name} AS FROM arrow_{name}")
    connector.normalize(db)
    require_complete(db)
    return db


Amounts = dict[tuple[str, str, str, Decimal], int]


def told(connector: WinBooksOnWeb, landed: Landed) -> Amounts:
    """(year, document, account, amount) to how often."""
    rows = books(connector, landed).execute(
        "SELECT fiscal_year, document, account, debit - credit, count(*) FROM books.journal_lines GROUP BY ALL"
    )
    return {(year, document, account, amount): count for year, document, account, amount, count in rows.fetchall()}


def expected(company: Company) -> Amounts:
    """The same of the company."""
    found: Amounts = {}
    for line in company.lines:
        key = (line.year, line.document, line.account, line.amount)
        found[key] = found.get(key, 0) + 1
    return found


def asked(sandbox: WinBooksOnWebSandbox, part: str) -> Callable[[], int]:
    """How many calls whose address or body has ``part`` were made since."""
    before = len(sandbox.vendor.requests)
    return lambda: sum(part in request for request in sandbox.vendor.requests[before:])
