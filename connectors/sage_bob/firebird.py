"""A Firebird server, asked without leave to change anything: each reading is one read-only transaction.

A snapshot sees the database as it stood when it began, whatever people book meanwhile, and takes no lock that anybody
would wait for. The driver (firebirdsql) speaks the wire protocol itself and needs no library of the vendor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from foundation.errors import AskForAccess, BadFile, Busy, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret

PORT = 3050
TIMEOUT = 300.0
_NO_SUCH_COLUMN = 335544578

# The transaction's parameters, in order: version 3, read, nowait, concurrency (Firebird's word for a snapshot).
_READ_ONLY_SNAPSHOT = bytes((3, 8, 7, 2))
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9._-]+)(?:[/:](?P<port>[0-9]{1,5}))?")


class NoSuchColumn(Exception):
    """A statement names a column that the server does not know."""


class NoSuchDatabase(WrongInput):
    """The server knows no database of that name, or may not open its file."""


class Snapshot:
    """One read-only transaction of an attached database. What it raises is told as of ``subject``."""

    def __init__(self, transaction: Any, subject: str) -> None:
        self._transaction, self._subject = transaction, subject

    def rows(self, question: str, size: int, parameters: Sequence[object] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The answer, at most ``size`` rows at a time. Raises of the tree, and NoSuchColumn."""
        from firebirdsql.fbcore import Cursor

        with _explained(self._subject), closing(Cursor(self._transaction)) as cursor:
            cursor.execute(question, tuple(parameters))
            while rows := cursor.fetchmany(size):
                yield rows

    def all(self, question: str, *parameters: object) -> list[tuple[Any, ...]]:
        """A short answer at once."""
        return [row for rows in self.rows(question, 1000, parameters) for row in rows]


class Server:
    """``address`` is ``host``, ``host/port`` or ``host:port``; databases are named by path or alias, as it knows them.

    Raises WrongInput for an address that is none.
    """

    def __init__(self, address: str, user: str, password: Secret) -> None:
        found = _ADDRESS.fullmatch(address.strip())
        if found is None:
            raise WrongInput(f"firebird_server is {address!r}", next_step="Give host, host/port or host:port.")
        self._host, self._port = found["host"], int(found["port"] or PORT)
        self._user, self._password = user, password

    @contextmanager
    def snapshot(self, database: str, subject: str) -> Iterator[Snapshot]:
        """A snapshot of ``database``, forgotten afterwards. Raises of the tree, told as one of ``subject``."""
        with _explained(subject):
            connection = self._connection(database)
        try:
            with _explained(subject):
                transaction = _begun(connection)
            yield Snapshot(transaction, subject)
        finally:
            _end(connection)

    def _connection(self, database: str) -> Any:
        import firebirdsql  # late: an installation without Firebird needs no driver

        return firebirdsql.connect(
            host=self._host,
            port=self._port,
            database=database,
            user=self._user,
            password=self._password.reveal(),
            charset="UTF8",
            timeout=TIMEOUT,
        )


def _begun(connection: Any) -> Any:
    from firebirdsql.fbcore import Transaction

    class ReadOnlySnapshot(Transaction):
        transaction_parameter_block = (_READ_ONLY_SNAPSHOT,)

    transaction = ReadOnlySnapshot(connection, isolation_level=0)
    transaction.begin()
    connection._transaction = transaction  # so that it ends with the connection
    return transaction


def _end(connection: Any) -> None:
    """Ends the transaction and the connection; where the server went away there is nothing left to end."""
    from firebirdsql import Error

    with suppress(Error, OSError):
        connection.rollback()
    with suppress(Error, OSError):
        connection.close()


# By codes of Firebird, the first that is met counts.
_LOGIN, _NO_RIGHT, _FILE, _NOT_THERE = {335544472, 335545106}, {335544352}, {335544344}, {335544734}
_NO_DATABASE = {335544323, 335544379, 335544382}
_CLOSED = {335544528, 335544856, 335544741, 335544721, 335544648}


@contextmanager
def _explained(subject: str) -> Iterator[None]:
    """What driver and server say as one of the tree. Their own words stay out: they may name users and paths."""
    try:
        yield
    except GrandlivreError:
        raise
    except ImportError as error:
        raise WrongInput(
            f"the library {error.name or 'firebirdsql'} is not installed, with which Firebird is read",
            next_step="Install grandlivre[firebird]; on a firm's own server, grandlivre-agent[firebird].",
        ) from None
    except OSError as error:
        raise Busy(
            f"the Firebird server cannot be reached ({error.strerror or type(error).__name__})",
            next_step="Check that it runs and that firebird_server is right; the nightly run tries again.",
            subject=subject,
        ) from None
    except Exception as error:
        from firebirdsql import Error

        if not isinstance(error, Error):
            raise
        if _NO_SUCH_COLUMN in error.gds_codes:
            raise NoSuchColumn from error
        raise _meaning(error.gds_codes, str(error)).about(subject) from None


def _meaning(codes: set[int], words: str) -> GrandlivreError:
    if codes & _LOGIN or (not codes and words == "Unauthorized"):
        return SignInAgain("Firebird refuses the sign-in", next_step="Give the password again with `reconnect`.")
    if codes & _NO_RIGHT:
        return AskForAccess(
            "the user may not read a table", next_step="Give the user SELECT on BOB's tables, and on nothing else."
        )
    if codes & _NO_DATABASE:
        return BadFile(
            "it is no database that this server can read", next_step="Look at it with the server's own tools."
        )
    if codes & _FILE and codes & _NOT_THERE:
        return NoSuchDatabase(
            "the server finds no such database, or may not open it",
            next_step="Give paths as the server sees them, or aliases of its databases.conf (firebird_databases).",
        )
    if codes & _CLOSED:
        return Busy("the database is closed for maintenance, or the server ended")
    told = ", ".join(map(str, sorted(codes))) or "without a code"
    return Busy(f"the server does not answer as it should ({told})")
