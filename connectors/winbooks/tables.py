"""What is landed of a WinBooks dossier: the package's tables by their own names, and its parameters read out.

``company`` (one row), ``book_years`` and ``periods`` are what ``_param`` says; ``acf`` (accounts), ``csf`` (third
parties), ``dbk`` (journals) and ``act`` (ledger lines) carry the package's columns in lower case.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.winbooks import ledger
from connectors.winbooks.dbf import TYPES, Kind

PARAM: dict[str, Kind] = {"id": "text", "value": "padded", "valueext": "text"}

ACF: dict[str, Kind] = {
    "number": "text",
    "type": "text",
    "name11": "text",
    "name12": "text",
    "name21": "text",
    "name22": "text",
    "centralid": "text",
    "currency": "text",
    "islocked": "flag",
}
CSF: dict[str, Kind] = {
    "number": "text",
    "type": "text",
    "name1": "text",
    "name2": "text",
    "country": "text",
    "vatnumber": "text",
    "central": "text",
}
DBK: dict[str, Kind] = {
    "dbkid": "text",
    "dbkdesc": "text",
    "dbktype": "text",
    "dbkopt": "text",
    "dbktype2": "text",
}


def _schema(columns: dict[str, Kind]) -> pa.Schema:
    return pa.schema([*((name, TYPES[kind]) for name, kind in columns.items()), ("row", pa.int64())])


COMPANY = pa.schema(
    [
        ("name", pa.string()),
        ("code", pa.string()),
        ("country", pa.string()),
        ("currency", pa.string()),
        ("vat_number", pa.string()),
        ("account_length", pa.int32()),
        ("language", pa.int32()),
    ]
)
BOOK_YEARS = pa.schema(
    [
        ("code", pa.string()),
        ("label", pa.string()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("closed", pa.bool_()),
        # False: only read to tell with what the first year asked for opens.
        ("asked_for", pa.bool_()),
    ]
)
PERIODS = pa.schema(
    [
        ("book_year", pa.string()),
        ("period", pa.int32()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("kind", pa.string()),
    ]
)

RESOURCES = (
    Resource("company", COMPANY),
    Resource("book_years", BOOK_YEARS, key=("code",)),
    Resource("periods", PERIODS, key=("book_year", "period")),
    Resource("acf", _schema(ACF)),
    Resource("csf", _schema(CSF)),
    Resource("dbk", _schema(DBK)),
    Resource("act", ledger.SCHEMA),
)
