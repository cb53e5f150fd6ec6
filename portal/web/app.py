"""The portal's web application: pages and JSON API over one installation, behind one guard."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from foundation.errors import GrandlivreError, ReportABug
from foundation.secrets import redact
from portal.web import api, pages  # noqa: F401 - the rooms below
from portal.web.api import connecting as api_connecting
from portal.web.api import connections as api_connections
from portal.web.api import deeds as api_deeds
from portal.web.api import dossiers as api_dossiers
from portal.web.api import figures as api_figures
from portal.web.api import linking as api_linking
from portal.web.api import me as api_me
from portal.web.api import people as api_people
from portal.web.api import services as api_services
from portal.web.api.answers import TROUBLE, by_token
from portal.web.attempts import TooManyTries
from portal.web.errors import STATUS, Told, told
from portal.web.first_start import FirstStart
from portal.web.launching import Launcher
from portal.web.pages import api as api_door
from portal.web.pages import (
    connecting,
    connections,
    consents,
    deeds,
    dossiers,
    figures,
    linking,
    me,
    oidc,
    people,
    services,
    signing_in,
)
from portal.web.portal import Portal
from portal.web.provider import Provider
from portal.web.render import page, public_page, see
from portal.web.security import Guard, WrongForm, own_form
from portal.web.settings import PortalSettings
from portal.web.texts import Texts
from portal.web.visitor import SignInFirst, Visitor, language_for, visitor_of
from resources.house import House

log = logging.getLogger("grandlivre.portal")
API = "/api/v1"
_PAGES = (
    signing_in,
    oidc,
    linking,  # before dossiers: /dossiers/new is no dossier
    dossiers,
    figures,
    connecting,
    consents,
    connections,
    services,
    people,
    me,
    deeds,
    api_door,
)
_API = (
    api_dossiers,
    api_linking,
    api_figures,
    api_connections,
    api_connecting,
    api_services,
    api_people,
    api_me,
    api_deeds,
)


def portal_app(house: House, launcher: Launcher, settings: PortalSettings) -> FastAPI:
    """The application. ``house`` is shared by its threads; ``launcher`` starts the syncs that people ask for."""
    app = FastAPI(
        title="Grandlivre",
        version="1",
        description="Everything that the portal's pages do. Sign in with a token of your own: "
        "`Authorization: Bearer TOKEN`. Amounts are decimal numbers in texts, debit positive; moments are UTC.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # see pages.api: its readers are signed in
        dependencies=[Depends(own_form)],
    )
    provider = Provider(settings.provider, settings.sign_in_back_url, house.now) if settings.provider else None
    app.state.portal = Portal(house, launcher, settings, provider, FirstStart(house.registry))
    for room in _PAGES:
        app.include_router(room.router, include_in_schema=False)
    for room in _API:
        app.include_router(room.router, prefix=API, responses=TROUBLE, dependencies=[Depends(by_token)])
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(Guard, settings=settings, bug=_bug)
    app.add_exception_handler(SignInFirst, _sign_in_first)
    app.add_exception_handler(WrongForm, _wrong_form)
    app.add_exception_handler(GrandlivreError, _trouble)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    return app


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def _sign_in_first(request: Request, error: Exception) -> Response:
    if _is_api(request):
        return _json(401, "sign_in", "Nobody is signed in.", "Send a token: Authorization: Bearer TOKEN.")
    if request.url.path == "/connections/consent":  # the answer to a sign-in that is over: its code goes no further
        return see("/sign-in?next=/connections")
    query = f"?{request.url.query}" if request.url.query else ""
    return see(f"/sign-in?next={quote(request.url.path + query)}" if request.method == "GET" else "/sign-in")


def _wrong_form(request: Request, error: Exception) -> Response:
    if _is_api(request):
        return _json(403, "csrf", "The call does not come from a page of the portal.", "Send its token, or your own.")
    return _error_page(request, 403, "errors.old_form")


def _trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, GrandlivreError)
    status = STATUS.get(error.kind, 500)
    if status >= 500:
        log.warning("%s: %s", _route(request), redact(str(error)))
    return _answer(request, status, error)


def _answer(request: Request, status: int, error: GrandlivreError) -> Response:
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyTries) else None
    if _is_api(request):
        return _json(status, error.kind, redact(error.cause), error.next_step, headers)
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
    told = redact("".join(traceback.format_exception(error)))
    log.error("%s failed\n%s", _route(request), told)
    return _answer(request, 500, ReportABug(type(error).__name__))


def _error_page(request: Request, status: int, name: str | None, words: Told | None = None) -> Response:
    """A page that tells trouble; for somebody who is signed in, within the house."""
    visitor = _visitor(request)
    if visitor is None:
        return public_page(request, "trouble.html", status, name=name, told=words)
    return page(visitor, request, "trouble.html", status, name=name, told=words)


def _route(request: Request) -> str:
    """What was called, without what its address held: that may be a secret, such as an invitation."""
    return f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"


def _visitor(request: Request) -> Visitor | None:
    try:
        return visitor_of(request, request.app.state.portal)
    except (SignInFirst, GrandlivreError):
        return None


def _json(status: int, kind: str, cause: str, next_step: str, headers: object = None) -> JSONResponse:
    body = {"error": {"kind": kind, "cause": cause, "next_step": next_step}}
    return JSONResponse(body, status, headers if isinstance(headers, dict) else None)
