"""Schema ``ledger`` in Postgres, made from the same two texts as in DuckDB: ``sql/schema.sql`` and ``sql/views.sql``.

The tables are read back from DuckDB, so that there is one list of columns. One differs in how it is kept: lines are
stored without the two columns that name their sync, which stand once per fiscal year in ``line_syncs`` (a load replaces
whole years); ``journal_lines`` is the view that puts them together. So a line that is told again need not be written
again, every night, for the sake of its ``sync_id``.

Texts compare byte by byte (collation "C"), as in DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import duckdb
import psycopg
import pyarrow as pa
from psycopg import errors

from foundation.errors import WrongInput
from foundation.postgres import ensure_schema, lock_transaction
from warehouse import chart, scripts
from warehouse.postgres.copying import copy_in

PER_YEAR = ("link_id", "sync_id")
"""Columns of ``journal_lines`` that are the same for all lines of a fiscal year."""

MARK = "mark"
"""A column of ``stored_lines`` beside those of the common schema: a fingerprint of the line."""

_LAYOUT = 2  # of what this module adds to the common text: to be raised when it changes
_INDEXES = {
    "trial_balances": "(dossier_id, fiscal_year)",
    "line_changes": "(dossier_id, line_key)",
    "check_results": "(dossier_id, sync_id)",
    "clients": "(list_id)",
    "client_changes": "(list_id)",
}
_UNIQUE = {"dossiers": "(dossier_id)", "line_syncs": "(dossier_id, fiscal_year)"}


@lru_cache(maxsize=1)
def tables() -> Mapping[str, pa.Schema]:
    """The tables of the common schema with their columns, as DuckDB makes them."""
    with duckdb.connect(":memory:") as db:
        scripts.run(db, "schema")
        names = db.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'ledger' ORDER BY ALL"
        ).fetchall()
        return {name: db.sql(f"FROM ledger.{name} LIMIT 0").to_arrow_table().schema for (name,) in names}


def owner(columns: Sequence[str]) -> str | None:
    """The column that names the dossier whose rows they are, or the client list; None for a table of nobody's."""
    return next((name for name in ("dossier_id", "list_id") if name in columns), None)


@lru_cache(maxsize=1)
def line() -> tuple[str, ...]:
    """The columns of ``journal_lines`` that are stored with each line."""
    return tuple(name for name in tables()["journal_lines"].names if name not in PER_YEAR)


@lru_cache(maxsize=1)
def stored() -> Mapping[str, pa.Schema]:
    """The tables as Postgres stores them."""
    found = dict(tables())
    lines = found.pop("journal_lines")
    found["stored_lines"] = pa.schema([*(lines.field(name) for name in line()), pa.field(MARK, pa.int64())])
    found["line_syncs"] = pa.schema([lines.field(name) for name in ("dossier_id", "fiscal_year", *PER_YEAR)])
    return found


def fingerprint() -> str:
    """Changes when the schema, a view, the chart or the way of storing them does."""
    return f"Grandlivre {scripts.version()} {chart.version()} {_LAYOUT}"


def is_current(connection: psycopg.Connection) -> bool:
    """Whether the schema is that of this program; it carries its fingerprint as a comment."""
    found = connection.execute("SELECT obj_description(to_regnamespace('ledger'), 'pg_namespace')").fetchall()
    return found == [(fingerprint(),)]


def renew(connection: psycopg.Connection) -> None:
    """Makes or renews the schema, in the transaction that is open; others that come for the same wait.

    Raises WrongInput where views of somebody else stand on one of ours that has to be made anew.
    """
    lock_transaction(connection, "grandlivre.schema")
    if is_current(connection):
        return
    _require_utf8(connection)
    ensure_schema(connection, "ledger")
    _make_tables(connection)
    _make_views(connection)
    connection.execute("DELETE FROM ledger.common_chart")
    columns = stored()["common_chart"].names
    copy_in(connection, "ledger.common_chart", chart.tables()["codes"].select(columns).to_reader())
    _run(connection, f"COMMENT ON SCHEMA ledger IS '{fingerprint()}'")


def _require_utf8(connection: psycopg.Connection) -> None:
    encoding = connection.execute("SHOW server_encoding").fetchall()[0][0]
    if encoding != "UTF8":
        raise WrongInput(
            f"the database keeps texts as {encoding}, which has no place for every name",
            next_step="Make another with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
        )


def _make_tables(connection: psycopg.Connection) -> None:
    present = set(
        connection.execute(
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'ledger'"
        ).fetchall()
    )
    for table, columns in stored().items():
        missing = [f'"{field.name}" {_type(field.type)}' for field in columns if (table, field.name) not in present]
        if len(missing) == len(columns):
            _run(connection, f"CREATE TABLE ledger.{table} ({', '.join(missing)})")
        elif missing:
            _run(connection, f"ALTER TABLE ledger.{table} {', '.join(f'ADD COLUMN {column}' for column in missing)}")
        if table in _UNIQUE:
            _run(connection, f"CREATE UNIQUE INDEX IF NOT EXISTS one_{table} ON ledger.{table} {_UNIQUE[table]}")
        elif owner(columns.names):
            by = _INDEXES.get(table, "(dossier_id)")
            _run(connection, f"CREATE INDEX IF NOT EXISTS of_{table} ON ledger.{table} {by}")


def _run(connection: psycopg.Connection, statement: str) -> None:
    """Runs a statement made of words of ours."""
    connection.execute(statement.encode())


def _type(kind: pa.DataType) -> str:
    if pa.types.is_string(kind):
        return 'text COLLATE "C"'
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    return _NAMES[str(kind)]


_NAMES = {"int32": "integer", "int64": "bigint", "bool": "boolean", "date32[day]": "date", "timestamp[us]": "timestamp"}


def _journal_lines() -> str:
    of = [f's."{c}"' if c in PER_YEAR else f'l."{c}"' for c in tables()["journal_lines"].names]
    return (
        f"CREATE OR REPLACE VIEW ledger.journal_lines AS SELECT {', '.join(of)} FROM ledger.stored_lines l "
        "LEFT JOIN ledger.line_syncs s ON s.dossier_id = l.dossier_id AND s.fiscal_year = l.fiscal_year"
    )


def _make_views(connection: psycopg.Connection) -> None:
    """Replaces the views where they only grew; otherwise makes them anew, the last first."""
    texts: Sequence[str] = (_journal_lines(), scripts.text("views"))
    names = re.findall(r"CREATE OR REPLACE VIEW (ledger\.\w+)", ";".join(texts))
    try:
        with connection.transaction():
            for text in texts:
                _run(connection, text)
    except (errors.InvalidTableDefinition, errors.FeatureNotSupported):
        try:
            for name in reversed(names):
                _run(connection, f"DROP VIEW IF EXISTS {name}")
        except errors.DependentObjectsStillExist as error:
            detail = (error.diag.message_detail or "").splitlines()
            raise WrongInput(
                f"a view of Grandlivre has to be made anew, and others stand on it ({'; '.join(detail)})",
                next_step="Keep their text, drop them, run `grandlivre init`, and make them again.",
            ) from None
        for text in texts:
            _run(connection, text)
