"""Dossiers: linked to a place in a package with its fiscal years, listed with the age of their figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from connectors.catalog import package
from connectors.contract import Connector, DossierRef, FiscalYear
from connectors.files import ByFolder
from connectors.package import Package
from foundation.errors import WrongInput
from portal.operations.connections import opened
from registry.models import GOOD, STATUSES
from registry.store import Link
from resources.house import House


def link_dossier(
    house: House,
    connection_id: str,
    external_id: str,
    *,
    mode: str | None = None,
    since: date | None = None,
    dossier: str | None = None,
) -> tuple[Link, list[FiscalYear]]:
    """Links a dossier of a package and takes over the fiscal years that the package states; returns both.

    ``mode`` None is the package's usual one. ``dossier`` is the id to give it, or that of a linked dossier, which
    moves here. Raises WrongInput for a mode that the package has not, and for a ``since`` within a fiscal year.
    """
    row = package(house.registry.connection(connection_id).software)
    refuse_mode(row, mode)
    with opened(house, connection_id) as connector:
        years = connector.fiscal_years(external_id)
        ref = find_dossier(connector, external_id)
    if since is not None:
        refuse_mid_year(since, years)
    made = add_link(
        house,
        connection_id,
        ref or DossierRef(external_id, external_id, external_id),
        mode=mode or usual_mode(row),
        since=since,
        dossier=dossier,
    )
    house.registry.record_package_years(made.dossier_id, years)
    return made, years


def find_dossier(connector: Connector, external_id: str) -> DossierRef | None:
    """A dossier as its package lists it; of a root with thousands of folders, only that one is looked into."""
    if isinstance(connector, ByFolder):
        folder = next((each for each in connector.folders() if each.name == external_id), None)
        ref = connector.dossier_in(folder) if folder else None
        if ref is not None and ref.external_id == external_id:
            return ref
    return next((ref for ref in connector.discover() if ref.external_id == external_id), None)


def modes_of(row: Package, years: Sequence[FiscalYear]) -> list[str]:
    """The modes that a dossier with these fiscal years may be linked with, the usual one first."""
    if row.kind == "totals":
        return ["totals"]
    modes = ["replace"]
    if years and row.kind == "ledger" and "from_date" in row.capabilities:
        modes.append("from_date")
    return [*modes, "totals"] if "totals" in row.capabilities else modes


def unlink_dossier(house: House, dossier_id: str) -> None:
    """Ends the link of a dossier: it is synced no more, its figures and history stay, with the status ``unlinked``.

    Raises Busy while it is being synced.
    """
    with house.registry.locks.dossier(dossier_id):  # a sync under way would tell it as synced again
        # First the mark, then the link: broken off between the two, it can be repeated.
        house.warehouse.mark_unlinked(dossier_id)
        house.registry.unlink(dossier_id)
    house.warehouse.publish()


def refuse_mode(row: Package, mode: str | None) -> None:
    """Raises WrongInput for a mode that dossiers of a package cannot be linked with."""
    if mode == "totals" and "totals" not in row.capabilities:
        raise WrongInput(f"{row.name} has no totals mode", next_step="Link it with --replace or --from.")
    if row.kind == "administrative" and mode == "from_date":
        raise WrongInput(f"{row.name} has no fiscal years", next_step="Link its client list without a mode.")
    if row.kind == "totals" and mode not in (None, "totals"):
        raise WrongInput(f"{row.name} tells totals alone", next_step="Link it with --totals, or without a mode.")


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
    if dossier is not None and house.registry.last_link(dossier) is not None:
        if ref.name in (ref.external_id, ref.code):
            del facts["name"]  # no name but the folder's: the one that is known stays
        return house.registry.relink(dossier, connection_id, ref.external_id, **facts)
    return house.registry.add_link(connection_id, ref.external_id, dossier_id=dossier, **facts)


def refuse_mid_year(since: date, years: Sequence[FiscalYear]) -> None:
    """Raises WrongInput unless ``since`` is the first day of one of ``years``."""
    if since not in {year.start for year in years}:
        offered = ", ".join(f"{year.start} ({year.label})" for year in years)
        raise WrongInput(
            f"{since} is not the first day of a fiscal year", next_step=f"Choose one of: {offered or 'none known'}."
        )


def dossier_rows(house: House) -> list[dict[str, Any]]:
    """An object per linked dossier (design: ``dossiers``), by id."""
    latest, asked = house.registry.latest_runs(STATUSES), house.registry.latest_runs(GOOD, asked=True)
    rows = []
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
    return rows


def refuse_kept_year(house: House, linked: Link, label: str) -> None:
    """Raises WrongInput for a year that stands from before the date a link starts from: no sync makes it again."""
    years = {year.label: year for year in house.registry.fiscal_years(linked.dossier_id)}
    year, since = years.get(label), linked.transfer_date
    if since and year and (year.package_start_date or year.start_date) < since:
        raise WrongInput(
            f"fiscal year {label} stands from before {since}, where this link starts",
            next_step="Link the dossier again from an earlier date, or correct a later year.",
        )
