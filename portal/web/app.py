"""The portal's web application: pages and JSON API over one installation, behind one guard."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from foundation.errors import GrandlivreError, ReportABug
from portal.web import api, pages  # noqa: F401 - the rooms below
from portal.web.api import connections as api_connections
from portal.web.api import dossiers as api_dossiers
from portal.web.api import figures as api_figures
from portal.web.api import linking as api_linking
from portal.web.api import people as api_people
from portal.web.errors import STATUS, Told, told
from portal.web.launching import Launcher
from portal.web.pages import connections, dossiers, figures, linking, people, signing_in
from portal.web.portal import Portal
from portal.web.render import page, public_page, see
from portal.web.security import Guard, WrongForm, own_form
from portal.web.settings import PortalSettings
from portal.web.texts import Texts
from portal.web.visitor import SignInFirst, Visitor, language_for, visitor_of
from resources.house import House

log = logging.getLogger("grandlivre.portal")
API = "/api/v1"
_PAGES = (signing_in, linking, dossiers, figures, connections, people)
_API = (api_dossiers, api_linking, api_figures, api_connections, api_people)
_STATUS = {**STATUS, "not_found": 404, "not_allowed": 403}


def portal_app(house: House, launcher: Launcher, settings: PortalSettings) -> FastAPI:
    """The application. ``house`` is shared by its threads; ``launcher`` starts the syncs that people ask for."""
    app = FastAPI(
        title="Grandlivre",
        version="1",
        description="Everything that the portal's pages do. Sign in with a token of your own: "
        "`Authorization: Bearer TOKEN`. Amounts are decimal numbers in texts, debit positive; moments are UTC.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        dependencies=[Depends(own_form)],
    )
    app.state.portal = Portal(house, launcher, settings)
    for room in _PAGES:
        app.include_router(room.router, include_in_schema=False)
    for room in _API:
        app.include_router(room.router, prefix=API)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(Guard, settings=settings)
    app.add_exception_handler(SignInFirst, _sign_in_first)
    app.add_exception_handler(WrongForm, _wrong_form)
    app.add_exception_handler(GrandlivreError, _trouble)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    return app


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _sign_in_first(request: Request, error: Exception) -> Response:
    if _is_api(request):
        return _json(401, "sign_in", "Nobody is signed in.", "Send a token: Authorization: Bearer TOKEN.")
    query = f"?{request.url.query}" if request.url.query else ""
    return see(f"/sign-in?next={quote(request.url.path + query)}" if request.method == "GET" else "/sign-in")


def _wrong_form(request: Request, error: Exception) -> Response:
    if _is_api(request):
        return _json(403, "csrf", "The call does not come from a page of the portal.", "Send its token, or your own.")
    return _error_page(request, 403, "errors.old_form")


def _trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, GrandlivreError)
    status = _STATUS.get(error.kind, 500)
    if status >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, error)
    if _is_api(request):
        return _json(status, error.kind, error.cause, error.next_step)
    visitor = _visitor(request)
    words = told(error, visitor.texts if visitor else Texts(language_for(request)))
    return _error_page(request, status, None, words)


def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    where = "; ".join(f"{'.'.join(str(each) for each in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:5])
    if _is_api(request):
        return _json(422, "wrong_input", f"The call is not complete: {where}", "See the description of the API.")
    return _error_page(request, 422, "errors.wrong_input")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_api(request):
        return _json(error.status_code, "http", str(error.detail), "See the description of the API.", error.headers)
    return _error_page(request, error.status_code, "errors.not_found" if error.status_code == 404 else "errors.error")


def _bug(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _trouble(request, ReportABug(type(error).__name__))


def _error_page(request: Request, status: int, name: str | None, words: Told | None = None) -> Response:
    """A page that tells trouble; for somebody who is signed in, within the house."""
    visitor = _visitor(request)
    if visitor is None:
        return public_page(request, "trouble.html", status, name=name, told=words)
    return page(visitor, request, "trouble.html", status, name=name, told=words)


def _visitor(request: Request) -> Visitor | None:
    try:
        return visitor_of(request, request.app.state.portal)
    except (SignInFirst, GrandlivreError):
        return None


def _json(status: int, kind: str, cause: str, next_step: str, headers: object = None) -> JSONResponse:
    body = {"error": {"kind": kind, "cause": cause, "next_step": next_step}}
    return JSONResponse(body, status, headers if isinstance(headers, dict) else None)
