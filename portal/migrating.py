"""The command ``migrate``: an embedded installation moves into a team's Postgres."""

from __future__ import annotations

from typing import Annotated

import typer

from foundation.errors import WrongInput
from foundation.home import DATABASE_VARIABLE, Home
from foundation.postgres import require_address
from foundation.secrets import Secret
from portal.instance import write_instance_config
from portal.output import tell
from registry import moving as registry_moving
from registry.store import Registry
from warehouse.postgres import moving as warehouse_moving
from warehouse.postgres.store import PostgresWarehouse
from warehouse.store import Warehouse


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(migrate)


def migrate(
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"postgresql://USER@HOST/DATABASE; by default that of ${DATABASE_VARIABLE}."),
    ] = None,
) -> None:
    """Moves registry and warehouse of this installation into Postgres, and proves counts and sums per dossier.

    Stop Dagster first. What is moved stays where it was, too; safe to break off and to repeat.
    """
    environment = Home.from_environment()
    url = Secret(to) if to else environment.database
    if url is None:
        raise WrongInput("no database is named", next_step=f"Give --to URL, or set {DATABASE_VARIABLE}.")
    require_address(url)
    embedded, team = Home(environment.root), Home(environment.root, url)
    if not embedded.registry.exists():
        raise WrongInput(
            f"there is no embedded installation in {embedded.root}",
            next_step="Set GRANDLIVRE_HOME to its folder; for a new one run: grandlivre init.",
        )
    with Registry.open(embedded) as old, Registry.open(team) as new:
        rows = registry_moving.move(old, new)
    tell(f"Registry: {rows} rows moved, each compared.")
    source, target = Warehouse(embedded.warehouse), PostgresWarehouse(url)
    try:
        dossiers = warehouse_moving.move(source, target, embedded.scratch, lambda dossier: tell(f"  {dossier}"))
    finally:
        target.close()
    tell(f"Warehouse: {dossiers} dossiers moved; counts and sums of each are the same on both sides.")
    write_instance_config(team)
    tell(
        f"Done. From now on set {DATABASE_VARIABLE} wherever Grandlivre or Dagster runs.\n"
        f"Keep vault.key and landing/ of {embedded.root}. Dagster's history is not moved:\n"
        "its sensor adds the dossiers' partitions again within minutes, and they turn green at their next sync."
    )
