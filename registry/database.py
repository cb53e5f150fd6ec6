"""The registry's database: SQLite in a file, or schema ``registry`` of a team's Postgres. Short transactions, plain
answers.

SQLite runs in WAL mode, so that readers and one writer do not wait for each other, and with ``synchronous=FULL``:
what was committed survives a power cut (a rotating token must). A transaction that will write takes the write lock
at its start; otherwise two that both read first could each wait for the other.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as Wire
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from foundation.errors import Busy, GrandlivreError, ReportABug, WrongInput
from foundation.home import Home
from registry.locks import Locks, held
from registry.names import plain
from registry.vault import Vault

_WAIT = 30  # seconds for a lock that another process holds
_WRITES = {"registry_writes": True}
_SCHEMA = "registry"


def utc_now() -> datetime:
    return datetime.now(UTC)


def open_engine(home: Home) -> Engine:
    """The engine for the Postgres of ``home``, or for its SQLite file. Raises WrongInput for an unusable address."""
    # Parameters stay out of logs: some are settings that firms type.
    if home.database is not None:
        from foundation import postgres  # late: an embedded installation loads no driver

        address = make_url(postgres.require_address(home.database)).set(drivername="postgresql+psycopg")
        with postgres.connect(home.database, schema=_SCHEMA, autocommit=True) as connection, postgres.explained():
            postgres.ensure_schema(connection, _SCHEMA)
        options = {"options": f"-c search_path={_SCHEMA}"}
        return create_engine(address, hide_parameters=True, pool_pre_ping=True, connect_args=options)
    os.close(os.open(home.registry, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its side files the same mode
    engine = create_engine(f"sqlite:///{home.registry}", hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    if not home.registry.stat().st_size:
        _enter_wal_mode(engine, home)
    return engine


def _enter_wal_mode(engine: Engine, home: Home) -> None:
    """Lets one process put a new file into WAL mode: where two do, SQLite refuses one at once, whatever its timeout."""
    busy = "another process has been making the registry for a minute"
    with held(home.locks / "registry.lock", timeout=60, busy=busy), explained(), engine.connect():
        pass


def for_writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock at their start."""
    return engine.execution_options(**_WRITES)


class Database:
    """What the parts of the registry share: transactions, locks, the vault, the clock."""

    def __init__(self, home: Home, engine: Engine, vault: Vault, now: Callable[[], datetime] = utc_now) -> None:
        self.home = home
        self.vault = vault
        self.now = now
        self.locks = Locks(home)
        self._engine = engine
        weakref.finalize(self, engine.dispose)  # also where nobody closes: commands end with their process

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database, as of its start, and changes nothing."""
        with explained(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is durable when the block ends, or leaves nothing when it raises.

        Raises Busy when another process kept the database for 30 s.
        """
        with explained(), Session(for_writing(self._engine), expire_on_commit=False) as session, session.begin():
            session.connection()  # takes the lock now, so that whatever the block reads or seals is still so at its end
            yield session

    def close(self) -> None:
        """Closes every connection to the database."""
        self.locks.close()
        self._engine.dispose()


@contextmanager
def explained() -> Iterator[None]:
    """Turns what a database raises into the error tree."""
    try:
        yield
    except IntegrityError:
        raise Busy("somebody else registered the same at the same moment", next_step="Try again.") from None
    except (DatabaseError, InterfaceError) as error:
        raise _told(error) from None


def _told(error: DatabaseError | InterfaceError) -> GrandlivreError:
    cause = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
    if "locked" in cause:
        return Busy(f"another process has kept the registry for {_WAIT} s")
    if "disk is full" in cause:
        return Busy("the disk is full", next_step="Free space below the state folder, then try again.")
    if any(word in cause for word in ("not a database", "malformed", "readonly", "unable to open")):
        return WrongInput(
            f"the registry's database cannot be used ({cause})",
            next_step="Check its owner and permissions, or put it back from a backup.",
        )
    if isinstance(error, OperationalError | InterfaceError):
        return Busy(
            f"the registry's database does not answer ({cause})",
            next_step="Start it, or wait until it is back, then try again; the nightly run does so by itself.",
        )
    return ReportABug(f"the registry's database refused ({cause})")


def _set_up_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin_sqlite does
    for pragma in (f"busy_timeout = {_WAIT * 1000}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    connection.create_function("plain", 1, plain, deterministic=True)


def _begin_sqlite(connection: Wire) -> None:
    writes = connection.get_execution_options().get("registry_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
