"""The session in a team's database that holds the locks of one process, and frees them when the process ends."""

from __future__ import annotations

import threading
import weakref

import psycopg

from foundation.errors import GrandlivreError
from foundation.postgres import connect, explained
from foundation.secrets import Secret


class LockSession:
    """Connects when a lock is first taken. A lock is taken once: within the host its file keeps others out."""

    def __init__(self, url: Secret) -> None:
        self._url = url
        self._turn = threading.Lock()
        self._open: list[psycopg.Connection] = []
        weakref.finalize(self, _close, self._open)

    def take(self, name: str) -> bool:
        """Whether the lock was free and is ours now.

        A session that was lost is made anew. What it held is lost, too: what those locks guard is safe without them (a
        load holds its rows by itself), it would only be done twice.
        """
        with self._turn, explained():
            try:
                return self._ask("pg_try_advisory_lock", name)
            except psycopg.OperationalError:
                _close(self._open)
                return self._ask("pg_try_advisory_lock", name)

    def free(self, name: str) -> None:
        """Gives the lock back; one that was lost with its session is free already."""
        with self._turn:
            try:
                self._ask("pg_advisory_unlock", name)
            except (psycopg.Error, GrandlivreError):
                _close(self._open)

    def close(self) -> None:
        with self._turn:
            _close(self._open)

    def _ask(self, function: str, name: str) -> bool:
        if not self._open:
            self._open.append(connect(self._url, schema="registry", autocommit=True))
        query = f"SELECT {function}(hashtextextended(%s, 0))".encode()
        return bool(self._open[0].execute(query, [f"grandlivre.{name}"]).fetchall()[0][0])


def _close(sessions: list[psycopg.Connection]) -> None:
    while sessions:
        sessions.pop().close()
