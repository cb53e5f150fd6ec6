"""The firm's people over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from portal.web import firm_people
from portal.web.visitor import Manager, Visitor
from registry.store import Presence

router = APIRouter(tags=["people"])
Role = Literal["administrator", "accountant", "support", "analyst"]


class Person(BaseModel):
    """A person of the firm."""

    user_id: str
    email: str
    name: str
    role: Role
    active: bool
    language: str | None
    signs_in_with: list[Literal["password", "provider"]] = Field(description="Empty: not invited yet, or not come yet.")
    last_seen: datetime | None
    invited_until: datetime | None = Field(description="When an invitation that nobody used yet is over.")


class NewPerson(BaseModel):
    """Somebody to invite."""

    email: Annotated[str, Field(max_length=200)]
    name: Annotated[str, Field(max_length=200)] = ""
    role: Role


class Invited(BaseModel):
    """A person who may choose a password, once, at an address that is told here alone: send it to them."""

    person: Person
    invitation: str


class Change(BaseModel):
    """What to change of a person; what is left out stays."""

    role: Role | None = None
    active: bool | None = None


def told(found: Presence) -> Person:
    """A person as the API tells them."""
    user = found.user
    ways: list[Literal["password", "provider"]] = []
    if found.has_password:
        ways.append("password")
    if user.issuer:
        ways.append("provider")
    return Person.model_validate(
        {
            "user_id": user.user_id,
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "active": user.active,
            "language": user.language,
            "signs_in_with": ways,
            "last_seen": found.last_seen,
            "invited_until": found.invited_until,
        }
    )


@router.get("/people")
def list_people(visitor: Manager) -> list[Person]:
    """The firm's people, by name."""
    return [told(each) for each in firm_people.people(visitor)]


@router.post("/people", status_code=201)
def invite_person(visitor: Manager, new: NewPerson) -> Invited:
    """Invites somebody into the firm."""
    invitation = firm_people.invite(visitor, new.email, new.name, new.role)
    return _invited(visitor, invitation)


@router.get("/people/{user_id}")
def show_person(visitor: Manager, user_id: str) -> Person:
    """One of the firm's people."""
    return told(firm_people.person(visitor, user_id))


@router.patch("/people/{user_id}")
def change_person(visitor: Manager, user_id: str, change: Change) -> Person:
    """Gives a person another role, or lets them in nowhere any more. The last administrator stays one."""
    if change.role is not None:
        firm_people.change_role(visitor, user_id, change.role)
    if change.active is not None:
        firm_people.set_active(visitor, user_id, change.active)
    return told(firm_people.person(visitor, user_id))


@router.post("/people/{user_id}/invitation", status_code=201)
def send_invitation(visitor: Manager, user_id: str) -> Invited:
    """Makes another invitation; ones before it are void."""
    return _invited(visitor, firm_people.invite_again(visitor, user_id))


def _invited(visitor: Visitor, invitation: firm_people.Invitation) -> Invited:
    person = told(firm_people.person(visitor, invitation.user.user_id))
    return Invited(person=person, invitation=invitation.address.reveal())
