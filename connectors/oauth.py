"""OAuth 2 consents whose refresh token rotates: every use gives a new one and kills the old.

Whoever loses the new one has lost the consent, and a person must sign in again. So one process at a time refreshes a
connection, after reading again what is stored; the new token is stored durably before it is used; and the access
token is kept with its expiry, so that a process that starts does not ask for one that another still holds.
"""

from __future__ import annotations

import secrets as randomness
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from connectors.budgets import PATIENCE_SECONDS, wait_until
from connectors.contract import TokenStore
from connectors.http import HttpClient, NotAnAnswer, Reply
from foundation.errors import RateLimited, SignInAgain
from foundation.secrets import Secret, redact

_DEFAULT_LIFETIME = 600.0
_MARGIN, _LONGEST_MARGIN = 0.04, timedelta(seconds=60)
_SAVE_ATTEMPTS = 3
_FINAL_ERRORS = ("invalid_grant", "invalid_client")


@dataclass(frozen=True)
class OAuthApp:
    """Our app at a vendor. ``not_before`` is the age that an access token must have before another may be asked for."""

    vendor: str
    token_url: str
    client_id: str
    client_secret: Secret
    not_before: timedelta = timedelta(0)


def authorization_url(page: str, client_id: str, redirect_uri: str, state: str, **more: str) -> str:
    """Where a person gives consent. ``state`` (see :func:`new_state`) must come back unchanged with the code."""
    fields = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code", "state": state, **more}
    return f"{page}?{urlencode(fields)}"


def new_state() -> str:
    """A text that nobody can guess, to tie an answer to the question."""
    return randomness.token_urlsafe(24)


def exchange_code(
    app: OAuthApp, client: HttpClient, code: Secret, redirect_uri: str, *, now: Callable[[], datetime]
) -> dict[str, str]:
    """The fields that a TokenStore keeps, for the code of a fresh consent. Raises SignInAgain when it is refused."""
    form = {"grant_type": "authorization_code", "code": code.reveal(), "redirect_uri": redirect_uri}
    reply = _ask(app, client, form)
    if reply.status >= 300:
        raise SignInAgain(f"{app.vendor} does not accept the consent ({_told(reply)})")
    return _fields(reply, now(), "")


class OAuthSigner:
    """Signs calls with the access token of a stored consent, and gets another one when its time is over."""

    def __init__(
        self,
        app: OAuthApp,
        store: TokenStore,
        client: HttpClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        consent: Secret | None = None,
    ) -> None:
        """``consent`` is the refresh token to begin with, while the store holds none."""
        self._app = app
        self._store = store
        self._client = client
        self._now = now
        self._sleep = sleep
        self._consent = consent
        self._lock = threading.Lock()
        self._held: Mapping[str, Any] = {}

    def headers(self) -> Mapping[str, str]:
        with self._lock:
            if not self._is_good(self._held):
                with self._store.exclusive():
                    stored = self._store.read()
                    self._held = stored if self._is_good(stored) else self._refresh(stored)
            return _bearer(self._held)

    def renew(self, refused: Mapping[str, str]) -> None:
        """Another access token in place of the one that the vendor refused.

        One that another process got meanwhile will do. Otherwise the vendor is asked, be it earlier than usual: a
        token that it no longer takes need not run out first (inferred). Raises RateLimited when the vendor insists
        that the old one run out, and SignInAgain when it did so for the token before as well, or takes none at all.
        """
        with self._lock:
            if _bearer(self._held) != refused and self._is_good(self._held):
                return
            with self._store.exclusive():
                stored = self._store.read()
                other = _bearer(stored) != refused and self._is_good(stored)
                self._held = stored if other else self._refresh(stored)

    def _is_good(self, fields: Mapping[str, Any]) -> bool:
        """Whether the access token has some of its time left; the margin covers the way to the vendor."""
        expires, issued = _moment(fields.get("expires_at")), _moment(fields.get("issued_at"))
        if not fields.get("access_token") or expires is None:
            return False
        lifetime = expires - issued if issued else timedelta(seconds=_DEFAULT_LIFETIME)
        return self._now() < expires - min(lifetime * _MARGIN, _LONGEST_MARGIN)

    def _refresh(self, stored: Mapping[str, Any], *, again: bool = True) -> Mapping[str, Any]:
        token = stored.get("refresh_token") or (self._consent.reveal() if self._consent else "")
        if not token:
            raise SignInAgain(f"nobody has given consent at {self._app.vendor} yet")
        reply = _ask(self._app, self._client, {"grant_type": "refresh_token", "refresh_token": token})
        if reply.status < 300:
            fields = _fields(reply, self._now(), token)
            if "dropped_at" in stored:  # noted until a token lives its whole time
                fields["dropped_before"] = stored["dropped_at"]
            self._save(fields)
            return fields
        told = _told(reply)
        issued = _moment(stored.get("issued_at"))
        allowed_at = issued + self._app.not_before if issued else self._now()
        if _is_final(reply) or self._now() >= allowed_at or "dropped_before" in stored:
            raise SignInAgain(f"{self._app.vendor} no longer accepts the stored consent ({told})")
        stored = {**stored, "dropped_at": self._now().isoformat()}
        self._save(stored)
        if not again or allowed_at - self._now() > timedelta(seconds=PATIENCE_SECONDS):
            raise RateLimited(f"{self._app.vendor} gives no new access token yet ({told})", resume_at=allowed_at)
        wait_until(allowed_at, now=self._now, sleep=self._sleep, vendor=self._app.vendor)
        return self._refresh(stored, again=False)

    def _save(self, fields: Mapping[str, Any]) -> None:
        """Stores the only copy of the new consent; tries a few times, for nothing else would bring it back."""
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


def _ask(app: OAuthApp, client: HttpClient, form: Mapping[str, str]) -> Reply:
    data = {**form, "client_id": app.client_id, "client_secret": app.client_secret.reveal()}
    headers = {"Accept": "application/json"}
    return client.call("POST", app.token_url, data=data, headers=headers, check=_check_token, allow=(400, 401, 403))


def _check_token(reply: Reply) -> None:
    if not _document(reply).get("access_token"):
        raise NotAnAnswer("no access token in it")


def _fields(reply: Reply, now: datetime, refresh_token: str) -> dict[str, str]:
    """What is stored. ``expires_in`` arrives as a number or as a text; a vendor that does not rotate tells no token."""
    document = _document(reply)
    try:
        lifetime = float(document.get("expires_in") or _DEFAULT_LIFETIME)
    except (TypeError, ValueError):
        lifetime = _DEFAULT_LIFETIME
    return {
        "refresh_token": str(document.get("refresh_token") or refresh_token),
        "access_token": str(document["access_token"]),
        "issued_at": now.isoformat(),
        "expires_at": (now + timedelta(seconds=lifetime)).isoformat(),
    }


def _document(reply: Reply) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(reply: Reply) -> str:
    document = _document(reply)
    text = document.get("error_description") or document.get("error") or f"error {reply.status}"
    return redact(str(text))[:300].rstrip(". ")


def _is_final(reply: Reply) -> bool:
    """Whether no later try with this consent can succeed."""
    document = _document(reply)
    return (
        document.get("error") in _FINAL_ERRORS or "refresh token" in str(document.get("error_description", "")).lower()
    )


def _bearer(fields: Mapping[str, Any]) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {fields.get('access_token', '')}"}


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
