"""What all routes of the portal share: one installation, and how syncs are started."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from portal.web.launching import Launcher
from portal.web.settings import PortalSettings
from registry.store import Registry
from resources.house import House


@dataclass(frozen=True)
class Portal:
    """One served portal."""

    house: House
    launcher: Launcher
    settings: PortalSettings

    @property
    def registry(self) -> Registry:
        return self.house.registry


def portal_of(request: Request) -> Portal:
    """The portal that a request came to."""
    portal: Portal = request.app.state.portal
    return portal
