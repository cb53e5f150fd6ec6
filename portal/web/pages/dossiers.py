"""The list of dossiers, and a dossier's page with the arrows."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from connectors.catalog import package
from foundation.errors import WrongInput
from portal.web import dossier_list, linking, syncs
from portal.web.dossier_list import Search
from portal.web.dossier_state import DossierState, states
from portal.web.render import page, part, see
from portal.web.sync_view import brought, trouble, underway
from portal.web.visitor import Linker, Refresher, Viewer, Visitor
from registry.store import Link

router = APIRouter()


@router.get("/")
def home(visitor: Viewer) -> Response:
    return see("/dossiers")


@router.get("/dossiers")
def dossiers_page(
    request: Request,
    visitor: Viewer,
    search: str = "",
    software: str = "",
    shown: str = "",
    sort: str = "",
    page: str = "1",
) -> Response:
    wanted = Search.of(search, software, shown, sort, int(page) if page.isdecimal() else 1)
    return _list(request, visitor, wanted)


def _list(request: Request, visitor: Visitor, wanted: Search) -> Response:
    found = dossier_list.find(visitor, wanted)
    return page(
        visitor,
        request,
        "dossiers.html",
        found=found,
        packages={slug: package(slug) for slug in found.softwares},
        result=lambda run: dossier_list.result(run, visitor),
        most=syncs.MOST_AT_ONCE,
    )


@router.post("/dossiers/refresh")
def refresh_many(
    request: Request,
    visitor: Refresher,
    dossier: Annotated[list[str] | None, Form()] = None,
    everything: Annotated[str, Form()] = "",
    confirmed: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
    search: Annotated[str, Form()] = "",
    software: Annotated[str, Form()] = "",
    shown: Annotated[str, Form()] = "",
) -> Response:
    """Refreshes the dossiers that are ticked; or, once that is confirmed, ``everything`` that a search finds."""
    if everything:
        wanted = Search.of(search, software, shown)
        links, total = dossier_list.find_all(visitor, wanted, syncs.MOST_AT_ONCE)
        if not confirmed:
            return page(visitor, request, "refresh_many.html", wanted=wanted, count=len(links), total=total)
    else:
        links = [visitor.link(each) for each in dict.fromkeys(dossier or [])]
    if not links:
        return see(_own(back, "/dossiers"), said="none_chosen")
    return see(_own(back, "/dossiers"), said=syncs.ask(visitor, links).said)


@router.get("/dossiers/{dossier_id}")
def dossier_page(request: Request, visitor: Viewer, dossier_id: str) -> Response:
    link = visitor.link(dossier_id)
    values, house = _state_of(visitor, link), visitor.portal.house
    state: DossierState = values["state"]
    run = state.last
    told = trouble(visitor, state)
    connection = visitor.connection(link.connection_id)
    health, detail = house.standing(connection)
    news = brought(house, link, run.sync_id) if run and run.status == "synced" and not state.busy else None
    return page(
        visitor,
        request,
        "dossier.html",
        **values,
        told=told,
        mending=_mending(visitor, link, told.button if told else None),
        news=news,
        package=package(link.software),
        connection=connection,
        health=health,
        health_detail=detail,
    )


@router.get("/dossiers/{dossier_id}/progress")
def progress_part(visitor: Viewer, dossier_id: str) -> Response:
    """How far the sync is, for a script that shows it anew until it is over."""
    return part(visitor, "dossier_progress.html", _state_of(visitor, visitor.link(dossier_id)))


@router.get("/dossiers/{dossier_id}/stage")
def stage_part(visitor: Viewer, dossier_id: str) -> Response:
    """The stage alone, in words: what a screen reader says when it changes."""
    return part(visitor, "dossier_stage.html", _state_of(visitor, visitor.link(dossier_id)))


@router.get("/dossiers/{dossier_id}/row")
def row_part(visitor: Viewer, dossier_id: str) -> Response:
    """The dossier's row in the list."""
    (row,) = dossier_list.rows(visitor, [visitor.link(dossier_id)])
    return part(visitor, "dossier_row.html", {"row": row, "result": lambda run: dossier_list.result(run, visitor)})


@router.post("/dossiers/{dossier_id}/refresh")
def refresh(
    visitor: Refresher,
    dossier_id: str,
    accept_empty: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "",
) -> Response:
    asked = syncs.ask(visitor, [visitor.link(dossier_id)], accept_empty=bool(accept_empty))
    return see(_own(back, f"/dossiers/{dossier_id}"), said=asked.said)


@router.post("/dossiers/{dossier_id}/unlink")
def unlink(visitor: Linker, dossier_id: str, confirmed: Annotated[str, Form()] = "") -> Response:
    link = visitor.link(dossier_id)
    if not confirmed:
        raise WrongInput("nothing was confirmed", next_step="Tick the box, then unlink the dossier.")
    linking.unlink(visitor, link)
    return see("/dossiers", said="unlinked")


def _state_of(visitor: Visitor, link: Link) -> dict[str, Any]:
    (state,) = states(visitor.portal.registry, [link], visitor.firm_id)
    return {
        "state": state,
        "underway": underway(state),
        "result": dossier_list.result(state.last, visitor),
        "dagster_url": visitor.portal.settings.dagster_url,
    }


def _mending(visitor: Visitor, link: Link, button: str | None) -> str | None:
    """The button that mends what a sync met, where this person may press it."""
    level = package(link.software).level
    allowed = {
        "reconnect": visitor.may({"dossier": "link", "support": "set_up"}.get(level, "connect")),
        "refresh": visitor.may("refresh"),
        "accept_empty": visitor.may("refresh"),
        "wait": False,
    }
    return button if button and allowed.get(button, True) else None


def _own(path: str, otherwise: str) -> str:
    """A page of dossiers that a form names to go back to."""
    return path if path.startswith("/dossiers") else otherwise
