"""The SQL of this floor, one file per idea in ``sql/``."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import duckdb


@lru_cache(maxsize=32)
def text(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return files("warehouse").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def run(db: duckdb.DuckDBPyConnection, name: str) -> None:
    """Runs every statement of ``sql/<name>.sql`` on ``db``."""
    db.execute(text(name))
