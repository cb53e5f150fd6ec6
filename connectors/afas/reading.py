"""Reading an administration, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads everything (:mod:`full_read`); others read the days that
changed. The package's own balances are read on every sync: where they moved and no day tells why, everything is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.contract import Batch, Cursor, Event, ExtractRequest, NextCursor
from connectors.digests import digest
from foundation.errors import WrongInput

from . import resources as r
from .changed_days import DayCursor, changed_days, lines_of, marked, of_read
from .full_read import FullRead
from .masters import REFUSALS, MasterReader, Masters
from .wire import AfasWire

_CHANGES_ONLY = frozenset({"lines", "days"})


@dataclass
class AdministrationReader:
    """Reads one administration for one request; ``report`` hears the lines so far."""

    wire: AfasWire
    small: MasterReader
    request: ExtractRequest
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def events(self) -> Iterator[Event]:
        masters = self.small.read()
        years, first = r.wanted_years(masters["periods"], self.request.since)
        if self.request.since and not years:
            raise WrongInput(
                f"no fiscal year ends at or after {self.request.since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        if self.request.totals_only:
            yield from self._finish(masters, None)
            return
        known = DayCursor.from_json(self.request.cursor)
        changes = None
        if known and known.holds(self.request.since, self.now()):
            changes = self._changes(masters, known)
        yield from self._full(masters, first) if changes is None else changes

    def _changes(self, masters: Masters, cursor: DayCursor) -> Iterator[Event] | None:
        """The events of an incremental sync; None when changed days do not suffice."""
        try:
            told = changed_days(self.wire, self.small.sources["changed_days"], cursor.known)
        except REFUSALS:
            return None  # the right to them is gone; a full read says so
        days, after = cursor.known.news(told), cursor.known.after(told, self.now())
        if not days:
            if _balances(masters) != cursor.balances:
                return None
            if _digest(masters) == cursor.masters:
                return iter([NextCursor(self.request.cursor, unchanged=True)])

        def changed() -> Iterator[Event]:
            count, read = 0, cursor.read + 1
            for rows in lines_of(self.wire, self.small.sources["transactions"], self.small.unit, days):
                count += rows.num_rows
                self.report("lines", count)
                yield Batch("lines", of_read(rows, read))
            yield Batch("days", marked(days, read))
            if days:
                masters["period_balance"] = self.small.balances()
            ended = replace(
                cursor,
                upto=after.upto,
                recent=after.recent,
                read=read,
                masters=_digest(masters),
                balances=_balances(masters),
            )
            yield from self._finish(masters, ended.to_json(), _CHANGES_ONLY)

        return changed()

    def _full(self, masters: Masters, first: int | None) -> Iterator[Event]:
        full = FullRead(self.wire, self.small, self.request, first, self.now, self.report)
        yield from full.events()
        masters["period_balance"] = self.small.balances()
        cursor = None
        if full.known:
            cursor = DayCursor(
                upto=full.known.upto,
                recent=full.known.recent,
                masters=_digest(masters),
                balances=_balances(masters),
                since=self.request.since.isoformat() if self.request.since else None,
                read=full.read,
                full_read_at=full.started_at,
            ).to_json()
        yield from self._finish(masters, cursor)

    def _finish(
        self, masters: Masters, cursor: Cursor | None, incremental: frozenset[str] = frozenset()
    ) -> Iterator[Event]:
        """The small tables, notes, and the cursor."""
        for name, table in {**masters, **self.small.read_followers()}.items():
            yield Batch(name, table)
        yield from self.small.notes
        yield NextCursor(cursor, incremental)


def _digest(masters: Masters) -> str:
    return digest({name: table for name, table in masters.items() if name != "period_balance"})


def _balances(masters: Masters) -> str:
    return digest({"period_balance": masters["period_balance"]})
