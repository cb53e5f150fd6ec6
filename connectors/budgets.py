"""How many calls a vendor still allows, and waiting for more.

A vendor counts calls per app and company, in windows (a minute, a day), and tells in every reply what is left. A
:class:`Budget` is one such count. It believes the vendor and nobody else: limits differ between apps and change
without notice, so nothing is held back that the vendor did not ask for. :class:`LocalBudgets` keeps them for one
process; what shares them between processes can take its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from foundation.errors import RateLimited

PATIENCE_SECONDS = 90.0
"""A wait of at most so long is sat out; a longer one parks the sync until then."""


@dataclass(frozen=True)
class Window:
    """What a reply tells of one window: calls left (None: not told), and when the count starts anew (aware, UTC)."""

    name: str
    remaining: int | None = None
    resets_at: datetime | None = None


class Budget(Protocol):
    """The calls that one app may make for one company."""

    def before_call(self) -> None:
        """Takes one call, after a short wait if there is none. Raises RateLimited when the wait would be long."""
        ...

    def learn(self, windows: Iterable[Window]) -> None:
        """Takes over what a reply told."""
        ...


class Budgets(Protocol):
    def budget(
        self, key: Hashable, *, now: Callable[[], datetime], sleep: Callable[[float], None], vendor: str
    ) -> Budget:
        """The budget shared by everybody who gives the same ``key``."""
        ...


class LocalBudget:
    """A budget within one process; safe to share between threads."""

    def __init__(self, vendor: str, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self._vendor = vendor
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._windows: dict[str, Window] = {}

    def before_call(self) -> None:
        while True:
            with self._lock:
                resumes_at = self._take()
            if resumes_at is None:
                return
            wait_until(resumes_at, now=self._now, sleep=self._sleep, vendor=self._vendor)

    def learn(self, windows: Iterable[Window]) -> None:
        with self._lock:
            for window in windows:
                self._windows[window.name] = window

    def _take(self) -> datetime | None:
        """Takes a call from every window; or tells, without taking any, when the next one opens."""
        now = self._now()
        self._windows = {
            name: window for name, window in self._windows.items() if window.resets_at and window.resets_at > now
        }
        spent = [window.resets_at for window in self._windows.values() if window.remaining == 0]
        if spent:
            return max(moment for moment in spent if moment)
        self._windows = {
            name: Window(name, None if window.remaining is None else window.remaining - 1, window.resets_at)
            for name, window in self._windows.items()
        }
        return None


class LocalBudgets:
    """The budgets of one process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._budgets: dict[Hashable, LocalBudget] = {}

    def budget(
        self, key: Hashable, *, now: Callable[[], datetime], sleep: Callable[[float], None], vendor: str
    ) -> LocalBudget:
        with self._lock:
            return self._budgets.setdefault(key, LocalBudget(vendor, now, sleep))


def wait_until(moment: datetime, *, now: Callable[[], datetime], sleep: Callable[[float], None], vendor: str) -> None:
    """Sleeps until ``moment``. Raises RateLimited, with that moment to resume at, when it is farther than patience."""
    seconds = (moment - now()) / timedelta(seconds=1)
    if seconds > PATIENCE_SECONDS:
        raise RateLimited(f"{vendor} allows no more calls for now", resume_at=moment)
    sleep(max(seconds, 0.0) + 0.05)


PROCESS_BUDGETS = LocalBudgets()
"""What connectors of one process share unless they are given something else."""
