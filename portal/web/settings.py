"""How the portal is served: its address, where Dagster is, how long people stay signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from portal.web.provider_settings import ProviderSettings


@dataclass(frozen=True)
class PortalSettings:
    """``public_url`` is the address that people type, without a slash at the end; packages send them back to it.
    ``dagster_url`` is where Dagster's webserver answers the portal, and where its links lead. ``hub_url`` is where
    on-premise services reach the hub; empty where nobody told. ``behind_proxy``: a proxy before the portal tells where
    calls come from. ``provider``: who else may say who they are."""

    public_url: str
    dagster_url: str = "http://127.0.0.1:3000"
    hub_url: str = ""
    idle: timedelta = timedelta(hours=8)
    longest: timedelta = timedelta(days=7)
    behind_proxy: bool = False
    provider: ProviderSettings | None = None

    @property
    def encrypted(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """The names of this machine under which calls are answered; others are refused (DNS rebinding)."""
        own = urlsplit(self.public_url).hostname or "localhost"
        loopback = {"localhost", "127.0.0.1", "::1"}
        return frozenset({own} | (loopback if own in loopback else set()))

    @property
    def session_cookie(self) -> str:
        return "__Host-grandlivre" if self.encrypted else "grandlivre"

    @property
    def sign_in_back_url(self) -> str:
        """Where the identity provider sends people back to; it must be registered there."""
        return f"{self.public_url}/sign-in/oidc/back"

    @property
    def consent_url(self) -> str:
        """Where packages send people back to after they gave consent; it must be registered at the vendor."""
        return f"{self.public_url}/connections/consent"
