"""DuckDB instances to work on, kept between dossiers: making one takes longer than most of what a small one asks.

A :class:`Desk` is an instance with one user at a time. Whoever takes it gets a connection of its own, on an empty
database in memory of its own; both go when it is given back, and with them every table, macro and variable. What the
user attached it detaches itself. A desk on which something went wrong is not used again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse import chart, scripts

BENCH = "bench"
"""The current database of a desk that is taken."""
_KEPT = 8  # desks at rest; an empty one holds a few MB


class Desk:
    """One instance: at most ``memory``, then it spills; ``threads`` of its own. The common chart is attached as
    ``chart``."""

    def __init__(self, *, memory: str = "192MB", threads: int = 2) -> None:
        self._instance = duckdb.connect(":memory:", config={"memory_limit": memory, "threads": threads})
        self._instance.execute("SET preserve_insertion_order = false")
        self._instance.execute(scripts.TRUSTWORTHY)
        self._instance.execute("ATTACH ':memory:' AS chart")
        chart.fill(self._instance, "chart")
        self._connection: duckdb.DuckDBPyConnection | None = None

    def begin(self, scratch: Path) -> duckdb.DuckDBPyConnection:
        """The connection to work with; what does not fit in memory goes to ``scratch``. Raises duckdb.Error when the
        instance spilled before: it then stays with the folder that it has."""
        self._instance.execute(f"SET temp_directory = '{_quoted(scratch)}'")
        self._instance.execute(f"ATTACH ':memory:' AS {BENCH}")
        self._connection = self._instance.cursor()
        self._connection.execute(f"USE {BENCH}")
        return self._connection

    def clear(self) -> None:
        """Forgets everything since :meth:`begin`."""
        if self._connection:
            self._connection.close()
        self._instance.execute(f"DETACH {BENCH}")

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._instance.close()


_lock = threading.Lock()
_at_rest: list[Desk] = []


def take(scratch: Path) -> tuple[Desk, duckdb.DuckDBPyConnection]:
    """A desk for one user, and its connection; :func:`give_back` it, or close it."""
    while True:
        with _lock:
            desk = _at_rest.pop() if _at_rest else None
        if desk is None:
            desk = Desk()
            return desk, desk.begin(scratch)
        try:
            return desk, desk.begin(scratch)
        except duckdb.Error:
            desk.close()


def give_back(desk: Desk) -> None:
    """Clears the desk for the next user."""
    try:
        desk.clear()
    except duckdb.Error:
        desk.close()
        return
    with _lock:
        if len(_at_rest) < _KEPT:
            _at_rest.append(desk)
            return
    desk.close()


@contextmanager
def taken(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A desk's connection for the time of the block; the desk is not used again when the block raises."""
    desk, connection = take(scratch)
    try:
        yield connection
    except BaseException:
        desk.close()
        raise
    give_back(desk)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
