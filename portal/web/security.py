"""What every call goes through: its host, where it comes from, and what browsers are told to keep to.

A form must come from a page of ours: it brings back what that page was given (see :func:`visitor.csrf_of`), and a
browser's own word of another origin is enough to refuse it. The JSON API asks a browser for the same in a header; a
program with a token of its own sends no cookie, and is asked for neither.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.web.settings import PortalSettings
from portal.web.visitor import csrf_of

VISIT_COOKIE = "grandlivre_visit"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
_LARGEST_BODY = 1 << 20
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """The ASGI middleware around all routes."""

    def __init__(self, app: ASGIApp, settings: PortalSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    answer.setdefault("Cache-Control", "no-store")
                if self._settings.encrypted:
                    answer.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, told)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = urlsplit(f"//{headers.get('host', '')}").hostname
        if host not in self._settings.hosts:
            return PlainTextResponse("This is not the address of the portal.", 421)
        if method in _SAFE:
            return None
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY or "transfer-encoding" in headers:
            return PlainTextResponse("That is more than a form holds.", 413)
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("Forms of other sites are not taken.", 403)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            return PlainTextResponse("Forms of other sites are not taken.", 403)
        return None


class WrongForm(Exception):
    """A form or a call that does not come from a page of ours, or from one that is too old."""


async def own_form(request: Request) -> None:
    """The dependency of every route: raises WrongForm for an unsafe call that brings back nothing from our page."""
    if request.method in _SAFE or request.headers.get("Authorization", "").lower().startswith("bearer "):
        return
    settings: PortalSettings = request.app.state.portal.settings
    cookie = request.cookies.get(settings.session_cookie) or request.cookies.get(VISIT_COOKIE) or ""
    given = request.headers.get(CSRF_HEADER)
    if given is None and "form" in request.headers.get("Content-Type", ""):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if not cookie or given is None or not hmac.compare_digest(given, csrf_of(cookie)):
        raise WrongForm


def new_visit() -> str:
    """The cookie of somebody who is not signed in: it ties the sign-in form to the browser."""
    return secrets.token_urlsafe(24)
