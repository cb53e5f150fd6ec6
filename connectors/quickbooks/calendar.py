"""Fiscal years of twelve calendar months, and the half-years in which the ledger is read."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from connectors.contract import FiscalYear
from foundation.errors import ReportABug

_DAY = timedelta(days=1)
_MONTHS = {name: number for number, name in enumerate(calendar.month_name) if name}


@dataclass(frozen=True, order=True)
class Span:
    """Days from ``start`` to ``end``, both inclusive."""

    start: date
    end: date

    def months(self) -> list[Span]:
        """The calendar months, or the parts of them, that make up the span."""
        found, day = [], self.start
        while day <= self.end:
            last = min(month_end(day), self.end)
            found.append(Span(day, last))
            day = last + _DAY
        return found

    def halves(self) -> list[Span]:
        middle = self.start + (self.end - self.start) // 2
        return [Span(self.start, middle), Span(middle + _DAY, self.end)]

    @property
    def eve(self) -> date:
        """The day before it."""
        return self.start - _DAY


@dataclass(frozen=True)
class YearRule:
    """Years begin with the first day of ``month``."""

    month: int

    @classmethod
    def of(cls, name: str | None) -> YearRule:
        """The rule for a month as the vendor names it. Raises ReportABug for anything else."""
        if not name or name not in _MONTHS:
            raise ReportABug(f"QuickBooks tells {name!r} for the month in which fiscal years begin")
        return cls(_MONTHS[name])

    def year(self, day: date) -> Span:
        """The fiscal year that contains ``day``."""
        start = date(day.year if day.month >= self.month else day.year - 1, self.month, 1)
        return Span(start, date(start.year + 1, self.month, 1) - _DAY)

    def before(self, year: Span) -> Span:
        return self.year(year.eve)

    def after(self, year: Span) -> Span:
        return self.year(year.end + _DAY)

    def years(self, first: date, last: date) -> list[Span]:
        """The fiscal years from the one that contains ``first`` to the one that contains ``last``."""
        found = [self.year(first)]
        while found[-1].end < last:
            found.append(self.after(found[-1]))
        return found


def windows_of(year: Span) -> list[Span]:
    """The half-years of a fiscal year: the vendor advises not to ask for more than six months at once."""
    months = year.months()
    return [Span(months[0].start, months[5].end), Span(months[6].start, months[-1].end)]


def told_year(year: Span, closed_until: date | None) -> FiscalYear:
    """The year by the name of the calendar year in which it ends; closed or not, where a closing date is set."""
    closed = year.end <= closed_until if closed_until else None
    return FiscalYear(str(year.end.year), year.start, year.end, closed)


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
