"""What the vendor does not state anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql: the sign of an amount (debit positive), the euro
as every dossier's currency, which journals hold opening balances, and what a balance of a period means.
"""

from __future__ import annotations

import re
from datetime import timedelta

TOKEN_LIFETIME = timedelta(minutes=10)
"""Documented for both tokens; counted from the moment at which the answer arrived, less a margin."""

STAMP_OVERLAP = timedelta(hours=4)
"""How far before the start of a read its change stamp lies. The stamp's zone is not told (other readers send UTC);
a server that counts in Belgian time runs ahead of that, so that no change falls between."""

STAMP_KEPT = timedelta(days=1)
"""So long the same stamp is asked for, and the answer compared with the one before: rows do not tell when they were
changed. After that a sync that found changes moves the stamp on, with one more call."""

FULL_READ_EVERY = timedelta(days=30)
"""The age at which changes are given up for a full read: how long deleted documents stay listed is not public."""

JOURNAL_TYPES = (1, 2, 3, 4)
"""Purchases, sales, financial, miscellaneous: the types of the documented first load."""

# A document that was modified is sent again with all its lines; those that it does not name any more are gone. One that
# is listed as deleted and sent at once stands: its number was given again.
#
# Accounts and relations have no bookyear in their change lists, which are taken to cover all; the name of the latest
# bookyear counts. What is in the list of deleted accounts is not active, whatever it is called there.

OVER_LIMIT = re.compile(r"limi[et]|quota|maxim|too many|aantal (oproepen|aanvragen)|nombre d.appels", re.IGNORECASE)
"""How a refusal for too many calls may be worded: its status and text are not public."""
