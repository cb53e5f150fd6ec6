"""Signing in: the app token that an administrator made in the App Center gives an access token per environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import TokenStore
from connectors.http import HttpClient, NotAnAnswer, Reply
from connectors.signers import Session, SessionSigner
from foundation.errors import SignInAgain
from foundation.secrets import Secret

from .inferred import LIFETIME, SCOPE_IN_BODY
from .wire import VENDOR, Place, said


def environment_signer(
    place: Place,
    token: Secret,
    through: HttpClient,
    store: TokenStore | None,
    *,
    by_scope: bool,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> SessionSigner:
    """Signs for one environment. ``by_scope``: the app token is one of the accounting centre."""

    def log_in(before: Mapping[str, str]) -> Session:
        body = {"apptoken": token.reveal().strip()}
        if by_scope and SCOPE_IN_BODY:
            body["scope"] = place.environment
        reply = through.call(
            "POST",
            f"{place.root}/authentication/getaccesstoken",
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            data=json.dumps(body).encode(),
            check=_check_token,
            allow=(400, 401, 403),
        )
        if reply.status >= 300:
            raise SignInAgain(
                f"{VENDOR} does not accept the app token for {place.environment} "
                f"({said(reply) or f'error {reply.status}'})",
                next_step="Activate the app again in the App Center, and give the token that it shows: "
                "grandlivre reconnect CONNECTION.",
            )
        told = json.loads(reply.body)
        return Session({"token": told["access_token"]}, now() + _lifetime(told))

    return SessionSigner(
        log_in, store, now=now, sleep=sleep, sign=lambda fields: {"Authorization": f"bearer {fields['token']}"}
    )


def _lifetime(told: Mapping[str, Any]) -> timedelta:
    """``expires_in`` is seconds as text; an answer without one is good for as long as is usual."""
    seconds = str(told.get("expires_in") or "")
    return timedelta(seconds=int(seconds)) if seconds.isdigit() else LIFETIME


def _check_token(reply: Reply) -> None:
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
        raise NotAnAnswer("no access token in it")
