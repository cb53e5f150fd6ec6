"""Reading a company, in the order in which it happens.

The first sync, and one whose cursor is of no more use, reads the ledger of every year, half a year at a time. Others
ask what was changed or deleted, and for the balances: a half-year is read again when a transaction in it was changed,
or when its balances moved, which is how a deletion shows where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Event, ExtractRequest, NextCursor, Resumed
from connectors.digests import digest
from foundation.errors import WrongInput

from . import resources as r
from .balances import Balances, Chart
from .calendar import Span, told_year, windows_of
from .cursor import Standing, rule_of, since_of
from .inferred import CDC_OVERLAP
from .ledger import LedgerReader
from .wire import Change, QuickBooksWire
from .years import find_years, last_day, last_day_with


@dataclass
class CompanyReader:
    """Reads one company for one request. ``report`` hears the lines so far."""

    wire: QuickBooksWire
    request: ExtractRequest
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._company = self.wire.company()
        accounts = self.wire.accounts()
        self._chart = Chart.of(accounts)
        self._balances = Balances(self.wire, self._chart, self._company.rule)
        self._ledger = LedgerReader(self.wire, self._balances, self._chart, self._company.multi_currency)
        self._masters = {"accounts": accounts, "customers": self.wire.customers(), "vendors": self.wire.vendors()}
        self._digest = digest({**self._masters, "dossier": self._dossier()})
        self._count = 0

    def events(self) -> Iterator[Event]:
        known = Standing.from_json(self.request.cursor)
        if known and known.holds(self.request, self._company):
            changes = self._changes(known)
            if changes is not None:
                yield from changes
                return
        yield from self._full()

    def _changes(self, known: Standing) -> Iterator[Event] | None:
        """The events of an incremental sync; None when what changed is not enough to go on."""
        told = self.wire.changes(datetime.fromisoformat(known.moment))
        if told is None:
            return None
        fresh = [change for change in told if change.mark not in known.seen]
        days = [change.day for change in fresh if change.day]
        first, last = date.fromisoformat(known.first), date.fromisoformat(known.last)
        earliest = self.request.since or date.min
        if any(earliest <= day < first for day in days):
            return None  # the books begin earlier than they did
        years = self._company.rule.years(first, last_day_with(self._company, last, days))
        quiet = not fresh and years[-1].end == last and self._digest == known.masters
        if quiet and self._ended(years) == known.ended:
            return iter([NextCursor(self.request.cursor, unchanged=True)])
        windows = _windows(years)
        moved = [each for each in windows if self._balances.digest(each) != known.digest_of(each.start)]
        if not moved and any(change.deleted for change in fresh):
            return None  # what is gone moved no balance: where it stood is not known
        touched = [each for each in windows if each in moved or any(each.start <= day <= each.end for day in days)]
        return self._read_again(known, years, touched, told)

    def _read_again(
        self, known: Standing, years: Sequence[Span], touched: Iterable[Span], told: Sequence[Change]
    ) -> Iterator[Event]:
        read = max(known.readings.values(), default=0) + 1
        readings = dict(known.readings)
        for window in touched:
            yield from self._lines(window, read)
            readings[window.start] = read
        cursor = self._standing(years, readings, told, self._company.moment, known.full_read_at)
        yield from self._finish(years, readings, cursor, frozenset({"lines"}))

    def _full(self) -> Iterator[Event]:
        moment, years = self._company.moment, self._years()
        windows, readings = _windows(years), dict[date, int]()
        before = self._resumed(windows)
        if before:
            yield Resumed()
            moment = datetime.fromisoformat(before.full_read_at)
            readings |= before.readings
        read = max(readings.values(), default=-1) + 1
        for window in windows:
            if before and before.digest_of(window.start) == self._balances.digest(window):
                continue
            yield from self._lines(window, read)
            readings[window.start] = read
            standing = self._standing(years, readings, (), moment, moment.isoformat())
            yield Checkpoint(standing.to_json())
        cursor = self._standing(years, readings, (), moment, moment.isoformat())
        yield from self._finish(years, readings, cursor)

    def _resumed(self, windows: Sequence[Span]) -> Standing | None:
        """What a read that was cut short had read; None without one."""
        found = Standing.from_json(self.request.resume.state) if self.request.resume else None
        if (
            found
            and found.holds(self.request, self._company)
            and set(found.readings) <= {each.start for each in windows}
        ):
            return found
        return None

    def _years(self) -> list[Span]:
        since, rule = self.request.since, self._company.rule
        if since is None:
            return find_years(self._company, self._ledger, self._balances)
        last = last_day(self._company, self._ledger)
        if since > last or rule.year(since).start != since:
            raise WrongInput(
                f"no fiscal year of the company begins at {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        return rule.years(since, last)

    def _lines(self, window: Span, read: int) -> Iterator[Event]:
        row = 0
        for lines in self._ledger.lines(window):
            if not lines.num_rows:
                continue
            ours = [
                pa.repeat(pa.scalar(window.start, pa.date32()), lines.num_rows),
                pa.array(range(row, row + lines.num_rows), pa.int64()),
                pa.repeat(pa.scalar(read, pa.int64()), lines.num_rows),
            ]
            row += lines.num_rows
            self._count += lines.num_rows
            self.report("lines", self._count)
            yield Batch("lines", pa.Table.from_arrays([*ours, *lines.columns], schema=r.LINES))

    def _standing(
        self,
        years: Sequence[Span],
        readings: Mapping[date, int],
        told: Iterable[Change],
        moment: datetime,
        full_read_at: str,
    ) -> Standing:
        """The cursor after ``readings``: the next sync asks for changes from a little before ``moment``."""
        read = [window for window in _windows(years) if window.start in readings]
        return Standing(
            since=since_of(self.request),
            rule=rule_of(self._company),
            first=years[0].start.isoformat(),
            last=years[-1].end.isoformat(),
            moment=(moment - CDC_OVERLAP).isoformat(),
            full_read_at=full_read_at,
            masters=self._digest,
            ended=self._ended(years) if len(read) == 2 * len(years) else "",
            seen=sorted(change.mark for change in told),
            windows={each.start.isoformat(): [self._balances.digest(each), readings[each.start]] for each in read},
        )

    def _finish(
        self,
        years: Sequence[Span],
        readings: Mapping[date, int],
        cursor: Standing,
        incremental: frozenset[str] = frozenset(),
    ) -> Iterator[Event]:
        told = [told_year(year, self._company.closed_until) for year in years]
        rows = [{"label": y.label, "start_date": y.start, "end_date": y.end, "closed": y.closed} for y in told]
        numbers = [{"HalfYear": window, "Read": read} for window, read in sorted(readings.items())]
        days = [years[0].eve, *(year.end for year in years)]
        yield Batch("dossier", self._dossier())
        yield Batch("years", pa.Table.from_pylist(rows, schema=r.YEARS))
        for name, table in self._masters.items():
            yield Batch(name, table)
        yield Batch("readings", pa.Table.from_pylist(numbers, schema=r.READINGS))
        yield Batch("trial_balances", self._balances.table(days))
        yield NextCursor(cursor.to_json(), incremental)

    def _dossier(self) -> pa.Table:
        row = {
            **{name: self._company.info.get(name) for name in ("CompanyName", "LegalName", "Country")},
            "RealmId": self.wire.realm,
            "HomeCurrency": self._company.currency,
            "RetainedEarnings": self._chart.retained,
            "BookCloseDate": self._company.closed_until,
            "Since": self.request.since,
        }
        return pa.Table.from_pylist([row], schema=r.DOSSIER)

    def _ended(self, years: Sequence[Span]) -> str:
        return digest({"ended": self._balances.table([years[-1].end])})


def _windows(years: Iterable[Span]) -> list[Span]:
    return [window for year in years for window in windows_of(year)]
