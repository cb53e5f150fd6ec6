"""Connections to the Postgres of a team, and what their errors mean to a person.

The address is one for all: ``postgresql://USER:PASSWORD@HOST/DATABASE``, with any parameter of libpq behind it
(``?sslmode=require``). Each part keeps to a schema of its own: ``registry``, ``ledger``; Dagster to that of the role.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import conninfo, errors, sql

from foundation.errors import Busy, GrandlivreError, ReportABug, WrongInput
from foundation.secrets import Secret

ROLES = "deploy/postgres/roles.sql"
_DRIVERS = ("postgresql", "postgresql+psycopg2", "postgresql+psycopg")
_NEXT_STEP = "Give it as postgresql://USER:PASSWORD@HOST/DATABASE."
# A client that vanished (a power cut, a broken network) must not hold its locks for the hours that are the default.
_SESSION = (
    "SET datestyle = ISO; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
_MISTAKES = ("authentication failed", "does not exist", "translate host name", "no password supplied", "no pg_hba.conf")


def require_address(url: Secret) -> str:
    """The address as libpq takes it. Raises WrongInput, without showing it, for one that cannot be used."""
    scheme, found, rest = url.reveal().partition("://")
    if not found or scheme not in _DRIVERS:
        raise WrongInput("the address of the database is not that of a Postgres", next_step=_NEXT_STEP)
    address = f"postgresql://{rest}"
    try:
        conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        raise WrongInput("the address of the database cannot be read", next_step=_NEXT_STEP) from None
    return address


def connect(url: Secret, *, schema: str, autocommit: bool = False) -> psycopg.Connection:
    """A new connection that looks for names in ``schema`` first."""
    address = require_address(url)
    with explained():
        connection = psycopg.connect(address, autocommit=True, client_encoding="utf8", connect_timeout=20)
        try:
            connection.execute(f"{_SESSION}; SET search_path = {schema}".encode())  # schema is a word of ours
            connection.autocommit = autocommit
        except BaseException:
            connection.close()
            raise
    return connection


def ensure_schema(connection: psycopg.Connection, name: str) -> None:
    """Makes the schema where it is missing; asking first, because a loader may use it without the right to make it.

    Raises WrongInput for somebody who may not use it.
    """
    if connection.execute("SELECT to_regnamespace(%s)", [name]).fetchall() == [(None,)]:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))
    if connection.execute("SELECT has_schema_privilege(%s, 'USAGE')", [name]).fetchall() != [(True,)]:
        raise WrongInput(
            f"the database does not allow this role to use schema {name}",
            next_step=f"Sign in as the role that is meant for this (see {ROLES}).",
        )


def lock_transaction(connection: psycopg.Connection, subject: str) -> None:
    """Waits until no other transaction holds ``subject``, and holds it to the end of this one."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [subject])


@contextmanager
def explained() -> Iterator[None]:
    """Turns what the database raises into the error tree."""
    try:
        yield
    except psycopg.Error as error:
        raise told(error) from None


def told(error: psycopg.Error) -> GrandlivreError:
    """An error of the database as one of the tree. Its first line names no secret: libpq never repeats a password."""
    cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
    match error:
        case errors.InsufficientPrivilege():
            return WrongInput(
                f"the database does not allow it ({cause})",
                next_step=f"Let its administrator run {ROLES}, or use the role that is meant for this.",
            )
        case errors.DiskFull():
            return Busy("the disk of the database is full", next_step="Free space there, then try again.")
        case errors.SerializationFailure() | errors.DeadlockDetected() | errors.LockNotAvailable():
            return Busy(f"others were writing the same at the same moment ({cause})")
        case psycopg.OperationalError() if any(word in str(error) for word in _MISTAKES):
            return WrongInput(f"the database cannot be opened ({cause})", next_step="Correct GRANDLIVRE_DATABASE_URL.")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return Busy(
                f"the database does not answer ({cause})",
                next_step="Start it, or wait until it is back, then try again; the nightly run does so by itself.",
            )
    return ReportABug(f"the database refused ({cause})")
