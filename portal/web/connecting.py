"""Connections made and renewed by people: what was typed, checked before anything is asked of a package.

Pages and JSON API both go this way. What a person types goes to the firm of the person alone; a service, a folder or a
stored secret of somebody else is never reached by naming it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.catalog import package
from connectors.package import AGENT, SOURCE, Package
from foundation.errors import GrandlivreError, WrongInput
from foundation.secrets import Secret
from portal.operations.connections import PATHS, absolute, make_connection, renew_connection
from portal.web.choosing import listed
from portal.web.packages import APP_FIELDS, permission_for
from portal.web.permissions import Permission
from portal.web.visitor import Visitor
from registry.store import Connection
from resources.house import House

_WHERE_SECRETS_GO = ("server", "odbc")
_SHORTEST, _NAMED = 4, 2


class MissingFields(WrongInput):
    """``names`` are the fields that were left empty and are needed."""

    def __init__(self, row: Package, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"{row.name} needs {', '.join(self.names)}", next_step="Give it, and try again.")


class TypeSecretsAgain(WrongInput):
    """An address changes, and with it where the stored secrets would go."""


@dataclass(frozen=True)
class Draft:
    """A connection as a person wants it: a new one, or the one ``connection_id`` with other settings and secrets.
    ``secrets`` are those that are given now. ``then`` is what the person does next."""

    software: str
    name: str | None
    settings: Mapping[str, str]
    secrets: Mapping[str, Secret]
    connection_id: str | None = None
    then: str | None = None

    @property
    def row(self) -> Package:
        return package(self.software)

    @property
    def asks_consent(self) -> bool:
        """Whether the person has to sign in at the package before there is a connection."""
        return self.row.asks_consent(self.settings) and not self.secrets.get("refresh_token")


def new_draft(
    visitor: Visitor,
    row: Package,
    name: str | None,
    settings: Mapping[str, str],
    secrets: Mapping[str, Secret],
    *,
    own_app: bool = False,
    then: str | None = None,
) -> Draft:
    """A new connection. ``own_app``: with the app that the firm has at the vendor already (see :func:`firm_app`), so
    that nobody types its secret twice.

    Raises NotAllowed, WrongInput for what is not allowed or not complete, and MissingFields.
    """
    visitor.need(permission_for(row))
    row.load_room()
    given, secret = {k: v for k, v in settings.items() if v}, {k: v for k, v in secrets.items() if v}
    app = firm_app(visitor, row) if own_app else None
    if app is not None:
        given = {k: v for k, v in given.items() if k not in APP_FIELDS}
    _need_for_addresses(visitor, row, given, {field.name: field.default for field in row.settings})
    if app is not None:
        ours = visitor.portal.registry.secrets(app.id)
        given |= {k: v for k, v in app.settings.items() if k in APP_FIELDS}
        secret |= {k: v for k, v in ours.items() if k in APP_FIELDS}
    checked = _checked(visitor, row, given, secret)
    return Draft(row.slug, (name or "").strip() or None, checked, secret, then=then)


def renewal(
    visitor: Visitor,
    connection: Connection,
    settings: Mapping[str, str],
    secrets: Mapping[str, Secret],
    *,
    then: str | None = None,
) -> Draft:
    """A connection with other settings and secrets; a setting that is empty is taken away, a secret that is not given
    stays. Raises as :func:`new_draft`, and TypeSecretsAgain where stored secrets would go to another address."""
    row = package(connection.software)
    visitor.need(permission_for(row))
    wanted = {**connection.settings, **settings}
    if settings.get(AGENT):  # who reads it there knows how
        wanted = {name: settings.get(name, "") for name in (AGENT, SOURCE)}
    if any(wanted.get(name, "") != connection.settings.get(name, "") for name in PATHS):
        visitor.need(Permission.connect)
    stored = visitor.portal.registry.secrets(connection.id)
    given = {name: secret for name, secret in secrets.items() if secret}
    checked = _checked(visitor, row, {k: v for k, v in wanted.items() if v}, {**stored, **given}, connection)
    _need_for_addresses(visitor, row, checked, connection.settings)
    moved = [name for name in {*checked, *connection.settings} if _leads(name) and _differs(name, checked, connection)]
    if moved and not set(given) >= set(stored):
        raise TypeSecretsAgain(
            f"{', '.join(sorted(moved))} is another address, and the secrets were given for the one before",
            next_step=f"Give {', '.join(sorted(set(stored) - set(given)))} again, too.",
        )
    return Draft(row.slug, None, checked, given, connection.id, then)


def keep(visitor: Visitor, draft: Draft) -> Connection:
    """Makes the connection, or renews it, if it proves to work, and notes who did. Raises what the package told."""
    visitor.need(permission_for(draft.row))
    house = visitor.portal.house
    try:
        if draft.connection_id is not None:
            made = renew_connection(house, draft.connection_id, draft.settings, draft.secrets)
        else:
            made = make_connection(
                house,
                draft.row,
                visitor.firm_id,
                draft.name,
                draft.settings,
                draft.secrets,
                created_by=visitor.user.name,
            )
    except GrandlivreError as error:
        raise without_secrets(error, draft.secrets.values()) from None
    visitor.note("reconnected" if draft.connection_id else "connected", made.id, package=draft.row.name)
    if draft.connection_id is None and draft.name is None and draft.row.level == "dossier":
        return _named_after_its_dossiers(house, made, draft.row)
    return made


def firm_app(visitor: Visitor, row: Package) -> Connection | None:
    """The firm's latest connection whose app serves other dossiers of the package, too; None where there is none."""
    if row.level != "dossier":
        return None
    ours = visitor.portal.registry.connections(visitor.firm_id)
    alike = [each for each in ours if package(each.software).room == row.room]
    return max(alike, key=lambda each: each.created_at, default=None)


