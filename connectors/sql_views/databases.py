"""Two ways into a database: SQL Server over TDS, and whatever has an ODBC driver. Both only read.

Rows come as Arrow batches of the schema that was asked for. Amounts are asked for as decimals: a driver that holds
them as binary numbers gives their shortest digits, and nothing is computed with them before they are decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa

from foundation.errors import AskForAccess, Busy, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret

BATCH_ROWS = 2_000
LONGEST_TEXT = 1_000  # bytes of a text whose column states no length; buffers are for the longest
TIMEOUT = 300  # seconds for one question
LOGIN_TIMEOUT = 15


class Database(Protocol):
    """Questions carry ``?`` for each parameter, which are texts."""

    def columns(self, view: str) -> dict[str, str] | None:
        """Lower-case names of a view's columns to the names to ask for; None where there is no such view."""
        ...

    def rows(self, question: str, parameters: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The answer, whose columns are those of ``schema`` in order. Raises the error tree."""
        ...


class OdbcDatabase:
    """A database behind an ODBC driver. ``connection`` is its connection string, without the password."""

    def __init__(self, connection: str, user: str | None, password: Secret | None) -> None:
        self._connection = connection
        self._user, self._password = user, password

    def columns(self, view: str) -> dict[str, str] | None:
        try:
            with explained():
                reader = self._ask(f"SELECT * FROM {view} WHERE 1 = 0", (), None)
        except _NoSuchView:
            return None
        return {name.lower(): name for name in reader.schema.names}

    def rows(self, question: str, parameters: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        # Moments and decimals in the types that drivers bind; everything else as it is wanted.
        with explained():
            reader = self._ask(question, parameters, schema)
            for batch in reader:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=batch.schema).cast(schema)

    def _ask(self, question: str, parameters: Sequence[str], schema: pa.Schema | None) -> Any:
        from arrow_odbc import read_arrow_batches_from_odbc  # late: it needs a driver manager on the server

        return read_arrow_batches_from_odbc(
            question,
            self._connection,
            batch_size=BATCH_ROWS,
            user=self._user,
            password=self._password.reveal() if self._password else None,
            parameters=list(parameters),
            schema=schema,
            max_text_size=LONGEST_TEXT,
            login_timeout_sec=LOGIN_TIMEOUT,
            query_timeout_sec=TIMEOUT,
            fetch_concurrently=False,
        )


class DbApiDatabase:
    """A database behind a Python driver. ``connect`` opens a connection of PEP 249; ``placeholder`` is how it marks a
    parameter."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Any]], placeholder: str) -> None:
        self._connect = connect
        self._placeholder = placeholder

    def columns(self, view: str) -> dict[str, str] | None:
        try:
            with self._asked(f"SELECT * FROM {view} WHERE 1 = 0", ()) as cursor:
                return {described[0].lower(): described[0] for described in cursor.description}
        except _NoSuchView:
            return None

    def rows(self, question: str, parameters: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self._asked(question.replace("?", self._placeholder), parameters) as cursor:
            while rows := cursor.fetchmany(BATCH_ROWS):
                columns = zip(*rows, strict=True)
                arrays = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    @contextmanager
    def _asked(self, question: str, parameters: Sequence[str]) -> Iterator[Any]:
        with explained(), self._connect() as connection, closing(connection.cursor()) as cursor:
            cursor.execute(question, tuple(parameters))
            yield cursor


def sql_server(server: str, database: str, user: str | None, password: Secret | None) -> DbApiDatabase:
    """A SQL Server, over TDS. ``server`` is host, host:port or host\\instance. Reads only what was committed."""

    def connect() -> Any:
        import pytds  # late: an installation without SQL Server needs no driver

        host, _, port = server.partition(":")
        return pytds.connect(
            dsn=host,
            port=int(port) if port else None,
            database=database,
            user=user,
            password=password.reveal() if password else None,
            login_timeout=LOGIN_TIMEOUT,
            timeout=TIMEOUT,
            readonly=True,
            autocommit=True,
            appname="Grandlivre",
        )

    return DbApiDatabase(connect, "%s")


class _NoSuchView(Exception):
    """The database knows no such view."""


# Numbers are SQL Server's, five signs are SQLSTATEs; words are those of drivers that give neither.
_FAULTS: tuple[tuple[str, Callable[[], Exception]], ...] = (
    (r"42S02|42P01|\b208\b|no such table|invalid object name|near \"\w+\": syntax error", _NoSuchView),
    (
        r"28000|\b18456\b|login failed|password authentication failed",
        lambda: SignInAgain("the database refuses the sign-in", next_step="Give the password again with `reconnect`."),
    ),
    (
        r"\b4060\b|3D000|unknown database|unable to open database",
        lambda: WrongInput("the server has no such database", next_step="Correct the connection's setting database."),
    ),
    (
        r"\b229\b|42501|permission denied|permission was denied",
        lambda: AskForAccess(
            "the user may not read a view", next_step="Give the user SELECT on the views, and on nothing else."
        ),
    ),
    (
        r"IM002|01000.*can't open lib|data source name not found|No module named",
        lambda: WrongInput(
            "the driver is not installed here",
            next_step="Install it (extra sql: arrow-odbc and python-tds; for ODBC a driver manager and the driver).",
        ),
    ),
    (r"\b1205\b|40001|HYT0[01]|08\w{3}|timed? ?out|deadlock|refused|unreachable", lambda: Busy("the database is busy")),
)


@contextmanager
def explained() -> Iterator[None]:
    """What a driver raises as one of the tree. Drivers' own words stay out: they may hold the connection string."""
    try:
        yield
    except GrandlivreError:
        raise
    except ImportError as error:
        raise WrongInput(
            f"the library {error.name or 'of the driver'} is not installed, with which databases are read",
            next_step="Install grandlivre[sql]; on a firm's own server, grandlivre-agent[sql].",
        ) from None
    except Exception as error:
        told = f"{getattr(error, 'number', '')} {error}"
        for pattern, make in _FAULTS:
            if re.search(pattern, told, re.IGNORECASE | re.DOTALL):
                raise make() from None
        raise Busy(f"the database does not answer as it should ({type(error).__name__})") from None


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        exact = [Decimal(str(value)) if isinstance(value, float | int | str) else value for value in values]
        return pa.array(exact).cast(kind) if any(value is not None for value in exact) else pa.nulls(len(exact), kind)
    if pa.types.is_string(kind):
        return pa.array([None if value is None else str(value) for value in values], kind)
    if any(isinstance(value, str) for value in values):  # engines that keep dates as texts
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)
