"""Reading an office, in the order in which it happens.

A full read notes what is listed as deleted, reads all lines, and then catches up with what was deleted and changed
meanwhile. Later syncs read deletions and changes alone: first the deletions, so that a transaction that is told as
changed stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.contract import Batch, Cursor, Deleted, Event, ExtractRequest, NextCursor, Note, Stated
from foundation.errors import AskForAccess, ReportABug, WrongInput

from . import full_read
from .changes import ChangeCursor, Changes, Deletions, as_table, from_moment
from .masters import MasterReader, Masters, digest
from .wire import TwinfieldWire
from .years import fiscal_years_of

_CHANGES_ONLY = frozenset({"lines", "dues"})


@dataclass
class OfficeReader:
    """Reads one office for one request; ``report`` hears the lines so far."""

    wire: TwinfieldWire
    request: ExtractRequest
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._small = MasterReader(self.wire)
        self._began = self.now()

    def events(self) -> Iterator[Event]:
        masters = self._small.read(self.request.since)
        years = fiscal_years_of(masters["periods"])
        wanted = {int(year.label) for year in years if self.request.since is None or year.end >= self.request.since}
        if self.request.since and not wanted:
            raise WrongInput(
                f"no fiscal year ends at or after {self.request.since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        everything = [int(year.label) for year in years]
        if self.request.totals_only:
            yield from self._finish(masters, everything, None)
            return
        known = ChangeCursor.from_json(self.request.cursor)
        if known and known.holds(self.request.since, self._began):
            yield from self._changes(masters, everything, _listed(masters, wanted), known)
        else:
            yield from self._full(masters, everything, _listed(masters, wanted))

    def _changes(
        self, masters: Masters, years: Sequence[int], listed: Mapping[int, list[int]], known: ChangeCursor
    ) -> Iterator[Event]:
        deletions = Deletions.read(self.wire)
        changes = Changes(self.wire, known.changed_since, self._began)
        gone = deletions.news(known.deleted_since, known.deletions) - changes.keys
        repeated = changes.recent(known.changed_since) == known.recent
        if repeated and not gone and digest(masters) == known.masters:
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        self.report("lines", changes.rows.num_rows)
        yield Batch("lines", changes.rows)
        yield Stated("lines", changes.stated)
        if gone:
            yield Deleted("lines", as_table(gone))
        yield from self._due_dates({year: listed[year] for year in changes.years if year in listed})
        cursor = self._cursor(masters, changes, deletions, known.full_read_at)
        yield from self._finish(masters, years, cursor, _CHANGES_ONLY)

    def _full(self, masters: Masters, years: Sequence[int], listed: Mapping[int, list[int]]) -> Iterator[Event]:
        before = self._deletions()
        read = announced = 0
        for stated, batch in full_read.all_lines(self.wire, listed):
            read, announced = read + batch.num_rows, announced + stated
            self.report("lines", read)
            yield Batch("lines", batch)
        cursor = None
        after = self._deletions() if before else None
        if before and after:
            changes = Changes(self.wire, from_moment(self._began), self._began)
            announced += changes.stated
            yield Batch("lines", changes.rows)
            yield Batch("deletions", as_table(after.news(before.horizon, before.recent)))
            cursor = self._cursor(masters, changes, after, self._began.isoformat())
        yield Stated("lines", announced)
        yield from self._due_dates(listed)
        yield from self._finish(masters, years, cursor)

    def _due_dates(self, listed: Mapping[int, list[int]]) -> Iterator[Event]:
        """Those of whole years; none, with a note, where they are refused."""
        try:
            for batch in full_read.due_dates(self.wire, listed):
                yield Batch("dues", batch)
        except AskForAccess as refusal:
            self._small.notes.append(Note("no_due_dates", f"{refusal.cause.rstrip('.')}: the sync goes on without"))

    def _deletions(self) -> Deletions | None:
        """None, with a note, where they are refused: then every sync reads everything."""
        try:
            return Deletions.read(self.wire)
        except (AskForAccess, ReportABug) as refusal:
            note = Note("no_deletions", f"{refusal.cause.rstrip('.')}: every sync reads everything")
            if note not in self._small.notes:
                self._small.notes.append(note)
            return None

    def _cursor(self, masters: Masters, changes: Changes, deletions: Deletions, full_read_at: str) -> Cursor:
        since = from_moment(self._began)
        return ChangeCursor(
            changed_since=since,
            recent=changes.recent(since),
            deleted_since=deletions.horizon,
            deletions=deletions.recent,
            masters=digest(masters),
            since=self.request.since.isoformat() if self.request.since else None,
            full_read_at=full_read_at,
        ).to_json()

    def _finish(
        self, masters: Masters, years: Sequence[int], cursor: Cursor | None, incremental: frozenset[str] = frozenset()
    ) -> Iterator[Event]:
        """The small tables, the package's own totals of every year (those before the first that is wanted tell the
        balance that it opens with), notes, and the cursor."""
        for name, table in masters.items():
            yield Batch(name, table)
        yield Batch("totals", full_read.totals(self.wire, years))
        yield from self._small.notes
        yield NextCursor(cursor, incremental)


def _listed(masters: Masters, wanted: set[int]) -> dict[int, list[int]]:
    """The numbers of the listed periods, by wanted year."""
    listed: dict[int, list[int]] = {year: [] for year in sorted(wanted)}
    for row in masters["periods"].select(["year", "number"]).to_pylist():
        if row["year"] in wanted:
            listed[row["year"]].append(row["number"])
    return listed
