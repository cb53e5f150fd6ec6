"""What is landed of an Octopus dossier, under the vendor's own field names; ``a_b`` is the vendor's ``a.b``.

Amounts are signed, debit positive, rounded to four decimals. ``version`` is ours: it grows with every answer, and says
which of two tellings of a document is the later one. A document stands as it was told last: lines of an older version
are no longer part of it.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "", days: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY), (days, pa.date32()))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


_ID = pa.struct([("id", pa.int64())])
WIRE_LINES = pa.schema(
    [
        ("bookyearKey", _ID),
        *_schema(integers="journalType journalNr documentSequenceNr lineSequenceNr bookyearPeriodeNr accountKey"),
        *_schema(text="documentDate expiryDate currencyCode comment reference vatSectionCode"),
        *_schema(money="bookingAmount documentAmount"),
        ("relationKey", _ID),
    ]
)
"""A row of ``modifiedBookings`` as far as it is read."""
WIRE_DELETED = pa.schema([("bookyearKey", _ID), *_schema(integers="journalType journalSequenceNr documentSequenceNr")])
"""A row of ``deletedBookings``: a document's key, in which the journal's number has another name."""

DOCUMENT = ("bookyearKey_id", "journalType", "journalNr", "documentSequenceNr")
"""What identifies a document."""


def flat(schema: pa.Schema) -> pa.Schema:
    """The schema with ``a_id`` in place of a key ``a`` with an ``id``."""
    return pa.schema(
        [(f"{field.name}_id", pa.int64()) if pa.types.is_struct(field.type) else field for field in schema]
    )


# Ours besides: the first day that the link asks for.
DOSSIER = _schema(text="dossierDescription vatNr country languageCode", integers="dossierKey_id", days="since")
# Ours besides: a label that no two bookyears share.
BOOKYEARS = _schema(integers="bookyearKey_id", text="label", days="startDate endDate", flags="closed")
# Ours besides: the place of a period in its bookyear.
PERIODS = _schema(integers="bookyearKey_id bookyearPeriod period", days="startDate endDate")
ACCOUNTS = _schema(
    integers="bookyearKey_id accountKey_id",
    text="description_NL description_FR description_EN description_DE",
    flags="deleted",
)
JOURNALS = _schema(integers="bookyearKey_id", text="journalKey name currencyCode", flags="closed")
RELATIONS = _schema(integers="relationKey_id", text="name firstName vatNr country", flags="client supplier active")
LINES = flat(WIRE_LINES).append(pa.field("version", pa.int64()))
DOCUMENTS = _schema(integers=" ".join([*DOCUMENT, "version"]), flags="deleted")
AMOUNTS = _schema(integers="bookyearKey_id bookyearPeriodNr accountKey_id", money="balance")

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("bookyears", BOOKYEARS),
    Resource("periods", PERIODS),
    Resource("accounts", ACCOUNTS),
    Resource("journals", JOURNALS, key=("bookyearKey_id", "journalKey")),
    Resource("relations", RELATIONS),
    Resource("lines", LINES, key=(*DOCUMENT, "lineSequenceNr"), version="version"),
    Resource("documents", DOCUMENTS, key=DOCUMENT, version="version"),
    Resource("amounts", AMOUNTS),
)
