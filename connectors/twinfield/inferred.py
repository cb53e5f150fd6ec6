"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

CHANGES_OVERLAP = timedelta(minutes=10)
"""How far changes are read again. A transaction's moment of change is told in seconds of the vendor's clock and seen
when it is stored: clocks differ, and a slow writer's change may appear below one that was already read."""

DELETIONS_OVERLAP = timedelta(days=1)
"""How far the list of deletions is looked at again. It is asked for whole, since what its dates filter (the day of the
deletion or of the transaction) is not told; only what was not listed before is news. The list is short: a row per
deleted transaction."""

FULL_READ_EVERY = timedelta(days=14)
"""The age at which a cursor is given up for a full read. How long deletions stay listed is not public."""

FAR_AHEAD = timedelta(days=1)
"""The end of the range of changes: ``between`` wants one, and no clock is a day ahead."""

ROWS_AT_ONCE = 10_000
"""How many rows a browse should answer with. There are no pages; the vendor's advice is a book year at a time, split
when that takes too long. A row is about 1.6 kB on the wire."""

FIRST_PERIODS = 2
"""With so few periods a full read begins, to see how many rows a period has."""

OPENING, CLOSING = 0, 55
"""Periods that no calendar lists: 00 holds the balances that open a year, 55 its closing entries. Other unlisted ones
(13) are adjustments at the end of the year."""

MONTH_LIKE = 35
"""A first period followed by one of at most so many days is taken for a month (or four weeks): the first year then
starts on the first day of the month in which that period ends. Otherwise the year is taken for twelve months."""

APP_TO_ORGANISATION = 2
"""An app's credits with all organisations, as a multiple of those with one: 50 to 25 uncertified, 1000 to 500
certified. Replies tell one number; it is taken for that of the organisation, which is used up first."""

SEARCH_COST = 3
"""Credits of a finder search: it is none of the listed kinds of query, and anything else costs three."""
