"""Who calls AdminPulse: the office's own API key, or an app with the consent of a person of the office."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.contract import Access
from connectors.http import HttpClient, Signer
from connectors.oauth import OAuthApp, OAuthSigner
from connectors.signers import HeaderSigner
from foundation.errors import WrongInput
from foundation.secrets import Secret

VENDOR = "AdminPulse"
KEY, PERSON = "api_key", "oauth"


def signs_in_with(access: Access) -> str:
    """``api_key`` or ``oauth``. Raises WrongInput for another value of the setting."""
    found = access.settings.get("sign_in") or KEY
    if found not in (KEY, PERSON):
        raise WrongInput(
            f"the setting sign_in is {found!r}",
            next_step=f"Set it to {KEY} (the office's key) or {PERSON} (a person gives consent).",
        )
    return found


def oauth_app(access: Access) -> OAuthApp:
    """The app; both addresses and the redirect address come with its registration at the vendor."""
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.setting("token_url"),
        authorize_url=access.setting("authorize_url"),
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        scope=access.settings.get("scope", ""),
    )


def signer_of(
    access: Access, client: HttpClient, *, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> Signer:
    """Signs calls as the setting ``sign_in`` says; ``client`` makes the token calls."""
    if signs_in_with(access) == KEY:
        key = access.secret("api_key").reveal()
        return HeaderSigner(VENDOR, {"Authorization": Secret(f"Bearer {key}")})
    consent = access.secrets.get("refresh_token")
    return OAuthSigner(oauth_app(access), access.tokens, client, now=now, sleep=sleep, consent=consent)
