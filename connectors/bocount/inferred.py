"""What is not stated anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

MODIFIED_OVERLAP = timedelta(minutes=10)
"""How far the changes are read again. The moment of a change is noted when it is written, but seen when its transaction
ends: what a long posting wrote appears below the greatest moment already read. A request may take ten minutes."""

FULL_READ_EVERY = timedelta(days=30)
"""The age at which a cursor is given up for a full read. Entries are only added, and their number is compared on every
sync; only what changed within an entry, unseen, is found by this."""

PAGE_ROWS = 10_000
"""Rows of a page that we ask for: half of what the vendor gives, for the memory that a page takes."""

CLOSING_CODE = "CLSINCOME"
"""The source code of entries that close the income statement, unless an administrator chose another; normalize.sql
uses it beside :func:`closing_dates`."""


def closing_dates(ends: Iterable[date]) -> str:
    """The filter for entries on the closing dates of years that end at ``ends``.

    A closing date lies between the last day of a year and the first of the next, and is told as the last day. The
    database keeps it as that day's last second, so that it is greater than the day itself in a filter.
    """
    between = (
        f"(postingDate gt {end.isoformat()} and postingDate lt {(end + timedelta(days=1)).isoformat()})" for end in ends
    )
    return " or ".join(between)


def year_end(start: date) -> date:
    """The last day of a year that no later year follows: periods tell first days only."""
    if (start.month, start.day) == (2, 29):
        return date(start.year + 1, 2, 28)
    return start.replace(year=start.year + 1) - timedelta(days=1)


def assumed_starts(current: date, first_entry: date, today: date) -> list[date]:
    """First days of years where the periods cannot be read: the current year's, repeated every twelve months."""

    def shifted(years: int) -> date:
        day = 28 if (current.month, current.day) == (2, 29) else current.day
        return date(current.year + years, current.month, day)

    first, last = 0, 0
    while shifted(first) > first_entry:
        first -= 1
    while shifted(last + 1) <= today:
        last += 1
    return [shifted(years) for years in range(first, last + 1)]
