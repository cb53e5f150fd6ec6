"""Reading a division, in the order in which it happens.

A full read notes where the change feed stands, reads the lines in bulk, and then catches up with the feed: what was
booked, changed or deleted while pages were read is right in the end. Later syncs read the feed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain

import pyarrow as pa

from connectors.contract import Batch, Cursor, Deleted, Event, ExtractRequest, NextCursor, Stated
from connectors.json_pages import pc
from foundation.errors import WrongInput

from . import resources as r
from .feed import Feed, FeedCursor
from .inferred import CURSOR_MARGIN, EVERYTHING, LINES_API, OPENING_TYPES, ROW_VERSION_OVERLAP
from .masters import OPEN_QUESTION, REFUSALS, MasterReader, Masters, digest, moved
from .progress import Progress
from .wire import ExactWire

_CHANGES_ONLY = frozenset({"lines", "deletions"})


@dataclass
class DivisionReader:
    """Reads one division for one request. ``country`` is the region's; ``report`` hears the lines so far."""

    wire: ExactWire
    request: ExtractRequest
    country: str
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._small = MasterReader(self.wire, int(self.request.external_id), self.country)

    def events(self) -> Iterator[Event]:
        masters = self._small.read()
        years, first = r.year_numbers(masters["periods"], self.request.since)
        if self.request.since and not years:
            raise WrongInput(
                f"no fiscal year ends at or after {self.request.since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        if self.request.totals_only:
            yield from self._finish(masters, years, None)
            return
        known = FeedCursor.from_json(self.request.cursor)
        if known and known.holds(self.request.since, moved(masters), self.now()):
            changes = self._changes(masters, years, first, known)
            if changes is not None:
                yield from changes
                return
        yield from self._full(masters, years, first)

    def _changes(
        self, masters: Masters, years: Sequence[int], first: int | None, known: FeedCursor
    ) -> Iterator[Event] | None:
        """The events of an incremental sync; None when the feeds do not suffice after all."""
        lines, deletions = self._lines(known.lines), self._deletions(known.deleted)
        try:
            deleted = _all_rows(deletions)
            coming = iter(lines)
            held: list[pa.RecordBatch] = []  # what repeats, at most the overlap, until something new is seen
            for batch in coming:
                held.append(batch)
                if lines.newest > known.lines:
                    break
        except REFUSALS:
            return None  # the right to the feed is gone; a full read says so
        gone = deletions.brings_news(known.recent_deleted)
        if gone and first is not None and not known.has_history and not self._opens(first):
            return None
        if digest(masters) == known.masters and not gone and not lines.brings_news(known.recent_lines):
            return iter([NextCursor(self.request.cursor, unchanged=True)])

        def changed() -> Iterator[Event]:
            read, touched = 0, max(years, default=0)
            for batch in chain(held, coming):
                read += batch.num_rows
                touched = min(touched, pc.min(batch.column("FinancialYear")).as_py() or touched)
                self.report("lines", read)
                yield Batch("lines", batch)
            yield from _gone(deleted)
            cursor = replace(
                known,
                lines=lines.newest,
                deleted=deletions.newest,
                recent_lines=lines.recent,
                recent_deleted=deletions.recent,
                masters=digest(masters),
            )
            # Carry-forwards follow a changed year into the later ones; a deletion does not tell its year.
            touched = 0 if gone else touched
            yield from self._finish(masters, years, cursor.to_json(), _CHANGES_ONLY, known.has_history, touched)

        return changed()

    def _full(self, masters: Masters, years: Sequence[int], first: int | None) -> Iterator[Event]:
        wanted = f"FinancialYear ge {first}" if first is not None else EVERYTHING
        progress = Progress(self.report, first)
        has_history = False
        start = self._start_of_feed()
        version = max((start or 0) - ROW_VERSION_OVERLAP, 0)
        bulk = None if start is None else self._bulk(wanted, version, progress)
        if bulk is None:  # the feed from its beginning tells everything, too
            start, wanted, has_history = 0, EVERYTHING, first is not None
        else:
            yield from bulk
            if first is not None and not progress.opening_seen:
                wanted, has_history = EVERYTHING, True
                yield from self._bulk(f"FinancialYear lt {first}", version, progress) or ()
        stated = self._count(wanted)
        progress.counted_from = first if wanted != EVERYTHING else None
        lines, deletions = self._lines(start or 0), self._deletions(start or 0)
        cursor: Cursor | None = None
        caught_up = False
        try:
            for batch in lines:
                yield progress.batch(batch)
            caught_up = True
            deleted = _all_rows(deletions)
        except REFUSALS as refusal:
            if bulk is None and not caught_up:
                raise
            self._small.note("no_change_feed", refusal.cause, "every sync reads everything")
        else:
            yield from _gone(deleted)
            cursor = FeedCursor(
                lines=lines.newest,
                deleted=deletions.newest,
                recent_lines=lines.recent,
                recent_deleted=deletions.recent,
                masters=digest(masters),
                since=self.request.since.isoformat() if self.request.since else None,
                moved=moved(masters),
                has_history=has_history,
                full_read_at=self.now().isoformat(),
            ).to_json()
        if stated is not None:
            progress.require(stated)
            yield Stated("lines", stated)
        yield from self._finish(masters, years, cursor, has_history=has_history)

    def _finish(
        self,
        masters: Masters,
        years: Sequence[int],
        cursor: Cursor | None,
        incremental: frozenset[str] = frozenset(),
        has_history: bool = False,
        touched: int = 0,
    ) -> Iterator[Event]:
        """The small tables with the vendor's own balances (of the ``years`` from ``touched`` on, and of every open
        one), notes, and the cursor."""
        ours = [pa.array([self.request.since], pa.date32()), pa.array([has_history])]
        dossier = pa.Table.from_arrays([*masters["dossier"].columns, *ours], schema=r.DOSSIER)
        small = {**masters, "dossier": dossier, **self._small.read_followers(masters, years, touched)}
        for name, table in small.items():
            yield Batch(name, table)
        yield from self._small.notes
        yield NextCursor(cursor, incremental)

    def _bulk(self, condition: str, version: int, progress: Progress) -> Iterator[Event] | None:
        """Lines under a filter, as old as row version ``version``; None when bulk reading is refused."""
        batches = self.wire.rows(r.BULK_LINES, r.LINES, condition)
        try:
            opened = next(batches)
        except REFUSALS as refusal:
            self._small.note("no_bulk_lines", refusal.cause, "lines are read from the change feed")
            return None
        return (progress.bulk(batch, version) for batch in chain([opened], batches))

    def _start_of_feed(self) -> int | None:
        """The row version from which changes must be read once a read that begins now is over; None: not told."""
        day = (self.now().astimezone(UTC) - CURSOR_MARGIN).date()
        try:
            found = self.wire.function(
                "read/sync/Sync/SyncTimestamp",
                r.START_OF_FEED,
                modified=f"datetime'{day.isoformat()}'",
                endPoint=f"'{LINES_API}'",
            )
        except OPEN_QUESTION as refusal:
            self._small.note("no_start_of_feed", refusal.cause, "lines are read from the change feed")
            return None
        return pc.max(found.column("TimeStampAsBigInt")).as_py()

    def _opens(self, year: int) -> bool:
        """Whether the year still has opening lines of its own."""
        schema = pa.schema([r.LINES.field("ID")])
        return any(
            batch.num_rows
            for kind in OPENING_TYPES
            for batch in self.wire.rows(r.BULK_LINES, schema, f"FinancialYear eq {year} and Type eq {kind}")
        )

    def _count(self, condition: str) -> int | None:
        trouble: str = "the line count is no number"
        try:
            counted = self.wire.count(r.BULK_LINES, condition)
        except OPEN_QUESTION as refusal:
            counted, trouble = None, refusal.cause
        if counted is None:
            self._small.note("no_line_count", trouble, "the number of lines is not compared")
        return counted

    def _lines(self, since: int) -> Feed:
        return Feed(self.wire, r.SYNC_LINES, r.CHANGED_LINES, since=since)

    def _deletions(self, since: int) -> Feed:
        condition = " and EntityType eq 1"
        return Feed(self.wire, "sync/Deleted", r.DELETED, since=since, key="EntityKey", condition=condition)


def _all_rows(feed: Feed) -> pa.Table:
    return pa.Table.from_batches(list(feed), schema=feed.schema)


def _gone(deleted: pa.Table) -> Iterator[Event]:
    """Deleted lines as news and as rows: those that went while a full read was under way are taken out of it later."""
    lines = deleted.filter(pc.equal(deleted.column("EntityType"), 1))
    if lines.num_rows:
        keys = pa.Table.from_arrays([lines.column("EntityKey"), lines.column("Timestamp")], schema=r.DELETED_LINES)
        yield Deleted("lines", keys)
        yield Batch("deletions", keys)
