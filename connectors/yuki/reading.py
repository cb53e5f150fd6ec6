"""Reading an administration, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads everything (:mod:`full_read`). Others ask four things:
what the change digest tells, the chart, the balances of the last year, the contacts that were changed. If none brings
news, that was all; else the months in which lines changed are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Cursor, Deleted, Event, ExtractRequest, NextCursor
from foundation.errors import WrongInput

from . import resources as r
from .changes import Change, Standing, fresh, kept_years, read_digest
from .directory import Administration
from .full_read import FullRead, touched
from .inferred import DIGEST_MARGIN
from .lines import LineReader
from .masters import REFUSALS, MasterReader, contact_marks, mark, new_contacts
from .wire import YukiWire
from .years import BookYear, months


@dataclass(frozen=True)
class News:
    """What the four questions of an incremental sync brought."""

    changes: list[Change]
    seen: list[str]
    accounts: pa.Table
    balances: pa.Table
    contacts: pa.Table
    told_contacts: list[str]
    contact_page: int | None


@dataclass
class AdministrationReader:
    """Reads one administration for one request. ``find`` looks it up, in a session's domain or (None) in all;
    ``wire`` gives the wire to a session's domain; ``country`` is the host's."""

    request: ExtractRequest
    find: Callable[[str | None], Administration]
    wire: Callable[[str], YukiWire]
    country: str
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def events(self) -> Iterator[Event]:
        known = Standing.from_json(self.request.cursor)
        if known and not self.request.totals_only and known.holds(self.request.since, self.now()):
            changes = self._changes(known)
            if changes is not None:
                yield from changes
                return
        yield from self._full(self._find_again(known.session) if known else self.find(None))

    def _find_again(self, session: str) -> Administration:
        """The administration where it was, without going through every domain; or wherever it moved to."""
        try:
            return self.find(session)
        except (WrongInput, *REFUSALS):
            return self.find(None)

    def _full(self, found: Administration) -> Iterator[Event]:
        started = self.now()
        masters = self._masters(found.session, found.row["DomainID"] or "")
        all_years = masters.years(day(found.row["StartDate"]), started.date())
        years = self._wanted(all_years)
        accounts = masters.accounts()
        contacts, page = self._contacts(masters, None, None)
        full = None
        if not self.request.totals_only:
            full = FullRead(masters, self._lines(masters, years), self.request, self.now)
            yield from full.events(months(years))
        last = yield from self._balances(masters, years, years, full.read if full else 1, None)
        yield Batch("contacts", contacts)
        cursor = None
        if full and full.seen is not None and last is not None:
            begun = datetime.fromisoformat(full.started_at)
            cursor = Standing(
                since=self.request.since.isoformat() if self.request.since else None,
                session=found.session,
                domain=masters.domain,
                looked_at=full.started_at,
                seen=full.seen,
                read=full.read,
                years=kept_years(all_years),
                accounts=mark(accounts),
                balance=mark(last),
                contacts=contact_marks(contacts, begun - 2 * DIGEST_MARGIN),
                contact_page=page,
                full_read_at=full.started_at,
            ).to_json()
        yield from self._finish(masters, found, years, accounts, cursor)

    def _changes(self, known: Standing) -> Iterator[Event] | None:
        """The events of an incremental sync; None when everything must be read after all."""
        started = self.now()
        masters = self._masters(known.session, known.domain)
        years = self._wanted(known.book_years)
        try:
            news = self._news(masters, known, years[-1], started)
        except REFUSALS:
            return None  # a right is gone, or the administration moved; a full read says so
        if news is None:
            return None
        moved, recounted = bool(news.changes), mark(news.balances) != known.balance
        if recounted and not moved:
            return None  # the digest missed something
        if not (moved or news.contacts.num_rows or mark(news.accounts) != known.accounts):
            return iter([NextCursor(self.request.cursor, unchanged=True)])
        cursor = replace(
            known,
            looked_at=started.isoformat(),
            seen=news.seen,
            read=known.read + 1,
            accounts=mark(news.accounts),
            balance=mark(news.balances),
            contacts=news.told_contacts,
            contact_page=news.contact_page,
        )
        return self._changed(masters, years, news, cursor)

    def _changed(self, masters: MasterReader, years: list[BookYear], news: News, cursor: Standing) -> Iterator[Event]:
        found = self.find(cursor.session)
        lines = self._lines(masters, years)
        gone = {change.id for change in news.changes if change.deleted}
        for event in lines.events(touched(news.changes, months(years)), cursor.read):
            if event.resource == "lines":
                gone -= set(event.rows.column("id").to_pylist())
            yield event
        if gone:
            keys = pa.table({"id": sorted(gone), "Read": [cursor.read] * len(gone)}, schema=r.DELETED)
            yield Deleted("lines", keys)
        # Balances carry over: a change in one year moves the start of all that follow.
        earliest = min((change.day or date.min for change in news.changes), default=date.max)
        moved = [year for year in years if year.end >= earliest]
        yield from self._balances(masters, years, moved, cursor.read, news.balances)
        yield Batch("contacts", news.contacts)
        yield from self._finish(masters, found, years, news.accounts, cursor.to_json(), changes_only=True)

    def _news(self, masters: MasterReader, known: Standing, last: BookYear, started: datetime) -> News | None:
        """None where more changed than the digest is good for."""
        digest = read_digest(masters.wire, masters.id, known.moment, started)
        if digest is None or any(change.day is None for change in digest):
            return None
        contacts, page = self._contacts(masters, known.moment - DIGEST_MARGIN, known.contact_page)
        return News(
            fresh(digest, known.seen),
            sorted(change.mark for change in digest),
            masters.accounts(),
            masters.balances(last),
            new_contacts(contacts, known.contacts),
            contact_marks(contacts),
            page,
        )

    def _balances(
        self,
        masters: MasterReader,
        years: Sequence[BookYear],
        moved: Sequence[BookYear],
        read: int,
        last: pa.Table | None,
    ) -> Generator[Event, None, pa.Table | None]:
        """Start and end of each of the ``moved`` years; ``last`` is what the last of all ``years`` ends with, where it
        was read already. Returns it (None: refused)."""
        refused = False
        for year in moved:
            start = masters.start_balances(year)
            yield Batch("start_balances", r.with_columns(start, r.START_BALANCES, YearID=year.number, Read=read))
            yield Batch("readings", r.readings("start_balances", [year.label], read))
            if refused:
                continue
            try:
                told = last if last is not None and year == years[-1] else masters.balances(year)
            except REFUSALS as refusal:
                if self.request.totals_only:
                    raise
                masters.note("no_balances", refusal.cause, "the figures are not compared with the package's own")
                refused = True
                continue
            yield Batch("balances", r.with_columns(told, r.BALANCES, YearID=year.number, Read=read))
            yield Batch("readings", r.readings("balances", [year.label], read))
            if year == years[-1]:
                last = told
        return None if refused else last

    def _finish(
        self,
        masters: MasterReader,
        found: Administration,
        years: Sequence[BookYear],
        accounts: pa.Table,
        cursor: Cursor | None,
        *,
        changes_only: bool = False,
    ) -> Iterator[Event]:
        """The small tables, notes, and the cursor."""
        country = (found.row["Country"] or "").strip() or self.country
        dossier = found.row | {"Country": country, "Since": self.request.since}
        yield Batch("dossier", pa.Table.from_pylist([dossier], schema=r.DOSSIER))
        yield Batch("years", r.years_table(years))
        yield Batch("accounts", accounts)
        yield Batch("rgs", masters.rgs(country))
        if not self.request.totals_only:
            yield Batch("items", masters.items())
        yield from masters.notes
        yield NextCursor(cursor, r.IN_PARTS if changes_only else frozenset())

    def _contacts(self, masters: MasterReader, after: datetime | None, page: int | None) -> tuple[pa.Table, int | None]:
        try:
            return masters.contacts(after, page)
        except REFUSALS as refusal:
            masters.note("no_contacts", refusal.cause, "customers and suppliers are named as on the lines")
            return r.CONTACTS.empty_table(), page

    def _masters(self, session: str, domain: str) -> MasterReader:
        return MasterReader(self.wire(session), self.request.external_id, domain)

    def _lines(self, masters: MasterReader, years: Sequence[BookYear]) -> LineReader:
        return LineReader(masters.wire, masters.id, years[0].start, years[-1].end, self.report)

    def _wanted(self, years: Sequence[BookYear]) -> list[BookYear]:
        since = self.request.since
        found = [year for year in years if since is None or year.end >= since]
        if not found:
            raise WrongInput(
                f"no fiscal year ends at or after {since}" if since else "no fiscal year has begun",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        return found


def day(text: Any) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
