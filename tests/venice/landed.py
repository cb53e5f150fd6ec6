"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import Access, Batch, Connector, ExtractRequest, NextCursor, Note, Stated
from connectors.venice import Venice
from connectors.venice.sandbox import VeniceSandbox
from foundation.secrets import Secret

SLUG = "venice"


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def connect(sandbox: VeniceSandbox, clock: Clock, password: str = "", **settings: str) -> Venice:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Venice(
        Access(
            software=SLUG,
            settings=package(SLUG).complete_settings(sandbox.settings | settings),
            secrets={name: Secret(password or value) for name, value in sandbox.secrets.items()},
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

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged


def read(connector: Connector, previous: Landed | None = None, dossier: str = "ATELIER", **request: Any) -> Landed:
    """One sync; with ``previous`` from its cursor on."""
    cursor = json.loads(json.dumps(previous.end.cursor)) if previous and previous.end else None
    landed = Landed()
    for event in connector.extract(ExtractRequest(dossier, cursor=cursor, **request)):
        match event:
            case Batch(resource=name, rows=rows):
                table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
                landed.tables[name] = pa.concat_tables([landed.tables[name], table]) if name in landed.tables else table
            case Note(code=code):
                landed.notes.append(code)
            case Stated(resource=name, count=count):
                landed.stated[name] = count
            case NextCursor():
                landed.end = event
            case _:
                raise AssertionError(event)
    assert landed.end is not None, "the last event tells where to go on"
    for resource in connector.resources if not landed.unchanged else ():
        table = landed.tables.setdefault(resource.name, resource.schema.empty_table())
        assert table.schema == resource.schema
        if resource.name in landed.end.incremental:
            assert previous is not None
            landed.tables[resource.name] = merged(previous.tables[resource.name], table, resource.key)
    return landed


def merged(before: pa.Table, changes: pa.Table, key: tuple[str, ...]) -> pa.Table:
    with duckdb.connect() as db:
        db.register("before_rows", before)
        db.register("changes", changes)
        keys = ", ".join(key)
        return db.sql(f"FROM before_rows ANTI JOIN changes USING ({keys}) UNION ALL FROM changes").to_arrow_table()


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


def differences(connector: Connector, landed: Landed) -> list[tuple[Any, ...]]:
    """Year, account, and how far the package's movement is from that of the lines."""
    return (
        books(connector, landed)
        .execute(
            """WITH told AS (
                SELECT fiscal_year, account, sum(debit - credit) AS amount FROM books.trial_balances GROUP BY ALL
            ),
            lines AS (
                SELECT y.label AS fiscal_year, account, sum(debit - credit) AS amount
                FROM books.journal_lines l JOIN books.fiscal_years y ON l.date BETWEEN y.start_date AND y.end_date
                WHERE period_kind = 'normal' GROUP BY ALL
            )
            SELECT fiscal_year, account, coalesce(t.amount, 0) - coalesce(l.amount, 0) AS off
            FROM told t FULL JOIN lines l USING (fiscal_year, account) WHERE off <> 0 ORDER BY ALL"""
        )
        .fetchall()
    )


def asked(sandbox: VeniceSandbox, part: str) -> Callable[[], int]:
    """How many calls whose address has ``part`` were made since."""
    before = len(sandbox.vendor.requests)
    return lambda: sum(part in request for request in sandbox.vendor.requests[before:])
