"""The command ``ui``: the portal and the Dagster UI over this installation, side by side."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from foundation.home import Home
from portal.instance import PROJECT, dagster_home
from portal.output import tell
from resources.house import House

HUB_VARIABLE = "GRANDLIVRE_HUB"
"""Where on-premise services reach the hub, for the commands that people are shown."""
_PATIENCE = 20  # seconds for Dagster's processes to end


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address of the Dagster UI to listen on; it has no sign-in, so loopback by default.")
    ] = "127.0.0.1",
    portal_host: Annotated[
        str, typer.Option(help="Address of the portal to listen on; loopback by default.")
    ] = "127.0.0.1",
    portal_port: Annotated[int, typer.Option(help="Port of the portal.")] = 3080,
    public_url: Annotated[
        str | None, typer.Option(help="The portal's address as people type it, such as https://books.firm.be.")
    ] = None,
    certfile: Annotated[Path | None, typer.Option(help="Certificate of the portal with its chain, PEM.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Key of the certificate, PEM.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="Plain http also beyond loopback: a proxy before it encrypts.")
    ] = False,
) -> None:
    """Opens the portal for the firm's people, and the Dagster UI beside it. Stops with Ctrl-C."""
    from portal.hub.serving import require_encrypted  # late: other commands need no web server

    require_encrypted(portal_host, certfile, keyfile, behind_proxy=behind_proxy)
    address = public_url or f"{'https' if certfile else 'http'}://{portal_host}:{portal_port}"
    with House.open(Home.from_environment()) as house:
        house.warehouse.create()
        dagster, portal = (host, port), (portal_host, portal_port)
        open_both(house, dagster, portal, address, certfile, keyfile, behind_proxy=behind_proxy)


def open_both(
    house: House,
    dagster: tuple[str, int],
    portal: tuple[str, int],
    address: str,
    certfile: Path | None = None,
    keyfile: Path | None = None,
    *,
    behind_proxy: bool = False,
) -> None:
    """Serves both, each at a host and a port, until Ctrl-C; people reach the portal at ``address``."""
    from portal.web.opening import open_portal  # late: other commands need no web server
    from portal.web.provider_settings import ProviderSettings
    from portal.web.settings import PortalSettings

    dagster_url = f"http://{dagster[0]}:{dagster[1]}"
    settings = PortalSettings(
        address.rstrip("/"),
        dagster_url,
        os.environ.get(HUB_VARIABLE, ""),
        behind_proxy=behind_proxy,
        provider=ProviderSettings.from_environment(os.environ),
    )
    with _dagster(house.home, *dagster):
        tell(f"Dagster is at {dagster_url} for the state in {house.home.root}.")
        tell(f"The portal is at {address}. Stop both with Ctrl-C.")
        open_portal(house, settings, host=portal[0], port=portal[1], certfile=certfile, keyfile=keyfile)


@contextmanager
def _dagster(home: Home, host: str, port: int) -> Iterator[None]:
    """Dagster's processes, for as long as the portal is served."""
    command, environment = ui_command(home, host, port)
    process = subprocess.Popen(command, env=environment, cwd=PROJECT)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ui_command(home: Home, host: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The process of the Dagster UI: its arguments and environment. It runs in the project's folder."""
    command = [
        *(sys.executable, "-m", "dagster", "dev", "-w", str(PROJECT / "workspace.yaml")),
        *("-h", host, "-p", str(port)),
    ]
    environment = {**os.environ, "GRANDLIVRE_HOME": str(home.root), "DAGSTER_HOME": str(dagster_home(home))}
    return command, environment
