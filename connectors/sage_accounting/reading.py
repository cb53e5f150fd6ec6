"""Reading a business, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads everything (:mod:`full_read`); others read what changed.
The trial balance is asked for last: it follows postings with some seconds' delay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain

import pyarrow as pa

from connectors.contract import Batch, Event, ExtractRequest, NextCursor, Note
from connectors.digests import digest
from connectors.year_ends import Year
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .feed import Feed, Mark, Standing, earlier, since_of, wire_moment
from .full_read import LISTS, FullRead
from .inferred import AGGREGATE_LAG, OVERLAP
from .listing import SIZES
from .wire import SageWire, Settings
from .years import years_of

REFUSALS = (AskForAccess, WrongInput)
"""403 and 404: the user has no role in the area, or the country or plan has no such list."""
_CHANGES = frozenset({*LISTS, "contacts"})

Masters = Mapping[str, pa.Table]


@dataclass
class BusinessReader:
    """Reads one business for one request. ``report`` hears the rows so far."""

    wire: SageWire
    request: ExtractRequest
    sleep: Callable[[float], None]
    report: Callable[[str, int], None]
    notes: list[Note] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        business, self._settings = self.wire.business(), self.wire.settings()
        self._began = self.wire.moment
        masters = {
            "dossier": self._dossier(business, self._settings),
            "ledger_accounts": self.wire.listing("ledger_accounts", r.ACCOUNTS).table(),
        }
        # Another day may lie in another fiscal year.
        self._told = f"{digest(masters)} {self._settings.year_end.on_or_after(self._began.date())}"
        known = Standing.from_json(self.request.cursor)
        before = known if known and known.holds(self.request, self._began) else None
        if self.request.totals_only:
            yield from self._totals(masters, before)
        elif before:
            yield from self._changes(masters, before)
        else:
            yield from self._full(masters)

    def _full(self, masters: Masters) -> Iterator[Event]:
        years, history = self._years(), False
        if self.request.since:
            # What stands at that day is in the trial balance; without one, only what was booked before tells.
            history = not self._balances(years[:1])
        read = FullRead(self.wire, self.request, self._began, history=history, report=self.report)
        yield from read.events()
        contacts = Feed(self._began)
        for part in self._contacts(""):
            contacts.take(part)
            yield Batch("contacts", part)
        standing = Standing(
            mode="lines",
            since=since_of(self.request),
            masters=self._told,
            full_read_at=read.began,
            history=history,
            marks={**read.marks, "contacts": contacts.mark},
        )
        yield from self._finish(masters, years, standing)

    def _changes(self, masters: Masters, before: Standing) -> Iterator[Event]:
        feeds = {name: Feed(self._began, before.marks[name]) for name in (*LISTS, "contacts")}
        coming = self._changed(feeds, before.marks)
        held: list[Event] = []  # what repeats, at most the overlap, until something new is seen
        for event in coming:
            held.append(event)
            if any(feed.brings_certain_news for feed in feeds.values()):
                break
        else:
            news = before.masters != self._told or any(feed.brings_news for feed in feeds.values())
            if not news and not self._should_move_on(held, feeds, before):
                yield NextCursor(self.request.cursor, unchanged=True)
                return
        yield from chain(held, coming)
        marks = {name: feed.mark for name, feed in feeds.items()}
        standing = replace(before, masters=self._told, marks=marks)
        yield from self._finish(masters, self._years(), standing, _CHANGES)

    def _should_move_on(self, held: Sequence[Event], feeds: Mapping[str, Feed], before: Standing) -> bool:
        """Whether so much repeats, as after an import, that it is worth a cursor behind it."""
        repeated = sum(event.rows.num_rows for event in held if isinstance(event, Batch))
        return repeated > SIZES[0] and any(feed.since > before.marks[name].since for name, feed in feeds.items())

    def _changed(self, feeds: Mapping[str, Feed], marks: Mapping[str, Mark]) -> Iterator[Event]:
        read = 0
        for name, feed in feeds.items():
            since = marks[name].since
            listing = self.wire.listing(name, r.SCHEMAS[name], updated_or_created_since=since)
            pages = self._contacts(since) if name == "contacts" else (part.rows for part in listing.parts())
            for rows in pages:
                feed.take(rows)
                read += rows.num_rows
                self.report("lines", read)
                yield Batch(name, rows)

    def _contacts(self, since: str) -> Iterator[pa.RecordBatch]:
        """Contacts, or those that changed; none, with a note, where they are refused."""
        filters = {"updated_or_created_since": since} if since else {}
        try:
            for part in self.wire.listing("contacts", r.CONTACTS, **filters).parts():
                yield part.rows
        except REFUSALS as refusal:
            self._note("no_contacts", refusal.cause, "the sync goes on without contacts")

    def _totals(self, masters: Masters, before: Standing | None) -> Iterator[Event]:
        """Balances of years and of their months; all of them, when an entry changed since."""
        if before and before.masters == self._told and self._changed_since(before.full_read_at) == 0:
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        years = self._years()
        standing = Standing("totals", since_of(self.request), self._told, wire_moment(self._began))
        yield from self._finish(masters, years, standing)

    def _changed_since(self, moment: str) -> int | None:
        """How many entries were changed since a little before ``moment``; None where they are refused."""
        try:
            return self.wire.count("ledger_entries", updated_or_created_since=earlier(moment, OVERLAP))
        except REFUSALS:
            return None

    def _years(self) -> list[Year]:
        """The years that are wanted."""
        settings, since = self._settings, self.request.since
        years = years_of(self.wire, settings.year_end, settings.begins, self._began.date())
        wanted = [year for year in years if since is None or year.end >= since]
        if not wanted:
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        return wanted

    def _finish(
        self,
        masters: Masters,
        years: Sequence[Year],
        standing: Standing,
        incremental: frozenset[str] = frozenset(),
    ) -> Iterator[Event]:
        """The small tables, the vendor's own balances, notes, and the cursor."""
        self._let_settle(standing)
        told = [(year.told(self._settings.locked), year.whole) for year in years]
        rows = [
            {"label": y.label, "start_date": y.start, "end_date": y.end, "closed": y.closed, "whole": whole}
            for y, whole in told
        ]
        history = pa.array([standing.history])
        dossier = masters["dossier"].append_column("history", history).select(r.DOSSIER.names)
        small = {
            **masters,
            "dossier": dossier,
            "years": pa.Table.from_pylist(rows, schema=r.YEARS),
            "journal_codes": self._journal_codes(dossier.column("country")[0].as_py()),
            "trial_balances": pa.Table.from_pylist(self._balances(years), schema=r.TRIAL_BALANCES),
        }
        for name, table in small.items():
            yield Batch(name, table)
        yield from self.notes
        yield NextCursor(standing.to_json(), incremental)

    def _let_settle(self, standing: Standing) -> None:
        """Waits until the report can know of the last change."""
        newest = max((mark.newest for name, mark in standing.marks.items() if name in LISTS), default="")
        if newest:
            left = AGGREGATE_LAG - (self.wire.moment - datetime.fromisoformat(newest))
            if timedelta(0) < left <= AGGREGATE_LAG:
                self.sleep(left / timedelta(seconds=1))

    def _balances(self, years: Sequence[Year]) -> list[dict[str, object]]:
        """The vendor's own balances of the years, in totals mode of their months besides; none, with a note, where they
        are refused and there are lines."""
        days: list[tuple[date, date]] = []
        for year in years:
            days.append((year.start, year.end))
            if self.request.totals_only:
                days += _months(year)
        try:
            return [self.wire.trial_balance(*each) for each in days]
        except REFUSALS as refusal:
            if self.request.totals_only:
                raise
            if not any(note.code == "no_trial_balance" for note in self.notes):
                self._note("no_trial_balance", refusal.cause, "figures are not compared with the package's own")
            return []

    def _journal_codes(self, country: str | None) -> pa.Table:
        """Day-books, which France alone has."""
        if country != "FR":
            return r.JOURNAL_CODES.empty_table()
        try:
            return self.wire.listing("journal_codes", r.JOURNAL_CODES).table()
        except REFUSALS as refusal:
            self._note("no_journal_codes", refusal.cause, "day-books are known by what entries call them")
            return r.JOURNAL_CODES.empty_table()

    def _dossier(self, business: Mapping[str, object], settings: Settings) -> pa.Table:
        country = business.get("country")
        row = {
            "id": business.get("id"),
            "name": business.get("name") or business.get("displayed_as"),
            "country": country.get("id") if isinstance(country, dict) else None,
            "currency": settings.currency,
            "since": self.request.since,
            **{name: settings.row.get(name) for name in ("tax_number", "year_end_date")},
            **{name: settings.row.get(name) for name in ("accounts_start_date", "year_end_lockdown_date")},
        }
        schema = r.DOSSIER.remove(r.DOSSIER.get_field_index("history"))
        return pa.Table.from_pylist([row], schema=schema)

    def _note(self, code: str, trouble: str, consequence: str) -> None:
        self.notes.append(Note(code, f"{trouble.rstrip('.')}: {consequence}"))


def _months(year: Year) -> list[tuple[date, date]]:
    """First and last day of each calendar month in the year."""
    ends = year.month_ends()
    return list(zip([year.start, *(end + timedelta(days=1) for end in ends[:-1])], ends, strict=True))
