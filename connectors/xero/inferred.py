"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

# Fiscal years: the vendor knows the day on which they end, and no more. A year starts the day after the one before
# ended; it is closed when EndOfYearLockDate reaches its end (PeriodLockDate still lets advisers book). The rule of
# today is taken for all years: a change of year end is not kept by the vendor (calendar.py).

# Conversion balances: journals without a SourceType that are older than all others. They stand at the end of the day
# before the books begin, so that the first year starts the day after where that is a month's last (progress.py). Where
# journals may not be read, they are what stands at a month's end when nothing stood the day before (beginning.py).

# A year opens with the balances of the year end before, its results moved to the RETAINEDEARNINGS account: the vendor
# books no roll-over, its reports do the same (normalize.sql).

# A trial balance that shows something on UNREALISEDCURRENCYGAIN or BANKCURRENCYGAIN revalues foreign balances, which
# journals do not tell (reading.py notes it).

JOURNAL_OVERLAP = 100
"""How far numbers are read again: a number is given when a journal is written, and may be seen only later. A page holds
100 journals, so that it costs one call."""

CONTACT_OVERLAP = timedelta(minutes=10)
"""How far changed contacts are asked for again: the time is the vendor's, but a slow change may appear later."""

MONTHS_AGAIN = timedelta(days=400)
"""Years that ended so recently, and the present one, are read by months at every sync in totals mode: what moves
within a year leaves its end as it was. Older ones are when a balance at their ends moved."""

FULL_READ_EVERY = timedelta(days=14)
"""The age at which the months of all years are read again in totals mode."""

MOST_YEARS = 50
"""How many years back balances are looked for."""
