"""One dossier's rows beside the bench, and what of them a load changes.

A load runs on the bench with the scripts that DuckDB uses, on a mirror of the rows that stand: database ``wh``, in
memory and spilling to disk like the bench itself. What the mirror holds afterwards is compared with what it held
before; only rows that differ go to Postgres. A night that changes twenty lines of twenty thousand writes twenty, and
leaves twenty dead rows for vacuum to clear.

Lines are known by their mark, 64 bits over all that is stored of them: a line that stands with the mark of one that is
told is that one, and does not come over the wire.
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
from warehouse.postgres.schema import MARK, PER_YEAR, line, owner, stored

_HISTORY = ("line_changes", "balance_changes", "client_changes")  # a load adds to them and looks at none
_OF_YEARS = ("stored_lines", "line_syncs")  # only those of the window are looked at
_APART = ("common_chart",)
_BATCH = 10_000


@dataclass(frozen=True)
class Window:
    """What a load may change: a dossier, from the fiscal years on that start at ``since`` (all, without it)."""

    dossier_id: str
    since: date | None


@contextmanager
def mirror(
    bench: duckdb.DuckDBPyConnection,
    postgres: psycopg.Connection,
    window: Window,
    told: str,
    *,
    history: bool = False,
) -> Iterator[Mirror]:
    """Attaches the mirror to the bench as ``wh``, filled with what stands; with ``history`` also what only grows.

    ``told`` is a table or subquery of the lines that shall stand in the window, with columns of ``journal_lines``;
    those of the mirror are the ones that stood.
    """
    (home,) = bench.execute("SELECT current_database()").fetchall()[0]
    bench.execute("ATTACH ':memory:' AS wh")
    try:
        bench.execute("USE wh")
        scripts.run(bench, "schema")
        bench.execute(f"USE {home}")
        bench.execute("CREATE SCHEMA wh.before")
        bench.execute("CREATE VIEW wh.ledger.no_lines AS SELECT * FROM wh.ledger.journal_lines WHERE false")
        mirrored = Mirror(bench, postgres, window, told)
        mirrored.fill(history=history)
        yield mirrored
    finally:
        bench.execute(f"USE {home}")
        bench.execute("DETACH wh")


class Mirror:
    """The rows that stood (``wh.before``, each with its place in Postgres) and those that shall (``wh.ledger``)."""

    def __init__(
        self, bench: duckdb.DuckDBPyConnection, postgres: psycopg.Connection, window: Window, told: str
    ) -> None:
        self._bench, self._postgres, self._window = bench, postgres, window
        self._filled: set[str] = set()
        # An empty table lends the lines its columns and types: a mark depends on them.
        self._told = f"(SELECT * FROM wh.ledger.no_lines UNION ALL BY NAME SELECT * FROM {told})"

    def fill(self, *, history: bool = False) -> None:
        """Reads what stands in the window; nothing for a dossier that was never loaded."""
        known = self._postgres.execute(
            "SELECT EXISTS (SELECT FROM ledger.dossiers WHERE dossier_id = %s)", [self._window.dossier_id]
        ).fetchall()
        if known != [(True,)]:
            return
        for table, columns in stored().items():
            if table in _APART or (table in _HISTORY and not history):
                continue
            self._filled.add(table)
            self._read(table, pa.schema([columns.field(MARK)]) if MARK in columns.names else columns)
            if table not in _OF_YEARS:
                self._bench.execute(
                    f"INSERT INTO wh.ledger.{table} BY NAME SELECT * EXCLUDE (place) FROM wh.before.{table}"
                )
        self._fill_lines()

    def push(self) -> None:
        """Brings what differs to Postgres. Raises Busy where somebody else changed the same rows meanwhile."""
        for table, columns in stored().items():
            if table not in _APART:
                self._push(table, columns.names)

    def _fill_lines(self) -> None:
        """Lines that are told as they stand are taken from there; the others come from Postgres."""
        columns = pa.schema([stored()["stored_lines"].field(name) for name in line()])
        told = self._after("stored_lines")
        others = self._bench.execute(
            f"SELECT place FROM wh.before.stored_lines b ANTI JOIN {told} t ON t.{MARK} = b.{MARK}"
        ).fetchall()
        query = f"SELECT {_names(line())} FROM ledger.stored_lines WHERE ctid = ANY(%s::tid[])"
        with copy_out(self._postgres, query, [[place for (place,) in others]], columns) as rows:
            self._bench.register("standing_rows", rows)
            self._bench.execute(
                "INSERT INTO wh.ledger.journal_lines BY NAME SELECT l.*, s.link_id, s.sync_id FROM ("
                f"SELECT {_names(line())} FROM {told} SEMI JOIN wh.before.stored_lines USING ({MARK}) "
                "UNION ALL BY NAME SELECT * FROM standing_rows"
                ") l LEFT JOIN wh.before.line_syncs s USING (dossier_id, fiscal_year)"
            )
            self._bench.unregister("standing_rows")

    def _read(self, table: str, columns: pa.Schema) -> None:
        """The rows of a table in the window, with their places."""
        window = self._window
        condition, parameters = f"{owner(stored()[table].names)} = %s", [window.dossier_id]
        if table in _OF_YEARS and window.since is not None:
            condition += (
                " AND fiscal_year NOT IN (SELECT label FROM ledger.fiscal_years "
                "WHERE dossier_id = %s AND start_date < %s AND label IS NOT NULL)"
            )
            parameters += [window.dossier_id, window.since.isoformat()]
        query = f"SELECT ctid::text, {_names(columns.names)} FROM ledger.{table} WHERE {condition}"
        with copy_out(self._postgres, query, parameters, columns.insert(0, pa.field("place", pa.string()))) as rows:
            self._bench.register("standing_rows", rows)
            self._bench.execute(f"CREATE TABLE wh.before.{table} AS FROM standing_rows")
            self._bench.unregister("standing_rows")

    def _push(self, table: str, names: list[str]) -> None:
        after, columns = self._after(table), _names(names)
        if table not in self._filled:
            self._append(table, f"SELECT {columns} FROM {after}")
            return
        own = MARK if MARK in names else f"hash({columns})"
        # How often a row is too many (a surplus above zero) or too few.
        differing = f"""
            WITH stood AS (SELECT place, {own} AS own FROM wh.before.{table}),
            shall AS (SELECT {columns}, {own} AS own FROM {after}),
            differing AS (
                SELECT own, sum(side) AS surplus
                FROM (SELECT own, 1 AS side FROM stood UNION ALL SELECT own, -1 FROM shall)
                GROUP BY own HAVING sum(side) <> 0
            )"""
        numbered = "SELECT *, row_number() OVER (PARTITION BY own) AS copy FROM"
        gone = f"{differing} SELECT place FROM ({numbered} stood JOIN differing USING (own)) WHERE copy <= surplus"
        self._delete(table, [place for (place,) in self._bench.execute(gone).fetchall()])
        come = f"{differing} SELECT {columns} FROM ({numbered} shall JOIN differing USING (own)) WHERE copy <= -surplus"
        self._append(table, come)

    def _after(self, table: str) -> str:
        """What shall stand, in the columns that are stored."""
        if table == "stored_lines":
            return f"(SELECT {_names(line())}, {marked(line())} AS {MARK} FROM {self._told})"
        if table == "line_syncs":
            per_year = ", ".join(f"max({name}) AS {name}" for name in PER_YEAR)
            return f"(SELECT dossier_id, fiscal_year, {per_year} FROM {self._told} GROUP BY ALL)"
        return f"wh.ledger.{table}"

    def _delete(self, table: str, places: list[str]) -> None:
        if not places:
            return
        done = self._postgres.execute(f"DELETE FROM ledger.{table} WHERE ctid = ANY(%s::tid[])".encode(), [places])
        if done.rowcount != len(places):
            raise Busy(f"somebody else changed rows of ledger.{table} during the load", next_step="Sync again.")

    def _append(self, table: str, query: str) -> None:
        with self._bench.sql(query).to_arrow_reader(_BATCH) as rows:  # left open, it would keep the bench to itself
            copy_in(self._postgres, f"ledger.{table}", rows)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def marked(columns: Sequence[str]) -> str:
    """64 bits over these columns, as Postgres keeps them: with a sign."""
    return f"(hash({_names(columns)})::HUGEINT - 9223372036854775808)::BIGINT"


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
        changes = ", ".join(f"{column} = replace({column}, chr(0), '')" for column in columns)
        db.execute(f"UPDATE {table} SET {changes} WHERE {spoilt}")
