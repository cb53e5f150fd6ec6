"""Reading all entries and transactions of a business, and going on with it another day.

Lists are read page by page, then what changed since the read began: what was booked, changed or deleted meanwhile is
right in the end, also when days lie between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Cursor, Event, ExtractRequest, Resumed, Stated
from connectors.json_pages import pc
from foundation.errors import Incomplete

from . import resources as r
from .feed import Feed, Mark, earlier, since_of, wire_moment
from .inferred import FULL_READ_EVERY, OVERLAP
from .listing import Part
from .wire import VENDOR, SageWire

LISTS = ("ledger_entries", "transactions")
_BATCH_PAGES = 10
_FORM = 1


@dataclass(frozen=True)
class HalfRead:
    """Where a full read stands between two pages: which page of the list ``stage`` is next, and how many rows the lists
    have by now. ``newest`` is the last change seen of each."""

    began: str
    since: str
    history: bool
    stage: str
    page: int = 1
    totals: dict[str, int] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, state: Cursor) -> HalfRead | None:
        """None for a state that an other form of this code wrote."""
        fields = dict(state)
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}


class FullRead:
    """One full read; iterate :meth:`events` to the end, then ask for its ``marks``.

    ``history``: entries before the first wanted day are read, too. ``began`` is the vendor's time.
    """

    def __init__(
        self,
        wire: SageWire,
        request: ExtractRequest,
        began: datetime,
        *,
        history: bool,
        report: Callable[[str, int], None],
    ) -> None:
        self._wire = wire
        self._report = report
        self._resume = request.resume
        afresh = HalfRead(wire_moment(began), since_of(request), history, LISTS[0])
        self._kept = _going_on(afresh, request, began)
        self._half = self._kept or afresh
        self._first = "" if history else afresh.since
        self._ids: dict[str, list[pa.Array]] = {name: [] for name in LISTS}
        self._read = 0
        self._feeds = {name: self._feed(name) for name in LISTS}

    @property
    def marks(self) -> dict[str, Mark]:
        return {name: feed.mark for name, feed in self._feeds.items()}

    @property
    def began(self) -> str:
        return self._half.began

    def events(self) -> Iterator[Event]:
        if self._kept:
            yield Resumed()
            self._replay()
        for name in LISTS[LISTS.index(self._half.stage) :]:
            if name != self._half.stage:
                self._half = replace(self._half, stage=name, page=1)
            yield from self._list(name)
        for name in LISTS:
            changed = self._wire.listing(
                name, r.SCHEMAS[name], updated_or_created_since=earlier(self._half.began, OVERLAP)
            )
            for part in changed.parts():
                self._feeds[name].take(part.rows)
                self._note_ids(name, self._wanted(part.rows))
                yield Batch(name, part.rows)
            yield self._stated(name)

    def _list(self, name: str) -> Iterator[Event]:
        window = {"from_date": self._first} if self._first else {}
        listing = self._wire.listing(name, r.SCHEMAS[name], **window)
        held: list[Part] = []
        start, total = self._half.page, self._half.totals.get(name, 0)
        for part in listing.parts(start, total if start > 1 else 0):
            held.append(part)
            if part.number - held[0].number + 1 >= _BATCH_PAGES:
                yield from self._kept_pages(name, held)
                held = []
        yield from self._kept_pages(name, held)

    def _kept_pages(self, name: str, held: list[Part]) -> Iterator[Event]:
        """Some pages as one batch, and the place behind them."""
        if not held:
            return
        rows = pa.Table.from_batches([part.rows for part in held], schema=r.SCHEMAS[name]).combine_chunks()
        for batch in rows.to_batches():
            self._feeds[name].take(batch)
            self._note_ids(name, batch)
        self._read += rows.num_rows
        self._report("lines" if name == LISTS[0] else name, self._read)
        yield Batch(name, rows)
        self._half = replace(
            self._half,
            page=held[-1].number + 1,
            totals={**self._half.totals, name: held[-1].total},
            newest={each: feed.newest for each, feed in self._feeds.items()},
        )
        yield Checkpoint(self._half.to_json())

    def _stated(self, name: str) -> Stated:
        """How many rows the list has. Raises Incomplete when fewer came: what moved while pages were read, and in no
        way that its count tells, may have hidden some."""
        stated = self._half.totals.get(name, 0)
        received = pc.count_distinct(pa.chunked_array(self._ids[name], pa.string())).as_py()
        if received < stated:
            raise Incomplete(f"{VENDOR} counts {stated} {name.replace('_', ' ')} and sent {received}")
        return Stated(name, stated)

    def _wanted(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The changed rows that the list has, too; of transactions, whose days are not landed, all."""
        if not self._first or "date" not in rows.schema.names:
            return rows
        return rows.filter(pc.fill_null(pc.greater_equal(rows.column("date"), self._first), False))

    def _note_ids(self, name: str, rows: pa.RecordBatch) -> None:
        self._ids[name].append(rows.column("id"))

    def _replay(self) -> None:
        """Notes the rows that an earlier read kept."""
        if self._resume:
            for name in LISTS:
                for rows in self._resume.rows(name, ["id"]):
                    self._note_ids(name, rows)

    def _feed(self, name: str) -> Feed:
        feed = Feed(datetime.fromisoformat(self._half.began))
        feed.newest = self._half.newest.get(name, "")
        return feed


def _going_on(afresh: HalfRead, request: ExtractRequest, now: datetime) -> HalfRead | None:
    """Where a read that was cut short stood; None when there is none, or one that wanted something else."""
    half = HalfRead.from_json(request.resume.state) if request.resume else None
    if half is None or half.stage not in LISTS or (half.since, half.history) != (afresh.since, afresh.history):
        return None
    return half if now - datetime.fromisoformat(half.began) < FULL_READ_EVERY else None
