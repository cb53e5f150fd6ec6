"""Setting up the synchronisation of a dossier: where it is read from, and how."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from connectors.catalog import available_packages, package
from foundation.errors import GrandlivreError, WrongInput
from portal.web import choosing, linking
from portal.web.choosing import Unseen
from portal.web.errors import told
from portal.web.render import page, part, see
from portal.web.visitor import Linker, Visitor
from registry.store import Connection, Link

router = APIRouter()
NEW = "/dossiers/new"
Typed = Annotated[str, Form()]


@router.get(NEW)
def new_page(request: Request, visitor: Linker, connection: str = "", dossier: str = "", search: str = "") -> Response:
    return _page(request, visitor, None, connection, dossier, search)


@router.get("/dossiers/{dossier_id}/setup")
def setup_page(
    request: Request,
    visitor: Linker,
    dossier_id: str,
    connection: str = "",
    dossier: str = "",
    search: str = "",
    other: str = "",
) -> Response:
    """The same for a dossier that is linked: in its place, unless ``other`` wants to choose another connection."""
    link = visitor.link(dossier_id)
    if not connection and not other:
        connection, dossier = link.connection_id, link.external_id
    return _page(request, visitor, link, connection, dossier, search)


@router.get(f"{NEW}/choices")
def choices_part(visitor: Linker, connection: str, base: str = NEW, search: str = "") -> Response:
    """The options of the drop-down, for a script that shows them as somebody types."""
    ours = visitor.connection(connection)
    seen = choosing.choices(visitor.portal.house, ours, search)
    return part(visitor, "link_options.html", {"seen": seen, "connection": ours, "base": _base(base)})


@router.post(f"{NEW}/list")
def refresh_list(visitor: Linker, connection: Typed, base: Typed = NEW, search: Typed = "") -> Response:
    """Asks the package for its list of dossiers now."""
    ours = visitor.connection(connection)
    choosing.choices(visitor.portal.house, ours, refresh=True)
    return see(_address(_base(base), connection=ours.id, search=search), said="listed")


@router.post(NEW)
def link(
    request: Request,
    visitor: Linker,
    connection: Typed,
    dossier: Typed,
    mode: Typed = "",
    since: Typed = "",
    dossier_id: Typed = "",
) -> Response:
    ours = visitor.connection(connection)
    try:
        made = linking.link(
            visitor,
            ours,
            dossier,
            mode=mode or None,
            since=_since(mode, since),
            dossier_id=dossier_id.strip() or None,
        )
    except WrongInput as error:
        typed = {"mode": mode, "since": since, "dossier_id": dossier_id}
        return _page(request, visitor, None, connection, dossier, "", problem=error, typed=typed)
    return _on_to(made)


@router.post("/dossiers/{dossier_id}/setup")
def setup(
    request: Request,
    visitor: Linker,
    dossier_id: str,
    connection: Typed,
    dossier: Typed,
    mode: Typed = "",
    since: Typed = "",
) -> Response:
    old, ours = visitor.link(dossier_id), visitor.connection(connection)
    try:
        made = linking.relink(visitor, old, ours, dossier, mode=mode or None, since=_since(mode, since))
    except WrongInput as error:
        typed = {"mode": mode, "since": since, "dossier_id": dossier_id}
        return _page(request, visitor, old, connection, dossier, "", problem=error, typed=typed)
    return _on_to(made)


def _page(
    request: Request,
    visitor: Visitor,
    old: Link | None,
    connection_id: str,
    external_id: str,
    search: str,
    *,
    problem: WrongInput | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """The step that is next: the connection, the dossier in it, then how it is read."""
    base = f"/dossiers/{old.dossier_id}/setup" if old else NEW
    values: dict[str, Any] = {"base": base, "old": old, "problem": problem, "told": None, "near": []}
    values["taken"] = isinstance(problem, linking.Taken)
    house = visitor.portal.house
    if not connection_id:
        return page(visitor, request, "link_start.html", **values, **_start(visitor))
    ours: Connection = visitor.connection(connection_id)
    values |= {"connection": ours, "package": package(ours.software), "typed_in": choosing.by_reference(ours)}
    values |= {"search": search, "seen": None, "reference": external_id}
    status = 422 if problem else 200
    try:
        if not external_id and not search and old is None:
            external_id = choosing.only_one(house, ours) or ""
        if external_id:
            place = choosing.place(house, ours, external_id)
            return page(
                visitor, request, "link_how.html", status, **values, place=place, typed=_chosen(place, old, typed)
            )
        if not values["typed_in"]:
            values["seen"] = choosing.choices(house, ours, search)
    except Unseen as error:
        values |= {"near": error.near, "problem": problem or error}
        status = 422
    except WrongInput:
        raise
    except GrandlivreError as error:
        values["told"] = told(error, visitor.texts)
    return page(visitor, request, "link_dossier.html", status, **values)


def _start(visitor: Visitor) -> dict[str, Any]:
    """The connections of the firm, and the packages that people sign in to while they link a dossier. Connections of
    such a package mostly see one dossier: those in use are told apart."""
    registry, now = visitor.portal.registry, visitor.portal.house.now()
    used = registry.connections_in_use(visitor.firm_id)
    told = [
        (each, package(each.software), each.standing(now)[0]) for each in registry.connections(firm=visitor.firm_id)
    ]
    told.sort(key=lambda row: (row[1].name, row[0].name, row[0].id))
    return {
        "connections": [row for row in told if row[1].level != "dossier" or row[0].id not in used],
        "used": [row for row in told if row[1].level == "dossier" and row[0].id in used],
        "directly": [row for row in available_packages() if row.level == "dossier"],
    }


def _chosen(place: choosing.Place, old: Link | None, typed: dict[str, str] | None) -> dict[str, str]:
    """What the form shows as chosen: what was typed, what stands, or what is usual."""
    if typed is not None:
        return typed
    mode = old.mode if old and old.mode in place.modes else place.modes[0]
    since = old.transfer_date if old and old.transfer_date else place.years[-1].start if place.years else ""
    return {"mode": mode, "since": str(since), "dossier_id": old.dossier_id if old else place.dossier_id}


def _since(mode: str, typed: str) -> date | None:
    if mode != "from_date":
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise WrongInput(f"{typed!r} is not a date", next_step="Choose the first day of a fiscal year.") from None


def _on_to(made: linking.Linked) -> Response:
    return see(f"/dossiers/{made.link.dossier_id}", said="linked" if made.started else "linked_later")


def _base(path: str) -> str:
    return path if path.startswith("/dossiers/") else NEW


def _address(base: str, **query: str) -> str:
    return f"{base}?{urlencode({name: value for name, value in query.items() if value})}"
