"""What every call goes through: its host, where it comes from, and what browsers are told to keep to.

A form must come from a page of ours: it brings back what that page was given (see :func:`visitor.csrf_of`), and a
browser's own word of another origin is enough to refuse it. The JSON API asks a browser for the same in a header; a
program with a token of its own sends no cookie, and is asked for neither.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.errors import WrongInput
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
_ZERO = re.compile(rb"\x00|%00|\\u0000")
"""No text of people holds one, and databases refuse them."""


class Guard:
    """The ASGI middleware around all routes. ``bug`` answers what no route foresaw: nothing of it reaches the server,
    which would log it as it is."""

    def __init__(self, app: ASGIApp, settings: PortalSettings, bug: Callable[[Request, Exception], Response]) -> None:
        self._app, self._settings, self._bug = app, settings, bug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def told(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    answer.setdefault("Cache-Control", "no-store")
                if self._settings.encrypted:
                    answer.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, told)
            return
        try:
            await self._app(scope, receive, told)
        except Exception as error:
            answer = await run_in_threadpool(self._bug, Request(scope), error)
            if not started:
                await answer(scope, receive, told)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        def refuse(status: int, kind: str, words: str) -> Response:
            if not scope["path"].startswith("/api/"):
                return PlainTextResponse(words, status)
            return JSONResponse({"error": {"kind": kind, "cause": words, "next_step": "Call as it says."}}, status)

        if _host(headers) not in self._settings.hosts:
            return refuse(421, "address", "This is not the address of the portal.")
        if "\x00" in scope["path"] or _ZERO.search(scope["query_string"]):
            return refuse(400, "wrong_input", "Addresses hold no zero characters.")
        if scope["method"] in _SAFE:
            return None
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or int(length) > _LARGEST_BODY:
            return refuse(413, "too_large", "That is more than a form holds.")
        if "transfer-encoding" in headers:
            return refuse(411, "no_length", "The call must tell how long it is.")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return refuse(403, "csrf", "Forms of other sites are not taken.")
        origin = headers.get("origin")
        if origin is not None and origin.partition("//")[2] != headers.get("host"):
            return refuse(403, "csrf", "Forms of other sites are not taken.")
        return None


def _host(headers: Headers) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return None


class WrongForm(Exception):
    """A form or a call that does not come from a page of ours, or from one that is too old."""


async def own_form(request: Request) -> None:
    """The dependency of every route: raises WrongForm for an unsafe call that brings back nothing from our page."""
    if request.method in _SAFE:
        return
    form = await request.form() if "form" in request.headers.get("Content-Type", "") else None
    if form is None:
        zero = _ZERO.search(await request.body()) is not None
    else:
        zero = any("\0" in str(text) for field in form.multi_items() for text in field)
    if zero:
        raise WrongInput("texts hold no zero characters", next_step="Leave them out.")
    if request.headers.get("Authorization", "").lower().startswith("bearer "):
        return
    cookie = form_secret(request, request.app.state.portal.settings)
    given = request.headers.get(CSRF_HEADER)
    if given is None and form is not None:
        field = form.get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if not cookie or given is None or not hmac.compare_digest(given.encode(), csrf_of(cookie).encode()):
        raise WrongForm


def form_secret(request: Request, settings: PortalSettings) -> str:
    """The cookie that ties forms to this browser: that of its session, also of one that is over, or of its visit."""
    return request.cookies.get(settings.session_cookie) or request.cookies.get(VISIT_COOKIE) or ""


def new_visit() -> str:
    """The cookie of somebody who is not signed in: it ties the sign-in form to the browser."""
    return secrets.token_urlsafe(24)
