"""Reading a division, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads everything (:mod:`full_read`); others read the change
feeds alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

import pyarrow as pa

from connectors.contract import Batch, Cursor, Event, ExtractRequest, NextCursor
from connectors.digests import digest
from connectors.json_pages import pc
from foundation.errors import WrongInput

from . import feed
from . import resources as r
from .feed import FeedCursor
from .full_read import FullRead
from .inferred import OPENING_TYPES
from .masters import REFUSALS, MasterReader, Masters, moved
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
        lines, deletions = feed.changed_lines(self.wire, known.lines), feed.deletions(self.wire, known.deleted)
        try:
            deleted = feed.all_rows(deletions)
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
            yield from feed.gone(deleted)
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
        read = FullRead(self.wire, self._small, self.request, first, moved(masters), self.now, self.report)
        yield from read.events()
        yield from self._finish(masters, years, read.cursor(digest(masters)), has_history=read.has_history)

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

    def _opens(self, year: int) -> bool:
        """Whether the year still has opening lines of its own."""
        schema = pa.schema([r.LINES.field("ID")])
        return any(
            batch.num_rows
            for kind in OPENING_TYPES
            for batch in self.wire.rows(r.BULK_LINES, schema, f"FinancialYear eq {year} and Type eq {kind}")
        )
