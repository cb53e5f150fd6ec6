"""The SQL of this floor, one file per idea in ``sql/``."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files

import duckdb

TRUSTWORTHY = "SET disabled_optimizers = 'statistics_propagation'"
"""For every connection that makes or tells figures: DuckDB 2.0.1 takes sums over a left join with an empty table for
zero when it plans, and then leaves out rows that compare a sum with zero."""


@lru_cache(maxsize=32)
def text(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return files("warehouse").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def version() -> str:
    """A short fingerprint of every script: figures are made again when one changes."""
    folder = files("warehouse").joinpath("sql")
    texts = [entry.read_text(encoding="utf-8") for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)]
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:12]


def run(db: duckdb.DuckDBPyConnection, name: str) -> None:
    """Runs every statement of ``sql/<name>.sql`` on ``db``."""
    if name not in _parsed:
        _parsed[name] = db.extract_statements(text(name))
    for statement in _parsed[name]:
        db.execute(statement)


_parsed: dict[str, list[duckdb.Statement]] = {}
"""The scripts as parsed, once for all: a small dossier is asked more than it holds. A statement belongs to no database,
whichever parsed it; each that runs it plans a copy."""
