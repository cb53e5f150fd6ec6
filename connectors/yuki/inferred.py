"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

COMMERCIAL = "0"
"""``financialMode`` of lines and start balances: the books as they are kept. The other one (1) adds corrections for the
tax return. GLAccountBalance is their counterpart; the fiscal one has an operation of its own."""

SESSION_LIFETIME = timedelta(hours=20)
"""How long a session is used. It is good for 24 hours by documentation; public clients keep it for up to 20."""

DIGEST_MARGIN = timedelta(days=1)
"""The change digest is asked from a day before the last sync to a day from now: it tells times without a zone, and rows
may be seen later than they are stamped. What it told before is recognised."""

DIGEST_PAGE = 100
"""Records of one page of the digest, as public clients ask for. A page with fewer is the last one."""

DIGEST_PAGES_AT_MOST = 20
"""With more changes than fit so many pages, reading everything costs fewer calls than the digest and its months."""

FULL_READ_EVERY = timedelta(days=30)
"""The age at which everything is read again: how long the digest remembers deletions is not public, and fiscal years
and contacts that were deleted do not show in it."""

CONTACT_PAGE = 100
"""Contacts of one page. Whether pages count from 0 or 1 is not stated: the first one is asked as 0."""

YEARS_BACK = 10
"""How far back book years are asked for in an administration without a start date."""

RGS_VERSION = "3.5"
"""The version of the Dutch reference chart whose codes are asked for."""

WIDE, SMALL_ANSWER, LARGE_ANSWER = 12, 1 << 20, 6 << 20
"""Lines are not paged. As long as answers stay small (bytes), a call asks for twice as many months as the one before,
up to a year; after a large one for half as many."""
