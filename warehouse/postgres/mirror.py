"""One dossier's rows beside the bench, and what of them a load changes.

A load runs on the bench with the scripts that DuckDB uses, on a mirror of the rows that stand: database ``wh``, in
memory and spilling to disk like the bench itself. What the mirror holds afterwards is compared with what it held
before; only rows that differ go to Postgres. A night that changes twenty lines of twenty thousand writes twenty, and
leaves twenty dead rows for vacuum to clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb
import psycopg
import pyarrow as pa

from foundation.errors import Busy
from warehouse import scripts
from warehouse.postgres.copying import copy_in, copy_out
from warehouse.postgres.schema import PER_YEAR, stored

_HISTORY = ("line_changes", "balance_changes")  # a load adds to them and looks at none
_OF_YEARS = ("stored_lines", "line_syncs")  # only those of the window are looked at
_APART = ("common_chart",)
_BATCH = 20_000


@dataclass(frozen=True)
class Window:
    """What a load may change: a dossier, from the fiscal years on that start at ``since`` (all, without it)."""

    dossier_id: str
    firm_id: str
    since: date | None


@contextmanager
def mirror(
    bench: duckdb.DuckDBPyConnection, postgres: psycopg.Connection, window: Window, *, history: bool = False
) -> Iterator[Mirror]:
    """Attaches the mirror to the bench as ``wh``, filled with what stands; with ``history`` also what only grows."""
    bench.execute("ATTACH ':memory:' AS wh")
    try:
        bench.execute("USE wh")
        scripts.run(bench, "schema")
        bench.execute("USE memory")
        bench.execute("CREATE SCHEMA wh.before")
        mirrored = Mirror(bench, postgres)
        mirrored.fill(window, history=history)
        yield mirrored
    finally:
        bench.execute("USE memory")
        bench.execute("DETACH wh")


class Mirror:
    """The rows that stood (``wh.before``, each with its place in Postgres) and those that shall (``wh.ledger``)."""

    def __init__(self, bench: duckdb.DuckDBPyConnection, postgres: psycopg.Connection) -> None:
        self._bench, self._postgres = bench, postgres
        self._filled: set[str] = set()

    def fill(self, window: Window, *, history: bool = False) -> None:
        """Reads what stands in the window; nothing for a dossier that was never loaded."""
        known = self._postgres.execute(
            "SELECT EXISTS (SELECT FROM ledger.dossiers WHERE dossier_id = %s) "
            "OR EXISTS (SELECT FROM ledger.clients WHERE firm_id = %s)",
            [window.dossier_id, window.firm_id],
        ).fetchall()
        if known != [(True,)]:
            return
        for table, columns in stored().items():
            if table not in _APART and (history or table not in _HISTORY):
                self._read(table, columns, window)
        self._bench.execute(
            "INSERT INTO wh.ledger.journal_lines BY NAME SELECT l.* EXCLUDE (place), s.link_id, s.sync_id "
            "FROM wh.before.stored_lines l LEFT JOIN wh.before.line_syncs s USING (dossier_id, fiscal_year)"
        )

    def push(self) -> None:
        """Brings what differs to Postgres. Raises Busy where somebody else changed the same rows meanwhile."""
        for table, columns in stored().items():
            if table not in _APART:
                self._push(table, columns.names)

    def _read(self, table: str, columns: pa.Schema, window: Window) -> None:
        names = ", ".join(f't."{name}"' for name in columns.names)
        condition, parameters = "t.dossier_id = %s", [window.dossier_id]
        if table == "clients":
            condition, parameters = "t.firm_id = %s", [window.firm_id]
        if table in _OF_YEARS and window.since is not None:
            condition += (
                " AND t.fiscal_year NOT IN (SELECT label FROM ledger.fiscal_years "
                "WHERE dossier_id = %s AND start_date < %s AND label IS NOT NULL)"
            )
            parameters += [window.dossier_id, window.since.isoformat()]
        query = f"SELECT t.ctid::text, {names} FROM ledger.{table} t WHERE {condition}"
        with_place = columns.insert(0, pa.field("place", pa.string()))
        with copy_out(self._postgres, query, parameters, with_place) as rows:
            self._bench.register("standing_rows", rows)
            self._bench.execute(f"CREATE TABLE wh.before.{table} AS FROM standing_rows")
            self._bench.unregister("standing_rows")
        self._filled.add(table)
        if table not in _OF_YEARS:
            self._bench.execute(
                f"INSERT INTO wh.ledger.{table} BY NAME SELECT * EXCLUDE (place) FROM wh.before.{table}"
            )

    def _push(self, table: str, names: list[str]) -> None:
        after = _AFTER.get(table, f"wh.ledger.{table}")
        columns = ", ".join(f'"{name}"' for name in names)
        if table not in self._filled:
            self._append(table, f"SELECT {columns} FROM {after}")
            return
        marks = _marks(columns, f"wh.before.{table}", after)
        gone = self._bench.execute(
            f"{marks} SELECT place FROM (SELECT place, surplus, row_number() OVER (PARTITION BY mark) AS copy "
            "FROM stood JOIN differing USING (mark)) WHERE copy <= surplus"
        ).fetchall()
        self._delete(table, [place for (place,) in gone])
        self._append(
            table,
            f"{marks} SELECT {columns} FROM (SELECT a.*, surplus, row_number() OVER (PARTITION BY mark) AS copy "
            f"FROM {after} a JOIN differing ON mark = hash({columns})) WHERE copy <= -surplus",
        )

    def _delete(self, table: str, places: list[str]) -> None:
        if not places:
            return
        done = self._postgres.execute(f"DELETE FROM ledger.{table} WHERE ctid = ANY(%s::tid[])".encode(), [places])
        if done.rowcount != len(places):
            raise Busy(f"somebody else changed rows of ledger.{table} during the load", next_step="Sync again.")

    def _append(self, table: str, query: str) -> None:
        copy_in(self._postgres, f"ledger.{table}", self._bench.sql(query).to_arrow_reader(_BATCH))


_AFTER = {
    "stored_lines": "wh.ledger.journal_lines",
    "line_syncs": "(SELECT dossier_id, fiscal_year, "
    + ", ".join(f"max({name}) AS {name}" for name in PER_YEAR)
    + " FROM wh.ledger.journal_lines GROUP BY dossier_id, fiscal_year)",
}


def _marks(columns: str, before: str, after: str) -> str:
    """How often each row is too many (``surplus`` above zero) or too few, by a mark of 64 bits over all its columns."""
    return f"""
        WITH stood AS (SELECT place, hash({columns}) AS mark FROM {before}),
        differing AS (
            SELECT mark, sum(side) AS surplus
            FROM (SELECT mark, 1 AS side FROM stood UNION ALL SELECT hash({columns}), -1 FROM {after})
            GROUP BY mark HAVING sum(side) <> 0
        )"""


def clean_texts(db: duckdb.DuckDBPyConnection, database: str, schemas: Sequence[str]) -> None:
    """Takes the character NUL, for which a text in Postgres has no place, out of every table of these schemas."""
    found = db.execute(
        "SELECT c.database_name || '.' || c.schema_name || '.' || c.table_name, list('\"' || c.column_name || '\"') "
        "FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name) "
        "WHERE c.database_name = ? AND list_contains(?, c.schema_name) AND c.data_type = 'VARCHAR' GROUP BY ALL",
        [database, list(schemas)],
    ).fetchall()
    for table, columns in found:
        spoilt = " OR ".join(f"contains({column}, chr(0))" for column in columns)
        if db.execute(f"SELECT 1 FROM {table} WHERE {spoilt} LIMIT 1").fetchall():
            changes = ", ".join(f"{column} = replace({column}, chr(0), '')" for column in columns)
            db.execute(f"UPDATE {table} SET {changes} WHERE {spoilt}")
