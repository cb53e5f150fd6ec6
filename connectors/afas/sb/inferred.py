"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql. Country and currency are those of settings, as for
Profit: no endpoint tells them.
"""

from __future__ import annotations

from datetime import timedelta

LIFETIME = timedelta(seconds=1800)
"""How long an access token is good for where the answer does not say; the answer to a consent names as much."""

SCOPE_IN_BODY = True
"""Whether a call for a token from the accounting centre names the environment in its body, too. The specification has
the field, and calls it optional; the guide names the environment in the address alone."""

TAKE = 1000
"""Rows asked for at once. No maximum is told: a page that is shorter than this is not taken for the last one."""

SORT = "sort"
"""The guide, with worked examples, calls the parameter so; the specification calls it ``sortField``."""

READ_ANEW = 3
"""How often years are read again whose balances move while they are read."""

FULL_READ_EVERY = timedelta(days=7)
"""The age at which balances are no longer relied on to tell which years changed: what moves no balance (a text, an
entry against itself) arrives then. Nothing of this interface lists changed or deleted entries."""

SHIFTED = "the books are being changed while they are read"