def _checked(
    visitor: Visitor,
    row: Package,
    given: Mapping[str, str],
    secrets: Mapping[str, Secret],
    before: Connection | None = None,
) -> dict[str, str]:
    """The settings made complete, with nothing in them that is not the firm's."""
    if any("\0" in text for text in given.values()):
        raise WrongInput("a setting holds a character that is none", next_step="Type it again.")
    unknown = sorted(set(secrets) - {field.name for field in row.secrets})
    if unknown:
        raise WrongInput(f"{row.name} has no secret {', '.join(unknown)}", next_step="Leave it out.")
    if given.get(AGENT):
        visitor.agent(given[AGENT])
    else:
        known = {field.name: field.default for field in row.settings if field.default} | dict(given)
        held = {**known, **secrets}
        missing = [each.name for each in row.fields if each.needed(known) and not held.get(each.name)]
        if missing:
            raise MissingFields(row, missing)
    settings = absolute(row.complete_settings(given))
    for name in PATHS:
        path = settings.get(name)
        if path and (before is None or before.settings.get(name) != path):
            visitor.need(Permission.connect)
            _refuse_others_folder(visitor, Path(path))
    return settings


def _refuse_others_folder(visitor: Visitor, path: Path) -> None:
    """Raises WrongInput for a folder in which the installation, or another firm, keeps what is its own."""
    house = visitor.portal.house
    others = [each for each in house.registry.connections() if each.firm_id != visitor.firm_id]
    taken = [
        house.home.root,
        *(Path(each.settings[name]) for each in others for name in PATHS if each.settings.get(name)),
    ]
    here = path.resolve()
    for each in taken:
        there = each.resolve()
        if here.is_relative_to(there) or there.is_relative_to(here):
            raise WrongInput(f"{path} is not a folder of the firm", next_step="Give one that holds its dossiers alone.")


def _need_for_addresses(
    visitor: Visitor, row: Package, wanted: Mapping[str, str], usual: Mapping[str, str | None]
) -> None:
    """Where a package of single dossiers is reached is the administrator's word: nobody else sends this machine to an
    address of their choice."""
    if row.level == "dossier" and any(_leads(name) and usual.get(name) != value for name, value in wanted.items()):
        visitor.need(Permission.connect)


def _leads(name: str) -> bool:
    return name.endswith("_url") or name in _WHERE_SECRETS_GO


def _differs(name: str, settings: Mapping[str, str], connection: Connection) -> bool:
    return settings.get(name, "") != connection.settings.get(name, "")


def without_secrets(error: GrandlivreError, secrets: Iterable[Secret]) -> GrandlivreError:
    """The error, in which a package may have repeated what was typed, without it."""
    for text in sorted((each.reveal() for each in secrets), key=len, reverse=True):
        if len(text) >= _SHORTEST:
            error.cause, error.next_step = error.cause.replace(text, "***"), error.next_step.replace(text, "***")
            error.subject = error.subject.replace(text, "***") if error.subject else None
    return error


def _named_after_its_dossiers(house: House, made: Connection, row: Package) -> Connection:
    """The connection with the names of the first dossiers that it opens: a firm has many alike. What it opens is kept
    as its list, too."""
    try:
        seen = listed(house, made, refresh=True).dossiers
    except GrandlivreError:
        return made
    names = ", ".join(each["name"] for each in seen[:_NAMED])
    more = " …" if len(seen) > _NAMED else ""
    return house.registry.rename_connection(made.id, f"{row.name}: {names}{more}") if names else made


def with_consent(draft: Draft, settings: Mapping[str, str], tokens: Mapping[str, Secret]) -> Draft:
    """The draft with what a consent brought."""
    return replace(draft, settings={**draft.settings, **settings}, secrets={**draft.secrets, **tokens})
