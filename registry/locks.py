"""Locks across processes and threads, which the system frees when their holder dies.

An embedded installation has files in its state folder. A team's also has locks in its database, for its other hosts:
they belong to one session per process, and end with it. There the file comes first: it keeps the threads of this host
apart, so that one session can hold for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from foundation.errors import Busy
from foundation.home import Home
from registry.names import require_id

if TYPE_CHECKING:
    from registry.session import LockSession

_POLL = 0.05  # seconds between two tries


@contextmanager
def held(path: Path, *, timeout: float, busy: str, next_step: str | None = None) -> Iterator[None]:
    """Holds the lock file ``path``; raises Busy with the cause ``busy`` when it is not free within ``timeout`` s.

    The file stays behind: removing it would let two holders in.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path, mode=0o600)  # one object per holder: threads of one process exclude each other too
    try:
        lock.acquire(timeout=timeout, poll_interval=0.02)
    except Timeout:
        raise Busy(busy, next_step=next_step) from None
    try:
        yield
    finally:
        lock.release()


class Locks:
    """The locks of one installation. Threads may share one; it connects when a lock of a team is first taken."""

    def __init__(
        self,
        home: Home,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._home = home
        self._clock, self._sleep = clock, sleep
        self._session: LockSession | None = None
        if home.database is not None:
            from registry.session import LockSession  # late: an embedded installation loads no driver

            self._session = LockSession(home.database)

    @contextmanager
    def dossier(self, dossier_id: str) -> Iterator[None]:
        """Holds a dossier for one sync. Does not wait: raises Busy when another sync of it is running."""
        name = f"dossier-{require_id(dossier_id, 'a dossier id')}"
        busy = "another sync of this dossier is running"
        with self._both(name, timeout=0, busy=busy, next_step="Wait until it is done."):
            yield

    @contextmanager
    def connection(self, connection_id: str, *, timeout: float) -> Iterator[None]:
        """Holds a connection's tokens: whoever has it is the only one to refresh them."""
        name = f"connection-{require_id(connection_id, 'a connection id')}"
        busy = f"another process has been renewing the sign-in of connection {connection_id} for {timeout:g} s"
        with self._both(name, timeout=timeout, busy=busy):
            yield

    @contextmanager
    def run(self, run_id: str) -> Iterator[None]:
        """Held by the process of a Dagster run for as long as it works, so that others can see whether it lives."""
        name = _run(run_id)
        with self._both(name, timeout=10, busy=f"another process works as run {run_id}"):
            try:
                yield
            finally:  # before it is released: a file that can be locked is one that was left behind
                (self._home.locks / f"{name}.lock").unlink(missing_ok=True)

    def run_lives(self, run_id: str) -> bool | None:
        """Whether the process of a run is at work. False: it died without a word on this host, which is told once,
        because its lock is cleared away then. None: nobody holds it; so it is before a run begins and after it ends,
        also where its process died at such a moment, and when another host died.
        """
        name = _run(run_id)
        path = self._home.locks / f"{name}.lock"
        if path.exists():
            try:
                with held(path, timeout=0, busy=f"run {run_id} is at work"):
                    path.unlink(missing_ok=True)
            except Busy:
                return True
            return False
        if self._session is None or self._session.take(name):
            if self._session:
                self._session.free(name)
            return None
        return True

    def close(self) -> None:
        """Frees whatever is still held in the database."""
        if self._session:
            self._session.close()

    @contextmanager
    def _both(self, name: str, *, timeout: float, busy: str, next_step: str | None = None) -> Iterator[None]:
        until = self._clock() + timeout
        with held(self._home.locks / f"{name}.lock", timeout=timeout, busy=busy, next_step=next_step):
            if self._session is None:
                yield
                return
            while not self._session.take(name):
                if self._clock() >= until:
                    raise Busy(f"{busy}, on another host", next_step=next_step)
                self._sleep(_POLL)
            try:
                yield
            finally:
                self._session.free(name)


def _run(run_id: str) -> str:
    return f"run-{require_id(run_id, 'a run id')}"
