"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql: what journals hold, what a party's code means that
is a customer's and a supplier's, and where the result of earlier years goes.
"""

from __future__ import annotations

from datetime import timedelta

WINDOW = 100
"""Lines asked for at once. Longer answers are cut (at about 101 objects), and whether such an answer goes on right when
others book meanwhile is not told; one that is not cut, and begins behind the last id, cannot go wrong."""

OVERLAP = timedelta(hours=4)
"""How far before the newest change known changes are asked for again: what is stored late, and a server that reads our
moments in Belgian time."""

FULL_READ_EVERY = timedelta(days=30)
"""The age at which changes are given up for a full read. That objects of the ledger tell when they were modified is
seen on others alone."""

CHANGES_AT_MOST = 100_000
"""Changed lines that are held at once; of more, everything is read."""

OBJECTS = {"GLTrans": "GLTranss"}
"""Lists whose name in addresses is not sure: the plural is an s behind the name (rule of a public client)."""

ACCOUNT_NAMES = ("Name", "Name11", "Name1", "Description", "NameFr", "NameNl", "NameEn", "Description1")
"""Where an account's name may stand: the properties of GLAccount are not public. The first that is there counts; a
setting names another."""

JOURNAL_NAMES = ("Name", "Name11", "Description", "NameFr", "NameNl")

YEAR_DATES = (("DateBegin", "DateEnd"), ("BeginDate", "EndDate"), ("StartDate", "EndDate"))
"""Where a book year's first and last day may stand. Without any of them they follow from the months of its periods."""

YEAR_NAMES = ("Code", "Name", "Description")

# A book period names its year by ``BookYear_Id``, as a journal does in a public client.
#
# Of a year's periods number 0 is the opening one and the highest the closing one (documented). Where the highest has a
# month to itself it is taken for an ordinary one: what is booked there would otherwise be missing from the movement.


def moment_literal(milliseconds: int) -> str:
    """A moment in a condition: as the vendor writes moments itself. A server that reads it otherwise finds nothing, not
    even what is known to be there, and everything is read again."""
    return f"/Date({milliseconds})/"
