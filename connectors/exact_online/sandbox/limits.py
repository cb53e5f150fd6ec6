"""The vendor's allowances: calls per minute and day, and too many refusals in an hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from .knobs import Knobs

MINUTE, DAY, HOUR = timedelta(minutes=1), timedelta(days=1), timedelta(hours=1)
REFUSALS_PER_HOUR = 10


class Limits:
    """Counts calls per company in fixed windows, and refusals per company and endpoint over the last hour."""

    def __init__(self, knobs: Knobs, now: Callable[[], datetime]) -> None:
        self._knobs = knobs
        self._now = now
        self._windows: dict[tuple[str, timedelta], tuple[datetime, int]] = {}
        self._refusals: dict[tuple[str, str], list[datetime]] = defaultdict(list)

    def count(self, company: str) -> tuple[bool, dict[str, str]]:
        """Whether the call is within both limits, and the headers that tell so."""
        headers: dict[str, str] = {}
        over: list[str] = []
        for prefix, window, limit in (
            ("X-RateLimit-", DAY, self._knobs.day_limit),
            ("X-RateLimit-Minutely-", MINUTE, self._knobs.minute_limit),
        ):
            now = self._now()
            opened, used = self._windows.get((company, window), (now, 0))
            if now - opened >= window:
                opened, used = now, 0
            if used >= limit:
                over.append(prefix)
            else:
                used += 1
            self._windows[company, window] = (opened, used)
            headers |= window_headers(prefix, limit, limit - used, opened + window)
        if over:  # the window that is not used up is left untold
            headers = {name: value for name, value in headers.items() if _belongs(name, over[0])}
        return not over, headers if self._knobs.rate_headers else {}

    def blocked(self, company: str, endpoint: str) -> bool:
        """Too many refusals in the last hour."""
        return len(self._recent(company, endpoint)) > REFUSALS_PER_HOUR

    def refuse(self, company: str, endpoint: str) -> None:
        self._recent(company, endpoint).append(self._now())

    def _recent(self, company: str, endpoint: str) -> list[datetime]:
        now, key = self._now(), (company, endpoint)
        self._refusals[key] = [moment for moment in self._refusals[key] if now - moment < HOUR]
        return self._refusals[key]


def window_headers(prefix: str, limit: int, remaining: int, resets: datetime) -> dict[str, str]:
    return {
        f"{prefix}Limit": str(limit),
        f"{prefix}Remaining": str(remaining),
        f"{prefix}Reset": str(int(resets.timestamp() * 1000)),
    }


def _belongs(name: str, prefix: str) -> bool:
    minutely = "Minutely" in name
    return minutely == ("Minutely" in prefix)
