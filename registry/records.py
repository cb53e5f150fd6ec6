"""What the registry answers: plain values, cut loose from the database. None of them holds a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from registry.agent_records import Agent, AgentSource
from registry.portal_records import Deed, SyncProgress, User


@dataclass(frozen=True)
class Firm:
    """An accounting firm."""

    firm_id: str
    name: str


NOT_TRIED = "not tried yet"
"""The health detail of a connection that nobody has used yet."""


LAPSES_SOON = timedelta(days=7)
"""How long ahead the end of a consent is told: time for a person to sign in, and no alarm while every night renews it
(the shortest consents live for a month)."""


@dataclass(frozen=True)
class Connection:
    """A firm's way into a package. ``health`` is one of :data:`registry.models.HEALTH`, seen at ``health_at``; what
    people are told is :meth:`standing`. ``expires_at`` is when its consent lapses, None when it does not or nobody
    knows."""

    id: str
    firm_id: str
    software: str
    name: str
    settings: Mapping[str, str]
    health: str
    health_detail: str | None
    health_at: datetime
    expires_at: datetime | None
    created_at: datetime
    created_by: str | None

    @property
    def refused(self) -> bool:
        """The package refused the sign-in; until a person signs in again nothing but a person's sync should try."""
        return self.health == "needs_login" and self.health_detail != NOT_TRIED

    def standing(self, now: datetime) -> tuple[str, str | None]:
        """The health at ``now``, and its detail: a consent ends by the clock, seen or not.

        A lapsed one needs a sign-in. Nothing is refused for that alone: only the package can say that it is over.
        """
        told = self.lapse(now)
        if self.health != "ok" or self.expires_at is None or told is None:
            return self.health, self.health_detail
        return "expiring" if self.expires_at > now else "needs_login", told

    def lapse(self, now: datetime) -> str | None:
        """What is told of the end of a consent that the package still takes; None while that is far, or unknown."""
        if self.expires_at is None or self.expires_at - now > LAPSES_SOON or self.health == "needs_login":
            return None
        return f"the consent {'lapses' if self.expires_at > now else 'lapsed'} on {self.expires_at:%Y-%m-%d}"


@dataclass(frozen=True)
class Link:
    """A dossier tied to a place in a package; ``active`` is False once the dossier moved on."""

    link_id: str
    dossier_id: str
    firm_id: str
    connection_id: str
    software: str
    external_id: str
    code: str
    name: str
    country: str | None
    currency: str | None
    vat_number: str | None
    mode: str
    transfer_date: date | None
    active: bool
    linked_at: datetime
    unlinked_at: datetime | None
    wanted_first_sync: bool


@dataclass(frozen=True)
class FiscalYear:
    """A fiscal year in force, ``end_date`` inclusive. ``source`` is ``package`` or ``override``.

    The package's own dates stay beside it, None where the package does not state the year; ``closed`` is the
    package's word, None where it does not tell.
    """

    label: str
    start_date: date
    end_date: date
    closed: bool | None
    source: str
    package_start_date: date | None
    package_end_date: date | None


@dataclass(frozen=True)
class YearOverride:
    """A correction of a fiscal year, in force or, with ``ended_at``, of the past."""

    dossier_id: str
    label: str
    start_date: date
    end_date: date
    why: str | None
    who: str | None
    at: datetime
    moved_for: str | None
    active: bool
    ended_at: datetime | None
    ended_by: str | None


@dataclass(frozen=True)
class MappingRule:
    """A person's code for an account (``match`` exact) or for all that start alike (prefix), in force or, with
    ``ended_at``, of the past. ``dossier_id`` is None for a rule of the whole firm."""

    firm_id: str
    dossier_id: str | None
    match: str
    account: str
    code: str
    account_type: str | None
    closed_years: bool
    why: str | None
    who: str | None
    at: datetime
    active: bool
    ended_at: datetime | None
    ended_by: str | None

    @property
    def pattern(self) -> str:
        """The account as people type it: ``613200``, or ``613*`` for a prefix."""
        return f"{self.account}*" if self.match == "prefix" else self.account


@dataclass(frozen=True)
class SyncRun:
    """One sync of one dossier. ``status`` is ``running`` or one of :data:`registry.models.FINISHED`."""

    sync_id: str
    dossier_id: str
    link_id: str
    firm_id: str
    software: str
    trigger: str
    mode: str
    window_start: date | None
    started_at: datetime
    finished_at: datetime | None
    status: str
    rows_read: int
    rows_loaded: int
    rows_deleted: int
    vendor_calls: int
    error_kind: str | None
    error_message: str | None
    next_retry_at: datetime | None
    dagster_run_id: str | None


@dataclass(frozen=True)
class StaleDossier:
    """A dossier whose figures are too old; ``figures_as_of`` is None when it never synced well."""

    dossier_id: str
    software: str
    firm_id: str
    figures_as_of: datetime | None


@dataclass(frozen=True)
class CallBudget:
    """What is left of one window of calls. ``scope`` and ``subject`` tell whose calls are counted together.

    ``left`` leaves out what running syncs have taken ahead. ``resets_at`` is None while no call was made in the window.
    ``source`` is ``vendor`` for a limit that the vendor told, ``declared`` for one that it publishes. ``sharing``
    counts the dossiers that call at the moment, for a window that several share.
    """

    connection_id: str
    software: str
    scope: str
    subject: str
    window: str
    allowed: int | None
    left: int
    resets_at: datetime | None
    source: str
    sharing: int


Record = TypeVar(
    "Record", Firm, Connection, Link, YearOverride, MappingRule, SyncRun, Agent, AgentSource, User, Deed, SyncProgress
)


def record(kind: type[Record], row: Any) -> Record:
    """The row as a plain value of ``kind``."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})
