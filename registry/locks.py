"""Locks across processes and threads, as files in the state folder. The system frees those of a dead process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from foundation.errors import Busy
from foundation.home import Home
from registry.names import require_id


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


@contextmanager
def dossier_lock(home: Home, dossier_id: str) -> Iterator[None]:
    """Holds a dossier for one sync. Does not wait: raises Busy when another sync of it is running."""
    path = home.locks / f"dossier-{require_id(dossier_id, 'a dossier id')}.lock"
    with held(path, timeout=0, busy="another sync of this dossier is running", next_step="Wait until it is done."):
        yield


@contextmanager
def connection_lock(home: Home, connection_id: str, *, timeout: float) -> Iterator[None]:
    """Holds a connection's tokens: whoever has it is the only one to refresh them."""
    path = home.locks / f"connection-{require_id(connection_id, 'a connection id')}.lock"
    busy = f"another process has been renewing the sign-in of connection {connection_id} for {timeout:g} s"
    with held(path, timeout=timeout, busy=busy):
        yield


@contextmanager
def run_lock(home: Home, run_id: str) -> Iterator[None]:
    """Held by the process of a Dagster run for as long as it works, so that others can see whether it lives."""
    path = _run_path(home, run_id)
    with held(path, timeout=10, busy=f"another process works as run {run_id}"):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # before it is released: a lock that can be had is one that was left behind


def left_behind(home: Home, run_id: str) -> bool:
    """Whether the process of a run died without a word: its lock is there, and nobody holds it. The lock is cleared
    away then, so that this is told once."""
    path = _run_path(home, run_id)
    if not path.exists():
        return False  # it never began, or it ended well, or it works on another host
    try:
        with held(path, timeout=0, busy=f"run {run_id} is at work"):
            path.unlink(missing_ok=True)
    except Busy:
        return False
    return True


def _run_path(home: Home, run_id: str) -> Path:
    return home.locks / f"run-{require_id(run_id, 'a run id')}.lock"
