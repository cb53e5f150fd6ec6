"""Signing in and out, choosing a password by invitation, and the language of this browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.web.passwords import hashed, is_right
from portal.web.portal import Portal, portal_of
from portal.web.render import public_page, see
from portal.web.texts import LANGUAGES
from portal.web.visitor import LANGUAGE_COOKIE, Viewer
from registry.store import User

router = APIRouter()
ThisPortal = Annotated[Portal, Depends(portal_of)]
_LANGUAGE_DAYS = 365


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:
    return public_page(request, "sign_in.html", next=_own_path(next), failed=False)


@router.post("/sign-in")
def sign_in(
    request: Request,
    portal: ThisPortal,
    email: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",
) -> Response:
    found = portal.registry.user_of_email(email)
    user, kept = found or (None, None)
    if not is_right(Secret(password), kept) or user is None or not user.active:
        return public_page(request, "sign_in.html", 403, next=_own_path(next), failed=True)
    return signed_in(portal, user, _own_path(next))


@router.post("/sign-out")
def sign_out(visitor: Viewer) -> Response:
    visitor.portal.registry.end_key(visitor.key.key_hash)
    answer = see("/sign-in")
    answer.delete_cookie(visitor.portal.settings.session_cookie)
    return answer


@router.get("/invitation/{key}")
def invitation_page(request: Request, portal: ThisPortal, key: str) -> Response:
    found = portal.registry.key(key, "invitation")
    if found is None:
        return public_page(request, "trouble.html", 404, name="errors.old_invitation", told=None)
    return public_page(request, "invitation.html", user=found.user, problem=None)


@router.post("/invitation/{key}")
def accept_invitation(
    request: Request, portal: ThisPortal, key: str, password: Annotated[str, Form()], again: Annotated[str, Form()]
) -> Response:
    found = portal.registry.key(key, "invitation")
    if found is None:
        return public_page(request, "trouble.html", 404, name="errors.old_invitation", told=None)
    try:
        if password != again:
            raise WrongInput("the passwords differ")
        new = hashed(Secret(password))
    except WrongInput:
        problem = "signing_in.differ" if password != again else "signing_in.too_short"
        return public_page(request, "invitation.html", 422, user=found.user, problem=problem)
    portal.registry.set_password_hash(found.user.user_id, new)  # the invitation ends with it
    return signed_in(portal, found.user, "/")


@router.post("/language")
def choose_language(
    request: Request, portal: ThisPortal, language: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    answer = see(_own_path(next))
    if language in LANGUAGES:
        key = portal.registry.key(request.cookies.get(portal.settings.session_cookie, ""), "session")
        if key is not None:
            portal.registry.change_user(key.user.user_id, language=language)
        secure = portal.settings.encrypted
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=_LANGUAGE_DAYS * 86400, httponly=True, samesite="lax", secure=secure
        )
    return answer


def signed_in(portal: Portal, user: User, path: str) -> Response:
    """On to ``path`` with a session of ``user``."""
    settings = portal.settings
    key = portal.registry.give_key(user.user_id, "session", settings.longest)
    portal.registry.note_deed(user, "signed_in")
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


def _own_path(path: str) -> str:
    """A path of the portal: nobody is sent elsewhere by an address that somebody else made."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and "\r" not in path
    return path if own else "/"
