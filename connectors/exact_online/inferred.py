"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

# A fiscal year has no entity of its own: it is the periods of one FinYear, from the first start to the last end.
# Non-calendar and long first years come out right that way (fiscal_years_of in resources.py).

ROW_VERSION_OVERLAP = 1000
"""How far the change feed is read again. Timestamps are row versions, given when a row is written but seen when its
transaction ends: a slow writer's rows may appear below the greatest one already read. A page holds 1000 rows, so
reading again costs no further call."""

FULL_READ_EVERY = timedelta(days=14)
"""The age at which a change cursor is given up for a full read. How long deletions stay listed is not public, and a
feed that missed one is only found out by reading everything."""

CURSOR_MARGIN = timedelta(days=1)
"""A full read starts its change cursor the day before: the starting point is asked for by date."""

LINES_API = "FinancialTransactionLines"
"""What SyncTimestamp calls the feed of ledger lines; the spelling follows the vendor's names for reference pages."""

EVERYTHING = "Date ge datetime'1900-01-01'"
"""The filter for all lines: some filter is mandatory, and no books are older."""

EVERY_ENTITY = "Modified ge datetime'1900-01-01'"
"""The filter for all accounts or relations, on endpoints where some filter is mandatory."""

OPENING_TYPES = (10, 328)
"""Take-on of the first year and carry-forward into a later one: a year's opening balance is both together."""

BLOCKING = {
    1: "a backup or restore",
    2: "a conversion",
    3: "a conversion in the background",
    4: "a conversion that waits",
    5: "a copy that waits",
    6: "a copy",
}
"""BlockingStatus in words (the numbers are the vendor's); books are read only while it is 0."""
