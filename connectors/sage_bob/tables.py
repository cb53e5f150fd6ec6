"""What is landed of a BOB dossier: the package's tables by their own names, and its fiscal years read out.

``dossier`` (one row), ``fiscal_years`` and ``months`` are what ``ac_period`` says; ``ac_accoun`` (accounts),
``ac_compan`` (third parties), ``ac_dbk`` (journals) and ``ac_ahisto`` (ledger lines) carry the package's columns in
lower case.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.columns import TYPES, Kind
from connectors.contract import Resource

PERIOD: dict[str, Kind] = {
    "fyear": "text",
    "year": "whole",
    "month": "whole",
    "fxactive": "flag",
    "fxclosed": "flag",
}
ACCOUN: dict[str, Kind] = {
    "aid": "text",
    "aistitle": "flag",
    "heading1": "text",
    "heading2": "text",
    "adbcd": "text",
    "abalance": "text",
    "subtype": "text",
    "asleeping": "flag",
}
COMPAN: dict[str, Kind] = {
    "cid": "text",
    "cname1": "text",
    "cname2": "text",
    "cctrycode": "text",
    "cvatref": "text",
    "cvatno": "text",
    "ccustype": "text",
    "csuptype": "text",
    "ccusctracc": "text",
    "csupctracc": "text",
}
DBK: dict[str, Kind] = {"dbid": "text", "heading1": "text", "heading2": "text", "dbtype": "text"}
AHISTO: dict[str, Kind] = {
    "hid": "text",
    "hdbk": "text",
    "hfyear": "text",
    "hyear": "whole",
    "hmonth": "whole",
    "hdocno": "whole",
    "horderno": "whole",
    "hdbtype": "text",
    "hcussup": "text",
    "hcstype": "text",
    "hdocdate": "day",
    "hduedate": "day",
    "hrem": "text",
    "hamount": "money",
    "hcurrency": "text",
    "hcuramn": "money",
    "hvatcode": "text",
    "htemp": "flag",
    "modifiedon": "moment",
}
CHISTO: dict[str, Kind] = {
    "hid": "text",
    "htype": "text",
    "hdbk": "text",
    "hfyear": "text",
    "hyear": "whole",
    "hmonth": "whole",
    "hdocno": "whole",
    "horderno": "whole",
    "hdbtype": "text",
    "hdocdate": "day",
    "hduedate": "day",
    "hremint": "text",
    "hamount": "money",
    "hcurrency": "text",
    "hcuramn": "money",
    "htemp": "flag",
    "hcollectacc": "text",
    "modifiedon": "moment",
}
NEEDED = {
    "ac_period": ("fyear", "year", "month"),
    "ac_accoun": ("aid",),
    "ac_compan": ("cid",),
    "ac_dbk": ("dbid",),
    "ac_ahisto": ("hid", "hdbk", "hfyear", "hyear", "hmonth", "hdocno", "horderno", "hdocdate", "hamount"),
    "ac_chisto": ("hid", "hdbk", "hfyear", "hdocno", "hamount", "hcollectacc"),
}
"""The columns without which a table cannot be read; all others are null where a version of BOB lacks them."""


def _schema(columns: dict[str, Kind]) -> pa.Schema:
    return pa.schema([*((name, TYPES[kind]) for name, kind in columns.items()), ("row", pa.int64())])


DOSSIER = pa.schema(
    [
        ("name", pa.string()),
        ("code", pa.string()),
        ("country", pa.string()),
        ("currency", pa.string()),
        ("language", pa.int32()),
    ]
)
FISCAL_YEARS = pa.schema(
    [
        ("label", pa.string()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("closed", pa.bool_()),
        # False: only read to tell with what the first year asked for opens.
        ("asked_for", pa.bool_()),
    ]
)
MONTHS = pa.schema(
    [
        ("fiscal_year", pa.string()),
        # Its place in the fiscal year, from 1: a year of eighteen months has two Januaries.
        ("period", pa.int32()),
        ("year", pa.int64()),
        ("month", pa.int64()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
    ]
)
CHISTO_SCHEMA = _schema(CHISTO)
LINES = pa.schema([*_schema(AHISTO), ("control", pa.bool_())])
"""A line of ac_ahisto, or, where ``control`` is true, one of ac_chisto told as the line on its control account."""

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("fiscal_years", FISCAL_YEARS, key=("label",)),
    Resource("months", MONTHS, key=("fiscal_year", "period")),
    Resource("ac_accoun", _schema(ACCOUN)),
    Resource("ac_compan", _schema(COMPAN)),
    Resource("ac_dbk", _schema(DBK)),
    Resource("ac_ahisto", LINES),
)
