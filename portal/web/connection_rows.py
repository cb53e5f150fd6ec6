"""A firm's connections as people see them: health in words, what to do about it, and which dossiers depend on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.catalog import package
from connectors.package import Package
from foundation.errors import GrandlivreError, WrongInput
from portal.operations.connections import verify
from portal.web.connecting import MissingFields
from portal.web.errors import Told, told, told_kind
from portal.web.packages import labels, permission_for
from portal.web.permissions import Permission
from portal.web.texts import Texts
from portal.web.visitor import Visitor
from registry.records import NOT_TRIED
from registry.store import Connection, User

_COLOURS = {"ok": "good", "expiring": "warn", "rate_limited": "warn"}
_URGENT = ("expiring", "needs_login")


@dataclass(frozen=True)
class ConnectionRow:
    """A connection. ``health`` is one of :data:`registry.models.HEALTH`, as it stands now; ``dossiers`` counts those in
    use. ``renewable``: the person who looks may renew it."""

    connection: Connection
    row: Package
    health: str
    detail: str | None
    dossiers: int
    renewable: bool

    @property
    def colour(self) -> str:
        return _COLOURS.get(self.health, "bad")

    @property
    def urgent(self) -> bool:
        """Whether somebody should sign in before, or because, it stops."""
        return self.health in _URGENT

    @property
    def lapses_at(self) -> datetime | None:
        return self.connection.expires_at


def connection_rows(visitor: Visitor) -> list[ConnectionRow]:
    """The firm's connections by package, those that need somebody first."""
    registry = visitor.portal.registry
    counts = registry.dossiers_per_connection(visitor.firm_id)
    rows = [_row(visitor, each, counts.get(each.id, 0)) for each in registry.connections(visitor.firm_id)]
    return sorted(rows, key=lambda row: (not row.urgent, row.row.name.casefold(), row.connection.name.casefold()))


def connection_row(visitor: Visitor, connection_id: str) -> ConnectionRow:
    """One of the firm's connections. Raises NotFound for any other."""
    found = visitor.connection(connection_id)
    return _row(visitor, found, len(visitor.portal.registry.links(connection_id=connection_id)))


def health_told(row: ConnectionRow, texts: Texts) -> Told | None:
    """The health in people's words; None for one that works."""
    if row.health == "ok":
        return None
    if row.health == "expiring" or row.connection.health_detail == NOT_TRIED:
        name = f"connections.{'expiring' if row.health == 'expiring' else 'untried'}"
        what, why, who = (texts(f"{name}.{part}") for part in ("what", "why", "who"))
        return Told(row.health, what, why, who, "reconnect", row.detail or "")
    return told_kind(row.health, row.detail, texts)


def trouble_told(error: GrandlivreError, texts: Texts) -> Told:
    """What kept a connection from being made or renewed: nothing stands yet, so the words differ from those of a sync
    that failed."""
    words = told(error, texts)
    if isinstance(error, MissingFields):
        what = texts("connections.missing", fields=labels(error.names, texts))
        return Told(error.kind, what, texts("connections.missing_why"), texts("connections.missing_who"), None, "")
    if not texts.has(f"connections.trouble.{words.kind}.what"):
        return words
    what, why, who = (texts(f"connections.trouble.{words.kind}.{part}") for part in ("what", "why", "who"))
    return Told(words.kind, what, why, who, None, words.detail, words.resume_at)


def check_now(visitor: Visitor, connection_id: str) -> Connection:
    """Proves that a connection works. Raises what the package told; its health says it from then on, too."""
    found = visitor.connection(connection_id)
    visitor.need(permission_for(package(found.software)))
    verify(visitor.portal.house, connection_id)
    return visitor.connection(connection_id)


def rename(visitor: Visitor, connection_id: str, name: str) -> Connection:
    """Gives a connection another name. Raises WrongInput for none."""
    before = visitor.connection(connection_id)
    made = visitor.portal.registry.rename_connection(connection_id, name)
    visitor.note("renamed_connection", connection_id, before=before.name, name=made.name)
    return made


def remove(visitor: Visitor, connection_id: str) -> None:
    """Forgets a connection and its secrets. Raises WrongInput when a dossier is, or was, linked through it."""
    found = visitor.connection(connection_id)
    if not removable(visitor, connection_id):
        raise WrongInput("dossiers are, or were, linked through it", next_step="Connections with dossiers are kept.")
    visitor.portal.registry.remove_connection(connection_id)
    visitor.note("removed_connection", connection_id, name=found.name)


def removable(visitor: Visitor, connection_id: str) -> bool:
    """Whether no dossier is, or ever was, linked through a connection."""
    return not visitor.portal.registry.links(connection_id=connection_id, active=None)


def people_who(visitor: Visitor, role: str = "administrator") -> list[User]:
    """The firm's people of a role: whom to ask."""
    return [each for each in visitor.portal.registry.users(visitor.firm_id) if each.role == role and each.active]


def _row(visitor: Visitor, connection: Connection, dossiers: int) -> ConnectionRow:
    health, detail = visitor.portal.house.standing(connection)
    row = package(connection.software)
    renewable = visitor.may(permission_for(row))
    if not visitor.may(Permission.connect):
        detail = None
    return ConnectionRow(connection, row, health, detail, dossiers, renewable)
