"""The command ``prune-partitions``: removes partitions without a linked dossier that nothing removes by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from connectors.catalog import package
from portal.connecting import JsonFlag
from portal.instance import dagster_home
from portal.output import show, tell
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command(name="prune-partitions")(prune_partitions)


def prune_partitions(
    software: Annotated[str, typer.Argument(help="The package's slug.")],
    yes: Annotated[bool, typer.Option("--yes", help="Remove them. Without it they are only listed.")] = False,
    json: JsonFlag = False,
) -> None:
    """Lists the partitions of a package whose dossier is not linked, and with --yes removes them. Figures stay."""
    import dagster as dg

    from assets.pruning import removals_of, remove_partitions

    slug = package(software).slug
    house = House.open()
    with dg.DagsterInstance.from_config(str(dagster_home(house.home))) as instance:
        found = removals_of(house.registry, instance, slug)
        gone = [*found.now, *found.held]
        if yes:
            remove_partitions(instance, slug, gone)
    state = "removed" if yes else "not linked"
    rows = [{"dossier_id": key, "state": state} for key in gone]
    rows += [{"dossier_id": key, "state": "a run covers it"} for key in found.busy]
    show(rows, json=json, empty="Every partition has a linked dossier.")
    if gone and not yes:
        tell(f"Nothing is removed yet. To remove them: grandlivre prune-partitions {slug} --yes")
