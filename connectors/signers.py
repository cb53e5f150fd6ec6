"""How calls are signed where no person gives consent: fixed headers, an app of its own right, a session logged in to.

All are Signers of :mod:`connectors.http`; consents by redirect are signed by :class:`connectors.oauth.OAuthSigner`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import TokenStore
from connectors.http import HttpClient
from connectors.oauth import OAuthApp, bearer, refusal_of, request_token, token_fields
from connectors.tokens import MemoryTokenStore, TokenSigner
from foundation.errors import SignInAgain
from foundation.secrets import Secret


@dataclass(frozen=True)
class HeaderSigner:
    """The same headers on every call: an API key, or several tokens. There are no others when they are refused."""

    vendor: str
    fixed: Mapping[str, Secret | str]

    def headers(self) -> Mapping[str, str]:
        return {name: text.reveal() if isinstance(text, Secret) else text for name, text in self.fixed.items()}

    def renew(self, refused: Mapping[str, str]) -> None:
        raise SignInAgain(
            f"{self.vendor} refuses the key", next_step="Give another one with: grandlivre reconnect CONNECTION."
        )


class ClientCredentialsSigner(TokenSigner):
    """Signs as the app itself (OAuth 2 grant ``client_credentials``) for ``app.scope`` (or, in ``app.token_more``, a
    resource). Nobody gives consent, so that nothing lapses; the token is kept as long as it is good."""

    def __init__(
        self,
        app: OAuthApp,
        store: TokenStore | None,
        client: HttpClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        super().__init__(store or MemoryTokenStore(), now=now, sleep=sleep)
        self._app = app
        self._client = client

    def _sign(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        return bearer(fields)

    def _is_whole(self, fields: Mapping[str, Any]) -> bool:
        return bool(fields.get("access_token") and fields.get("expires_at"))

    def _obtain(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        form = {"grant_type": "client_credentials", **({"scope": self._app.scope} if self._app.scope else {})}
        reply = request_token(self._app, self._client, form)
        if reply.status >= 300:
            raise SignInAgain(
                f"{self._app.vendor} does not accept the app ({refusal_of(reply)})",
                next_step="Check client_id and client_secret: grandlivre reconnect CONNECTION takes others.",
            )
        fields = token_fields(self._app, reply, self._now())
        self._save(fields)
        return fields


@dataclass(frozen=True)
class Session:
    """What a log-in gave, by name, until ``expires_at`` (None: until it is refused)."""

    fields: Mapping[str, str]
    expires_at: datetime | None = None


class SessionSigner(TokenSigner):
    """Signs with a session, or a token, that one logs in to.

    ``obtain`` logs in; it is given the fields of the session before (none at first), for vendors where those give the
    next one, and raises SignInAgain when the vendor refuses. ``sign`` makes the signature of a session's fields, by
    default all of them as headers. A vendor that wants its session in the body is called unsigned: put ``headers()``
    into the body, and give the same to ``renew`` when the session was refused.
    Without ``store`` the session is kept as long as the process.
    """

    def __init__(
        self,
        obtain: Callable[[Mapping[str, str]], Session],
        store: TokenStore | None = None,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        sign: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda fields: fields,
    ) -> None:
        super().__init__(store or MemoryTokenStore(), now=now, sleep=sleep)
        self._log_in = obtain
        self._signed = sign

    def _sign(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        return self._signed(_without_times(fields)) if fields else {}

    def _is_whole(self, fields: Mapping[str, Any]) -> bool:
        return bool(_without_times(fields))

    def _obtain(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        session = self._log_in(_without_times(stored))
        fields = {**session.fields, "issued_at": self._now().isoformat()}
        if session.expires_at:
            fields["expires_at"] = session.expires_at.isoformat()
        self._save(fields)
        return fields


def _without_times(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if name not in ("issued_at", "expires_at")}
