"""Commands about dossiers: link, dossiers, fiscal-years, fiscal-year."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from typing import Annotated

import typer

from connectors.catalog import package
from portal.connecting import JsonFlag
from portal.operations.dossiers import dossier_rows, link_dossier
from portal.operations.years import correct_year, year_rows
from portal.output import show, tell
from resources.house import House


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    app.command()(link)
    app.command()(dossiers)
    app.command("fiscal-years")(fiscal_years)
    app.command("fiscal-year")(fiscal_year)


def link(
    connection: Annotated[str, typer.Argument(help="The connection's id.")],
    external_id: Annotated[str, typer.Argument(help="The dossier in the package: its external_id or folder name.")],
    dossier: Annotated[str | None, typer.Option(help="The id to give it: lower-case letters, digits, _ and -.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace everything at each sync (the default).")] = False,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM-DD", help="Keep what stands before this first day of a year."),
    ] = None,
    totals: Annotated[bool, typer.Option("--totals", help="Trial balances only.")] = False,
) -> None:
    """Links a dossier, fills in its fiscal years from the package, and prints the dossier's id.

    With --dossier and the id of a linked dossier, that dossier moves here: from another package, or to another mode.
    One that was unlinked comes back.
    """
    if sum((replace, from_ is not None, totals)) > 1:
        raise typer.BadParameter("--replace, --from and --totals exclude one another")
    since = parse_date(from_, "--from") if from_ else None
    house = House.open()
    made, years = link_dossier(
        house,
        connection,
        external_id,
        mode="from_date" if since else "totals" if totals else "replace" if replace else None,
        since=since,
        dossier=dossier,
    )
    typer.echo(made.dossier_id)
    administrative = package(made.software).kind == "administrative"
    what = "the whole client list" if administrative else f"{len(years)} fiscal years"
    tell(f"Linked {made.name}, {what}. Next: grandlivre sync {made.dossier_id}")


def dossiers(json: JsonFlag = False) -> None:
    """Lists the linked dossiers with their status and the age of their figures."""
    house = House.open()
    rows = dossier_rows(house)
    show(rows, json=json, empty="No dossiers are linked yet. See: grandlivre discover CONNECTION")


def fiscal_years(
    dossier: Annotated[str, typer.Argument(help="The dossier's id.")],
    json: JsonFlag = False,
) -> None:
    """Shows a dossier's fiscal years: what is in force, and what the package says.

    Mapping: does a year keep the codes that it was closed with, or is it told by those in force?
    """
    house = House.open()
    house.registry.link(dossier)
    rows = [
        # How it is mapped is for people: scripts rely on the other fields.
        {name: value for name, value in row.items() if name != "mapping" or not (json or value is None)}
        for row in year_rows(house, dossier)
    ]
    show(rows, json=json, empty="No fiscal years are known yet.")


def fiscal_year(
    dossier: Annotated[str, typer.Argument(help="The dossier's id.")],
    label: Annotated[str, typer.Argument(help="The year's label (see `grandlivre fiscal-years`).")],
    start: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="First day.")] = None,
    end: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Last day, inclusive.")] = None,
    why: Annotated[str, typer.Option(help="The reason, kept with the correction.")] = "",
    move_neighbours: Annotated[
        bool, typer.Option("--move-neighbours", help="Let the years beside it end and start next to it.")
    ] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Take the correction back.")] = False,
) -> None:
    """Corrects a fiscal year of a dossier, or takes the correction back. The package's value is kept beside it."""
    if reset == (start is not None or end is not None) or (not reset and not (start and end)):
        raise typer.BadParameter("give --start and --end, or --reset")
    house = House.open()
    linked = house.registry.link(dossier)
    if reset:
        house.registry.clear_override(dossier, label, who=getpass.getuser())
    else:
        correct_year(
            house,
            linked,
            label,
            parse_date(start or "", "--start"),
            parse_date(end or "", "--end"),
            why=why,
            who=getpass.getuser(),
            move_neighbours=move_neighbours,
        )
    tell(f"Done. Next: grandlivre sync {dossier} --from-landing")


def parse_date(text: str, option: str) -> date:
    """An ISO date. Raises a usage error for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date like 2025-01-01", param_hint=option) from None
