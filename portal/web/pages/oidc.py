"""Signing in with the firm's identity provider. It never makes people: it only says which of them somebody is."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from portal.web.entering import own_path, signed_in
from portal.web.errors import NotFound
from portal.web.portal import Portal, portal_of
from portal.web.provider import Identity, NotProved, Provider, Question
from portal.web.render import public_page, see
from registry.store import User

router = APIRouter(prefix="/sign-in/oidc")
ThisPortal = Annotated[Portal, Depends(portal_of)]
COOKIE = "grandlivre_question"
_MINUTES = 10


def provider_of(portal: ThisPortal) -> Provider:
    """The identity provider of the portal. Raises NotFound where it has none."""
    if portal.provider is None:
        raise NotFound("the portal has no identity provider", next_step="Sign in with a password.")
    return portal.provider


ThisProvider = Annotated[Provider, Depends(provider_of)]


@router.get("")
def start(portal: ThisPortal, provider: ThisProvider, next: str = "/") -> Response:
    question = Question.new()
    answer = see(provider.address(question))
    answer.set_cookie(
        COOKIE,
        f"{question.secret}.{own_path(next).encode().hex()}",
        max_age=_MINUTES * 60,
        path=router.prefix,
        httponly=True,
        samesite="lax",
        secure=portal.settings.encrypted,
    )
    return answer


@router.get("/back")
def back(
    request: Request,
    portal: ThisPortal,
    provider: ThisProvider,
    state: str = "",
    code: str = "",
    iss: str | None = None,
) -> Response:
    secret, _, path = request.cookies.get(COOKIE, "").partition(".")
    question = Question(secret)
    same = hmac.compare_digest(state.encode(), question.state.encode())
    if not secret or not same or not code or iss not in (None, provider.issuer):
        raise NotProved("the sign-in was broken off, or is not the one that this browser began")
    user = _person(portal, provider.identity(question, code))
    if user is None:
        answer = public_page(request, "trouble.html", 403, name="errors.unknown_person", told=None)
    else:
        answer = signed_in(request, portal, user, own_path(_text(path)), how="provider")
    answer.delete_cookie(COOKIE, path=router.prefix)
    return answer


def _person(portal: Portal, identity: Identity) -> User | None:
    """The person who is tied to the identity, or who has its verified address and is tied from now on."""
    registry = portal.registry
    found = registry.user_of_subject(identity.issuer, identity.subject)
    if found is not None:
        return found if _let_in(portal, found) else None
    known = registry.user_of_email(identity.email) if identity.email else None
    if known is None or not _let_in(portal, known[0]):
        return None
    try:
        registry.set_identity(known[0].user_id, identity.issuer, identity.subject)
    except WrongInput:  # the address went to somebody else
        return None
    registry.note_deed(known[0], "tied_identity", known[0].user_id)
    return known[0]


def _let_in(portal: Portal, user: User) -> bool:
    domain = portal.settings.provider and portal.settings.provider.domain
    return user.active and (not domain or user.email.rpartition("@")[2] == domain)


def _text(path: str) -> str:
    try:
        return bytes.fromhex(path).decode()
    except (ValueError, UnicodeDecodeError):
        return "/"
