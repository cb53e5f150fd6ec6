"""What an administrator does with the firm's people; pages and API do it here."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.errors import WrongInput
from foundation.secrets import Secret
from portal.operations.people import invitation_address
from portal.web.problems import Problem
from portal.web.visitor import Visitor
from registry.people import plain_email
from registry.portal_models import ROLES
from registry.store import Presence, User


@dataclass(frozen=True)
class Invitation:
    """Somebody who may choose a password at ``address``, which is told once."""

    user: User
    address: Secret


def people(visitor: Visitor) -> list[Presence]:
    """The people of the visitor's firm."""
    return visitor.portal.registry.presences(visitor.firm_id)


def person(visitor: Visitor, user_id: str) -> Presence:
    """One of them. Raises NotFound for anybody else."""
    wanted = visitor.person(user_id)
    return next(each for each in people(visitor) if each.user.user_id == wanted.user_id)


def invite(visitor: Visitor, email: str, name: str, role: str) -> Invitation:
    """A new person of the firm. Raises WrongInput for an address that is none or is taken, and for a role that is
    none."""
    registry = visitor.portal.registry
    try:
        address = plain_email(email)
    except WrongInput:
        raise Problem("people.problem.email") from None
    if registry.user_of_email(address) is not None:
        raise Problem("people.problem.taken", email=address)
    user = registry.add_user(
        visitor.firm_id, address, name, _role(role), language=visitor.texts.language, created_by=visitor.user.user_id
    )
    visitor.note("invited", user.user_id, email=user.email, role=user.role)
    return _invitation(visitor, user)


def invite_again(visitor: Visitor, user_id: str) -> Invitation:
    """Another invitation: the last one was lost or is over, or the password is forgotten."""
    user = visitor.person(user_id)
    if not user.active:
        raise Problem("people.problem.inactive")
    visitor.note("invited_again", user.user_id)
    return _invitation(visitor, user)


def change_role(visitor: Visitor, user_id: str, role: str) -> User:
    """Gives a person another role, from their next click on. The last administrator stays one."""
    before = visitor.person(user_id)
    user = _changed(visitor, before, role=_role(role))
    visitor.note("changed_role", user.user_id, was=before.role, role=user.role)
    return user


def set_active(visitor: Visitor, user_id: str, active: bool) -> User:
    """Lets a person in again, or nowhere any more: their sessions, tokens and invitations end at once."""
    user = _changed(visitor, visitor.person(user_id), active=active)
    visitor.note("activated" if active else "deactivated", user.user_id)
    return user


def _changed(visitor: Visitor, user: User, *, role: str | None = None, active: bool | None = None) -> User:
    try:
        return visitor.portal.registry.change_user(user.user_id, role=role, active=active)
    except WrongInput:
        raise Problem("people.problem.last_administrator", name=user.name) from None


def _role(role: str) -> str:
    if role not in ROLES:
        raise Problem("people.problem.role")
    return role


def _invitation(visitor: Visitor, user: User) -> Invitation:
    portal = visitor.portal
    return Invitation(user, Secret(invitation_address(portal.registry, user, portal.settings.public_url)))
