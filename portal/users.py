"""Commands about the portal's people: user add, user list, user role, user remove, user invite."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from foundation.errors import WrongInput
from portal.connecting import JsonFlag
from portal.operations.people import INVITATION_VALID, invitation_address
from portal.output import show, tell
from registry.store import Registry, User
from resources.house import House

PORTAL_VARIABLE, PORTAL = "GRANDLIVRE_PORTAL", "http://127.0.0.1:3080"
PortalOption = Annotated[
    str, typer.Option("--portal", envvar=PORTAL_VARIABLE, help="Address at which people reach the portal.")
]
WhoArgument = Annotated[str, typer.Argument(metavar="PERSON", help="An e-mail address or an id of `user list`.")]

_commands = typer.Typer(help="Says who may sign in to the portal, and what they may do there.")


def add_commands(app: typer.Typer) -> None:
    """Adds this room's commands to the command line."""
    _commands.command("add")(add)
    _commands.command("list")(list_people)
    _commands.command("role")(role)
    _commands.command("remove")(remove)
    _commands.command("invite")(invite)
    app.add_typer(_commands, name="user", no_args_is_help=True)


def add(
    email: Annotated[str, typer.Argument(help="The e-mail address that the person signs in with.")],
    firm: Annotated[str, typer.Option(help="The accounting firm whose books the person sees.")],
    role: Annotated[str, typer.Option(help="administrator, accountant, support or analyst.")] = "accountant",
    name: Annotated[str, typer.Option(help="What to call the person.")] = "",
    portal: PortalOption = PORTAL,
) -> None:
    """Makes a person of a firm, and prints the address at which they choose a password, once."""
    registry = House.open().registry
    user = registry.add_user(firm, email, name, role, created_by=getpass.getuser())
    _note(registry, user, "invited", email=user.email, role=user.role)
    _tell_invitation(registry, user, portal)


def list_people(
    firm: Annotated[str | None, typer.Option(help="Of one firm alone.")] = None, json: JsonFlag = False
) -> None:
    """Lists the people: their role, whether they may sign in, how, and when they were last seen."""
    registry = House.open().registry
    firms = [registry.firm(firm)] if firm else registry.firms()
    rows = [
        {
            "user_id": each.user.user_id,
            "email": each.user.email,
            "name": each.user.name,
            "firm": each.user.firm_id,
            "role": each.user.role,
            "active": each.user.active,
            "password": each.has_password,
            "provider": each.user.issuer,
            "invited_until": each.invited_until,
            "last_seen": each.last_seen,
        }
        for one in firms
        for each in registry.presences(one.firm_id)
    ]
    show(rows, json=json, empty="Nobody yet. Start with: grandlivre user add EMAIL --firm FIRM --role administrator")


def role(
    person: WhoArgument, role: Annotated[str, typer.Argument(help="administrator, accountant, support or analyst.")]
) -> None:
    """Gives a person another role, from their next click on."""
    registry = House.open().registry
    before = _found(registry, person)
    user = registry.change_user(before.user_id, role=role)
    _note(registry, user, "changed_role", was=before.role, role=user.role)
    tell(f"{user.name} is {user.role} now.")


def remove(person: WhoArgument) -> None:
    """Ends a person's access at once: sessions, tokens, invitations. What they did stays in the audit trail."""
    registry = House.open().registry
    user = registry.change_user(_found(registry, person).user_id, active=False)
    _note(registry, user, "deactivated")
    tell(f"{user.name} is let in nowhere any more. To undo it: grandlivre user invite {user.email}")


def invite(person: WhoArgument, portal: PortalOption = PORTAL) -> None:
    """Prints another invitation, for who lost the last one or forgot the password. Who had no access gets it back."""
    registry = House.open().registry
    user = _found(registry, person)
    if not user.active:
        user = registry.change_user(user.user_id, active=True)
        _note(registry, user, "activated")
    _note(registry, user, "invited_again")
    _tell_invitation(registry, user, portal)


def _found(registry: Registry, person: str) -> User:
    found = registry.user_of_email(person)
    if found is not None:
        return found[0]
    if "@" in person:
        raise WrongInput(f"nobody has the address {person!r}", next_step="`grandlivre user list` shows them all.")
    return registry.user(person)


def _note(registry: Registry, user: User, what: str, **details: str) -> None:
    registry.note_operator_deed(user.firm_id, getpass.getuser(), what, user.user_id, details)


def _tell_invitation(registry: Registry, user: User, portal: str) -> None:
    typer.echo(invitation_address(registry, user, portal))
    tell(f"Send it to {user.email}: there {user.name} chooses a password, once, within {INVITATION_VALID.days} days.")
