"""The common chart of accounts as data (``chart.csv``): codes, names, and what leads to a code.

Columns: code, parent, level, use (heading, posting), class, side (D, C, E for either), twin (the code under which a
report shows a balance on the other side), statement (BS, PL, APPR for result appropriation, MEMO), names in English,
French and Dutch, the number prefixes of the Belgian, French and Luxembourg charts and of the Dutch RGS (longest prefix
wins), and the types that packages publish (``E:20`` is Exact type 20; a question mark behind it: a coarse type, taken
with low confidence). A code is never renumbered.

``contra.csv`` tells which accounts stand against the value of others (accumulated depreciation, write-downs): a regular
expression on the digits of a number of a country's chart, on an RGS code, or on a package's type.
:func:`version` changes when one of the files does.
"""

from __future__ import annotations

import csv
import hashlib
from functools import lru_cache
from importlib.resources import files

import duckdb
import pyarrow as pa

_COUNTRY_CHARTS = {"be": "BE", "fr": "FR", "lu": "LU", "rgs": "RGS"}
_CODE_COLUMNS = ("code", "parent", "level", "use", "class", "side", "twin", "statement")
_NAMES = ("name_en", "name_fr", "name_nl")


def _text(name: str) -> str:
    return files("warehouse").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def version() -> str:
    """A short fingerprint of the chart; figures are mapped again when it changes."""
    return hashlib.sha256((_text("chart.csv") + _text("contra.csv")).encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def tables() -> dict[str, pa.Table]:
    """``codes``, ``prefixes`` (chart, prefix, code), ``package_types`` (package_type, code, confidence) and ``contra``
    (chart, pattern) as Arrow tables."""
    rows = list(csv.DictReader(_text("chart.csv").splitlines()))
    codes = {column: [row[column] or None for row in rows] for column in (*_CODE_COLUMNS, *_NAMES)}
    prefixes = [
        (chart, prefix, row["code"])
        for row in rows
        for column, chart in _COUNTRY_CHARTS.items()
        for prefix in row[column].split()
    ]
    types = [
        (kind.removesuffix("?"), row["code"], "low" if kind.endswith("?") else "medium")
        for row in rows
        for kind in row["package_types"].split("|")
        if kind
    ]
    contra = list(csv.DictReader(_text("contra.csv").splitlines()))
    return {
        "contra": pa.table({column: [row[column] for row in contra] for column in ("chart", "pattern")}),
        "codes": pa.table({**codes, "level": pa.array([int(row["level"]) for row in rows], pa.int32())}),
        "prefixes": pa.table(
            dict(zip(("chart", "prefix", "code"), map(list, zip(*prefixes, strict=True)), strict=True))
        ),
        "package_types": pa.table(
            dict(zip(("package_type", "code", "confidence"), map(list, zip(*types, strict=True)), strict=True))
        ),
    }


def mount(db: duckdb.DuckDBPyConnection) -> None:
    """Creates schema ``chart`` with the tables of :func:`tables` in ``db``."""
    db.execute("CREATE SCHEMA chart")
    fill(db, "chart")


def fill(db: duckdb.DuckDBPyConnection, place: str) -> None:
    """Creates the tables of :func:`tables` in a schema or attached database of ``db``."""
    for name, table in tables().items():
        db.register("chart_source", table)
        db.execute(f"CREATE TABLE {place}.{name} AS FROM chart_source")
        db.unregister("chart_source")
