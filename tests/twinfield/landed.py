"""Reads a sandbox as the sync flow does: events to landed tables, landed tables to the books, without a warehouse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from connectors.books import require_complete
from connectors.budgets import Budgets, LocalBudgets
from connectors.contract import Access, Batch, Connector, Deleted, ExtractRequest, NextCursor, Note, Stated, TokenStore
from connectors.tokens import MemoryTokenStore
from connectors.twinfield import Twinfield
from connectors.twinfield.sandbox import TwinfieldSandbox
from foundation.secrets import Secret
from tests.exact_online.landed import Clock

Key = tuple[str, str]


def access(sandbox: TwinfieldSandbox, clock: Clock, **given: Any) -> Access:
    """What a connection to the sandbox is given; settings by name."""
    tokens: TokenStore = given.pop("tokens", None) or MemoryTokenStore()
    budgets: Budgets = given.pop("budgets", None) or LocalBudgets()
    return Access(
        software="twinfield",
        settings=sandbox.settings | given,
        secrets={name: Secret(value) for name, value in sandbox.secrets.items()},
        tokens=tokens,
        now=clock,
        sleep=clock.sleep,
        budgets=budgets,
    )


def connect(sandbox: TwinfieldSandbox, clock: Clock, **given: Any) -> Twinfield:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Twinfield(access(sandbox, clock, **given))


@dataclass
class Landed:
    """What one extract told: tables by resource, and the rest of the events."""

    tables: dict[str, pa.Table] = field(default_factory=dict)
    deleted: set[Key] = field(default_factory=set)
    stated: int = 0
    read: int = 0
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
    def transactions(self) -> dict[Key, list[Decimal]]:
        """Daybook and number to the amounts of its lines."""
        found: dict[Key, list[Decimal]] = {}
        names = ["head_code", "head_number", "line_basevaluesigned"]
        for row in self.tables["lines"].select(names).to_pylist():
            found.setdefault((row["head_code"], row["head_number"]), []).append(row["line_basevaluesigned"])
        return {key: sorted(amounts) for key, amounts in found.items()}


def read(connector: Connector, previous: Landed | None = None, office: str = "1042", **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on; changes replace transactions, deleted ones go."""
    cursor = dict(previous.cursor or {}) or None if previous else None
    batches: dict[str, list[pa.Table]] = {resource.name: [] for resource in connector.resources}
    landed = Landed()
    for event in connector.extract(ExtractRequest(office, cursor=cursor, **request)):
        match event:
            case Batch(resource=name, rows=told):
                batches[name].append(pa.Table.from_batches([told]) if isinstance(told, pa.RecordBatch) else told)
            case Deleted(keys=keys):
                gone = keys.to_pydict()
                landed.deleted |= set(zip(gone["head_code"], gone["head_number"], strict=True))
            case Stated(count=count):
                landed.stated += count
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
        if resource.name == "lines":
            landed.read = table.num_rows
        if resource.name in landed.end.incremental:
            assert previous is not None
            deleted = landed.deleted if resource.name == "lines" else set()
            changed = set(zip(*(table.column(name).to_pylist() for name in resource.key), strict=True))
            before = previous.tables[resource.name].to_pylist()
            kept = [row for row in before if tuple(row[name] for name in resource.key) not in changed]
            rows = [row for row in (*kept, *table.to_pylist()) if tuple(row[n] for n in resource.key) not in deleted]
            table = pa.Table.from_pylist(rows, schema=resource.schema)
        landed.tables[resource.name] = table
    return landed


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


def told_transactions(sandbox: TwinfieldSandbox) -> dict[Key, list[Decimal]]:
    """What the vendor holds, in the form of :attr:`Landed.transactions`."""
    return {
        (key[0], str(key[1])): sorted(line.amount for line in lines)
        for key, lines in sandbox.vendor.books.transactions.items()
    }
