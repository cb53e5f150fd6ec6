"""Reading an organisation, in the order in which it happens: its journals, or where they cannot be had its balances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Event, ExtractRequest, NextCursor, Note, Resumed
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .balances import TrialBalances, digest_of
from .calendar import Year, years_from
from .cursor import Standing, rule_of, since_of
from .inferred import CONTACT_OVERLAP, MONTHS_AGAIN
from .progress import Progress
from .wire import Organisation, XeroWire


@dataclass
class OrganisationReader:
    """Reads one organisation for one request. ``totals`` is a package that reads no journals; ``report`` hears the
    journals so far."""

    wire: XeroWire
    request: ExtractRequest
    totals: bool
    report: Callable[[str, int], None]
    _notes: list[Note] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        organisation, accounts = self.wire.organisation(), self.wire.accounts()
        known = Standing.from_json(self.request.cursor)
        if not (self.totals or self.request.totals_only):
            before = known if known and known.holds("lines", self.request, organisation) else None
            kept = self.request.resume.state if self.request.resume and not before else None
            found = Progress.from_json(before.progress if before else kept or {})
            progress = found or Progress()
            journals = self._opened(progress.start if before else progress.reached)
            if journals is not None:
                if kept and found:
                    yield Resumed()
                yield from self._lines(organisation, accounts, before, progress, journals)
                return
        before = known if known and known.holds("totals", self.request, organisation) else None
        yield from self._balances(organisation, accounts, before)

    def _opened(self, after: int) -> Iterator[pa.RecordBatch] | None:
        """The pages of journals, the first of them fetched; None, with a note, where they are not granted."""
        pages = self.wire.journals(after)
        try:
            first = next(pages, None)
        except AskForAccess as refusal:
            if self.request.since:
                raise AskForAccess(
                    f"{refusal.cause}: the journals are needed to read from a date",
                    next_step="Get Xero's approval for the app to read journals, or link the dossier with --totals.",
                ) from refusal
            cause = refusal.cause.rstrip(".")
            self._notes.append(Note("totals_only", f"{cause}: the journals cannot be read, and totals stand for them"))
            return None
        return chain([first] if first else [], pages)

    def _lines(
        self,
        organisation: Organisation,
        accounts: pa.Table,
        before: Standing | None,
        progress: Progress,
        journals: Iterator[pa.RecordBatch],
    ) -> Iterator[Event]:
        held: list[pa.RecordBatch] = []  # what repeats, at most the overlap, until something new is seen
        news = before is None
        for page in journals:
            held.append(page)
            news = news or progress.brings_news(page)
            if news:
                break
        contacts = self._contacts(before)
        today = organisation.moment.date()
        masters = _digest(organisation, accounts) + f" {organisation.year_end.on_or_after(today)}"
        if before and not news and before.masters == masters and not (contacts and contacts.num_rows):
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        read = 0
        for page in chain(held, journals):
            progress.take(page)
            read += page.num_rows
            self.report("journals", read)
            yield Batch("journals", page)
            if before is None:  # journals never change: a read that is cut short goes on behind the last one
                yield Checkpoint(progress.to_json())
        years = _years(progress, organisation)
        touched = date.fromisoformat(progress.touched) if progress.touched else date.max
        table, revalued = self._year_ends(accounts, years, touched if before and before.compared else date.min)
        if before and before.compared:
            revalued = max(revalued, before.revalued)
        if revalued:
            text = "Xero's reports value foreign balances anew, which its journals do not tell"
            self._notes.append(Note("revaluation_not_booked", text, revalued))
        standing = Standing(
            mode="lines",
            since=since_of(self.request),
            rule=rule_of(organisation),
            masters=masters,
            contacts="" if contacts is None else (organisation.moment - CONTACT_OVERLAP).isoformat(),
            progress=progress.to_json(),
            compared=table is not None,
            revalued=revalued,
        )
        small = {
            "accounts": accounts,
            "contacts": r.CONTACTS.empty_table() if contacts is None else contacts,
            "trial_balances": r.TRIAL_BALANCES.empty_table() if table is None else table,
        }
        changes = {"journals", "contacts", "trial_balances"} if before else set[str]()
        yield from self._finish(organisation, years, progress.conversion, small, standing, changes)

    def _contacts(self, before: Standing | None) -> pa.Table | None:
        """Contacts that changed, or all; none, with a note, where they are not granted."""
        since = datetime.fromisoformat(before.contacts) if before and before.contacts else None
        try:
            return pa.Table.from_batches(list(self.wire.contacts(since)), schema=r.CONTACTS)
        except AskForAccess as refusal:
            self._notes.append(Note("no_contacts", f"{refusal.cause.rstrip('.')}: the sync goes on without contacts"))
            return None

    def _year_ends(self, accounts: pa.Table, years: Sequence[Year], touched: date) -> tuple[pa.Table | None, int]:
        """The package's balances at the ends of the years from ``touched`` on, and at the end of the day before the
        first, with the number of those that revalue; none, with a note, where reports are not granted."""
        reports = TrialBalances(self.wire)
        days = [year.end for year in years if year.end >= touched]
        opening = [years[0].opening_day] if touched < years[0].start else []
        try:
            table = reports.table([*opening, *days])
        except AskForAccess as refusal:
            cause = refusal.cause.rstrip(".")
            self._notes.append(Note("no_trial_balance", f"{cause}: figures are not compared with Xero's own"))
            return None, 0
        return table, reports.revalued(accounts)

    def _balances(self, organisation: Organisation, accounts: pa.Table, before: Standing | None) -> Iterator[Event]:
        """Totals: the balances at the end of every month."""
        reports, today = TrialBalances(self.wire), organisation.moment.date()
        years = reports.years(organisation.year_end, today, organisation.created)
        span = f"{years[0].start} to {years[-1].end}"
        if before and (before.years != span or before.is_old(organisation.moment)):
            before = None
        days = self._days(reports, years, today, before)
        table, masters = reports.table(days), _digest(organisation, accounts)
        known = before.balances if before else {}
        found = {day: digest for day, digest in reports.digests.items() if date.fromisoformat(day) in days}
        if before and before.masters == masters and known | found == known:
            yield from self._notes
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        standing = Standing(
            mode="totals",
            since=since_of(self.request),
            rule=rule_of(organisation),
            masters=masters,
            balances=known | found,
            years=span,
            full_read_at=before.full_read_at if before else organisation.moment.isoformat(),
        )
        small = {"accounts": accounts, "trial_balances": table}
        changes = {"trial_balances"} if before else set[str]()
        yield from self._finish(organisation, years, None, small, standing, changes, totals=True)

    def _days(self, reports: TrialBalances, years: Sequence[Year], today: date, before: Standing | None) -> set[date]:
        """The days whose balances are read: all month ends, but in older years only the last if both ends stand."""
        days: set[date] = {years[0].opening_day} if reports.any_at(years[0].opening_day) else set()
        for year in years:
            ends = {year.opening_day, year.end} if year is not years[0] else {year.end}
            same = before is not None and all(
                before.balances.get(day.isoformat()) == digest_of(reports.at(day)) for day in ends
            )
            days |= {year.end} if same and year.end < today - MONTHS_AGAIN else set(year.month_ends())
        return days

    def _finish(
        self,
        organisation: Organisation,
        years: Sequence[Year],
        conversion: date | None,
        small: dict[str, pa.Table],
        standing: Standing,
        changes: Iterable[str],
        *,
        totals: bool = False,
    ) -> Iterator[Event]:
        since = self.request.since
        if since and not any(year.end >= since for year in years):
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        row = {**organisation.row, "Since": since, "TotalsOnly": totals, "Conversion": conversion}
        told = [(year.told(organisation.locked), year.whole) for year in years]
        rows = [
            {"label": y.label, "start_date": y.start, "end_date": y.end, "closed": y.closed, "whole": whole}
            for y, whole in told
        ]
        yield Batch("dossier", pa.Table.from_pylist([row], schema=r.DOSSIER))
        yield Batch("years", pa.Table.from_pylist(rows, schema=r.YEARS))
        for name, table in small.items():
            yield Batch(name, table)
        yield from self._notes
        yield NextCursor(standing.to_json(), frozenset(changes))


def _years(progress: Progress, organisation: Organisation) -> list[Year]:
    """The years from the first journal to the present one, or to the last journal. Only a conversion cuts the first
    one short."""
    rule, today = organisation.year_end, organisation.moment.date()
    first = progress.first_day or today
    last = max(today, date.fromisoformat(progress.newest)) if progress.newest else today
    return years_from(first if progress.conversion else rule.start_of(first), last, rule)


def _digest(organisation: Organisation, accounts: pa.Table) -> str:
    return digest_of([dict(organisation.row), *accounts.to_pylist()])
