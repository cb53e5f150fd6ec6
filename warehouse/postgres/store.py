"""The warehouse on Postgres: a transaction per dossier, which waits for no other dossier's."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import psycopg
import pyarrow as pa
from psycopg.errors import CharacterNotInRepertoire

from foundation.postgres import connect, explained, lock_transaction
from foundation.secrets import Secret
from warehouse.bench import Workbench
from warehouse.contract import DossierFacts, Loaded, LoadRecord, Reader
from warehouse.desk import BENCH
from warehouse.loading import naive_utc, open_window, replace_window
from warehouse.postgres import schema
from warehouse.postgres.mirror import Window, clean_texts, mirror
from warehouse.postgres.reader import PostgresReader
from warehouse.reader import nothing_published, query_failed
from warehouse.remembered import Remembered, read_remembered
from warehouse.standing import Standing, read_clients, read_standing

ANALYST = "grandlivre_analyst"
_AT_REST = 30.0  # seconds after which a connection is asked whether it still lives
_AS_ANALYST = """
SELECT 1 FROM pg_roles WHERE rolname = %(role)s AND pg_has_role(current_user, oid, 'MEMBER')
    AND has_schema_privilege(oid, 'ledger', 'USAGE') AND has_table_privilege(oid, 'ledger.dossiers', 'SELECT')
"""


class _Unfit(Exception):
    """A text has a character that Postgres does not keep."""


class PostgresWarehouse:
    """A :class:`warehouse.contract.Store` at ``url``. Threads may share one; opening the object connects to nothing."""

    def __init__(self, url: Secret) -> None:
        self._url = url
        self._current = False
        self._idle: list[tuple[float, psycopg.Connection]] = []
        weakref.finalize(self, _close_all, self._idle)

    def create(self) -> None:
        """Makes schema ``ledger`` where it is missing and brings views and chart up to date; safe to repeat."""
        with self._connection():
            pass

    def standing(self, dossier_id: str, *, keep_before: date | None = None) -> Standing:
        """What stands for a dossier; see :class:`warehouse.standing.Standing`."""
        with self._connection() as connection, connection.transaction(), PostgresReader(connection) as reader:
            return read_standing(reader, dossier_id, keep_before)

    def remembered(self, dossier_id: str) -> Remembered:
        """What was told of a dossier until now; see :mod:`warehouse.remembered`."""
        with self._connection() as connection, connection.transaction(), PostgresReader(connection) as reader:
            return read_remembered(reader, dossier_id)

    def clients(self, list_id: str) -> pa.Table:
        """The rows of ``ledger.clients`` that stand for a client list."""
        with self._connection() as connection, connection.transaction(), PostgresReader(connection) as reader:
            return read_clients(reader, list_id)

    def load(self, bench: Workbench, facts: DossierFacts, record: LoadRecord) -> Loaded:
        """Replaces the dossier's window in one transaction; see :class:`warehouse.contract.Store`."""
        try:
            return self._load(bench, facts, record)
        except _Unfit:
            clean_texts(bench.db, BENCH, ["books", "work"])
            return self._load(bench, facts, record)

    def _load(self, bench: Workbench, facts: DossierFacts, record: LoadRecord) -> Loaded:
        window = Window(facts.dossier_id, facts.since)
        names = (("dossier_id", facts.dossier_id), ("link_id", facts.link_id), ("sync_id", record.sync_id))
        constants = ", ".join(f"{_literal(value)} AS {name}" for name, value in names)
        lines = f"(SELECT {constants}, * FROM work.journal_lines)"
        told = "wh.ledger.no_lines" if facts.kind == "clients" else lines
        with self.writing(facts.dossier_id) as connection, mirror(bench.db, connection, window, told) as rows:
            open_window(bench.db, facts, record)
            loaded = replace_window(bench.db, facts, record)
            try:
                rows.push()
            except CharacterNotInRepertoire:
                raise _Unfit from None
        return loaded

    def confirm(self, dossier_id: str, moment: datetime) -> None:
        """The package says that nothing changed: the figures that stand are as of ``moment``."""
        with self.writing(dossier_id) as connection:
            connection.execute(
                "UPDATE ledger.dossiers SET last_synced_at = %s, status = 'synced' WHERE dossier_id = %s",
                [naive_utc(moment), dossier_id],
            )

    def mark_unlinked(self, dossier_id: str) -> None:
        """The dossier is synced no more: its figures stay, with status ``unlinked`` until the next sync."""
        with self.writing(dossier_id) as connection:
            connection.execute("UPDATE ledger.dossiers SET status = 'unlinked' WHERE dossier_id = %s", [dossier_id])

    def publish(self) -> bool:
        """Nothing to do: readers see what was committed."""
        return False

    @property
    def published_at(self) -> datetime | None:
        """There is no such moment."""
        return None

    @property
    def readable(self) -> bool:
        """Whether the schema is there and may be used."""
        with explained(), self._own_connection() as connection:
            return _readable(connection)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A connection that sees one state and cannot write, with the rights of an analyst where that role is ours."""
        with explained(), self._own_connection() as connection:
            if not _readable(connection):
                raise nothing_published()
            if connection.execute(_AS_ANALYST, {"role": ANALYST}).fetchall():
                connection.execute(f"SET ROLE {ANALYST}".encode())
            connection.commit()
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            try:
                with PostgresReader(connection) as reader:
                    yield reader
            except (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError) as error:
                raise query_failed(error) from None
            except psycopg.InternalError as error:  # such as a write in a transaction that only reads
                raise query_failed(error) from None

    def size(self) -> int:
        """Bytes of schema ``ledger``, its indexes included."""
        with explained(), self._own_connection() as connection:
            rows = connection.execute(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'ledger' AND c.relkind = 'r'"
            ).fetchall()
        return int(rows[0][0])

    def analyze(self) -> None:
        """Gathers what the planner of queries should know, as the server does by itself some time after big changes."""
        with self._connection() as connection:
            for table in schema.stored():
                connection.execute(f"ANALYZE ledger.{table}".encode())

    def close(self) -> None:
        """Closes the connections that are kept for the next call."""
        _close_all(self._idle)

    @contextmanager
    def _own_connection(self) -> Iterator[psycopg.Connection]:
        connection = connect(self._url, schema="ledger")
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self, dossier_id: str) -> Iterator[psycopg.Connection]:
        """A transaction that holds the dossier's rows alone; other dossiers' are not touched by it."""
        with self._connection() as connection, connection.transaction():
            lock_transaction(connection, f"grandlivre.rows:{dossier_id}")
            yield connection

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        """A connection on a schema that is up to date; kept for the next call when nothing went wrong."""
        with explained():
            connection = self._kept() or connect(self._url, schema="ledger", autocommit=True)
            try:
                if not self._current and not schema.is_current(connection):
                    with connection.transaction():
                        schema.renew(connection)
                self._current = True
                yield connection
            except BaseException:
                if connection.broken:  # a server that went takes the others with it
                    self.close()
                connection.close()
                raise
            self._idle.append((time.monotonic(), connection))

    def _kept(self) -> psycopg.Connection | None:
        while self._idle:
            try:
                since, connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            try:
                if time.monotonic() - since > _AT_REST:
                    connection.execute("SELECT 1")
                return connection
            except psycopg.Error:
                connection.close()
        return None


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _readable(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT to_regclass('ledger.dossiers') IS NOT NULL").fetchall() == [(True,)]


def _close_all(idle: list[tuple[float, psycopg.Connection]]) -> None:
    while idle:
        idle.pop()[1].close()
