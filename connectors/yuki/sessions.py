"""One session per domain: a session stands in one domain at a time, and syncs of others go on beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import TokenStore
from connectors.signers import Session, SessionSigner
from foundation.errors import ReportABug
from foundation.secrets import Secret

from .inferred import SESSION_LIFETIME
from .wire import VENDOR, YukiWire, session_parameter


@dataclass(frozen=True)
class DomainTokens:
    """The fields of one domain among those that a connection keeps."""

    store: TokenStore
    domain: str

    def exclusive(self) -> AbstractContextManager[None]:
        return self.store.exclusive()

    def read(self) -> Mapping[str, Any]:
        stored = self.store.read()
        return {name.removeprefix(self._prefix): stored[name] for name in stored if name.startswith(self._prefix)}

    def save(self, fields: Mapping[str, Any]) -> None:
        stored = self.store.read()
        others = {name: stored[name] for name in stored if not name.startswith(self._prefix)}
        self.store.save(others | {self._prefix + name: value for name, value in fields.items()})

    @property
    def _prefix(self) -> str:
        return f"{self.domain}/"


def domain_session(
    wire: YukiWire,
    access_key: Secret,
    store: TokenStore,
    domain: str,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> SessionSigner:
    """The session in ``domain`` ("": wherever the key begins). ``wire`` calls without one."""

    def log_in(before: Mapping[str, str]) -> Session:
        found = wire.text("Accounting", "Authenticate", {"accessKey": access_key.reveal()})
        if not found:
            raise ReportABug(f"{VENDOR} gives no session for the access key")
        session = {"session_id": found}
        if domain:
            wire.call("Accounting", "SetCurrentDomain", {**session_parameter(session), "domainID": domain})
        return Session(session, now() + SESSION_LIFETIME)

    return SessionSigner(
        log_in, DomainTokens(store, domain), now=now, sleep=sleep, sign=lambda f: session_parameter(f) if f else {}
    )
