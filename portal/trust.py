"""Commands about trust: reconciliation (are the figures complete, and why), changes (what moved between syncs)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Annotated, Any

import typer

from connectors.catalog import package
from foundation.errors import WrongInput
from portal.connecting import JsonFlag
from portal.linking import parse_date
from portal.mapping import DossierArgument
from portal.operations import figures
from portal.operations.changes import counts, moved, moved_clients, syncs_that_changed
from portal.output import out, show, tell
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    app.command()(reconciliation)
    app.command()(changes)


def reconciliation(
    dossier: DossierArgument,
    differences: Annotated[
        bool, typer.Option("--differences", help="Only where the package's balances and ours differ, and why.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Shows the checks of the figures that stand: proven, failed, warning, or no evidence from the package."""
    house = House.open()
    house.registry.link(dossier)
    with figures.figures_of(house, dossier) as db:
        checks = figures.checks(db, dossier)
        differing = figures.differences(db, dossier)
        facts = figures.facts(db, dossier)
    tell(summary(facts, checks) + _since_then(house, dossier))
    if differences:
        show(differing, json=json, empty="No balance differs from the package's own.")
        return
    show(checks, json=json)
    if differing and not json:
        out.print("\nWhere the package's own balances and ours differ:")
        show(differing, json=False)


def summary(facts: Mapping[str, Any], checks: Sequence[Mapping[str, Any]]) -> str:
    """One line: how old the figures are, where they come from, and how far they prove themselves."""
    states = figures.counted(checks)
    mode = {"totals": "totals, without lines", "from_date": f"from {facts['transfer_date']}"}
    failed = f"{states['failed']} failed, " if states["failed"] else ""
    warnings = f"{states['warning']} warning{'' if states['warning'] == 1 else 's'}"
    return (
        f"Figures as of {facts['last_synced_at']:%Y-%m-%d %H:%M} UTC, {facts['software']}, "
        f"{mode.get(facts['sync_mode'], facts['sync_mode'])}: {failed}{states['proven']} checks proven, "
        f"{states['no evidence']} without evidence, {warnings}."
    )


def _since_then(house: House, dossier: str) -> str:
    """Word of a later sync that could not renew the figures, so that nobody takes old ones for fresh."""
    last = house.registry.last_run(dossier)
    if last is None or last.status not in ("failed", "parked"):
        return ""
    return (
        f" The sync of {last.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC {last.status}: these stand from before it."
    )


def changes(
    dossier: DossierArgument,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="All that was seen from this date on (YYYY-MM-DD, UTC), or after this sync."),
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Also each line added, changed or deleted.")] = False,
    json: JsonFlag = False,
) -> None:
    """Shows what moved between two syncs: balances per year and account, old and new; closed years come first.

    Without --since, what the last sync that changed anything brought. A line that went to another account, day or year
    is told twice: where it left, and where it went. Of a client list, each field that changed, old and new.
    """
    house = House.open()
    of_clients = package(house.registry.link(dossier).software).kind == "administrative"
    first_day, sync = parse_since(house, dossier, since)
    with figures.figures_of(house, dossier) as db:
        seen = syncs_that_changed(db, dossier, clients=of_clients)
        if sync is not None:
            wanted = [row["sync_id"] for row in seen if row["sync_id"] > sync]
        elif first_day is not None:
            wanted = [row["sync_id"] for row in seen if row["seen_at"].date() >= first_day]
        else:
            wanted = [row["sync_id"] for row in seen[-1:]]
        if of_clients:
            show(moved_clients(db, dossier, wanted), json=json, empty="No client changed.")
            return
        rows = moved(db, dossier, wanted, lines=lines)
        counted = counts(db, dossier, wanted)
    if not lines:
        tell("Lines: {added} added, {changed} changed, {deleted} deleted; see them with --lines.".format(**counted))
    if any(row["cause"] != "package" for row in rows):
        tell("Lines are compared between two looks at one package, not where a correction or a move changed figures.")
    nothing = f"Nothing changed since {since}." if since else "Nothing changed between two syncs."
    show(rows, json=json, empty="No balance changed." if wanted else nothing)


def parse_since(house: House, dossier: str, typed: str | None) -> tuple[date | None, str | None]:
    """A first day or a sync id, whichever was typed; neither for None.

    Raises a usage error for an impossible date, WrongInput for what is no sync of the dossier.
    """
    if typed is None:
        return None, None
    if re.fullmatch(r"\d{1,4}-\d{1,2}-\d{1,2}", typed):
        return parse_date(typed, "--since"), None
    run = house.registry.run(typed)
    if run is not None and run.dossier_id == dossier:
        return None, typed
    latest = ", ".join(run.sync_id for run in house.registry.runs(dossier, limit=3))
    raise WrongInput(
        f"{typed!r} is no sync of dossier {dossier}",
        next_step=f"Give a date such as 2026-01-31, or a sync's id; the latest are: {latest or 'none'}.",
    )
