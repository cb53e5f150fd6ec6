"""Exact Online's change feeds (lines and deletions), and the cursor that tells where the next sync may go on.

A feed gives rows by growing row version. It is read from a little before the place where it ended last time, since a
slow writer's rows may appear late; a digest of what lay in that overlap tells repetition from news.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Cursor, Deleted, Event
from connectors.json_pages import pc

from . import resources as r
from .inferred import FULL_READ_EVERY, ROW_VERSION_OVERLAP
from .wire import ExactWire

_FORM = 1


@dataclass(frozen=True)
class FeedCursor:
    """Where both feeds stand. ``moved`` are the division's dates at which the vendor numbers its rows anew."""

    lines: int
    deleted: int
    recent_lines: str
    recent_deleted: str
    masters: str
    since: str | None
    moved: str
    has_history: bool
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> FeedCursor | None:
        """None for no cursor, or one that an other form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, moved: str, now: datetime) -> bool:
        """Whether changes since this cursor are enough for a sync that wants ``since``."""
        return (
            self.since == (since.isoformat() if since else None)
            and self.moved == moved
            and now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY
        )


class Feed:
    """A change feed from row version ``since`` on; iterate once, then ask what was seen.

    ``newest`` is the greatest row version seen, ``recent`` the digest of the rows near it.
    """

    def __init__(
        self, wire: ExactWire, endpoint: str, schema: pa.Schema, *, since: int, key: str = "ID", condition: str = ""
    ) -> None:
        self._wire = wire
        self._endpoint = endpoint
        self.schema = schema
        self._key = key
        self._condition = f"Timestamp gt {max(since - ROW_VERSION_OVERLAP, 0)}L{condition}"
        self._since = since
        self._tail: list[tuple[int, str]] = []
        self.newest = since

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._wire.rows(self._endpoint, self.schema, self._condition):
            if batch.num_rows:
                self._remember(batch)
                yield batch

    @property
    def recent(self) -> str:
        text = "\n".join(f"{stamp} {key}" for stamp, key in sorted(set(self._tail)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def brings_news(self, recent: str) -> bool:
        """Whether anything was seen that was not there when ``recent`` was noted; asked after the last row."""
        return self.newest > self._since or self.recent != recent

    def _remember(self, batch: pa.RecordBatch) -> None:
        stamps = batch.column("Timestamp")
        self.newest = max(self.newest, pc.max(stamps).as_py() or 0)
        floor = self.newest - ROW_VERSION_OVERLAP
        near = batch.filter(pc.greater(stamps, floor)).select(["Timestamp", self._key]).to_pydict()
        self._tail = [pair for pair in self._tail if pair[0] > floor]
        self._tail += zip(near["Timestamp"], near[self._key], strict=True)


def changed_lines(wire: ExactWire, since: int) -> Feed:
    return Feed(wire, r.SYNC_LINES, r.CHANGED_LINES, since=since)


def deletions(wire: ExactWire, since: int) -> Feed:
    return Feed(wire, "sync/Deleted", r.DELETED, since=since, key="EntityKey", condition=" and EntityType eq 1")


def all_rows(feed: Feed) -> pa.Table:
    return pa.Table.from_batches(list(feed), schema=feed.schema)


def gone(deleted: pa.Table) -> Iterator[Event]:
    """Deleted lines as news and as rows: those that went while a full read was under way are taken out of it later."""
    lines = deleted.filter(pc.equal(deleted.column("EntityType"), 1))
    if lines.num_rows:
        keys = pa.Table.from_arrays([lines.column("EntityKey"), lines.column("Timestamp")], schema=r.DELETED_LINES)
        yield Deleted("lines", keys)
        yield Batch("deletions", keys)
