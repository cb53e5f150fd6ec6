"""Letting somebody in: a new session, in a cookie that scripts cannot read, and the end of the one before."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from portal.web.portal import Portal
from portal.web.render import see
from portal.web.visitor import session_of
from registry.store import User


def signed_in(request: Request, portal: Portal, user: User, path: str, *, how: str = "password") -> Response:
    """On to ``path`` with a session of ``user``; ``how`` they proved who they are is noted."""
    settings = portal.settings
    before = session_of(request, portal)
    if before is not None:
        portal.registry.end_key(before.key_hash)
    key = portal.registry.give_key(user.user_id, "session", settings.longest)
    portal.registry.note_deed(user, "signed_in", details={"how": how})
    answer = see(path)
    answer.set_cookie(
        settings.session_cookie,
        key.reveal(),
        max_age=int(settings.longest.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=settings.encrypted,
    )
    return answer


def signed_out(portal: Portal) -> Response:
    """On to the sign-in, without the cookie."""
    answer = see("/sign-in")
    answer.delete_cookie(
        portal.settings.session_cookie, httponly=True, samesite="lax", secure=portal.settings.encrypted
    )
    return answer


def own_path(path: str) -> str:
    """A path of the portal: nobody is sent elsewhere by an address that somebody else made."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and not any(ord(c) < 32 for c in path)
    return path if own else "/"
