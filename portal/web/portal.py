"""What all routes of the portal share: one installation, and how syncs are started."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from portal.web.first_start import FirstStart
from portal.web.launching import Launcher
from portal.web.provider import Provider
from portal.web.settings import PortalSettings
from registry.store import Registry
from resources.house import House


@dataclass(frozen=True)
class Portal:
    """One served portal. ``provider`` is the identity provider that people may sign in with, if there is one;
    ``first_start`` makes the first administrator."""

    house: House
    launcher: Launcher
    settings: PortalSettings
    provider: Provider | None = None
    first_start: FirstStart | None = None

    @property
    def registry(self) -> Registry:
        return self.house.registry


def portal_of(request: Request) -> Portal:
    """The portal that a request came to."""
    portal: Portal = request.app.state.portal
    return portal
