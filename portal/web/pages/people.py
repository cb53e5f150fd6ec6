"""The firm's people: who they are, what they may do, and how they are let in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from portal.web.firm_people import Invitation, change_role, invite, invite_again, people, person, set_active
from portal.web.permissions import PERMISSIONS, Permission
from portal.web.problems import why
from portal.web.render import page, see
from portal.web.visitor import Manager, Visitor
from registry.portal_models import ROLES

router = APIRouter()
_NOTHING = {"email": "", "name": "", "role": "accountant"}


@router.get("/people")
def people_page(request: Request, visitor: Manager) -> Response:
    return _list(visitor, request)


@router.post("/people")
def invite_person(
    request: Request,
    visitor: Manager,
    email: Annotated[str, Form()],
    role: Annotated[str, Form()],
    name: Annotated[str, Form()] = "",
) -> Response:
    try:
        return _told(visitor, request, invite(visitor, email, name, role))
    except WrongInput as error:
        typed = {"email": email, "role": role, "name": name}
        return _list(visitor, request, 422, typed=typed, problem=why(error, visitor.texts))


@router.get("/people/{user_id}")
def person_page(request: Request, visitor: Manager, user_id: str) -> Response:
    return _one(visitor, request, user_id)


@router.post("/people/{user_id}/invitation")
def send_invitation(request: Request, visitor: Manager, user_id: str) -> Response:
    try:
        return _told(visitor, request, invite_again(visitor, user_id))
    except WrongInput as error:
        return _one(visitor, request, user_id, 422, problem=why(error, visitor.texts))


@router.post("/people/{user_id}/role")
def give_role(request: Request, visitor: Manager, user_id: str, role: Annotated[str, Form()]) -> Response:
    try:
        change_role(visitor, user_id, role)
    except WrongInput as error:
        return _one(visitor, request, user_id, 422, problem=why(error, visitor.texts))
    return see(f"/people/{user_id}", "saved")


@router.post("/people/{user_id}/active")
def let_in_or_not(request: Request, visitor: Manager, user_id: str, active: Annotated[bool, Form()]) -> Response:
    try:
        set_active(visitor, user_id, active)
    except WrongInput as error:
        return _one(visitor, request, user_id, 422, problem=why(error, visitor.texts))
    return see(f"/people/{user_id}", "saved")


def _list(
    visitor: Visitor,
    request: Request,
    status: int = 200,
    *,
    typed: dict[str, str] | None = None,
    problem: str | None = None,
) -> Response:
    who_may = {permission: [r for r in ROLES if permission in PERMISSIONS[r]] for permission in Permission}
    values = {
        "people": people(visitor),
        "roles": ROLES,
        "who_may": who_may,
        "typed": typed or _NOTHING,
        "problem": problem,
    }
    return page(visitor, request, "people.html", status, **values)


def _one(
    visitor: Visitor, request: Request, user_id: str, status: int = 200, *, problem: str | None = None
) -> Response:
    found = person(visitor, user_id)
    return page(visitor, request, "person.html", status, found=found, roles=ROLES, problem=problem)


def _told(visitor: Visitor, request: Request, invitation: Invitation) -> Response:
    """The page with the address of an invitation: it is in no other, and not kept."""
    address = invitation.address.reveal()
    return page(visitor, request, "invited.html", user=invitation.user, address=address)
