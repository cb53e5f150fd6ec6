"""Who calls: the app itself, or a person who gave consent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.contract import Access
from connectors.http import HttpClient
from connectors.oauth import OAuthApp, OAuthSigner
from connectors.signers import ClientCredentialsSigner
from connectors.tokens import TokenSigner
from foundation.errors import WrongInput

from .wire import VENDOR

SCOPE = "https://api.businesscentral.dynamics.com/.default"
SIGN_IN = "https://login.microsoftonline.com"
APP, PERSON = "client_credentials", "authorization_code"


def oauth_app(access: Access) -> OAuthApp:
    """The app at its directory's token address, unless another is set. Only consents ask for a refresh token."""
    tenant = access.setting("tenant_id")
    by_person = _grant_type(access) == PERSON
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.settings.get("token_url") or f"{SIGN_IN}/{tenant}/oauth2/v2.0/token",
        authorize_url=access.settings.get("authorize_url") or f"{SIGN_IN}/{tenant}/oauth2/v2.0/authorize",
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        scope=f"{SCOPE} offline_access" if by_person else SCOPE,
    )


def signer_of(
    access: Access, client: HttpClient, *, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> TokenSigner:
    """Signs calls as the setting ``grant_type`` says; ``client`` makes the token calls."""
    app = oauth_app(access)
    if _grant_type(access) == APP:
        return ClientCredentialsSigner(app, access.tokens, client, now=now, sleep=sleep)
    consent = access.secrets.get("refresh_token")
    return OAuthSigner(app, access.tokens, client, now=now, sleep=sleep, consent=consent)


def _grant_type(access: Access) -> str:
    found = access.settings.get("grant_type") or APP
    if found not in (APP, PERSON):
        raise WrongInput(
            f"the setting grant_type is {found!r}", next_step=f"Set it to {APP} (the app) or {PERSON} (a person)."
        )
    return found
