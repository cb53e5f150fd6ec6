"""Fiscal years of a dossier: what the package states, what is in force, and how support corrects one."""

from __future__ import annotations

from datetime import date
from typing import Any

from foundation.errors import WrongInput
from portal.operations.dossiers import refuse_kept_year
from portal.operations.figures import query_if_published
from registry.store import FiscalYear, Link
from resources.house import House


def year_rows(house: House, dossier: str) -> list[dict[str, Any]]:
    """The years, oldest first: label, start_date, end_date (in force, inclusive), closed, source, package_start_date,
    package_end_date, mapping (``as closed``: told by the codes it was closed with; ``current``; None: no figures)."""
    frozen = query_if_published(
        house, dossier, "SELECT DISTINCT fiscal_year FROM ledger.year_mapping WHERE dossier_id = $dossier"
    )
    kept = None if frozen is None else {row["fiscal_year"] for row in frozen}
    return [
        {
            "label": y.label,
            "start_date": y.start_date,
            "end_date": y.end_date,
            "closed": y.closed,
            "source": y.source,
            "package_start_date": y.package_start_date,
            "package_end_date": y.package_end_date,
            "mapping": None if kept is None else "as closed" if y.label in kept else "current",
        }
        for y in house.registry.fiscal_years(dossier)
    ]


def correct_year(
    house: House,
    link: Link,
    label: str,
    start: date,
    end: date,
    *,
    why: str,
    who: str,
    move_neighbours: bool = False,
) -> list[FiscalYear]:
    """Gives a year other dates, ``end`` inclusive; the package's value stays beside them. Returns the years in force.

    Raises WrongInput for a year that a sync from a date keeps, and for years that would overlap or leave days between.
    """
    refuse_kept_year(house, link, label)
    return house.registry.set_override(
        link.dossier_id, label, start, end, why=why, who=who, move_neighbours=move_neighbours
    )


def moved_with(house: House, dossier: str) -> dict[str, str]:
    """The years whose correction in force came with that of another, and that other: they are taken back together."""
    active = {each.label: each for each in house.registry.override_history(dossier) if each.active}
    return {label: each.moved_for for label, each in active.items() if each.moved_for and each.moved_for in active}


def take_back_correction(house: House, link: Link, label: str, *, who: str) -> list[FiscalYear]:
    """Lets the package's dates stand again, also for years that were moved with this one; returns the years in force.

    Raises WrongInput for a year that was not corrected, or was moved with another: alone it would leave a gap.
    """
    other = moved_with(house, link.dossier_id).get(label)
    if other is not None:
        raise WrongInput(f"fiscal year {label} was moved with {other}", next_step=f"Take back that of {other}.")
    years = {year.label: year for year in house.registry.fiscal_years(link.dossier_id)}
    if label in years and years[label].source != "override":
        raise WrongInput(f"fiscal year {label} was not corrected", next_step="The package's own dates stand already.")
    return house.registry.clear_override(link.dossier_id, label, who=who)
