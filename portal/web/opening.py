"""Opens the portal over an installation: wired to its Dagster, served until it is stopped."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import dagster as dg
import uvicorn
from fastapi import FastAPI

from portal.instance import dagster_home
from portal.output import tell
from portal.web.app import portal_app
from portal.web.launching import DagsterLauncher
from portal.web.portal import Portal
from portal.web.serving import portal_config
from portal.web.settings import PortalSettings
from resources.house import House


def open_portal(
    house: House,
    settings: PortalSettings,
    *,
    host: str,
    port: int,
    certfile: Path | None = None,
    keyfile: Path | None = None,
) -> None:
    """Serves the portal. While it has no people, the address at which the first administrator is made is told where it
    is started: whoever can read that may decide who that is."""
    folder = str(dagster_home(house.home))
    launcher = DagsterLauncher(settings.dagster_url, lambda: dg.DagsterInstance.from_config(folder))
    app = portal_app(house, launcher, settings)
    start = app.state.portal.first_start
    if start.needed:
        tell(f"It has no people yet. Its first administrator is made here, once:\n  {setup_address(app)}")
    config = portal_config(
        app,
        host=host,
        port=port,
        certfile=str(certfile) if certfile else None,
        keyfile=str(keyfile) if keyfile else None,
    )
    with suppress(KeyboardInterrupt):  # that is how it is stopped
        uvicorn.Server(config).run()


def setup_address(app: FastAPI) -> str:
    """The address at which the first administrator of the portal is made: a secret, until it was used."""
    portal: Portal = app.state.portal
    path = portal.first_start.path.reveal() if portal.first_start else ""
    return portal.settings.public_url + path
