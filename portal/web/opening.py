"""Opens the portal over an installation: wired to its Dagster, served until it is stopped."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import uvicorn

from portal.instance import dagster_home
from portal.web.app import portal_app
from portal.web.launching import DagsterLauncher
from portal.web.serving import portal_config
from portal.web.settings import PortalSettings
from resources.house import House


def open_portal(
    house: House,
    *,
    public_url: str,
    dagster_url: str,
    host: str,
    port: int,
    certfile: Path | None = None,
    keyfile: Path | None = None,
) -> None:
    """Serves the portal at ``public_url``; the syncs that people ask for are launched at ``dagster_url``."""
    folder = str(dagster_home(house.home))
    launcher = DagsterLauncher(dagster_url, lambda: dg.DagsterInstance.from_config(folder))
    app = portal_app(house, launcher, PortalSettings(public_url, dagster_url, os.environ.get("GRANDLIVRE_HUB", "")))
    config = portal_config(
        app,
        host=host,
        port=port,
        certfile=str(certfile) if certfile else None,
        keyfile=str(keyfile) if keyfile else None,
    )
    uvicorn.Server(config).run()
