"""A room with nothing but a sign-in, for a package where every dossier has a consent of its own."""

from __future__ import annotations

from datetime import timedelta

from connectors.contract import Access
from connectors.oauth import OAuthApp


def oauth_app(access: Access) -> OAuthApp:
    return OAuthApp(
        vendor="Vendor",
        token_url=access.setting("token_url"),
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        authorize_url=access.setting("authorize_url"),
        scope="accounting offline",
        basic=True,
        pkce=True,
        consent_lifetime=timedelta(days=100),
        callback_settings={"realmId": "realm_id"},
    )
