"""Reading a dossier, in the order in which it happens.

The first sync, and one whose cursor is of no more use, asks for the documents of each bookyear and journal type, as the
vendor demands; others ask for what changed. A full read ends with the changes since it began, so that what was booked
meanwhile is right, and the next sync knows what it has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Event, ExtractRequest, NextCursor, Resumed
from connectors.json_pages import Row
from foundation.errors import WrongInput

from . import resources as r
from .cursor import FeedCursor
from .inferred import FULL_READ_EVERY, JOURNAL_TYPES, STAMP_OVERLAP
from .masters import Bookyear, MasterReader, digest, dossier_table, year_tables
from .wire import EVERY, START_OF_TIME, Bookings, OctopusWire, stamp

_CHANGES_ONLY = frozenset({"lines", "documents", "journals"})
_BATCH_ROWS = 50_000
_FORM = 1


@dataclass
class DossierReader:
    """Reads one dossier for one request. ``dossier`` is its record in the list; ``report`` hears the lines so far."""

    wire: OctopusWire
    request: ExtractRequest
    dossier: Row
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._small = MasterReader(self.wire)
        self._started = self.now()
        self._read = 0

    def events(self) -> Iterator[Event]:
        bookyears = self._small.bookyears()
        since = self.request.since
        if since and not any(bookyear.year.end >= since for bookyear in bookyears):
            raise WrongInput(
                f"no bookyear ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        masters = {
            "dossier": dossier_table(self.dossier, since),
            **year_tables(bookyears),
            "accounts": self._small.accounts(),
            "relations": self._small.relations(),
        }
        known = FeedCursor.from_json(self.request.cursor)
        if known and known.holds(since, self._started):
            yield from self._changes(masters, bookyears, known)
        else:
            yield from self._full(masters, bookyears)

    def _changes(
        self, masters: Mapping[str, pa.Table], bookyears: list[Bookyear], known: FeedCursor
    ) -> Iterator[Event]:
        changed = self.wire.bookings(EVERY, EVERY, known.stamp)
        seen = _digest(changed)
        if seen == known.feed and digest(masters) == known.masters:
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        version = known.version + 1
        yield from self._documents(changed, version)
        cursor = replace(known, feed=seen, masters=digest(masters), version=version)
        if known.is_stale(self._started):
            cursor = yield from self._catch_up(cursor, self._started)
        open_years = [bookyear for bookyear in bookyears if not bookyear.year.closed]
        yield from self._finish(masters, open_years, cursor, _CHANGES_ONLY)

    def _full(self, masters: Mapping[str, pa.Table], bookyears: list[Bookyear]) -> Iterator[Event]:
        wanted = [(bookyear.id, kind) for bookyear in reversed(bookyears) for kind in JOURNAL_TYPES]
        started, done = self._resumed(wanted)
        if done:
            yield Resumed()
        for place, told in self._one_ahead([place for place in wanted if place not in done]):
            yield from self._documents(told, 0)
            done.append(place)
            yield Checkpoint({"form": _FORM, "started": started.isoformat(), "done": list(done)})
        cursor = FeedCursor(
            stamp="",
            stamped_at="",
            feed="",
            masters=digest(masters),
            version=0,
            since=self.request.since.isoformat() if self.request.since else None,
            full_read_at=started.isoformat(),
        )
        cursor = yield from self._catch_up(cursor, started)
        yield from self._finish(masters, bookyears, cursor)

    def _one_ahead(self, places: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Bookings]]:
        """All documents of each bookyear and type; while one answer is used, the next is asked for already."""
        with ThreadPoolExecutor(1, thread_name_prefix="next-bookings") as ahead:
            coming: Future[Bookings] | None = None
            for position, place in enumerate(places):
                told = (coming or ahead.submit(self.wire.bookings, *place, START_OF_TIME)).result()
                following = places[position + 1 : position + 2]
                coming = ahead.submit(self.wire.bookings, *following[0], START_OF_TIME) if following else None
                yield place, told

    def _resumed(self, wanted: list[tuple[int, int]]) -> tuple[datetime, list[tuple[int, int]]]:
        """When the read that was cut short began, and which bookyears and types it has; now and none without one."""
        state: Mapping[str, Any] = self.request.resume.state if self.request.resume else {}
        if state.get("form") == _FORM:
            started = datetime.fromisoformat(state["started"])
            done = [(int(bookyear), int(kind)) for bookyear, kind in state["done"]]
            if self._started - started < FULL_READ_EVERY and set(done) <= set(wanted):
                return started, done
        return self._started, []

    def _catch_up(self, cursor: FeedCursor, began: datetime) -> Generator[Event, None, FeedCursor]:
        """What changed since a little before ``began``; returns the cursor that asks from there on."""
        asked, version = stamp(began - STAMP_OVERLAP), cursor.version + 1
        changed = self.wire.bookings(EVERY, EVERY, asked)
        yield from self._documents(changed, version)
        return replace(cursor, stamp=asked, stamped_at=began.isoformat(), feed=_digest(changed), version=version)

    def _documents(self, told: Bookings, version: int) -> Iterator[Event]:
        """What was told, in rows with our versions: in one answer a document that is sent comes after its deletion."""
        gone_at, sent_at = 2 * version, 2 * version + 1
        self._read += told.lines.num_rows
        self.report("lines", self._read)
        if told.lines.num_rows:
            lines = _with(told.lines, sent_at, r.LINES)
            for position in range(0, lines.num_rows, _BATCH_ROWS):
                yield Batch("lines", lines.slice(position, _BATCH_ROWS))
            sent = told.lines.group_by(list(r.DOCUMENT)).aggregate([])
            yield Batch("documents", _with(sent, sent_at, r.DOCUMENTS, deleted=False))
        if told.deleted.num_rows:
            yield Batch("documents", _with(told.deleted, gone_at, r.DOCUMENTS, deleted=True))

    def _finish(
        self,
        masters: Mapping[str, pa.Table],
        bookyears: list[Bookyear],
        cursor: FeedCursor,
        incremental: frozenset[str] = frozenset(),
    ) -> Iterator[Event]:
        """The small tables with the journals of ``bookyears`` and the package's own balances, notes, and the cursor."""
        small = {**masters, "journals": self._small.journals(bookyears), "amounts": self._small.amounts()}
        for name, table in small.items():
            yield Batch(name, table)
        yield from self._small.notes
        yield NextCursor(cursor.to_json(), incremental)


def _digest(told: Bookings) -> str:
    return digest({"lines": told.lines, "deleted": told.deleted})


def _with(table: pa.Table, version: int, schema: pa.Schema, *, deleted: bool | None = None) -> pa.Table:
    ours: list[Any] = [pa.array([version] * table.num_rows, pa.int64())]
    if deleted is not None:
        ours.append(pa.array([deleted] * table.num_rows))
    return pa.Table.from_arrays([*table.columns, *ours], schema=schema)
