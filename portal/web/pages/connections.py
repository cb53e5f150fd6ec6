"""Firm: Synchronisations. The connections of the firm: how they are, and what becomes of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from foundation.errors import GrandlivreError
from portal.web.connection_rows import (
    check_now,
    connection_row,
    connection_rows,
    health_told,
    people_who,
    removable,
    remove,
    rename,
    trouble_told,
)
from portal.web.errors import STATUS, NotAllowed, NotFound
from portal.web.render import page, see
from portal.web.visitor import Connecter, Linker, Viewer, Visitor

router = APIRouter()
_DEEDS = 20


@router.get("/connections")
def connections_page(request: Request, visitor: Viewer) -> Response:
    rows = connection_rows(visitor)
    return page(visitor, request, "connections.html", rows=rows, administrators=people_who(visitor))


@router.get("/connections/{connection_id}")
def connection_page(request: Request, visitor: Viewer, connection_id: str) -> Response:
    return _connection_page(request, visitor, connection_id)


@router.post("/connections/{connection_id}/verify")
def verify_connection(request: Request, visitor: Linker, connection_id: str) -> Response:
    try:
        check_now(visitor, connection_id)
    except (NotFound, NotAllowed):
        raise
    except GrandlivreError as error:
        return _connection_page(request, visitor, connection_id, error)
    return see(f"/connections/{connection_id}", said="verified")


@router.post("/connections/{connection_id}/rename")
def rename_connection(visitor: Connecter, connection_id: str, name: Annotated[str, Form()] = "") -> Response:
    rename(visitor, connection_id, name)
    return see(f"/connections/{connection_id}", said="saved")


@router.post("/connections/{connection_id}/remove")
def remove_connection(visitor: Connecter, connection_id: str) -> Response:
    remove(visitor, connection_id)
    return see("/connections", said="connection_removed")


def _connection_page(
    request: Request, visitor: Visitor, connection_id: str, error: GrandlivreError | None = None
) -> Response:
    row = connection_row(visitor, connection_id)
    registry = visitor.portal.registry
    sees_all = visitor.may("connect")
    told = health_told(row, visitor.texts)
    problem = trouble_told(error, visitor.texts) if error else None
    return page(
        visitor,
        request,
        "connection.html",
        STATUS.get(error.kind, 500) if error else 200,
        row=row,
        told=problem if problem and (told is None or problem.kind != told.kind) else told,
        links=registry.links(connection_id=connection_id) if sees_all else (),
        deeds=registry.deeds(visitor.firm_id, subject=connection_id, limit=_DEEDS) if sees_all else (),
        removable=sees_all and removable(visitor, connection_id),
        administrators=people_who(visitor),
    )
