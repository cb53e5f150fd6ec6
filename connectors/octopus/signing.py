"""Signing in, in three layers: the software house's id logs a user in, the user's token opens a dossier, whose token
signs every other call. Both tokens last ten minutes and are asked for anew; there is nothing to refresh them with."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from connectors.contract import Access
from connectors.http import HttpClient, Reply
from connectors.signers import Session, SessionSigner
from foundation.errors import ReportABug, SignInAgain

from .inferred import TOKEN_LIFETIME
from .wire import JSON, VENDOR, require_json, said


def user_signer(
    access: Access, base: str, client: HttpClient, *, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> SessionSigner:
    """Signs as the user, whose token is kept between processes. A login that was refused is not tried again: the vendor
    counts those, and locks the user."""

    def log_in(before: object) -> Session:
        body = {"user": access.setting("user"), "password": access.secret("password").reveal()}
        headers = {"softwareHouseUuid": access.setting("software_house_uuid"), "Content-Type": "application/json"}
        reply = client.call(
            "POST",
            f"{base}/authentication",
            headers=headers | JSON,
            data=json.dumps(body).encode(),
            check=require_json,
            allow=(400, 401, 403),
        )
        if reply.status >= 300:
            raise SignInAgain(
                f"{VENDOR} does not accept the login ({said(reply) or f'error {reply.status}'})",
                next_step="Check user, password and software_house_uuid, and that the user may use the web service: "
                "grandlivre reconnect CONNECTION takes another password. Tries are counted and lock the user.",
            )
        return Session({"Token": _told(reply, "token")}, now() + TOKEN_LIFETIME)

    return SessionSigner(log_in, access.tokens, now=now, sleep=sleep)


def dossier_signer(
    base: str,
    dossier: int,
    locale: str,
    client: HttpClient,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> SessionSigner:
    """Signs for one dossier, opened through a ``client`` that signs as the user."""

    def open_dossier(before: object) -> Session:
        address = f"{base}/dossiers?{urlencode({'dossierId': dossier, 'localeId': locale})}"
        reply = client.call("POST", address, headers=JSON, check=require_json)
        return Session({"dossierToken": _told(reply, "dossiertoken")}, now() + TOKEN_LIFETIME)

    return SessionSigner(open_dossier, now=now, sleep=sleep)


def _told(reply: Reply, name: str) -> str:
    """The token of an answer, whatever the capitals of its name."""
    document: Any = json.loads(reply.body)
    found = {key.lower(): value for key, value in document.items()} if isinstance(document, dict) else {}
    token = found.get(name)
    if not isinstance(token, str) or not token:
        raise ReportABug(f"{VENDOR} answers a sign-in without a token")
    return token
