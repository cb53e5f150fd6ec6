"""What each role may do (design: "Who uses it"). A firm's people never see another firm, whatever their role."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """Something that a person may do, and others must ask for."""

    view = "view"
    """See dossiers, figures and their state."""
    refresh = "refresh"
    """Ask for fresh figures."""
    link = "link"
    """Link a dossier, and sign in to a package that knows one dossier."""
    map = "map"
    """Give an account a code of the common chart."""
    correct = "correct"
    """Correct fiscal years, and make figures again from what was landed."""
    set_up = "set_up"
    """Enter the keys of packages that support sets up."""
    connect = "connect"
    """Connect packages for the whole firm, renew and see those connections."""
    manage = "manage"
    """Say who the firm's people are and what they may do; see what they did."""


_EVERYBODY = {Permission.view}
PERMISSIONS: dict[str, frozenset[Permission]] = {
    "administrator": frozenset(Permission),
    "accountant": frozenset({*_EVERYBODY, Permission.refresh, Permission.link, Permission.map}),
    "support": frozenset(
        {*_EVERYBODY, Permission.refresh, Permission.link, Permission.map, Permission.correct, Permission.set_up}
    ),
    "analyst": frozenset(_EVERYBODY),
}
"""By role."""


def roles_with(permission: Permission) -> list[str]:
    """The roles that may: whom to ask."""
    return [role for role, may in PERMISSIONS.items() if permission in may]
