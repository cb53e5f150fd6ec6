"""Time as the service sees it, and how long it stays away from a hub that does not answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 300.0
LONGEST_ASKED_SECONDS = 3600.0


@dataclass
class Clock:
    """The moment (aware, UTC), a count of seconds that only grows, and a sleep that ends when the service stops."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    stopping: threading.Event = field(default_factory=threading.Event)

    def sleep(self, seconds: float) -> None:
        self.stopping.wait(max(0.0, seconds))

    @property
    def stopped(self) -> bool:
        return self.stopping.is_set()


@dataclass
class Backoff:
    """Ever longer pauses between failures, each up to half of it by chance, so that a hub that comes back is not met by
    all services at once. What the hub itself asks for (``Retry-After``) is kept to, up to an hour."""

    clock: Clock
    chance: Callable[[], float] = random.random
    failures: int = 0
    until: float = 0.0

    def failed(self, asked: float | None = None) -> float:
        """Notes a failure; returns for how many seconds nothing should be tried."""
        longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(self.failures, 16))
        pause = longest * (0.5 + self.chance() / 2)
        if asked is not None:
            pause = max(pause, min(asked, LONGEST_ASKED_SECONDS))
        self.failures += 1
        self.until = self.clock.monotonic() + pause
        return pause

    def succeeded(self) -> None:
        self.failures, self.until = 0, 0.0

    @property
    def remaining(self) -> float:
        """Seconds until something may be tried again; 0 when now."""
        return max(0.0, self.until - self.clock.monotonic()) if self.failures else 0.0
