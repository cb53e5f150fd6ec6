"""How many calls a vendor still allows, and waiting for more.

A vendor counts calls in windows (a minute, a day) per app, connection, firm or dossier, and tells in its replies what
is left. :class:`Budgets` gives a room the calls that it may make for a dossier; they are counted in a ledger, which
all who share the windows share: the registry's database, or one process's memory. How windows are counted and shared
is told in :mod:`foundation.allowance`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from foundation import allowance
from foundation.allowance import SCOPES, Buckets, Caller, Lease, Ledger, Limit, Settlement, Window
from foundation.errors import RateLimited, Wait

__all__ = [
    "PATIENCE_SECONDS",
    "Budget",
    "Budgets",
    "CallBudget",
    "Limit",
    "LocalBudget",
    "LocalBudgets",
    "MemoryLedger",
    "Window",
    "wait_until",
]

_log = logging.getLogger(__name__)
PATIENCE_SECONDS = 90.0
"""A wait of at most so long is sat out; a longer one parks the sync until then."""


class Budget(Protocol):
    """The calls that one app may make for one company."""

    def before_call(self) -> None:
        """Takes one call, after a short wait if there is none. Raises RateLimited when the wait would be long."""
        ...

    def learn(self, windows: Iterable[Window]) -> None:
        """Takes over what a reply told."""
        ...


class CallBudget:
    """A budget in a ledger; safe to share between threads. What replies tell is handed in with the next lease."""

    def __init__(
        self,
        ledger: Ledger,
        caller: Caller,
        vendor: str,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._ledger = ledger
        self._caller = caller
        self._vendor = vendor
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._made = 0
        self._told: dict[str, tuple[Window, int]] = {}  # with the calls that were made by then
        self._must_ask = False
        self._here = False

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
                self._told[window.name] = window, self._made
                self._must_ask |= self._overtakes(window)

    def close(self) -> None:
        """Gives back what was leased and not called, and tells the ledger what was learnt. A ledger that cannot be
        reached is no trouble then: the window's end brings the same."""
        with self._lock:
            if self._here:
                try:
                    self._ledger.leave(self._caller, self._settlement(), self._now())
                except Wait as error:
                    _log.warning("calls of %s are not given back: %s", self._vendor, error)
                self._here = False

    def _overtakes(self, window: Window) -> bool:
        """Whether the lease, taken before this was told, promises more than it should."""
        if not self._lease:
            return False
        fewer = window.remaining is not None and window.remaining < self._lease.calls
        return fewer or (window.resets_at is not None and self._now() < window.resets_at < self._lease.until)

    def _take(self) -> datetime | None:
        """Takes a call; or tells, without taking any, when to try again."""
        if not self._lease or not self._lease.calls or self._must_ask or self._lease.until <= self._now():
            self._here = True
            answer = self._ledger.take(self._caller, self._settlement(), self._now())
            if isinstance(answer, datetime):
                return answer
            self._lease = answer
        self._lease.calls -= 1
        self._made += 1
        return None

    def _settlement(self) -> Settlement:
        """What there is to hand in; it is handed in once."""
        told = tuple((window, self._made - then) for window, then in self._told.values())
        found = Settlement(self._lease, told)
        self._lease, self._told, self._must_ask = None, {}, False
        return found


@dataclass
class Budgets:
    """The budgets of one connection, in ``ledger``; ``limits`` are those that its package declares."""

    ledger: Ledger
    software: str = ""
    connection: str = ""
    firm: str = ""
    limits: tuple[Limit, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _budgets: dict[tuple[str, str], CallBudget] = field(default_factory=dict, repr=False)

    def budget(
        self, app: str, dossier: str = "", *, now: Callable[[], datetime], sleep: Callable[[float], None], vendor: str
    ) -> CallBudget:
        """The calls that ``app`` (the vendor's address and the app's id there) may make for ``dossier``; those of no
        dossier without one."""
        with self._lock:
            if (app, dossier) not in self._budgets:
                caller = Caller(app, dossier, self.connection, self.firm, self.software, self.limits)
                self._budgets[app, dossier] = CallBudget(self.ledger, caller, vendor, now, sleep)
            return self._budgets[app, dossier]

    def close(self) -> None:
        """Gives back all that was taken and not used."""
        for budget in self._budgets.values():
            budget.close()


class MemoryLedger:
    """Keeps buckets for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str, str], Buckets] = {}

    def take(self, caller: Caller, settlement: Settlement, now: datetime) -> Lease | datetime:
        with self._lock:
            buckets = self._load(caller)
            answer = allowance.take(buckets, caller, settlement, now)
            self._keep(caller, buckets)
            return answer

    def leave(self, caller: Caller, settlement: Settlement, now: datetime) -> None:
        with self._lock:
            buckets = self._load(caller)
            allowance.leave(buckets, caller, settlement, now)
            self._keep(caller, buckets)

    def _load(self, caller: Caller) -> Buckets:
        places = [self._places.get((caller.app, scope, caller.subject(scope)), {}) for scope in SCOPES]
        return {key: bucket for place in places for key, bucket in place.items()}

    def _keep(self, caller: Caller, buckets: Buckets) -> None:
        for key, bucket in buckets.items():
            scope = bucket.scope
            self._places.setdefault((caller.app, scope, caller.subject(scope)), {})[key] = bucket


class LocalBudgets(Budgets):
    """Budgets of one process, shared with nobody."""

    def __init__(self, limits: tuple[Limit, ...] = ()) -> None:
        super().__init__(MemoryLedger(), limits=limits)


class LocalBudget(CallBudget):
    """One budget within one process: for calls that are not counted with others."""

    def __init__(self, vendor: str, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        super().__init__(MemoryLedger(), Caller(vendor), vendor, now, sleep)


def wait_until(moment: datetime, *, now: Callable[[], datetime], sleep: Callable[[float], None], vendor: str) -> None:
    """Sleeps until ``moment``. Raises RateLimited, with that moment to resume at, when it is farther than patience."""
    seconds = (moment - now()) / timedelta(seconds=1)
    if seconds > PATIENCE_SECONDS:
        raise RateLimited(f"{vendor} allows no more calls for now", resume_at=moment)
    sleep(max(seconds, 0.0) + 0.05)


PROCESS_LEDGER = MemoryLedger()
"""What connectors of one process share that were opened without a ledger."""
