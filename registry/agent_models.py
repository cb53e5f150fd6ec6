"""The tables of on-premise services: who they are, what they last reported, what is asked of them, what they delivered.

Tokens and codes are kept as SHA-256 alone: both are random, and long enough that nothing slower is needed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from registry.models import Base, Connection, Firm

_JSON_OR_NULL = JSON(none_as_null=True)


class Agent(Base):
    """A service on a firm's server. ``next_token_hash`` is that of a token that was told and not used yet."""

    __tablename__ = "agents"

    agent_id: Mapped[str] = mapped_column(primary_key=True)
    firm_id: Mapped[str] = mapped_column(ForeignKey(Firm.firm_id), index=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None]
    token_hash: Mapped[str | None]
    next_token_hash: Mapped[str | None]
    token_at: Mapped[datetime | None]
    enrolled_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    host: Mapped[str | None]
    system: Mapped[str | None]
    version: Mapped[str | None]
    started_at: Mapped[datetime | None]
    spool_bytes: Mapped[int | None] = mapped_column(BigInteger)
    free_bytes: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str | None]


class AgentCode(Base):
    """A code with which a service enrols, once and before it expires."""

    __tablename__ = "agent_codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey(Agent.agent_id), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AgentSource(Base):
    """A place that a service reads, as it last reported it; ``dossiers`` as on the wire."""

    __tablename__ = "agent_sources"

    agent_id: Mapped[str] = mapped_column(ForeignKey(Agent.agent_id), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    software: Mapped[str]
    trouble: Mapped[str | None]
    dossiers: Mapped[list[Any]] = mapped_column(JSON)


class AgentRequest(Base):
    """A dossier that a service should read. ``answered_at`` is when it delivered, or refused (``refusal`` says why)."""

    __tablename__ = "agent_requests"
    __table_args__ = (
        Index(None, "agent_id", "answered_at"),
        Index(None, "connection_id", "external_id"),
    )

    request_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey(Agent.agent_id))
    connection_id: Mapped[str] = mapped_column(ForeignKey(Connection.id, ondelete="CASCADE"))
    external_id: Mapped[str]
    since: Mapped[date | None]
    totals_only: Mapped[bool]
    cursor: Mapped[dict[str, Any] | None] = mapped_column(_JSON_OR_NULL)
    urgent: Mapped[bool]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    refusal: Mapped[dict[str, Any] | None] = mapped_column(_JSON_OR_NULL)

    connection: Mapped[Connection] = relationship(lazy="joined", innerjoin=True)


class AgentDelivery(Base):
    """A delivery. ``told`` is how it was announced, ``received`` bytes by resource, ``fresh_at`` a moment, by the hub's
    clock, from which on it may have been read; ``kept`` whether its files are here; ``taken_at`` when a sync used it.
    """

    __tablename__ = "agent_deliveries"
    __table_args__ = (
        Index(None, "agent_id", "begun_at"),
        Index(None, "connection_id", "external_id", "accepted_at"),
        ForeignKeyConstraint(["request_id"], [AgentRequest.request_id], ondelete="CASCADE"),
    )

    agent_id: Mapped[str] = mapped_column(ForeignKey(Agent.agent_id), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str]
    connection_id: Mapped[str] = mapped_column(ForeignKey(Connection.id, ondelete="CASCADE"))
    external_id: Mapped[str]
    since: Mapped[date | None]
    totals_only: Mapped[bool]
    unchanged: Mapped[bool]
    told: Mapped[dict[str, Any]]
    received: Mapped[dict[str, Any]]
    size: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime]
    begun_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    fresh_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    refused: Mapped[str | None]
    kept: Mapped[bool]
    taken_at: Mapped[datetime | None]
    load_asked_at: Mapped[datetime | None]
