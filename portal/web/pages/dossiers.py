"""The list of dossiers, and a dossier's page with the arrows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from portal.web.render import page, see
from portal.web.visitor import Viewer

router = APIRouter()


@router.get("/")
def home(visitor: Viewer) -> Response:
    return see("/dossiers")


@router.get("/dossiers")
def dossiers_page(request: Request, visitor: Viewer) -> Response:
    return page(visitor, request, "dossiers.html", links=visitor.portal.registry.links(firm=visitor.firm_id))
