"""What the registry answers about on-premise services: plain values, none of which holds a token or a code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

OFFLINE_AFTER = timedelta(minutes=10)
"""How long a service may be silent before people are told; it reports, or asks for requests, every few minutes."""


@dataclass(frozen=True)
class Agent:
    """A service on a firm's server. What it says of itself is None until it enrolled and reported."""

    agent_id: str
    firm_id: str
    name: str
    created_at: datetime
    created_by: str | None
    token_at: datetime | None
    enrolled_at: datetime | None
    revoked_at: datetime | None
    seen_at: datetime | None
    host: str | None
    system: str | None
    version: str | None
    started_at: datetime | None
    spool_bytes: int | None
    free_bytes: int | None
    last_error: str | None

    def health(self, now: datetime) -> str:
        """``ok``, ``agent_offline``, ``not_enrolled`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        if self.enrolled_at is None or self.seen_at is None:
            return "not_enrolled"
        return "ok" if now - self.seen_at <= OFFLINE_AFTER else "agent_offline"

    def silence(self) -> str:
        """What is told of a service that is not heard of."""
        if self.revoked_at is not None:
            return f"the service {self.agent_id} was revoked on {self.revoked_at:%Y-%m-%d}"
        if self.enrolled_at is None or self.seen_at is None:
            return f"the service {self.agent_id} has not enrolled yet"
        where = f" on {self.host}" if self.host else ""
        return f"the service {self.agent_id}{where} was last heard of at {self.seen_at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class AgentSource:
    """A place that a service reads, as it last reported it; ``dossiers`` are those of :class:`agent.protocol.Dossier`,
    as JSON."""

    agent_id: str
    name: str
    software: str
    trouble: str | None
    dossiers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """A dossier in the way in which one link reads it: everything, lines ``since`` a date, or totals only."""

    agent_id: str
    connection_id: str
    external_id: str
    since: date | None = None
    totals_only: bool = False


@dataclass(frozen=True)
class AgentRequest:
    """A dossier that a service was asked for. ``refusal`` holds kind, cause and next_step."""

    request_id: str
    wanted: Wanted
    source: str
    software: str
    cursor: Mapping[str, Any] | None
    urgent: bool
    asked_at: datetime
    answered_at: datetime | None
    refusal: Mapping[str, str] | None


@dataclass(frozen=True)
class AgentDelivery:
    """A delivery. ``told`` is its announcement as JSON, ``received`` bytes by resource. Once it is accepted,
    ``fresh_at`` is a moment by the hub's clock from which on the dossier may have been read. ``refused`` says why it
    was not accepted."""

    agent_id: str
    delivery_id: str
    request_id: str
    wanted: Wanted
    unchanged: bool
    told: Mapping[str, Any]
    received: Mapping[str, int]
    size: int
    read_at: datetime
    begun_at: datetime
    touched_at: datetime
    fresh_at: datetime | None
    accepted_at: datetime | None
    refused: str | None
    kept: bool
    taken_at: datetime | None
    load_asked_at: datetime | None

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        """Where the package's feed stood, as the service told."""
        return self.told.get("cursor")


@dataclass(frozen=True)
class Delivered:
    """What the hub holds of a dossier: the ``content`` that was last delivered, and the ``newest`` delivery, which may
    only say that the content is unchanged."""

    content: AgentDelivery
    newest: AgentDelivery
