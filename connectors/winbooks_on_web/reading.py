"""Reading a folder, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads the lines of every book year. Others ask what was changed,
count the lines of each period, and where a count moved or a line was changed they go through the ids of that book year:
what does not stand there any more was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Event, ExtractRequest, NextCursor, Note, Resumed, Stated
from connectors.digests import digest
from connectors.json_pages import pc
from foundation.errors import Incomplete, WrongInput

from . import resources as r
from .cursor import Feed, LedgerCursor, Progress
from .masters import MasterReader
from .questions import HEADERS, LINES, Ledger, TooManyChanges, counted
from .wire import REFUSALS, VENDOR, WowWire
from .years import BookYear

_CHANGES_ONLY = frozenset({"lines", "headers", "standing", "swept"})
_RESOURCES = {LINES: "lines", HEADERS: "headers"}


@dataclass
class FolderReader:
    """Reads one folder for one request. ``facts`` is what is known of it beforehand; ``report`` hears lines so far."""

    wire: WowWire
    request: ExtractRequest
    facts: Mapping[str, str | None]
    account_name: str
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._small = MasterReader(self.wire, self.account_name)
        self._ledger = Ledger(self.wire)
        self._started = self.now()
        self._read = 0

    def events(self) -> Iterator[Event]:
        self._all = self._small.book_years()
        since = self.request.since
        self._years = [each for each in self._all if since is None or each.year.end >= since]
        if since and not self._years:
            raise WrongInput(
                f"no book year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        dossier = pa.Table.from_pylist([{**self.facts, "Since": since}], schema=r.DOSSIER)
        masters = {"dossier": dossier, **self._small.tables(self._all)}
        known = LedgerCursor.from_json(self.request.cursor)
        changes = self._changes(masters, known) if known and known.holds(since, self._started) else None
        yield from self._full(masters) if changes is None else changes

    def _changes(self, masters: Mapping[str, pa.Table], known: LedgerCursor) -> Iterator[Event] | None:
        """The events of an incremental sync; None where changes are not told, or not to be believed."""
        reading = known.reading + 1
        try:
            counts = self._ledger.counts()  # first: what is booked meanwhile is then among the changes
            lines = self._ledger.changed(LINES, known.lines.asked_from, reading)
            headers = self._ledger.changed(HEADERS, known.headers.asked_from, reading)
        except (*REFUSALS, TooManyChanges):
            return None
        if not (lines.num_rows and headers.num_rows):
            return None  # what was changed last is not even told
        same = known.lines.knows(lines) and known.headers.knows(headers) and counts == known.counts
        if same and digest(masters) == known.masters:
            return iter([NextCursor(self.request.cursor, unchanged=True)])
        touched = {period for period in counts.keys() | known.counts if counts.get(period) != known.counts.get(period)}
        if not known.lines.knows(lines):
            touched |= set(lines.column("BookPeriod_Id").to_pylist())

        def changed() -> Iterator[Event]:
            yield from self._told("lines", lines)
            yield from self._told("headers", headers)
            yield from self._sweep(touched, reading)
            cursor = LedgerCursor(
                known.since,
                known.full_read_at,
                reading,
                digest(masters),
                counts,
                known.lines.after(lines),
                known.headers.after(headers),
            )
            yield from self._finish(masters, counts, cursor, _CHANGES_ONLY)

        return changed()

    def _full(self, masters: Mapping[str, pa.Table]) -> Iterator[Event]:
        since = self.request.since
        progress = Progress.from_json(self.request.resume.state) if self.request.resume else None
        if progress and progress.holds(since, self._started):
            yield Resumed()
        else:
            newest = self._ledger.newest(LINES), self._ledger.newest(HEADERS)
            progress = Progress(since.isoformat() if since else None, self._started.isoformat(), *newest)
        for entity in (LINES, HEADERS):
            for each in self._years:
                yield from self._year(entity, each, progress)
        yield from self._caught_up(masters, progress)

    def _year(self, entity: str, each: BookYear, progress: Progress) -> Iterator[Event]:
        """The lines or headers of one book year, from where the progress stands, which moves along."""
        place = f"{entity} {each.id}"
        if place in progress.done or not each.periods:
            return
        for rows in self._ledger.of_periods(entity, each.ids(), progress.after):
            yield from self._told(_RESOURCES[entity], rows)
            progress.after = rows.column("Id")[-1].as_py()
            if entity == LINES:
                for period, count in counted(rows).items():
                    progress.counts[period] = progress.counts.get(period, 0) + count
            yield Checkpoint(progress.to_json())
        progress.done.append(place)
        progress.after = ""

    def _caught_up(self, masters: Mapping[str, pa.Table], progress: Progress) -> Iterator[Event]:
        """What was booked and deleted while everything was read; then the rest, and the cursor."""
        feeds, told, touched = dict[str, Feed](), dict[str, int](), set[str]()
        counts = self._counts()  # first: what is booked meanwhile is then among the changes
        for entity, newest in ((LINES, progress.newest_line), (HEADERS, progress.newest_header)):
            if newest is None:
                continue
            feed = Feed(newest)
            try:
                rows = self._ledger.changed(entity, feed.asked_from, 1)
            except (*REFUSALS, TooManyChanges):
                continue
            if not rows.num_rows:
                continue  # what was changed last is not even told
            feeds[entity] = feed.after(rows)
            yield from self._told(_RESOURCES[entity], rows)
            if entity == LINES:
                told = counted(rows)
                touched = set(counted(rows.filter(pc.greater(rows.column("Modified"), newest))))
        if counts is not None:
            yield from self._proven(counts, progress.counts, told, touched)
        cursor = None
        if counts is not None and len(feeds) == 2:
            began = progress.began_at
            cursor = LedgerCursor(progress.since, began, 1, digest(masters), counts, feeds[LINES], feeds[HEADERS])
        else:
            self._small.notes.append(
                Note("no_changes", f"{VENDOR} does not tell changes of this folder: it is read whole each time")
            )
        yield from self._finish(masters, counts, cursor)

    def _counts(self) -> dict[str, int] | None:
        try:
            return self._ledger.counts()
        except REFUSALS:
            self._small.notes.append(
                Note("no_counts", f"{VENDOR} does not count lines: whether all were sent is not proven by it")
            )
            return None

    def _proven(
        self, counts: Mapping[str, int], read: Mapping[str, int], told: Mapping[str, int], touched: set[str]
    ) -> Iterator[Event]:
        """Compares the lines of each period that were ``read`` with what the vendor counts. Where that differs, or a
        period was ``touched`` meanwhile, ids are gone through. Raises Incomplete where lines are missing that were not
        ``told`` as changed either."""
        wanted = [period for each in self._years for period in each.ids()]
        for period in wanted:
            sent = read.get(period, 0) + told.get(period, 0)
            if sent < counts.get(period, 0):
                raise Incomplete(f"{VENDOR} counts {counts[period]} lines of a period and sent {sent}")
        moved = {period for period in wanted if counts.get(period, 0) != read.get(period, 0)}
        yield from self._sweep(touched | moved, 1)
        yield Stated("lines", sum(counts.get(period, 0) for period in wanted))

    def _sweep(self, periods: Iterable[str], sweep: int) -> Iterator[Event]:
        """The ids that stand in the book years of these periods."""
        periods = set(periods)
        years = [each for each in self._years if periods & set(each.ids())]
        for ids in self._ledger.standing(years, sweep):
            yield Batch("standing", ids)
        if years:
            rows = [{"BookYear_Id": each.id, "Sweep": sweep} for each in years]
            yield Batch("swept", pa.Table.from_pylist(rows, schema=r.SWEPT))

    def _told(self, resource: str, rows: pa.Table) -> Iterator[Event]:
        if resource == "lines":
            self._read += rows.num_rows
            self.report("lines", self._read)
        if rows.num_rows:
            yield Batch(resource, rows)

    def _finish(
        self,
        masters: Mapping[str, pa.Table],
        counts: dict[str, int] | None,
        cursor: LedgerCursor | None,
        incremental: frozenset[str] = frozenset(),
    ) -> Iterator[Event]:
        """The small tables, the package's sums, notes, and the cursor."""
        for name, table in masters.items():
            yield Batch(name, table)
        if counts is not None:
            try:
                yield Batch("totals", self._ledger.totals([*self._history(counts), *self._years], counts))
                simulations = self._ledger.simulations()
                if simulations:
                    text = f"{simulations} simulation entries are in no figure"
                    self._small.notes.append(Note("simulations_left_out", text, simulations))
            except REFUSALS:
                self._small.notes.append(
                    Note("no_totals", f"{VENDOR} does not sum up accounts: nothing to compare with")
                )
        yield from self._small.notes
        yield NextCursor(cursor.to_json() if cursor else None, incremental)

    def _history(self, counts: Mapping[str, int]) -> list[BookYear]:
        """The years whose sums tell what the first wanted one opens with, where it has no opening lines itself: back to
        the last one that has."""
        earlier = [each for each in self._all if each not in self._years]
        needed: list[BookYear] = []
        first = self._years[0] if self._years else None
        while earlier and first and not any(counts.get(period) for period in first.ids("opening")):
            first = earlier.pop()
            needed.append(first)
        return needed[::-1]
