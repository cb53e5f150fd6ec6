"""The door for programs: a page that explains it, and its description for tools (OpenAPI)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from portal.web.render import page
from portal.web.visitor import Viewer

router = APIRouter()


@router.get("/api")
def api_page(request: Request, visitor: Viewer) -> Response:
    description: dict[str, Any] = request.app.openapi()
    calls = [
        (method.upper(), path, operation.get("description") or operation["summary"])
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    ]
    return page(visitor, request, "api.html", calls=calls, address=visitor.portal.settings.public_url)


@router.get("/api/v1/openapi.json")
def openapi(request: Request, visitor: Viewer) -> Response:
    return JSONResponse(request.app.openapi())
