"""The command ``budgets``: how many calls each vendor still allows, for whoever wonders why a sync waits."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from portal.connecting import JsonFlag
from portal.output import show
from registry.store import Registry
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's command to the command line."""
    app.command()(budgets)


def budgets(
    connection: Annotated[str | None, typer.Argument(help="Only of this connection (its id).")] = None,
    json: JsonFlag = False,
) -> None:
    """Lists what is left of the vendors' windows of calls, per connection, and when they reset.

    Calls that running syncs have taken ahead are no longer in what is left. A limit is the vendor's own word, or
    declared: what it publishes, until it tells. A window in which no call was made yet has no time of reset.
    """
    registry = House.open().registry
    if connection is not None:
        registry.connection(connection)
    show(budget_rows(registry, connection), json=json, empty="No vendor has been asked anything that it counts.")


def budget_rows(registry: Registry, connection: str | None = None) -> list[dict[str, Any]]:
    """A row per window: connection_id, software, scope, subject (of a connection or a firm its id, of a dossier its
    external id), window, left, limit, resets_at, source (``vendor``, ``declared``), sharing (dossiers at it now)."""
    return [
        {
            "connection_id": each.connection_id,
            "software": each.software,
            "scope": each.scope,
            "subject": each.subject,
            "window": each.window,
            "left": each.left,
            "limit": each.allowed,
            "resets_at": each.resets_at,
            "source": each.source,
            "sharing": each.sharing,
        }
        for each in registry.budgets.standing()
        if connection in (None, each.connection_id)
    ]
