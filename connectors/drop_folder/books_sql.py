"""From the landed tables to schema ``books``: normalize.sql, with the inferred account types beside it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from connectors.drop_folder.inferred import ACCOUNT_PREFIXES
from connectors.drop_folder.workbench import literal

_SQL = (Path(__file__).parent / "normalize.sql").read_text(encoding="utf-8")


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """Creates the tables of :mod:`connectors.books` over ``landed.*``."""
    rows = ", ".join(
        f"({literal(country)}, {literal(prefix)}, {_sql(kind)}, {_sql(statement)})"
        for country, prefixes in ACCOUNT_PREFIXES.items()
        for prefix, kind, statement in prefixes
    )
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE drop_prefixes AS FROM (VALUES {rows}) v(country, prefix, type, statement)"
    )
    db.execute(_SQL)


def _sql(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else literal(value)
