"""Fiscal years that follow from the day on which they end, for packages that know no more of them than that."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from connectors.contract import FiscalYear

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class YearEnd:
    """The last day of a fiscal year, as month and day; a day that a month does not have is its last."""

    month: int
    day: int

    def on_or_after(self, day: date) -> date:
        """The end of the year that contains ``day``."""
        end = self._in(day.year)
        return end if end >= day else self._in(day.year + 1)

    def before(self, end: date) -> date:
        """The year end before the year end ``end``."""
        return self._in(end.year - 1)

    def start_of(self, day: date) -> date:
        """The first day of the year that contains ``day``."""
        return self.before(self.on_or_after(day)) + _DAY

    def _in(self, year: int) -> date:
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


@dataclass(frozen=True)
class Year:
    """A fiscal year; ``whole`` is False for a first one that a conversion cut short."""

    start: date
    end: date
    whole: bool

    def told(self, locked: date | None) -> FiscalYear:
        """The year by the name of the calendar year in which it ends; closed or not, where anything is locked."""
        return FiscalYear(str(self.end.year), self.start, self.end, self.end <= locked if locked else None)

    @property
    def opening_day(self) -> date:
        """The day at whose end stands what the year opens with."""
        return self.start - _DAY

    def month_ends(self) -> list[date]:
        """The last day of each calendar month in the year, and the year's own."""
        found, day = [], self.start
        while day <= self.end:
            last = month_end(day)
            found.append(min(last, self.end))
            day = last + _DAY
        return found


def years_from(start: date, last: date, rule: YearEnd) -> list[Year]:
    """The years from the one that begins at ``start`` to the one that contains ``last``."""
    years = []
    while start <= last or not years:
        end = rule.on_or_after(start)
        years.append(Year(start, end, start == rule.start_of(end)))
        start = end + _DAY
    return years


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
