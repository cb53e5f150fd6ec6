"""From the landed tables to schema ``books``, whichever route filled them."""

from __future__ import annotations

from importlib.resources import files

import duckdb

from connectors.drop_folder.books_sql import normalize as normalize_dumped


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """Creates the tables of :mod:`connectors.books`: the gateway's where its dossier was landed, else the dump's."""
    if not db.sql("SELECT count(*) FROM landed.directory").fetchall()[0][0]:
        return normalize_dumped(db)
    db.execute(files("connectors.venice").joinpath("normalize.sql").read_text(encoding="utf-8"))
