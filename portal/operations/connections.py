"""Connections: made and renewed only if they prove to work; what they can see, and what an error says of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connectors.catalog import package
from connectors.contract import Connector, DossierRef
from connectors.package import Package
from foundation.errors import (
    AgentOffline,
    AskForAccess,
    GrandlivreError,
    RateLimited,
    SignInAgain,
    VendorDown,
)
from foundation.secrets import Secret
from registry.names import plain
from registry.store import Connection
from resources.house import House

PATHS = ("root", "resource_map", "sink")
"""The settings that name folders and files of this machine."""


def absolute(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings with paths made absolute: a nightly run starts in another folder than the person who typed them."""
    return {name: str(Path(value).absolute()) if name in PATHS and value else value for name, value in settings.items()}


def make_connection(
    house: House,
    row: Package,
    firm: str,
    name: str | None,
    settings: Mapping[str, str],
    secrets: Mapping[str, Secret],
    *,
    created_by: str | None = None,
) -> Connection:
    """A new connection of ``firm`` that proved to work; one that does not is not kept.

    Raises what the package told, or WrongInput for settings and secrets that are not complete.
    """
    firm_id = house.registry.ensure_firm(firm).firm_id
    made = house.registry.add_connection(
        row.slug, firm_id, name or row.name, row.complete_settings(settings), secrets, created_by=created_by
    )
    try:
        verify(house, made.id)
    except SignInAgain as error:
        house.registry.remove_connection(made.id)
        error.next_step = "Check the settings and secrets that were given, and connect again."
        raise
    except BaseException:
        house.registry.remove_connection(made.id)
        raise
    return house.registry.connection(made.id)


def renew_connection(
    house: House, connection_id: str, settings: Mapping[str, str], given: Mapping[str, Secret]
) -> Connection:
    """Gives a connection these settings, and ``given`` beside the secrets that it has; its dossiers stay linked.

    What does not work is not kept: the secrets and settings from before are put back, and what the package told is
    raised.
    """
    registry = house.registry
    found, before = registry.connection(connection_id), registry.secrets(connection_id)
    # Tokens are not read and written back here, for a sync may renew them at any moment, unless a new consent takes
    # their place. Those of a consent go on with other secrets; a session that the old ones logged in to proves nothing
    # of the new ones.
    consent = package(found.software).asks_consent(settings)
    tokens = registry.tokens(connection_id)
    consent_before = dict(tokens.read()) if given.get("refresh_token") else {}
    registry.replace_secrets(connection_id, {**before, **given}, settings=settings, keep_tokens=consent)
    try:
        verify(house, connection_id)
    except BaseException:
        registry.replace_secrets(connection_id, before, settings=found.settings, keep_tokens=consent)
        if consent_before:  # the new consent is no use: the one before, which it took the place of, may still be
            with tokens.exclusive():
                tokens.save(consent_before)
        registry.set_health(connection_id, found.health, found.health_detail)
        raise
    return registry.connection(connection_id)


@contextmanager
def opened(house: House, connection_id: str) -> Iterator[Connector]:
    """An open connector for a question of a person, with its health kept up to date and a folder for its unfinished
    files."""
    house.home.create()
    with tempfile.TemporaryDirectory(dir=house.home.scratch) as work:
        try:
            with house.connector(connection_id, work=Path(work)) as connector:
                yield connector
        except GrandlivreError as error:
            health = health_of(error)
            if health:
                house.registry.set_health(connection_id, health, error.cause)
            error.next_step = error.next_step.replace("CONNECTION", connection_id)
            raise error.about(f"connection {connection_id}") from None


def verify(house: House, connection_id: str) -> None:
    """Proves that a connection works and records its health."""
    with opened(house, connection_id) as connector:
        connector.verify()
    house.registry.set_health(connection_id, "ok", None)


def health_of(error: GrandlivreError) -> str | None:
    """The health that an error of a whole connection means; None when it says nothing about the connection."""
    match error:
        case SignInAgain():
            return "needs_login"
        case AskForAccess():
            return "no_access"
        case RateLimited():
            return "rate_limited"
        case VendorDown():
            return "vendor_down"
        case AgentOffline():
            return "agent_offline"
    return None


def matches(ref: DossierRef, search: str) -> bool:
    """Whether a dossier's name, code, id or VAT number holds ``search``, accents and case aside."""
    wanted = plain(search)
    return any(wanted in plain(text or "") for text in (ref.name, ref.code, ref.external_id, ref.vat_number))
