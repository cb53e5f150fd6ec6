"""The fiscal years of a business: what the vendor says about them, and where its entries begin."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Protocol

from connectors.year_ends import Year, YearEnd, years_from

from .inferred import MOST_YEARS

_DAY = timedelta(days=1)


class Entries(Protocol):
    """Counts the ledger entries of some days."""

    def count_entries(self, first: date | None = None, last: date | None = None) -> int: ...


def year_end_of(day: date) -> YearEnd:
    """The rule that ``day``, the end of one year, stands for: the last day of a February is that of any."""
    last = calendar.monthrange(day.year, day.month)[1]
    return YearEnd(day.month, 31 if day.day == last else day.day)


def years_of(entries: Entries, rule: YearEnd, begins: date | None, today: date) -> list[Year]:
    """The years from the first day ``begins`` (None: that of the oldest entry's year) to the present one, or to that of
    the last entry. Takes a call, and without ``begins`` one per year and a few more."""
    last = rule.on_or_after(today)
    while entries.count_entries(first=last + _DAY) and last.year - today.year < MOST_YEARS:
        last = rule.on_or_after(last + _DAY)
    return years_from(begins or _first_day(entries, rule, today), last, rule)


def _first_day(entries: Entries, rule: YearEnd, today: date) -> date:
    end = rule.on_or_after(today)
    while today.year - end.year < MOST_YEARS and entries.count_entries(last=rule.before(end)):
        end = rule.before(end)
    on_last_day = end < today and not entries.count_entries(last=end - _DAY)
    return end + _DAY if on_last_day else rule.start_of(end)
