"""Commands about dossiers: link, dossiers, fiscal-years, fiscal-year."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from typing import Annotated, Any

import typer

from connectors.catalog import package
from connectors.contract import DossierRef, FiscalYear
from connectors.package import Package
from foundation.errors import WrongInput
from portal.connecting import JsonFlag, opened
from portal.mapping import query_if_published
from portal.output import show, tell
from registry.models import GOOD, STATUSES
from registry.store import Link
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
    found = house.registry.connection(connection)
    row = package(found.software)
    if totals and "totals" not in row.capabilities:
        raise WrongInput(f"{row.name} has no totals mode", next_step="Link it with --replace or --from.")
    if row.kind == "administrative" and from_:
        raise WrongInput(f"{row.name} has no fiscal years", next_step="Link its client list without a mode.")
    if row.kind == "totals" and (replace or from_):
        raise WrongInput(f"{row.name} tells totals alone", next_step="Link it with --totals, or without a mode.")
    with opened(house, connection) as connector:
        years = connector.fiscal_years(external_id)
        ref = next((r for r in connector.discover() if r.external_id == external_id), None)
    if since is not None:
        refuse_mid_year(since, years)
    made = add_link(
        house,
        connection,
        ref or DossierRef(external_id, external_id, external_id),
        mode="from_date" if since else "totals" if totals else usual_mode(row),
        since=since,
        dossier=dossier,
    )
    house.registry.record_package_years(made.dossier_id, years)
    typer.echo(made.dossier_id)
    what = "the whole client list" if row.kind == "administrative" else f"{len(years)} fiscal years"
    tell(f"Linked {made.name}, {what}. Next: grandlivre sync {made.dossier_id}")


def usual_mode(row: Package) -> str:
    """The mode of a link for which none is chosen."""
    return "totals" if row.kind == "totals" else "replace"


def add_link(
    house: House,
    connection_id: str,
    ref: DossierRef,
    *,
    mode: str,
    since: date | None = None,
    dossier: str | None = None,
) -> Link:
    """Keeps a link to a dossier as its package lists it; one that is linked already moves to this place, and one that
    was unlinked comes back."""
    facts: dict[str, Any] = {
        "code": ref.code,
        "name": ref.name,
        "mode": mode,
        "transfer_date": since,
        "country": ref.country,
        "currency": ref.currency,
        "vat_number": ref.vat_number,
    }
    if dossier is not None and any(item.dossier_id == dossier for item in house.registry.links(active=None)):
        if ref.name in (ref.external_id, ref.code):
            del facts["name"]  # no name but the folder's: the one that is known stays
        return house.registry.relink(dossier, connection_id, ref.external_id, **facts)
    return house.registry.add_link(connection_id, ref.external_id, dossier_id=dossier, **facts)


def refuse_mid_year(since: date, years: list[FiscalYear]) -> None:
    """Raises WrongInput unless ``since`` is the first day of one of ``years``."""
    if since not in {year.start for year in years}:
        offered = ", ".join(f"{year.start} ({year.label})" for year in years)
        raise WrongInput(
            f"{since} is not the first day of a fiscal year", next_step=f"Choose one of: {offered or 'none known'}."
        )


def dossiers(json: JsonFlag = False) -> None:
    """Lists the linked dossiers with their status and the age of their figures."""
    house = House.open()
    rows = []
    latest, asked = house.registry.latest_runs(STATUSES), house.registry.latest_runs(GOOD, asked=True)
    for item in house.registry.links():
        last, good = latest.get(item.dossier_id), asked.get(item.dossier_id)
        rows.append(
            {
                "dossier_id": item.dossier_id,
                "name": item.name,
                "software": item.software,
                "connection_id": item.connection_id,
                "sync_mode": item.mode,
                "status": last.status if last else "linked",
                "figures_as_of": good.finished_at if good else None,
                "last_error": last.error_message if last and last.status in ("failed", "parked") else None,
            }
        )
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
    frozen = query_if_published(
        house, dossier, "SELECT DISTINCT fiscal_year FROM ledger.year_mapping WHERE dossier_id = $dossier"
    )
    kept = None if frozen is None else {row["fiscal_year"] for row in frozen}
    rows = [
        {
            "label": y.label,
            "start_date": y.start_date,
            "end_date": y.end_date,
            "closed": y.closed,
            "source": y.source,
            "package_start_date": y.package_start_date,
            "package_end_date": y.package_end_date,
        }
        # For people: scripts rely on the fields above.
        | ({} if json or kept is None else {"mapping": "as closed" if y.label in kept else "current"})
        for y in house.registry.fiscal_years(dossier)
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
        refuse_kept_year(house, linked, label)
        house.registry.set_override(
            dossier,
            label,
            parse_date(start or "", "--start"),
            parse_date(end or "", "--end"),
            why=why,
            who=getpass.getuser(),
            move_neighbours=move_neighbours,
        )
    tell(f"Done. Next: grandlivre sync {dossier} --from-landing")


def refuse_kept_year(house: House, linked: Link, label: str) -> None:
    """Raises WrongInput for a year that stands from before the date a link starts from: no sync makes it again."""
    years = {year.label: year for year in house.registry.fiscal_years(linked.dossier_id)}
    year, since = years.get(label), linked.transfer_date
    if since and year and (year.package_start_date or year.start_date) < since:
        raise WrongInput(
            f"fiscal year {label} stands from before {since}, where this link starts",
            next_step="Link the dossier again from an earlier date, or correct a later year.",
        )


def parse_date(text: str, option: str) -> date:
    """An ISO date. Raises a usage error for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date like 2025-01-01", param_hint=option) from None
