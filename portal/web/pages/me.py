"""A person's own account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.web import own_account
from portal.web.attempts import TooManyTries
from portal.web.entering import signed_in, signed_out
from portal.web.passwords import new_password
from portal.web.problems import why
from portal.web.render import page, see
from portal.web.texts import LANGUAGES
from portal.web.visitor import Viewer, Visitor

router = APIRouter()


@router.get("/me")
def me_page(request: Request, visitor: Viewer) -> Response:
    return _page(visitor, request)


@router.post("/me")
def change_me(
    request: Request, visitor: Viewer, name: Annotated[str, Form()], language: Annotated[str, Form()]
) -> Response:
    try:
        own_account.change_own(visitor, name=name, language=language)
    except WrongInput as error:
        return _page(visitor, request, 422, problem=why(error, visitor.texts))
    return see("/me", "saved")


@router.post("/me/password")
def change_password(
    request: Request,
    visitor: Viewer,
    old: Annotated[str, Form()],
    password: Annotated[str, Form()],
    again: Annotated[str, Form()],
) -> Response:
    try:
        own_account.change_password(visitor, request, Secret(old), new_password(password, again))
    except TooManyTries as wait:
        problem = visitor.texts("signing_in.wait", time=visitor.formats.duration(wait.seconds))
        return _page(visitor, request, 429, problem=problem)
    except WrongInput as error:
        return _page(visitor, request, 422, problem=why(error, visitor.texts))
    return signed_in(request, visitor.portal, visitor.user, "/me?said=saved")


@router.post("/me/tokens")
def make_token(
    request: Request, visitor: Viewer, name: Annotated[str, Form()], days: Annotated[int, Form()]
) -> Response:
    try:
        made = own_account.make_token(visitor, name, days)
    except WrongInput as error:
        return _page(visitor, request, 422, problem=why(error, visitor.texts))
    return page(visitor, request, "token.html", name=name, token=made.reveal())


@router.post("/me/tokens/{token_id}/end")
def end_token(visitor: Viewer, token_id: str) -> Response:
    own_account.end_token(visitor, token_id)
    return see("/me", "saved")


@router.post("/me/sign-out-everywhere")
def sign_out_everywhere(visitor: Viewer) -> Response:
    own_account.end_sessions(visitor)
    return signed_out(visitor.portal)


def _page(visitor: Visitor, request: Request, status: int = 200, *, problem: str | None = None) -> Response:
    return page(
        visitor,
        request,
        "me.html",
        status,
        languages_spoken=LANGUAGES,
        tokens=[(own_account.token_id(key), key) for key in own_account.tokens(visitor)],
        token_days=own_account.TOKEN_DAYS,
        has_password=own_account.has_password(visitor),
        problem=problem,
    )
