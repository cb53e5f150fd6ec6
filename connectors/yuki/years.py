"""Book years from what Yuki tells of single years: no operation lists them, and none says that one is closed."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SHORTEST, _LONGEST = timedelta(days=1), timedelta(days=731)


@dataclass(frozen=True)
class BookYear:
    """A book year, ``end`` inclusive; ``assumed`` where the vendor told none and the calendar year stands in."""

    number: int
    start: date
    end: date
    assumed: bool = False

    @property
    def label(self) -> str:
        return str(self.number)


def whole_period(text: str | None) -> tuple[date, date] | None:
    """The days that ``wholePeriod`` names ("start end"); None for nothing or nonsense.

    The published sample begins on the second day and ends on the first one after: such bounds are a day late.
    """
    try:
        start, end = (date.fromisoformat(part[:10]) for part in (text or "").split())
    except ValueError:
        return None
    if start.year < 1900:
        return None
    if start.day == 2:
        start -= _DAY
    if end.day == 1:
        end -= _DAY
    return (start, end) if _SHORTEST <= end - start <= _LONGEST else None


def book_years(told: Mapping[int, tuple[date, date] | None], first_day: date | None) -> list[BookYear]:
    """The years without overlap, oldest first, from ``first_day`` on.

    ``told`` holds the bounds of each year that was asked for, None where there were none: the calendar year stands in,
    for those of its days that no other year has, and from where the year before ends. Of years with the same bounds the
    last number stands.
    """
    by_bounds = {bounds: number for number, bounds in sorted(told.items()) if bounds}
    years = [BookYear(number, *bounds) for bounds, number in by_bounds.items()]
    for number, bounds in sorted(told.items()):
        if bounds is None:
            years += _free(BookYear(number, date(number, 1, 1), date(number, 12, 31), assumed=True), years)
    found: list[BookYear] = []
    for year in sorted(years, key=lambda year: (year.start, year.end)):
        follows = found[-1].end + _DAY if found else year.start
        start = follows if year.assumed else max(year.start, follows)
        if first_day and not found and year.end < first_day:
            continue
        if first_day and not found:
            start = max(start, first_day)
        if start <= year.end:
            found.append(BookYear(year.number, start, year.end, year.assumed))
    return found


def _free(year: BookYear, taken: Iterable[BookYear]) -> list[BookYear]:
    """What is left of ``year`` before, between or after ``taken`` years, if it is one piece; else nothing."""
    start, end = year.start, year.end
    for other in sorted(taken, key=lambda other: other.start):
        if other.start <= start <= other.end:
            start = other.end + _DAY
        elif start < other.start <= end:
            end = other.start - _DAY
    return [BookYear(year.number, start, end, assumed=True)] if start <= end else []


def next_to_ask(told: Mapping[int, tuple[date, date] | None], first: int, today: date) -> int | None:
    """The year to ask for next: from ``first`` to the current one, and to the one after when that is already over."""
    if not told:
        return first
    last = max(told)
    bounds = told[last]
    if last < today.year or (last == today.year and bounds is not None and bounds[1] < today):
        return last + 1
    return None


def months(years: Iterable[BookYear]) -> list[date]:
    """The first day of each calendar month that the years touch, oldest first."""
    found: set[date] = set()
    for year in years:
        first = year.start.replace(day=1)
        while first <= year.end:
            found.add(first)
            first = last_day(first) + _DAY
    return sorted(found)


def last_day(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])
