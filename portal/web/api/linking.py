"""Linking over the JSON API: what a connection can see, and dossiers linked, moved and let go."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from portal.web import choosing, dossier_list, linking
from portal.web.api.models import Dossier, DossierLinked, DossierListing, FiscalYear, LinkChanged, LinkWanted, Listed
from portal.web.visitor import Linker, Visitor

router = APIRouter(tags=["linking"])


@router.get("/connections/{connection_id}/dossiers")
def list_connection_dossiers(
    visitor: Linker,
    connection_id: str,
    search: Annotated[str, Query(max_length=100)] = "",
    refresh: bool = False,
) -> DossierListing:
    """The dossiers that a connection can see. The package is asked at first, and with ``refresh``; otherwise what it
    told last is told again."""
    seen = choosing.choices(visitor.portal.house, visitor.connection(connection_id), search, refresh=refresh)
    return DossierListing(
        dossiers=[Listed(**asdict(each.ref), linked_as=each.linked) for each in seen.found],
        total=seen.total,
        listed_at=seen.at,
    )


@router.post("/dossiers", status_code=201)
def link_dossier(visitor: Linker, wanted: LinkWanted) -> DossierLinked:
    """Links a dossier and asks for its first sync."""
    made = linking.link(
        visitor,
        visitor.connection(wanted.connection_id),
        wanted.external_id,
        mode=wanted.mode,
        since=wanted.since,
        dossier_id=wanted.dossier_id,
    )
    return _linked(visitor, made)


@router.patch("/dossiers/{dossier_id}")
def change_dossier(visitor: Linker, dossier_id: str, wanted: LinkChanged) -> DossierLinked:
    """Changes how a dossier is synchronised, or moves it to another place, and asks for a sync."""
    old = visitor.link(dossier_id)
    made = linking.relink(
        visitor,
        old,
        visitor.connection(wanted.connection_id or old.connection_id),
        wanted.external_id or old.external_id,
        mode=wanted.mode,
        since=wanted.since,
    )
    return _linked(visitor, made)


@router.delete("/dossiers/{dossier_id}", status_code=204)
def unlink_dossier(visitor: Linker, dossier_id: str) -> None:
    """Ends the link of a dossier; its figures stay."""
    linking.unlink(visitor, visitor.link(dossier_id))


def _linked(visitor: Visitor, made: linking.Linked) -> DossierLinked:
    (row,) = dossier_list.rows(visitor, [made.link])
    years = visitor.portal.registry.fiscal_years(made.link.dossier_id)
    return DossierLinked(
        dossier=Dossier.of(row),
        fiscal_years=[
            FiscalYear(label=year.label, start_date=year.start_date, end_date=year.end_date, closed=year.closed)
            for year in years
        ],
        first_sync_asked=made.started,
    )
