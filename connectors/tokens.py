"""Tokens that run out: kept between processes, replaced by one process at a time, never asked for twice.

Whoever signs calls with something that the vendor gave for a while (an access token, a session) shares this core: what
is stored is read again once the connection is held alone, another is asked for only when it is needed, and what the
vendor refused is not tried again as long as nothing new is stored: vendors count failed sign-ins, and lock users out.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import TokenStore
from foundation.errors import SignInAgain

_MARGIN, _LONGEST_MARGIN = 0.04, timedelta(seconds=60)
_SAVE_ATTEMPTS = 3


class TokenSigner(ABC):
    """Signs calls with the stored fields of a connection. Threads may share one; it is a Signer of connectors.http.

    Fields named ``issued_at`` and ``expires_at`` (ISO 8601) tell when the others were given and run out; without
    ``expires_at`` they are good until they are refused.
    """

    def __init__(self, store: TokenStore, *, now: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        self._store = store
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._held: Mapping[str, Any] = {}
        self._dead: tuple[Mapping[str, Any], SignInAgain] | None = None

    def headers(self) -> Mapping[str, str]:
        with self._lock:
            if not self._is_good(self._held):
                self._held = self._fetch(None)
            return self._sign(self._held)

    def renew(self, refused: Mapping[str, str]) -> None:
        """Another signature in place of the one that the vendor refused; one that another process got meanwhile will
        do. Raises SignInAgain when the vendor gives none."""
        with self._lock:
            if self._sign(self._held) == refused or not self._is_good(self._held):
                self._held = self._fetch(refused)

    @abstractmethod
    def _obtain(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        """Asks the vendor for other fields and saves them (see :meth:`_save`); the store is held alone meanwhile."""

    @abstractmethod
    def _sign(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        """The signature that is made of ``fields``."""

    @abstractmethod
    def _is_whole(self, fields: Mapping[str, Any]) -> bool:
        """Whether there is something to sign with in ``fields``."""

    def _is_good(self, fields: Mapping[str, Any]) -> bool:
        """Whether ``fields`` have some of their time left; the margin covers the way to the vendor."""
        if not self._is_whole(fields):
            return False
        expires, issued = moment(fields.get("expires_at")), moment(fields.get("issued_at"))
        if expires is None:
            return True
        margin = min((expires - issued) * _MARGIN, _LONGEST_MARGIN) if issued else _LONGEST_MARGIN
        return self._now() < expires - margin

    def _fetch(self, refused: Mapping[str, str] | None) -> Mapping[str, Any]:
        with self._store.exclusive():
            stored = self._store.read()
            if self._is_good(stored) and (refused is None or self._sign(stored) != refused):
                return stored
            if self._dead and dict(self._dead[0]) == dict(stored):
                raise SignInAgain(self._dead[1].cause, next_step=self._dead[1].next_step)
            try:
                return self._obtain(stored)
            except SignInAgain as refusal:
                self._dead = (self._store.read(), refusal)
                raise

    def _save(self, fields: Mapping[str, Any]) -> None:
        """Stores what may be the only copy; tries a few times, for nothing else would bring it back."""
        for attempt in range(1, _SAVE_ATTEMPTS + 1):
            try:
                self._store.save(fields)
                return
            except OSError:
                if attempt == _SAVE_ATTEMPTS:
                    raise
                self._sleep(attempt)


class MemoryTokenStore:
    """Tokens of one connection, kept as long as the process; ``saved`` counts how often."""

    def __init__(self, fields: Mapping[str, Any] | None = None) -> None:
        self._fields = dict(fields or {})
        self._lock = threading.Lock()
        self.saved = 0

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._lock:
            yield

    def read(self) -> Mapping[str, Any]:
        return dict(self._fields)

    def save(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)
        self.saved += 1


def moment(text: Any) -> datetime | None:
    """The moment of a stored field; None for one that holds none. One without a zone is in UTC."""
    if not isinstance(text, str) or not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
