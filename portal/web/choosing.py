"""Choosing what a dossier is read from: the dossiers that a connection can see, and how one of them can be linked.

The package is asked for its list when nobody asked before, and when a person wants a new one; what it told is kept.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from difflib import get_close_matches

from connectors.catalog import package
from connectors.contract import Connector, DossierRef, FiscalYear
from connectors.files import ByFolder
from connectors.package import Package
from foundation.errors import WrongInput
from portal.operations.connections import matches, opened
from portal.operations.dossiers import find_dossier, modes_of
from registry.names import plain
from registry.store import Connection, DossierList
from resources.house import House

SHOWN = 50
"""How many dossiers of a list are shown; for others people type more of the name."""


@dataclass(frozen=True)
class Choice:
    """A dossier of a package; ``linked`` is the id that it is linked as already."""

    ref: DossierRef
    linked: str | None


@dataclass(frozen=True)
class Choices:
    """What a connection could see ``at`` a moment: the ``found`` dossiers that are shown, of ``total`` that match and
    ``known`` in all."""

    found: list[Choice]
    total: int
    known: int
    at: datetime


@dataclass(frozen=True)
class Place:
    """A dossier in a package, and how it can be linked. ``modes`` has the usual one first; ``dossier_id`` is the id
    that it would get; ``linked`` the dossier that it is linked as already."""

    ref: DossierRef
    years: list[FiscalYear]
    modes: list[str]
    dossier_id: str
    linked: str | None


class Unseen(WrongInput):
    """The package has no such dossier; ``near`` are the external ids of those that may be meant."""

    def __init__(self, reference: str, near: list[str]) -> None:
        hint = f"Did you mean {' or '.join(near)}?" if near else "Look at how it is called in the package."
        super().__init__(f"there is no dossier {reference!r} to be seen", next_step=hint)
        self.near = near


def by_reference(connection: Connection) -> bool:
    """Whether the dossier is named by typing its sync reference, rather than picked from a list."""
    return package(connection.software).level == "on_premise"


def choices(house: House, connection: Connection, search: str = "", *, refresh: bool = False) -> Choices:
    """The dossiers of a connection whose name, code, id or VAT number holds ``search``, as the package lists them.

    Raises what the package told, when it must be asked.
    """
    kept = listed(house, connection, refresh=refresh)
    refs = [DossierRef(**each) for each in kept.dossiers]
    fitting = [ref for ref in refs if matches(ref, search)] if search.strip() else refs
    shown = fitting[:SHOWN]
    linked = house.registry.linked_at(connection.id, [ref.external_id for ref in shown])
    return Choices([Choice(ref, linked.get(ref.external_id)) for ref in shown], len(fitting), len(refs), kept.at)


def place(house: House, connection: Connection, external_id: str) -> Place:
    """A dossier with its fiscal years, as the package tells them now. Raises Unseen where there is no such dossier."""
    registry, row = house.registry, package(connection.software)
    with opened(house, connection.id) as connector:
        try:
            years = connector.fiscal_years(external_id)
            known = None if by_reference(connection) else registry.dossier_list(connection.id)
            listed = (ref for ref in (known.dossiers if known else ()) if ref["external_id"] == external_id)
            ref = next((DossierRef(**each) for each in listed), None) or find_dossier(connector, external_id)
        except WrongInput:
            raise Unseen(external_id, near_misses(connector, external_id)) from None
        if ref is None:
            raise Unseen(external_id, near_misses(connector, external_id))
    return Place(
        ref,
        years,
        modes_of(row, years),
        registry.unlinked_from(connection.id, external_id) or registry.proposed_id(ref.code, ref.name),
        registry.linked_at(connection.id, [external_id]).get(external_id),
    )


def near_misses(connector: Connector, typed: str) -> list[str]:
    """The external ids that look, or are named, like what was typed: three at most."""
    if isinstance(connector, ByFolder):
        names = {folder.name: folder.name for folder in connector.folders()}
    else:
        names = {ref.external_id: f"{ref.code} {ref.name}" for ref in connector.discover()}
    wanted, plains = plain(typed.strip()), {key: plain(f"{key} {name}") for key, name in names.items()}
    inside = sorted((key for key, text in plains.items() if wanted and wanted in text), key=len)
    ids = {plain(key): key for key in names}
    close = [ids[text] for text in get_close_matches(wanted, ids, n=3)]
    return list(dict.fromkeys([*close, *inside]))[:3]


def only_one(house: House, connection: Connection) -> str | None:
    """The external id of the only dossier that a connection can see, where it is not linked yet."""
    row: Package = package(connection.software)
    if row.level == "on_premise":
        return None
    seen = choices(house, connection)
    return seen.found[0].ref.external_id if seen.known == 1 and seen.found[0].linked is None else None


def listed(house: House, connection: Connection, *, refresh: bool) -> DossierList:
    """What a connection can see: as it was kept, or asked now with ``refresh``, and where nothing was kept."""
    kept = None if refresh else house.registry.dossier_list(connection.id)
    if kept is not None:
        return kept
    with opened(house, connection.id) as connector:
        refs = [asdict(ref) for ref in connector.discover()]
    return house.registry.keep_dossier_list(connection.id, refs)
