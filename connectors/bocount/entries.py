"""Ledger entries as they stream by, and the cursor that tells where the next sync may go on.

Entries are only added, with growing numbers, so that a number is the place in the ledger. What changed within an entry
(a dimension, an application) is told by the moment of its change alone, which is read again a little before the place
where it ended; a digest of what lay in that overlap tells repetition from news.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Cursor
from connectors.json_pages import pc
from foundation.errors import VendorDown

from .inferred import FULL_READ_EVERY, MODIFIED_OVERLAP
from .wire import VENDOR

_FORM = 1


@dataclass(frozen=True)
class LedgerCursor:
    """Where the ledger stands: ``newest`` entry, how many ``entries`` there are up to it, the last moment at which one
    was ``modified``, a digest of the ``recent`` ones. ``details`` are the fields that the web service tells,
    ``masters`` a digest of the small tables."""

    newest: int
    entries: int
    modified: str
    recent: str
    masters: str
    details: str
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> LedgerCursor | None:
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

    def holds(self, details: str, now: datetime) -> bool:
        """Whether changes since this cursor are enough for a sync that reads the same details."""
        return self.details == details and now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY


class Seen:
    """What is kept in mind of entries while they stream by, from where a cursor stood on."""

    def __init__(self, report: Callable[[str, int], None], newest: int = 0, modified: str = "") -> None:
        self._report = report
        self._tail: list[tuple[str, int]] = []
        self.newest = newest
        self.modified = modified
        self.rows = 0

    def added(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Entries read in the order of their numbers. Raises VendorDown where the numbers do not grow."""
        for batch in batches:
            if not batch.num_rows:
                continue
            numbers = batch.column("entryNumber")
            if numbers[0].as_py() <= self.newest or not _grows(numbers):
                raise VendorDown(f"{VENDOR} tells ledger entries out of order")
            self.newest = numbers[-1].as_py()
            yield self.watched(batch)

    def changed(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return (self.watched(batch) for batch in batches if batch.num_rows)

    def watched(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        self.rows += batch.num_rows
        self._report("lines", self.rows)
        # Without its zone, a moment with fewer decimals sorts before those that begin alike.
        moments = pc.utf8_rtrim(batch.column("lastModifiedDateTime"), "Z")
        self.modified = max(self.modified, pc.max(moments).as_py() or "")
        floor = overlapping(self.modified)
        near = pc.fill_null(pc.greater_equal(moments, floor), False)
        numbers = batch.column("entryNumber").filter(near).to_pylist()
        self._tail = [pair for pair in self._tail if pair[0] >= floor]
        self._tail += zip(moments.filter(near).to_pylist(), numbers, strict=True)
        return batch

    @property
    def recent(self) -> str:
        """A digest of what was modified last."""
        text = "\n".join(f"{moment} {number}" for moment, number in sorted(set(self._tail)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def overlapping(modified: str) -> str:
    """A moment so much earlier that nothing is missed behind it; without a zone, which is UTC."""
    try:
        return (datetime.fromisoformat(modified) - MODIFIED_OVERLAP).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return ""


def _grows(numbers: pa.Array) -> bool:
    return len(numbers) < 2 or bool(pc.all(pc.greater(numbers[1:], numbers[:-1])).as_py())
