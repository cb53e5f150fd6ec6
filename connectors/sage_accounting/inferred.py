"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

# Fiscal years: the vendor knows one day on which a year ends, and no more. The rule is taken for all years, back to
# accounts_start_date or, where that is not told, to the oldest ledger entry; when all entries of the oldest year stand
# on its last day, they are what the books begin with, and the next year is the first. The last day of a February is the
# last one of any. A year is closed when year_end_lockdown_date reaches its end. Periods are months (years.py).

# Opening balances are ledger entries of transactions whose type says so (public code knows those types), so that the
# vendor's lists of opening balances are not read: the trial balance tells whether any are missing (normalize.sql).

# A change of an entry shows in the entry's own updated_at; that of its transaction is asked for besides, for what the
# transaction tells. Changes are asked for without from_date: whether both apply together is not told, and an entry may
# be moved to a day before it.

OVERLAP = timedelta(minutes=10)
"""How far changes are asked for again: a change that began earlier may be seen later."""

SETTLED = timedelta(days=1)
"""The age from which on a change is surely seen. Without it, books that rest after an import would be read again at
every sync, for all that came at one moment lies in the overlap."""

FULL_READ_EVERY = timedelta(days=30)
"""The age at which changes are given up for a full read: how long deleted entries stay to be read is not public."""

AGGREGATE_LAG = timedelta(seconds=15)
"""How old the last change must be before a trial balance is asked for: the vendor says "a few seconds" of it."""

MOST_YEARS = 50
"""How many years back entries are looked for."""
