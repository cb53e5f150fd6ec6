"""The rotating OAuth tokens of one connection, between processes.

A rotating refresh token is good once. Losing the new one, or using the old one twice, costs a person a sign-in. So:
one lock per connection across processes, the tokens read again inside it, and the new ones durable before first use.

    with tokens.exclusive():
        fields = tokens.read()
        if expired(fields):
            tokens.save(vendor.renew(fields["refresh_token"]))

A crash between the vendor's answer and ``save`` leaves the lock free and the old token as it was; most vendors take
it again for some minutes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from foundation.errors import ReportABug
from foundation.secrets import Secret
from registry.connections import Connections


class TokenFields(Mapping[str, Any]):
    """The stored fields by name; shows its names only."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"TokenFields({', '.join(f'{name}=***' for name in self)})"


class ConnectionTokens:
    """Keeps the tokens of ``connection_id``, sealed. One object may be shared by threads.

    ``timeout`` is how many seconds :meth:`exclusive` waits for another holder before it raises Busy.
    """

    def __init__(self, registry: Connections, connection_id: str, *, timeout: float = 120.0) -> None:
        self._registry = registry
        self._connection_id = connection_id
        self._timeout = timeout
        self._here = threading.local()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Holds the connection alone, among all threads and processes. Not to be nested in one thread."""
        with self._registry.locks.connection(self._connection_id, timeout=self._timeout):
            self._here.holds = True
            try:
                yield
            finally:
                self._here.holds = False

    def read(self) -> Mapping[str, Any]:
        """The fields as they are in the database now; empty when there are none yet."""
        with self._registry.reading() as session:
            sealed = self._registry.connection_row(session, self._connection_id).sealed_tokens
        if sealed is None:
            return TokenFields({})
        return TokenFields(json.loads(self._registry.vault.unseal(sealed, self._subject).reveal()))

    def save(self, fields: Mapping[str, Any]) -> None:
        """Puts ``fields`` in the place of what is stored; once it returns they survive a power cut.

        Secrets and moments are taken too, and come back as texts. ``consent_expires_at`` becomes the connection's
        ``expires_at`` with the same stroke. Raises ReportABug outside :meth:`exclusive`.
        """
        if not getattr(self._here, "holds", False):
            raise ReportABug(f"tokens of {self._subject} saved without holding it alone")
        plain = {name: _plain(value) for name, value in fields.items()}
        with self._registry.writing() as session:
            row = self._registry.connection_row(session, self._connection_id)
            self._registry.seal_tokens(row, plain)

    @property
    def _subject(self) -> str:
        return f"connection {self._connection_id}"


def _plain(value: object) -> str | int:
    if isinstance(value, str | int):
        return value
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, datetime):
        return value.isoformat()
    raise ReportABug(f"a token field of type {type(value).__name__} cannot be kept")
