"""The command ``ui``: the Dagster UI over this installation."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from foundation.home import Home
from portal.instance import PROJECT, dagster_home
from portal.output import tell
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on; loopback by default.")] = "127.0.0.1",
) -> None:
    """Opens the Dagster UI: assets, partitions, runs, schedules. Stops with Ctrl-C."""
    home = Home.from_environment()
    House.open(home).warehouse.create()
    tell(f"Dagster is at http://{host}:{port} for the state in {home.root}. Stop it with Ctrl-C.")
    command, environment = ui_command(home, host, port)
    os.chdir(PROJECT)
    os.execvpe(command[0], command, environment)


def ui_command(home: Home, host: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The process behind ``ui``: its arguments and environment. It runs in the project's folder."""
    command = [
        *(sys.executable, "-m", "dagster", "dev", "-w", str(PROJECT / "workspace.yaml")),
        *("-h", host, "-p", str(port)),
    ]
    environment = {**os.environ, "GRANDLIVRE_HOME": str(home.root), "DAGSTER_HOME": str(dagster_home(home))}
    return command, environment
