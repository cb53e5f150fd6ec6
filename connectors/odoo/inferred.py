"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql.
"""

from __future__ import annotations

from datetime import timedelta

ROWS_AT_ONCE = 5000
"""Records a page. No limit is published; a worker's time limit (120 seconds by default) is the only bound."""

IDS_AT_ONCE = 100_000
"""Ids a page of the sweep: some 900 kB."""

OVERLAP = timedelta(minutes=10)
"""How far the changes are read again. ``write_date`` is the time at which a transaction began, and its rows are seen
when it ends; a worker's time limit bounds how much later that is."""

FULL_READ_EVERY = timedelta(days=14)
"""The age at which a cursor is given up for a full read: what nobody told (a restored database, rows written past the
interface) is then found out, and deleted lines leave what is landed."""

PARTNERS_AT_ONCE = 1000
"""Ids in one condition."""

NO_LINES = ("line_section", "line_note", "line_subsection")
"""Kinds of line that are text on an invoice and have no account."""

# A branch (17 and later) books on the accounts, journals and taxes of its root company, which are therefore asked for
# with ``parent_of``; its ledger is a dossier of its own.

# A result that no entry appropriated stands on the account of type equity_unaffected, of which a company has one; where
# none is told its number is 999999, the one that Odoo gives when it makes one.
UNDISTRIBUTED = "999999"
