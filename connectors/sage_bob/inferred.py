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

FIREBIRD_SIGNS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "ac_period": (frozenset({"FXCLOSED"}), frozenset()),
    "ac_accoun": (frozenset({"AISTITLE", "HEADING1"}), frozenset()),
    "ac_compan": (frozenset({"CNAME1"}), frozenset()),
    "ac_dbk": (frozenset({"DBTYPE"}), frozenset()),
    "ac_ahisto": (frozenset({"HREM"}), frozenset({"HCOLLECTACC"})),
    "ac_chisto": (frozenset({"HREMINT"}), frozenset()),
}
"""Of the Firebird edition no table is public: it is taken to have those of the Advantage edition. One that is not there
by its name is known by the columns that it needs and these (having, lacking)."""

FIREBIRD_ENDINGS = (".fdb", ".gdb")
"""How files of Firebird databases end: by custom, not by rule. That each dossier has a database of its own is inferred
from the Advantage edition, where each has a folder."""
