"""What is landed of a Venice dossier, under the vendor's own field names; and what its other route lands, which is a
drop folder's. A sync fills the tables of its route and leaves the others empty."""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.drop_folder.resources import RESOURCES as DUMPED
from connectors.json_pages import MONEY, pc
from foundation.errors import ReportABug

from .inferred import ENTRY_AMOUNTS, ENTRY_DATES, ENTRY_NUMBERS, ENTRY_TEXTS, NO_DATE, PARTY_FIELDS

_TEXT, _DATE = pa.string(), pa.date32()
_OF_ENTRIES = (
    *((name, pa.int64()) for name in ENTRY_NUMBERS),
    *((name, _TEXT) for name in (*ENTRY_TEXTS, *ENTRY_DATES)),
    *((name, MONEY) for name in ENTRY_AMOUNTS),
)
ENTRIES_AS_TOLD = pa.schema(list(_OF_ENTRIES))
ENTRIES = pa.schema([(name, _DATE if name in ENTRY_DATES else kind) for name, kind in _OF_ENTRIES])
PARTIES = pa.schema([(name, _TEXT) for name in PARTY_FIELDS])
# ``Reference`` is what the link names, ``Since`` the first day that it asks for.
DIRECTORY = pa.schema([("Reference", _TEXT), ("Name", _TEXT), ("Currency", _TEXT), ("Since", _DATE)])
YEARS = pa.schema([("Year", _TEXT), ("Begin", _DATE), ("End", _DATE)])
ACCOUNTS = pa.schema([("Number", _TEXT), ("Descr", _TEXT), ("AccType", _TEXT), ("AccTypeDsc", _TEXT)])
# ``AccountNumber`` is the prefix that was asked for, ``Reading`` the sync that asked: the greatest of a year counts.
BALANCES = pa.schema([("Year", _TEXT), ("AccountNumber", _TEXT), ("Balance", MONEY), ("Reading", pa.int64())])

RESOURCES = (
    Resource("directory", DIRECTORY),
    Resource("years", YEARS),
    Resource("general_accounts", ACCOUNTS),
    Resource("customers", PARTIES),
    Resource("suppliers", PARTIES),
    Resource("entries", ENTRIES, key=("SysNum",)),
    Resource("get_balance", BALANCES, key=("Year", "AccountNumber"), version="Reading"),
    *DUMPED,
)


def dated(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Entries with their dates as such; the engine's date for none is none. Raises ReportABug for another text."""
    columns = []
    for field in ENTRIES:
        column = rows.column(field.name)
        if field.type == _DATE:
            text = pc.utf8_slice_codeunits(pc.if_else(pc.equal(column, ""), None, column), 0, 10)
            try:
                column = text.cast(_DATE)
            except pa.ArrowInvalid:
                raise ReportABug(f"Venice's field {field.name} holds something that is no date") from None
            column = pc.if_else(pc.equal(column, pa.scalar(NO_DATE)), None, column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=ENTRIES)
