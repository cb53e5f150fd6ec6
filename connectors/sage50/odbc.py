"""The tables of a UK company through Sage's own ODBC driver, by way of a DB-API connection.

The driver exists for Windows only, one per version of Sage 50; the connection is opened by ``pyodbc`` there. Everything
else here knows a DB-API connection and no more: columns are listed first, for versions differ, and only what is asked
for is selected. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from connectors.columns import BATCH_ROWS, BRITISH, TYPES, Kind, UnreadableValue, convert, exact, rounded
from foundation.errors import BadFile, Busy, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret


class Cursor(Protocol):
    """What is used of a DB-API cursor."""

    @property
    def description(self) -> Any: ...
    def execute(self, operation: str, /) -> Any: ...
    def fetchmany(self, size: int, /) -> list[Any]: ...
    def close(self) -> None: ...


class Connection(Protocol):
    """What is used of a DB-API connection."""

    def cursor(self) -> Cursor: ...
    def close(self) -> None: ...


Connect = Callable[[str], Connection]
"""Opens a connection from an ODBC connection string."""


def connection_string(driver: str, data: str, username: str, password: Secret | None) -> str:
    """What the driver is asked for. ``data`` is the company's folder ACCDATA. Values are quoted, for they may hold
    ``;`` or braces."""
    pairs = {"Driver": driver, "DIR": data, "UID": username, "PWD": str(password.reveal()) if password else ""}
    return ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in pairs.items())


def open_with_pyodbc(text: str) -> Connection:
    """A read-only connection. Raises WrongInput where pyodbc or the driver is missing, SignInAgain for a wrong logon,
    Busy for one that is in use."""
    try:
        pyodbc: Any = import_module("pyodbc")
    except ImportError:
        raise WrongInput(
            "Sage 50 is read through ODBC here, and pyodbc is not installed",
            next_step="Install it on the Windows server that holds Sage 50 (pip install pyodbc), or export the audit "
            "trail as CSV into the dossier's folder.",
        ) from None
    try:
        return pyodbc.connect(text, readonly=True, timeout=60)
    except pyodbc.Error as error:
        raise refused(error) from None


def refused(error: Exception) -> GrandlivreError:
    """The error of our tree for what the driver said; the connection string, and with it the password, is in none."""
    said = " ".join(map(str, error.args))
    if "already in use" in said.lower():
        return Busy(
            "the Sage 50 logon is in use",
            next_step="Give Grandlivre a user of its own in Sage 50, or sign out there; the nightly tries again.",
        )
    if "IM002" in said or "IM003" in said or "IM014" in said:
        return WrongInput(
            "the ODBC driver of Sage 50 is not found",
            next_step="Correct --set odbc_driver (one for each version, such as Sage Line 50 v29); 32 and 64 bits of "
            "driver and Python must agree.",
        )
    if "28000" in said or "logon" in said.lower() or "password" in said.lower():
        return SignInAgain("Sage 50 refuses the logon")
    return Busy(
        "the Sage 50 data cannot be opened", next_step="Check that the company opens in Sage 50 and sync again."
    )


class SqlTable:
    """One table; see :class:`connectors.columns.Table`. ``row`` counts in the order of the answer."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = name.upper()
        self.warnings: Counter[str] = Counter()
        self._connection = connection
        cursor = connection.cursor()
        try:
            cursor.execute(f"SELECT * FROM {self.name} WHERE 1 = 0")
            self.columns = frozenset(str(column[0]).upper() for column in cursor.description)
        finally:
            cursor.close()

    def batches(self, columns: Mapping[str, Kind], *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """See :class:`connectors.columns.Table`."""
        there = [name for name in columns if name.upper() in self.columns]
        if not there:
            return
        cursor = self._connection.cursor()
        done = 0
        try:
            self._ask(cursor, f"SELECT {', '.join(name.upper() for name in there)} FROM {self.name}")
            while found := self._fetch(cursor, rows):
                by_column = dict(zip(there, zip(*found, strict=True), strict=True))
                yield self._batch(by_column, columns, len(found), done + 1)
                done += len(found)
        finally:
            cursor.close()

    def _ask(self, cursor: Cursor, sql: str) -> None:
        with self._told():
            cursor.execute(sql)

    def _fetch(self, cursor: Cursor, rows: int) -> list[Any]:
        with self._told():
            return cursor.fetchmany(rows)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever class of error a driver has: nothing of the table can be relied on, and a later try may succeed."""
        try:
            yield
        except Exception as error:
            raise Busy("the connection to Sage 50 broke while it was read", subject=self.name) from error

    def _batch(
        self, by_column: Mapping[str, Sequence[Any]], columns: Mapping[str, Kind], count: int, first: int
    ) -> pa.RecordBatch:
        arrays: dict[str, pa.Array] = {}
        for name, kind in columns.items():
            try:
                values = by_column.get(name)
                arrays[name] = pa.nulls(count, TYPES[kind]) if values is None else _array(values, kind)
            except UnreadableValue as error:
                told = f"row {first + error.index}, column {name.upper()}: {error}"
                raise BadFile(told, subject=self.name) from None
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError) as error:
                raise BadFile(
                    f"column {name.upper()} holds a value that cannot be read as {kind}, in the rows from {first} on",
                    subject=self.name,
                ) from error
        arrays["row"] = pa.array(np.arange(first, first + count, dtype=np.int64))
        return pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))


def _array(values: Sequence[Any], kind: Kind) -> pa.Array:
    """The values of a column, of whatever Python type the driver gives them."""
    types = {type(value) for value in values} - {type(None)}
    if kind == "money" and types and types <= {float, int}:
        void = np.array([value is None for value in values])
        return exact(np.array([0.0 if value is None else value for value in values], np.float64), void)
    if kind == "money" and types == {Decimal}:
        return rounded(pa.array(values, pa.decimal128(38, 10)))
    if kind == "day" and types and types <= {date, datetime}:
        days = [value.date() if isinstance(value, datetime) else value for value in values]
        return pa.array(days, pa.date32())
    if kind == "flag" and types and types <= {int, bool}:
        return pa.array(values).cast(pa.bool_())
    if types <= {str}:
        return convert(pa.array(values, pa.string()), kind, BRITISH)
    if kind == "text":
        return convert(
            pa.array([None if value is None else str(value) for value in values], pa.string()), kind, BRITISH
        )
    return pa.array(values, TYPES[kind])
