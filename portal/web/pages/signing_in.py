"""Signing in and out, choosing a password by invitation, the first start, and the language of this browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.web.attempts import TooManyTries, Tries
from portal.web.entering import own_path, signed_in, signed_out
from portal.web.passwords import hashed, is_right, new_password
from portal.web.portal import Portal, portal_of
from portal.web.problems import why
from portal.web.render import public_page, see
from portal.web.texts import LANGUAGES, Texts
from portal.web.visitor import LANGUAGE_COOKIE, Viewer, language_for, session_of

router = APIRouter()
ThisPortal = Annotated[Portal, Depends(portal_of)]
_LANGUAGE_DAYS = 365
_NOTHING = {"firm": None, "new_firm": "", "name": "", "email": ""}


@router.get("/sign-in")
def sign_in_page(request: Request, portal: ThisPortal, next: str = "/") -> Response:
    return _sign_in_page(request, portal, 200, own_path(next))


@router.post("/sign-in")
def sign_in(
    request: Request,
    portal: ThisPortal,
    email: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",
) -> Response:
    tries = Tries(portal.registry, portal.settings, request, email)
    try:
        tries.begin()
    except TooManyTries as wait:
        answer = _sign_in_page(request, portal, 429, own_path(next), wait=wait.seconds)
        answer.headers["Retry-After"] = str(wait.seconds)
        return answer
    found = portal.registry.user_of_email(email)
    user, kept = found or (None, None)
    if not is_right(Secret(password), kept) or user is None or not user.active:
        return _sign_in_page(request, portal, 403, own_path(next), failed=True)
    tries.good()
    return signed_in(request, portal, user, own_path(next))


def _sign_in_page(
    request: Request, portal: Portal, status: int, next: str, *, failed: bool = False, wait: int = 0
) -> Response:
    provider = portal.provider is not None
    return public_page(request, "sign_in.html", status, next=next, failed=failed, wait=wait, provider=provider)


@router.post("/sign-out")
def sign_out(visitor: Viewer) -> Response:
    visitor.portal.registry.end_key(visitor.key.key_hash)
    return signed_out(visitor.portal)


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
        new = hashed(new_password(password, again))
    except WrongInput as error:
        problem = why(error, Texts(language_for(request)))
        return public_page(request, "invitation.html", 422, user=found.user, problem=problem)
    portal.registry.set_password_hash(found.user.user_id, new)  # the invitation ends with it
    portal.registry.note_deed(found.user, "chose_password", found.user.user_id)
    return signed_in(request, portal, found.user, "/")


@router.get("/setup/{code}")
def setup_page(request: Request, portal: ThisPortal, code: str) -> Response:
    if portal.first_start is None or not portal.first_start.opens(code):
        return public_page(request, "trouble.html", 404, name="errors.old_setup", told=None)
    return public_page(request, "setup.html", firms=portal.registry.firms(), problem=None, typed=_NOTHING)


@router.post("/setup/{code}")
def set_up(
    request: Request,
    portal: ThisPortal,
    code: str,
    name: Annotated[str, Form()],
    email: Annotated[str, Form()],
    password: Annotated[str, Form()],
    again: Annotated[str, Form()],
    firm: Annotated[str, Form()] = "",
    new_firm: Annotated[str, Form()] = "",
) -> Response:
    start = portal.first_start
    if start is None or not start.opens(code):
        return public_page(request, "trouble.html", 404, name="errors.old_setup", told=None)
    language = language_for(request)
    try:
        user = start.make(code, firm or new_firm, name, email, new_password(password, again), language)
    except WrongInput as error:
        typed = {"firm": firm, "new_firm": new_firm, "name": name, "email": email}
        problem = why(error, Texts(language))
        return public_page(request, "setup.html", 422, firms=portal.registry.firms(), problem=problem, typed=typed)
    if user is None:
        return public_page(request, "trouble.html", 404, name="errors.old_setup", told=None)
    portal.registry.note_deed(user, "first_start", user.user_id)
    return signed_in(request, portal, user, "/")


@router.post("/language")
def choose_language(
    request: Request, portal: ThisPortal, language: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    answer = see(own_path(next))
    if language in LANGUAGES:
        key = session_of(request, portal)
        if key is not None:
            portal.registry.change_user(key.user.user_id, language=language)
        secure = portal.settings.encrypted
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=_LANGUAGE_DAYS * 86400, httponly=True, samesite="lax", secure=secure
        )
    return answer
