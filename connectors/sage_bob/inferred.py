"""What is not known about BOB 50 but inferred: the one place to correct when a real dossier shows otherwise.

No vendor page or public reader tells these; each is the most careful reading of what they do tell. Account types by
ABALANCE and SUBTYPE, and what the types of journals stand for, are inferred too and stand, so marked, in normalize.sql.
"""

from __future__ import annotations

LIVE, DELETED = 0x04, 0x2A
"""The first byte of a record. That standing ones have 4 is measured on public tables; that deleted ones have ``*`` is
what one public reader tests for. Records that begin otherwise are left out and counted."""

BASE_CURRENCY = "EUR"
"""No table is known that states the currency, the name or the VAT number of the dossier."""
