"""The tables of the registry.

Ids are texts of ``[a-z0-9_-]`` that people meet; moments are UTC. What must be unique is unique in the database
too: one active link per dossier, one per dossier of a package, one override in force per fiscal year, one mapping
rule in force per account.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, MetaData, Text, false, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from registry.columns import Moment

HEALTH = ("ok", "expiring", "needs_login", "no_access", "rate_limited", "vendor_down", "agent_offline")
MODES = ("replace", "from_date", "totals")
FINISHED = ("synced", "unchanged", "parked", "failed")
"""How a run ends; until then its status is ``running``."""
STATUSES = (*FINISHED, "running")
GOOD = ("synced", "unchanged")
"""Ends after which the figures are those of the package at the start of the run."""

_IN_FORCE = text("active")
_IN_FORCE_FOR_A_FIRM = text("active AND dossier_id IS NULL")


class Base(DeclarativeBase):
    """Constraints carry fixed names, so that a migration can speak of them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Moment, str: Text, dict[str, Any]: JSON}


class Firm(Base):
    """An accounting firm. ``firm_id`` is its name as a slug."""

    __tablename__ = "firms"

    firm_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class Connection(Base):
    """A firm's way into a package. ``sealed_*`` open with the vault only; ``expires_at`` is when consent lapses."""

    __tablename__ = "connections"

    id: Mapped[str] = mapped_column(primary_key=True)
    firm_id: Mapped[str] = mapped_column(ForeignKey(Firm.firm_id), index=True)
    software: Mapped[str]
    name: Mapped[str]
    settings: Mapped[dict[str, Any]]
    sealed_secrets: Mapped[str]
    sealed_tokens: Mapped[str | None]
    health: Mapped[str]
    health_detail: Mapped[str | None]
    health_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None]


class Link(Base):
    """A dossier tied to a place in a package. A dossier that moves gets a new row; the old one is kept, inactive."""

    __tablename__ = "links"
    __table_args__ = (
        Index("one_link_per_dossier", "dossier_id", unique=True, sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
        Index(
            "one_link_per_external_id",
            "connection_id",
            "external_id",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
    )

    link_id: Mapped[str] = mapped_column(primary_key=True)
    dossier_id: Mapped[str] = mapped_column(index=True)
    firm_id: Mapped[str] = mapped_column(ForeignKey(Firm.firm_id), index=True)
    connection_id: Mapped[str] = mapped_column(ForeignKey(Connection.id))
    external_id: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    country: Mapped[str | None]
    currency: Mapped[str | None]
    vat_number: Mapped[str | None]
    mode: Mapped[str]
    transfer_date: Mapped[date | None]
    active: Mapped[bool]
    linked_at: Mapped[datetime]
    unlinked_at: Mapped[datetime | None]
    wanted_first_sync: Mapped[bool]

    connection: Mapped[Connection] = relationship(lazy="joined", innerjoin=True)

    @property
    def software(self) -> str:
        return self.connection.software


class PackageYear(Base):
    """A fiscal year as a package states it; ``link_id`` tells through which link. ``end_date`` is inclusive."""

    __tablename__ = "package_years"

    dossier_id: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)
    link_id: Mapped[str] = mapped_column(ForeignKey(Link.link_id))
    start_date: Mapped[date]
    end_date: Mapped[date]
    closed: Mapped[bool | None]


class YearOverride(Base):
    """Dates that support gave a fiscal year. Rows are never changed but to end them: they are the history."""

    __tablename__ = "year_overrides"
    __table_args__ = (
        Index(
            "one_override_per_year",
            "dossier_id",
            "label",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dossier_id: Mapped[str]
    label: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date]
    why: Mapped[str | None]
    who: Mapped[str | None]
    at: Mapped[datetime]
    moved_for: Mapped[str | None]
    """The label of the neighbouring year whose override moved this one; None when it was set for itself."""
    active: Mapped[bool]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class MappingRule(Base):
    """A person's choice of a code of the common chart. Rows are never changed but to end them: they are the history.

    ``dossier_id`` is None for a rule of the whole firm; ``match`` is ``exact`` or ``prefix``. ``account_type`` is what
    the account was when the rule was made; with ``closed_years`` the rule reaches years told by frozen codes, too.
    """

    __tablename__ = "mapping_rules"
    __table_args__ = (
        Index(
            "one_rule_per_account_of_a_dossier",
            "dossier_id",
            "match",
            "account",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
        Index(
            "one_rule_per_account_of_a_firm",
            "firm_id",
            "match",
            "account",
            unique=True,
            sqlite_where=_IN_FORCE_FOR_A_FIRM,
            postgresql_where=_IN_FORCE_FOR_A_FIRM,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[str] = mapped_column(ForeignKey(Firm.firm_id))
    dossier_id: Mapped[str | None]
    match: Mapped[str]
    account: Mapped[str]
    code: Mapped[str]
    account_type: Mapped[str | None]
    closed_years: Mapped[bool] = mapped_column(server_default=false())
    why: Mapped[str | None]
    who: Mapped[str | None]
    at: Mapped[datetime]
    active: Mapped[bool]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class SyncRun(Base):
    """One sync of one dossier: the truth of which Dagster's page is a projection."""

    __tablename__ = "sync_runs"
    __table_args__ = (Index(None, "dossier_id", "sync_id"), Index(None, "software", "status"))

    sync_id: Mapped[str] = mapped_column(primary_key=True)
    dossier_id: Mapped[str]
    link_id: Mapped[str] = mapped_column(ForeignKey(Link.link_id))
    firm_id: Mapped[str]
    software: Mapped[str]
    trigger: Mapped[str]
    mode: Mapped[str]
    window_start: Mapped[date | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    status: Mapped[str]
    rows_read: Mapped[int] = mapped_column(BigInteger)
    rows_loaded: Mapped[int] = mapped_column(BigInteger)
    rows_deleted: Mapped[int] = mapped_column(BigInteger)
    vendor_calls: Mapped[int] = mapped_column(BigInteger)
    error_kind: Mapped[str | None]
    error_message: Mapped[str | None]
    next_retry_at: Mapped[datetime | None]
    dagster_run_id: Mapped[str | None]


class CallBudget(Base):
    """What is left of one of a vendor's windows of calls (see foundation.allowance.Bucket).

    ``place`` names what the vendor counts by: app, scope and subject (a connection, a firm, a dossier at the vendor).
    ``connection_id`` is the connection that called last. ``claims`` is each dossier's part in a shared window.
    """

    __tablename__ = "call_budgets"

    place: Mapped[str] = mapped_column(primary_key=True)
    window: Mapped[str] = mapped_column(primary_key=True)
    software: Mapped[str]
    connection_id: Mapped[str]
    scope: Mapped[str]
    subject: Mapped[str]
    allowed: Mapped[int | None]
    length_seconds: Mapped[int | None]
    calls_left: Mapped[int | None]
    resets_at: Mapped[datetime | None]
    turn: Mapped[int]
    told: Mapped[bool]
    claims: Mapped[dict[str, Any]]
