"""Pages from templates: every value is escaped, every word comes from the texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal.web.formats import Formats
from portal.web.security import VISIT_COOKIE, form_secret, new_visit
from portal.web.texts import LANGUAGES, Texts
from portal.web.visitor import Visitor, csrf_of, language_for

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(visitor: Visitor, request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page for somebody who is signed in.

    A template has ``t`` (texts), ``f`` (formats), ``me`` (the person), ``may`` (permissions), ``csrf``, ``now``,
    ``path``, ``said`` (what was just done, from the query), and ``values``.
    """
    said = request.query_params.get("said", "")
    shared = {
        **_shared(request, visitor.texts, visitor.portal.house.now()),
        "me": visitor.user,
        "may": visitor.may,
        "csrf": visitor.csrf,
        "said": visitor.texts.get(f"said.{said}", "") if said else "",
    }
    return HTMLResponse(_ENVIRONMENT.get_template(template).render({**shared, **values}), status)


def public_page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page for somebody who is not signed in."""
    visit = request.cookies.get(VISIT_COOKIE) or new_visit()
    portal = request.app.state.portal
    texts = Texts(language_for(request))
    csrf = csrf_of(form_secret(request, portal.settings) or visit)
    shared = {**_shared(request, texts, portal.house.now()), "me": None, "csrf": csrf, "said": ""}
    answer = HTMLResponse(_ENVIRONMENT.get_template(template).render({**shared, **values}), status)
    secure = portal.settings.encrypted
    answer.set_cookie(VISIT_COOKIE, visit, max_age=3600, httponly=True, samesite="lax", secure=secure)
    return answer


def part(visitor: Visitor, template: str, values: Mapping[str, Any]) -> Response:
    """A piece of a page, for a script that puts it in the place of an older one."""
    shared = {
        "t": visitor.texts,
        "f": visitor.formats,
        "now": visitor.portal.house.now(),
        "me": visitor.user,
        "may": visitor.may,
        "csrf": visitor.csrf,
    }
    return HTMLResponse(_ENVIRONMENT.get_template(template).render({**shared, **values}))


def see(path: str, said: str | None = None) -> Response:
    """On to another page of ours, after something was done there; ``said`` names the text of texts ``said`` to show."""
    if said:
        path = f"{path}{'&' if '?' in path else '?'}said={said}"
    return RedirectResponse(path, 303)


def _shared(request: Request, texts: Texts, now: datetime) -> dict[str, Any]:
    return {
        "t": texts,
        "f": Formats(texts.language),
        "languages": LANGUAGES,
        "now": now,
        "path": request.url.path,
        "query": request.url.query,
    }
