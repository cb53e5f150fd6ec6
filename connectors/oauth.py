"""OAuth 2: our app at a vendor, the token call, and calls signed with the access token of a stored consent.

Many refresh tokens rotate: every use gives a new one and kills the old, and whoever loses the new one has lost the
consent, so that a person must sign in again. So one process at a time refreshes a connection, after reading again
what is stored; the new token is stored durably before it is used; and the access token is kept with its expiry, so
that a process that starts does not ask for one that another still holds.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from urllib3.filepost import encode_multipart_formdata

from connectors.budgets import PATIENCE_SECONDS, wait_until
from connectors.contract import TokenStore
from connectors.http import HttpClient, NotAnAnswer, Reply
from connectors.tokens import MemoryTokenStore, TokenSigner, moment
from foundation.errors import RateLimited, SignInAgain
from foundation.secrets import Secret, redact

_DEFAULT_LIFETIME = 600.0
_BOUNDARY = "grandlivre-7d1c0a5f2b"  # no token, id or scope holds it
_FINAL_ERRORS = ("invalid_grant", "invalid_client")
_CONSENT_LIFETIMES = ("refresh_token_expires_in", "x_refresh_token_expires_in", "x_refresh_token_hard_expires_in")


@dataclass(frozen=True)
class OAuthApp:
    """Our app at a vendor.

    * ``authorize_url`` is the whole address of the consent page, ``authorize_more`` further fields of its query.
    * ``token_more`` are further fields of every token call.
    * ``scope`` is asked for at the consent page (and at the token call, where no person gives consent).
    * ``basic``: the app signs in with an ``Authorization: Basic`` header instead of form fields.
    * ``pkce``: the consent is tied to this computer by a challenge (RFC 7636, S256). An app without a secret then
      sends its id alone.
    * ``not_before`` is the age that an access token must have before another may be asked for.
    * ``consent_lifetime``: a consent that is not used for so long lapses. What an answer tells goes before it.
    * ``multipart``: token calls are sent as ``multipart/form-data``, which some vendors want against RFC 6749.
    * ``callback_settings``: query fields of the way back that become settings of the connection.
    """

    vendor: str
    token_url: str
    client_id: str
    client_secret: Secret
    not_before: timedelta = timedelta(0)
    authorize_url: str = ""
    scope: str = ""
    basic: bool = False
    pkce: bool = False
    authorize_more: Mapping[str, str] = field(default_factory=dict)
    token_more: Mapping[str, str] = field(default_factory=dict)
    consent_lifetime: timedelta | None = None
    multipart: bool = False
    callback_settings: Mapping[str, str] = field(default_factory=dict)


def request_token(app: OAuthApp, client: HttpClient, form: Mapping[str, str]) -> Reply:
    """The reply to a token call for ``form``: one with an access token, or a refusal (400, 401 or 403)."""
    secret = app.client_secret.reveal()
    headers = {"Accept": "application/json"}
    data = {**form, **app.token_more}
    if app.basic and secret:
        pair = base64.b64encode(f"{app.client_id}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    else:
        data |= {"client_id": app.client_id} | ({"client_secret": secret} if secret else {})
    body: Mapping[str, str] | bytes = data
    if app.multipart:
        body, headers["Content-Type"] = encode_multipart_formdata(data, _BOUNDARY)
    return client.call("POST", app.token_url, data=body, headers=headers, check=_check_token, allow=(400, 401, 403))


def token_fields(app: OAuthApp, reply: Reply, now: datetime, refresh_token: str = "") -> dict[str, str]:
    """What is stored of a token call's answer; ``refresh_token`` is the one used, which stays where none is told.

    ``consent_expires_at`` is there when it is known: the earliest end that the answer tells, or that of the app's rule.
    """
    document = _document(reply)
    fields = {
        "refresh_token": str(document.get("refresh_token") or refresh_token),
        "access_token": str(document["access_token"]),
        "issued_at": now.isoformat(),
        "expires_at": (now + (_seconds(document, "expires_in") or timedelta(seconds=_DEFAULT_LIFETIME))).isoformat(),
    }
    told = [lifetime for name in _CONSENT_LIFETIMES if (lifetime := _seconds(document, name))]
    lifetime = min(told, default=app.consent_lifetime)
    if lifetime and fields["refresh_token"]:
        fields["consent_expires_at"] = (now + lifetime).isoformat()
    return {name: value for name, value in fields.items() if value}


def refusal_of(reply: Reply) -> str:
    """What the vendor says about a refused token call, fit to be shown."""
    document = _document(reply)
    text = document.get("error_description") or document.get("error") or f"error {reply.status}"
    return redact(str(text))[:300].rstrip(". ")


def bearer(fields: Mapping[str, Any]) -> Mapping[str, str]:
    """The header that carries the access token of ``fields``."""
    return {"Authorization": f"Bearer {fields.get('access_token', '')}"}


class OAuthSigner(TokenSigner):
    """Signs calls with the access token of a stored consent, and gets another one when its time is over.

    A refused token is renewed earlier than usual: one that the vendor no longer takes need not run out first
    (inferred). ``renew`` then raises RateLimited when the vendor insists that it does, and SignInAgain when it did so
    for the token before as well, or takes none at all.
    """

    def __init__(
        self,
        app: OAuthApp,
        store: TokenStore | None,
        client: HttpClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        consent: Secret | None = None,
    ) -> None:
        """``consent`` is the refresh token to begin with, while the store holds none."""
        super().__init__(store or MemoryTokenStore(), now=now, sleep=sleep)
        self._app = app
        self._client = client
        self._consent = consent

    def _sign(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        return bearer(fields)

    def _is_whole(self, fields: Mapping[str, Any]) -> bool:
        return bool(fields.get("access_token") and fields.get("expires_at"))

    def _obtain(self, stored: Mapping[str, Any], *, again: bool = True) -> Mapping[str, Any]:
        token = stored.get("refresh_token") or (self._consent.reveal() if self._consent else "")
        if not token:
            raise SignInAgain(f"nobody has given consent at {self._app.vendor} yet")
        reply = request_token(self._app, self._client, {"grant_type": "refresh_token", "refresh_token": token})
        if reply.status < 300:
            fields = token_fields(self._app, reply, self._now(), token)
            if "dropped_at" in stored:  # noted until a token lives its whole time
                fields["dropped_before"] = stored["dropped_at"]
            self._save(fields)
            return fields
        told = refusal_of(reply)
        issued = moment(stored.get("issued_at"))
        allowed_at = issued + self._app.not_before if issued else self._now()
        if _is_final(reply) or self._now() >= allowed_at or "dropped_before" in stored:
            raise SignInAgain(f"{self._app.vendor} no longer accepts the stored consent ({told})")
        stored = {**stored, "dropped_at": self._now().isoformat()}
        self._save(stored)
        if not again or allowed_at - self._now() > timedelta(seconds=PATIENCE_SECONDS):
            raise RateLimited(f"{self._app.vendor} gives no new access token yet ({told})", resume_at=allowed_at)
        wait_until(allowed_at, now=self._now, sleep=self._sleep, vendor=self._app.vendor)
        return self._obtain(stored, again=False)


def _check_token(reply: Reply) -> None:
    if not _document(reply).get("access_token"):
        raise NotAnAnswer("no access token in it")


def _document(reply: Reply) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(document: Mapping[str, Any], name: str) -> timedelta | None:
    """A lifetime, which arrives as a number or as a text; None where it is missing, or nonsense."""
    try:
        return timedelta(seconds=float(document.get(name) or 0)) or None
    except (TypeError, ValueError, OverflowError):
        return None


def _is_final(reply: Reply) -> bool:
    """Whether no later try with this consent can succeed."""
    document = _document(reply)
    return (
        document.get("error") in _FINAL_ERRORS or "refresh token" in str(document.get("error_description", "")).lower()
    )
