"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

ENTRY_OVERLAP = 100
"""How many entry numbers are read again behind the last one. Numbers are given in order when entries are booked; one
that is given first may yet appear last. A page holds ten times as many, so reading again costs no further call."""

FULL_READ_EVERY = timedelta(days=14)
"""The age at which a cursor is given up for a full read. Booked entries are neither deleted nor given other amounts,
but a text or a due date may be put right, which no number tells."""

# A year opens with entries of its own once the year before was closed; closing it again takes the earlier ones back by
# entries of the opposite sign (the vendor announced as much; that these are of the same type is a conclusion of ours).
# Before that a year has none, and opens with what was booked earlier.

# The totals of a year hold its opening entries. Where the entries say otherwise, they are read as they are
# (normalize.sql: the year's totals are compared with the entries both ways).
