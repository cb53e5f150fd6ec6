"""What the registry answers about people and what they do: plain values. None of them holds a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class User:
    """A person of one firm. ``role`` is one of :data:`registry.portal_models.ROLES`; ``language`` None follows the
    browser. ``issuer`` is the identity provider that the person signs in with, None for a password of our own."""

    user_id: str
    firm_id: str
    email: str
    name: str
    role: str
    language: str | None
    issuer: str | None
    active: bool
    created_at: datetime
    created_by: str | None


@dataclass(frozen=True)
class AccessKey:
    """What a person, or a program in a person's name, was let in by. ``key_hash`` names it, and lets nobody in."""

    key_hash: str
    use: str
    name: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    user: User


@dataclass(frozen=True)
class Presence:
    """How a person is let in, and when they last were. ``invited_until`` is the end of an invitation that is open."""

    user: User
    has_password: bool
    last_seen: datetime | None
    invited_until: datetime | None


@dataclass(frozen=True)
class Deed:
    """What a person did, for the audit trail."""

    id: int
    firm_id: str
    user_id: str | None
    who: str
    at: datetime
    what: str
    subject: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class SyncProgress:
    """How far a sync is. ``stage`` is ``asked`` until it starts, then a stage of the flow (see :mod:`assets.books`);
    ``rows`` counts within the stage; ``waits_until`` is when a wait for a vendor's budget ends."""

    dossier_id: str
    asked_at: datetime | None
    asked_by: str | None
    dagster_run_id: str | None
    sync_id: str | None
    stage: str
    rows: int
    waits_until: datetime | None
    at: datetime


@dataclass(frozen=True)
class DossierList:
    """The dossiers that a connection could see ``at`` a moment: external_id, code, name, vat_number, currency,
    country of each."""

    connection_id: str
    dossiers: tuple[Mapping[str, Any], ...]
    at: datetime
