"""To the package's sign-in and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from foundation.errors import GrandlivreError
from portal.web.connection_rows import trouble_told
from portal.web.consenting import NoSuchSignIn, address_of, begin, finished, pending, taken, was_refused
from portal.web.errors import STATUS, NotAllowed, NotFound
from portal.web.pages.connecting import after
from portal.web.render import page
from portal.web.visitor import Linker, Visitor

router = APIRouter()
_STALE = 409


@router.get("/connections/consent")
def come_back(request: Request, visitor: Linker) -> Response:
    """Where packages send people back to."""
    return _answered(request, visitor, f"{visitor.portal.settings.consent_url}?{request.url.query}")


@router.post("/connections/consent")
def paste_address(request: Request, visitor: Linker, address: Annotated[str, Form()] = "") -> Response:
    """For an app whose registered address leads elsewhere: the person brings the answer."""
    return _answered(request, visitor, address.strip())


@router.get("/connections/consent/{state}")
def leave(request: Request, visitor: Linker, state: str) -> Response:
    """A page of ours that goes on to the package's: browsers follow no form to another site under our policy."""
    try:
        under_way = pending(visitor, state)
    except NoSuchSignIn:
        return page(visitor, request, "consent_over.html", _STALE)
    returns = under_way.question.redirect_uri == visitor.portal.settings.consent_url
    address = address_of(visitor, under_way)
    return page(visitor, request, "consent_leaving.html", row=under_way.draft.row, address=address, returns=returns)


def _answered(request: Request, visitor: Visitor, answer: str) -> Response:
    try:
        under_way = taken(visitor, answer)
    except NoSuchSignIn:
        return page(visitor, request, "consent_over.html", _STALE)
    draft = under_way.draft
    try:
        return after(draft, finished(visitor, under_way, answer).id)
    except (NotFound, NotAllowed):
        raise
    except GrandlivreError as error:
        return page(
            visitor,
            request,
            "consent_refused.html",
            STATUS.get(error.kind, 500),
            row=draft.row,
            refused=was_refused(answer),
            told=trouble_told(error, visitor.texts),
            again=begin(visitor, draft),
            change=f"/connections/{draft.connection_id}/reconnect"
            if draft.connection_id
            else f"/connections/new/{draft.software}",
        )
