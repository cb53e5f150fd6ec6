"""Dossiers over the JSON API: listed, refreshed, watched."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from portal.web import dossier_list, syncs
from portal.web.api.models import Dossier, Dossiers, Progress, Refresh, Refreshed, RefreshMany
from portal.web.dossier_list import Search
from portal.web.dossier_state import states
from portal.web.visitor import Refresher, Viewer

router = APIRouter(tags=["dossiers"])


@router.get("/dossiers")
def list_dossiers(
    visitor: Viewer,
    search: Annotated[str, Query(max_length=100)] = "",
    software: str = "",
    shown: Literal["all", "attention", "failed", "stale"] = "all",
    sort: Literal["name", "code", "software", "age"] = "name",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Dossiers:
    """The firm's dossiers, 50 a page; the last page where there are not so many. ``search`` is part of a name, code,
    id or VAT number, accents and case aside."""
    found = dossier_list.find(visitor, Search.of(search, software, shown, sort, page))
    return Dossiers(
        dossiers=[Dossier.of(row) for row in found.rows],
        total=found.total,
        page=found.search.page,
        pages=found.pages,
    )


@router.get("/dossiers/{dossier_id}")
def get_dossier(visitor: Viewer, dossier_id: str) -> Dossier:
    """One dossier and the state of its sync."""
    (row,) = dossier_list.rows(visitor, [visitor.link(dossier_id)])
    return Dossier.of(row)


@router.get("/dossiers/{dossier_id}/progress")
def get_progress(visitor: Viewer, dossier_id: str) -> Progress:
    """How far the dossier's sync is, or what the latest came to."""
    (state,) = states(visitor.portal.registry, [visitor.link(dossier_id)], visitor.firm_id)
    return Progress.of(state)


@router.post("/dossiers/{dossier_id}/refresh", status_code=202)
def refresh_dossier(visitor: Refresher, dossier_id: str, wanted: Refresh | None = None) -> Refreshed:
    """Asks for a sync of the dossier now; its progress tells what becomes of it."""
    accept_empty = wanted.accept_empty if wanted else False
    asked = syncs.ask(visitor, [visitor.link(dossier_id)], accept_empty=accept_empty)
    return Refreshed(started=asked.started, busy=asked.busy)


@router.post("/refresh", status_code=202)
def refresh_many(visitor: Refresher, wanted: RefreshMany) -> Refreshed:
    """Asks for syncs of many dossiers now."""
    asked = syncs.ask(visitor, [visitor.link(each) for each in dict.fromkeys(wanted.dossier_ids)])
    return Refreshed(started=asked.started, busy=asked.busy)
