"""Signing in: the exchange token of the licence gives an access and a refresh token, which gives the next ones.

Every token call names the user's e-mail. A refresh token is taken to die when it is used: its successor is stored
before anything is signed with what came along (see :mod:`connectors.tokens`). Where the vendor no longer takes it, the
exchange token is tried once more before a person is asked.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from connectors.contract import TokenStore
from connectors.http import HttpClient, NotAnAnswer, Reply
from connectors.oauth import OAuthApp, bearer, token_fields
from connectors.tokens import MemoryTokenStore, TokenSigner
from foundation.errors import SignInAgain
from foundation.secrets import Secret

_REFUSED = frozenset(range(400, 500)) - {408, 425, 429}  # those pass


class ExchangeSigner(TokenSigner):
    """Signs with the access token. ``given`` counts the tokens that the vendor gave to this object."""

    def __init__(
        self,
        app: OAuthApp,
        store: TokenStore | None,
        client: HttpClient,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        """``app`` has the e-mail as its id and the exchange token as its secret."""
        super().__init__(store or MemoryTokenStore(), now=now, sleep=sleep)
        self._app = app
        self._client = client
        self.given = 0

    def _sign(self, fields: Mapping[str, Any]) -> Mapping[str, str]:
        return bearer(fields)

    def _is_whole(self, fields: Mapping[str, Any]) -> bool:
        return bool(fields.get("access_token") and fields.get("expires_at"))

    def _obtain(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        refresh = str(stored.get("refresh_token") or "")
        reply = self._ask("refresh_token", Secret(refresh)) if refresh else None
        if reply is None or reply.status in _REFUSED:
            refresh, reply = "", self._ask("exchange_token", self._app.client_secret)
        if reply.status in _REFUSED:
            raise SignInAgain(
                f"{self._app.vendor} does not accept the exchange token (error {reply.status})",
                next_step="Check the e-mail, or make a new token under External applications of the licence and give "
                "it with: grandlivre reconnect CONNECTION.",
            )
        fields = token_fields(self._app, reply, self._now(), refresh)
        self._save(fields)
        self.given += 1
        return fields

    def _ask(self, grant: str, code: Secret) -> Reply:
        mail = base64.b64encode(self._app.client_id.encode()).decode()  # alone, without a colon or a password
        return self._client.call(
            "POST",
            self._app.token_url,
            data={"grant_type": grant, "code": code.reveal()},
            headers={"Accept": "application/json", "Authorization": f"Basic {mail}"},
            check=_check_token,
            allow=_REFUSED,
        )


def _check_token(reply: Reply) -> None:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict) or not found.get("access_token"):
        raise NotAnAnswer("no access token in it")
