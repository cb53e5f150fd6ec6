"""The command ``unlink``: a dossier is no longer synced; its figures stay, and say so."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.mapping import DossierArgument
from portal.operations.dossiers import unlink_dossier
from portal.output import tell
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(unlink)


def unlink(
    dossier: DossierArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it, what it would do is told.")] = False,
) -> None:
    """Ends the link of a dossier. It is synced no more; figures and history stay, with the status `unlinked`."""
    house = House.open()
    link = house.registry.link(dossier)
    if not yes:
        tell(
            f"{link.name} would no longer be synced from {link.connection_id}; its figures stay. "
            f"Nothing is done yet. To unlink it: grandlivre unlink {dossier} --yes"
        )
        return
    unlink_dossier(house, dossier)
    tell(
        f"Unlinked {link.name}; its figures stay. Its partition goes once no run covers it. "
        f"To link it again: grandlivre link {link.connection_id} {link.external_id} --dossier {dossier}"
    )
