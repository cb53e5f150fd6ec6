"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import Budgets, LocalBudgets
from connectors.catalog import package
from connectors.contract import (
    Access,
    Batch,
    Checkpoint,
    Connector,
    Cursor,
    Deleted,
    Event,
    ExtractRequest,
    NextCursor,
    Note,
    Resource,
    Resume,
    Resumed,
    Stated,
    TokenStore,
)
from connectors.sandbox.stage import Sandbox
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


def access(
    software: str,
    sandbox: Sandbox,
    clock: Clock,
    *,
    secrets: Mapping[str, str] | None = None,
    tokens: TokenStore | None = None,
    budgets: Budgets | None = None,
    report: Callable[[str, int], None] = lambda stage, rows: None,
    **settings: str,
) -> Access:
    """What a connection to the sandbox is given, with the clock's time and sleep; ``secrets`` and ``settings`` stand in
    for the sandbox's own."""
    return Access(
        software=software,
        settings=package(software).complete_settings(sandbox.settings | settings),
        secrets={name: Secret(value) for name, value in (sandbox.secrets | dict(secrets or {})).items()},
        tokens=tokens or MemoryTokenStore(),
        now=clock,
        sleep=clock.sleep,
        report=report,
        budgets=budgets or LocalBudgets(),
    )


@dataclass
class Landed:
    """What one extract told: tables by resource, and the rest of the events. ``rows`` are those of this extract alone,
    ``tables`` what stands once they are merged with what stood before."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, list[pa.Table]] = field(default_factory=dict)
    stated: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    checkpoint: Cursor | None = None
    resumed: bool = False
    end: NextCursor | None = None

    @property
    def cursor(self) -> Cursor | None:
        assert self.end is not None
        return json.loads(json.dumps(self.end.cursor))

    @property
    def unchanged(self) -> bool:
        return self.end is not None and self.end.unchanged

    @property
    def incremental(self) -> frozenset[str]:
        return self.end.incremental if self.end else frozenset()

    @property
    def full(self) -> bool:
        return not self.incremental

    def codes(self) -> set[str]:
        return {note.code for note in self.notes}

    @property
    def resume(self) -> Resume | None:
        """Where a read that was cut short goes on; its rows are kept here."""
        return Resume(self.checkpoint, lambda name, columns: iter(())) if self.checkpoint else None


def take_in(landed: Landed, events: Iterable[Event]) -> None:
    """Adds up what comes; stands where it was when an error cuts the events short."""
    for event in events:
        match event:
            case Batch(resource=name, rows=rows):
                table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
                landed.tables[name] = pa.concat_tables([landed.tables[name], table]) if name in landed.tables else table
            case Deleted(resource=name, keys=keys):
                landed.deleted.setdefault(name, []).append(keys)
            case Stated(resource=name, count=count):
                landed.stated[name] = landed.stated.get(name, 0) + count
            case Note():
                landed.notes.append(event)
            case Checkpoint(state=state):
                landed.checkpoint = json.loads(json.dumps(state))
            case Resumed():
                landed.resumed = True
            case NextCursor():
                landed.end = event


def land(
    connector: Connector, events: Iterable[Event], previous: Landed | None = None, kept: Landed | None = None
) -> Landed:
    """Takes in all events, behind those that are ``kept`` of a read cut short. Changes are merged with ``previous`` by
    key, as the landing does."""
    landed = Landed(tables=dict(kept.tables) if kept else {})
    take_in(landed, events)
    assert landed.end is not None, "the last event tells where to go on"
    if landed.end.unchanged:
        assert previous is not None
        assert not landed.tables, "nothing else is yielded where nothing changed"
        return Landed(previous.tables, end=landed.end)
    for resource in connector.resources:
        table = landed.tables.setdefault(resource.name, resource.schema.empty_table())
        assert table.schema == resource.schema
        landed.rows[resource.name] = table.num_rows
        if resource.name in landed.end.incremental:
            assert previous is not None
            gone = landed.deleted.get(resource.name, [])
            landed.tables[resource.name] = _merged(previous.tables[resource.name], table, resource, gone)
    return landed


def read(
    connector: Connector, external_id: str, previous: Landed | None = None, kept: Landed | None = None, **request: Any
) -> Landed:
    """One sync: with ``previous`` from its cursor on, with ``kept`` from where that was cut short."""
    if kept:
        request["resume"] = kept.resume
    wanted = ExtractRequest(external_id, cursor=previous.cursor if previous else None, **request)
    return land(connector, connector.extract(wanted), previous, kept)


def books(connector: Connector, landed: Landed) -> duckdb.DuckDBPyConnection:
    """The landed tables, normalized."""
    return books_of(landed.tables, connector.resources, connector.normalize)


def books_of(
    tables: Mapping[str, pa.Table],
    resources: Sequence[Resource],
    normalize: Callable[[duckdb.DuckDBPyConnection], None],
) -> duckdb.DuckDBPyConnection:
    """Tables as they may be landed, normalized; those that are not given are empty."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for resource in resources:
        db.register(f"arrow_{resource.name}", tables.get(resource.name, resource.schema.empty_table()))
        db.execute(f"CREATE TABLE landed.{resource.name} AS FROM arrow_{resource.name}")
    normalize(db)
    require_complete(db)
    return db


def _merged(before: pa.Table, changes: pa.Table, resource: Resource, deleted: list[pa.Table]) -> pa.Table:
    """``before`` with its rows changed and deleted. Of changes with one key, the one of the greatest version stands; a
    deletion counts where the row is not newer."""
    version = resource.version
    named = pa.schema([resource.schema.field(name) for name in (*resource.key, *filter(None, (version,)))])
    key = ", ".join(f'"{name}"' for name in resource.key)
    same = " AND ".join(f'r."{name}" = g."{name}"' for name in resource.key)
    newest = f'QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY "{version}" DESC NULLS LAST) = 1'
    not_newer = f'AND (r."{version}" IS NULL OR g."{version}" IS NULL OR r."{version}" <= g."{version}")'
    with duckdb.connect() as db:
        db.register("before_rows", before)
        db.register("told", changes)
        db.register("gone", pa.concat_tables([named.empty_table(), *deleted]))
        db.execute(f"CREATE TABLE changed AS FROM told {newest if version else ''}")
        merged = db.sql(
            f"FROM (FROM before_rows ANTI JOIN changed USING ({key}) UNION ALL BY NAME FROM changed) r "
            f"WHERE NOT EXISTS (FROM gone g WHERE {same} {not_newer if version else ''})"
        )
        return merged.to_arrow_table().select(before.column_names).cast(before.schema)
