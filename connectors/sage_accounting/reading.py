"""Reading a business, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads everything (:mod:`full_read`); others read what changed.
The trial balance is asked for last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa

from connectors.contract import Batch, Event, ExtractRequest, NextCursor
from connectors.year_ends import Year

from . import resources as r
from .feed import Feed, Standing, earlier, since_of, wire_moment
from .full_read import LISTS, FullRead
from .inferred import OVERLAP
from .listing import SIZES
from .masters import REFUSALS, MasterReader, Masters
from .reports import Report, TrialBalances, table
from .wire import SageWire

_CHANGES = frozenset({*LISTS, "contacts"})


@dataclass
class BusinessReader:
    """Reads one business for one request. ``report`` hears the rows so far."""

    wire: SageWire
    request: ExtractRequest
    sleep: Callable[[float], None]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._small = MasterReader(self.wire, self.request)
        self._reports = TrialBalances(self.wire, self._small, self.sleep)

    def events(self) -> Iterator[Event]:
        masters = self._small.read()
        known = Standing.from_json(self.request.cursor)
        before = known if known and known.holds(self.request, self._small.began) else None
        if self.request.totals_only:
            yield from self._totals(masters, before)
        elif before:
            yield from self._changes(masters, before)
        else:
            yield from self._full(masters)

    def _full(self, masters: Masters) -> Iterator[Event]:
        years, began = self._small.years(), self._small.began
        history = not self._opening_is_told(years)
        read = FullRead(self.wire, self.request, began, history=history, report=self.report)
        yield from read.events()
        contacts = Feed(began)
        for rows in self._contacts(""):
            contacts.take(rows)
            yield Batch("contacts", rows)
        standing = Standing(
            mode="lines",
            since=since_of(self.request),
            masters=self._small.told,
            full_read_at=read.began,
            history=history,
            marks={**read.marks, "contacts": contacts.mark},
        )
        yield from self._finish(masters, years, standing, self._reports.settled(years, standing))

    def _changes(self, masters: Masters, before: Standing) -> Iterator[Event]:
        feeds = {name: Feed(self._small.began, before.marks[name]) for name in (*LISTS, "contacts")}
        coming = self._changed(feeds, before)
        held: list[Batch] = []  # what repeats, at most the overlap, until something new is seen
        for batch in coming:
            held.append(batch)
            if any(feed.brings_certain_news for feed in feeds.values()):
                break
        else:
            news = before.masters != self._small.told or any(feed.brings_news for feed in feeds.values())
            if not news and not _should_move_on(held, feeds, before):
                yield NextCursor(self.request.cursor, unchanged=True)
                return
        years = self._small.years()
        if not before.history and not self._opening_is_told(years):
            yield from self._full(masters)
            return
        yield from chain(held, coming)
        marks = {name: feed.mark for name, feed in feeds.items()}
        standing = replace(before, masters=self._small.told, marks=marks)
        yield from self._finish(masters, years, standing, self._reports.settled(years, standing), _CHANGES)

    def _opening_is_told(self, years: Sequence[Year]) -> bool:
        """Whether what stands at a link's first day is in a trial balance; without one, only what was booked before
        tells it."""
        return self.request.since is None or bool(self._reports.of(years[:1]))

    def _changed(self, feeds: Mapping[str, Feed], before: Standing) -> Iterator[Batch]:
        read = 0
        for name, feed in feeds.items():
            for rows in self._rows(name, before.marks[name].since):
                feed.take(rows)
                read += rows.num_rows
                self.report("lines", read)
                yield Batch(name, rows)

    def _rows(self, name: str, since: str) -> Iterator[pa.RecordBatch]:
        if name == "contacts":
            return self._contacts(since)
        listing = self.wire.listing(name, r.SCHEMAS[name], updated_or_created_since=since)
        return (part.rows for part in listing.parts())

    def _contacts(self, since: str) -> Iterator[pa.RecordBatch]:
        """Contacts, or those that changed; none, with a note, where they are refused."""
        filters = {"updated_or_created_since": since} if since else {}
        try:
            for part in self.wire.listing("contacts", r.CONTACTS, **filters).parts():
                yield part.rows
        except REFUSALS as refusal:
            self._small.note("no_contacts", refusal.cause, "the sync goes on without contacts")

    def _totals(self, masters: Masters, before: Standing | None) -> Iterator[Event]:
        """Balances of years and of their months, when an entry changed since they were read."""
        if before and before.masters == self._small.told and self._changed_since(before.read_at) == 0:
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        years, began = self._small.years(), wire_moment(self._small.began)
        reports, digests = self._reports.by_months(years, before.reports if before else {})
        standing = Standing(
            mode="totals",
            since=since_of(self.request),
            masters=self._small.told,
            full_read_at=before.full_read_at if before else began,
            read_at=began,
            reports=digests,
        )
        yield from self._finish(masters, years, standing, reports, frozenset({"trial_balances"} if before else ()))

    def _changed_since(self, moment: str) -> int | None:
        """How many entries were changed since a little before ``moment``; None where they are refused."""
        try:
            return self.wire.count("ledger_entries", updated_or_created_since=earlier(moment, OVERLAP))
        except REFUSALS:
            return None

    def _finish(
        self,
        masters: Masters,
        years: Sequence[Year],
        standing: Standing,
        reports: Sequence[Report],
        incremental: frozenset[str] = frozenset(),
    ) -> Iterator[Event]:
        """The small tables, the vendor's own balances, notes, and the cursor."""
        for name, rows in self._small.completed(masters, years).items():
            yield Batch(name, rows)
        yield Batch("trial_balances", table(reports))
        yield from self._small.notes
        yield NextCursor(standing.to_json(), incremental)


def _should_move_on(held: Sequence[Batch], feeds: Mapping[str, Feed], before: Standing) -> bool:
    """Whether so much repeats, as after an import, that it is worth a cursor behind it."""
    repeated = sum(batch.rows.num_rows for batch in held)
    return repeated > SIZES[0] and any(feed.since > before.marks[name].since for name, feed in feeds.items())
