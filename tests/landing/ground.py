"""A landing, what a sync would give it, and what is found in it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import Batch, Deleted, Event, NextCursor, Resource
from resources.landing import Landing, Snapshot

LINES = Resource(
    "lines",
    pa.schema([("id", pa.string()), ("version", pa.int64()), ("amount", pa.decimal128(20, 4))]),
    ("id",),
    "version",
)
NAMES = Resource("names", pa.schema([("name", pa.string())]))


def lines(*rows: tuple[str, int, int]) -> Batch:
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return Batch(
        "lines", pa.table([pa.array(c, t) for c, t in zip(columns, LINES.schema.types, strict=True)], LINES.schema)
    )


def gone(*rows: tuple[str, int]) -> Deleted:
    ids, versions = zip(*rows, strict=True)
    return Deleted("lines", pa.table({"id": pa.array(ids), "version": pa.array(versions, pa.int64())}))


def full(cursor: int = 1) -> NextCursor:
    return NextCursor({"at": cursor})


def changes(cursor: int) -> NextCursor:
    return NextCursor({"at": cursor}, incremental=frozenset({"lines"}))


class Ground:
    """A landing and what a sync would give it."""

    def __init__(self, folder: Path, root: str | None = None) -> None:
        self.root = folder / "landing"
        self.landing = Landing(root or str(self.root))
        self.work = folder / "work"
        self.work.mkdir(parents=True, exist_ok=True)

    def land(self, snapshot_id: str, *events: Event, previous: Snapshot | None = None) -> Snapshot:
        return self.landing.land("p", "d", snapshot_id, [LINES, NAMES], iter(events), work=self.work, previous=previous)


def rows(snapshot: Snapshot, resource: str = "lines") -> list[tuple[object, ...]]:
    table = pq.read_table(snapshot.files[resource])
    return sorted(tuple(row.values()) for row in table.to_pylist())


def ids(snapshot: Snapshot) -> list[tuple[object, object]]:
    return [(row[0], row[1]) for row in rows(snapshot)]
