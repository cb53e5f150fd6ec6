"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql; which GetConnectors are asked stands in
sources.py.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

COUNTRY, CURRENCY = "NL", "EUR"
"""No GetConnector of the standard set tells an administration's country or currency: settings do, else these."""

CELLS = 150_000
"""Columns times rows of an answer stay below this; more ends in "Out of memory". (The vendor states it.)"""

COLUMNS_ASSUMED = 40
"""Columns of a GetConnector whose own were not asked for: more than any of the standard ones that are read."""

SMALLEST_TAKE = 10
"""Where not even so few rows come, the number of rows is not what is wrong."""

DEEP = 50_000
"""Rows after which the filter moves up to the period reached: the vendor says that ``skip`` beyond 100,000 is too slow
to be used."""

CLOCK_OVERLAP = timedelta(hours=2)
"""How far the list of changed days is read again. Its moments are Dutch local time: when summer time ends an hour comes
twice, and a slow booking is stamped before it is seen."""

SETTLING, DUTCH_TIME = timedelta(minutes=5), ZoneInfo("Europe/Amsterdam")
"""A day that changed so shortly before it was read is read once more by the next sync. Moments are told to the second,
and the clocks of AFAS and of this server differ a little."""

CURSOR_MARGIN = timedelta(days=1)
"""A full read asks for days changed since the day before: its own clock and the vendor's differ by zone at least."""

FULL_READ_EVERY = timedelta(days=30)
"""The age at which changed days are no longer relied on. How long AFAS keeps them is not public; it asks not to read
everything as a routine."""

DAYS_PER_CALL = 20
"""Changed days asked for in one call: a query of more than 2,049 characters is answered 404."""

READ_ANEW = 3
"""How often a list that shifts while its pages are read is begun anew."""

SHIFTED = "the books are being changed while they are read"

# 0 is the period of opening balances. A period that lies within those before it (a 13th on the last day of the year) is
# one for corrections. A year is closed when all its periods are blocked. Years before the first that has balances are
# periods only (masters.py). Without the list of periods, years are calendar years.
MONTHS = 12

TOO_MUCH = ("out of memory", "out of string space", "maximum time", "maximale tijdsduur")
NOT_ALLOWED = ("not supported for this app", "not authorized", "niet geautoriseerd", "is blocked", "is geblokkeerd")
NO_SUCH_FIELD = ("connector field", "connectorveld")
"""What the vendor's messages hold, in English, which is asked for, and in Dutch, which sometimes comes."""
