"""Signing in to Twinfield, and the cluster on which an organisation lives."""

from __future__ import annotations

import secrets as randomness
import threading
from urllib.parse import quote, urlsplit

import msgspec

from connectors.addresses import require_encrypted
from connectors.contract import Access
from connectors.http import HttpClient, NotAnAnswer, Reply
from connectors.oauth import OAuthApp
from foundation.errors import ReportABug

from .faults import VENDOR, TokenRefused

CONNECT = "/auth/authentication/connect/"
SCOPE = "openid twf.user twf.organisation twf.organisationUser offline_access"
_CLUSTERS = ".twinfield.com"


def oauth_app(access: Access) -> OAuthApp:
    """The app that a connection signs in with, below its base address unless others are set. No identity token is used,
    so that a nonce is given for form's sake."""
    connect = access.setting("base_url").rstrip("/") + CONNECT
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.settings.get("token_url") or connect + "token",
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        authorize_url=access.settings.get("authorize_url") or connect + "authorize",
        scope=SCOPE,
        basic=True,
        authorize_more={"nonce": randomness.token_urlsafe(16)},
    )


class Clusters:
    """Where calls with an access token go: asked for once per token, since organisations move between clusters."""

    def __init__(self, base_url: str, client: HttpClient) -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._lock = threading.Lock()
        self._known: tuple[str, str] = ("", "")

    def of(self, token: str) -> str:
        """The cluster's address. Raises TokenRefused for a token that the vendor does not take."""
        with self._lock:
            if self._known[0] != token:
                self._known = (token, self._ask(token))
            return self._known[1]

    def forget(self) -> None:
        with self._lock:
            self._known = ("", "")

    def _ask(self, token: str) -> str:
        address = f"{self._base}{CONNECT}accesstokenvalidation?token={quote(token, safe='')}"
        reply = self._client.call(
            "GET", address, headers={"Accept": "application/json"}, check=_check_document, allow=(400, 401)
        )
        if reply.status >= 400:
            raise TokenRefused(f"{VENDOR} refuses the access token")
        try:
            told = str(msgspec.json.decode(reply.body)["twf.clusterUrl"]).rstrip("/")
        except (msgspec.MsgspecError, KeyError, TypeError):
            raise ReportABug(
                f"{VENDOR} does not tell the cluster of the organisation",
                next_step="Sign in again and give all the rights that are asked for; report it if that does not help.",
            ) from None
        self._require_own(told)
        return told

    def _require_own(self, cluster: str) -> None:
        """Raises ReportABug for a place where tokens and books have no business."""
        require_encrypted("twf.clusterUrl", cluster)
        host = urlsplit(cluster).hostname or ""
        if host != urlsplit(self._base).hostname and not host.endswith(_CLUSTERS):
            raise ReportABug(f"{VENDOR} names a cluster that is not its own: {host[:100]}")


def _check_document(reply: Reply) -> None:
    try:
        msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        raise NotAnAnswer("not a JSON document") from None
