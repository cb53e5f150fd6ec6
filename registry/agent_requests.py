"""What on-premise services are asked to read. One open request per dossier and mode; it ends with a delivery, or with
a refusal."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from registry import agent_models as models
from registry.agent_records import AgentRequest, Wanted
from registry.agents import Agents
from registry.models import Connection, Link


class AgentRequests(Agents):
    """The requests of all services. Only what an active link of a connection names is ever told to its service."""

    def ask_agents(self, wanted: Iterable[Wanted], *, urgent: bool = False) -> list[AgentRequest]:
        """A request for each dossier: the one that is open already, which ``urgent`` hurries, or a new one.

        It carries the cursor of what the hub holds, so that a dossier that did not change is only confirmed.
        """
        with self.writing() as session:
            return [_request(self._asked(session, each, urgent)) for each in wanted]

    def open_requests(self, agent_id: str, limit: int = 200) -> list[AgentRequest]:
        """What a service should read now: what a person waits for first, then the oldest."""
        query = (
            select(models.AgentRequest)
            .where(models.AgentRequest.agent_id == agent_id, models.AgentRequest.answered_at.is_(None), _is_linked())
            .order_by(models.AgentRequest.urgent.desc(), models.AgentRequest.asked_at, models.AgentRequest.request_id)
        )
        with self.reading() as session:
            found = [row for row in session.scalars(query) if _is_of(row, agent_id)]
            return [_request(row) for row in found[:limit]]

    def agent_request(self, request_id: str) -> AgentRequest | None:
        """A request by its id, answered or not, also of a dossier that is no longer linked."""
        with self.reading() as session:
            row = session.get(models.AgentRequest, request_id)
            return _request(row) if row else None

    def may_deliver(self, agent_id: str, request_id: str) -> bool:
        """Whether the dossier of a request is one that the service may read: linked, over a connection of its own."""
        query = select(models.AgentRequest).where(models.AgentRequest.request_id == request_id, _is_linked())
        with self.reading() as session:
            return any(row.agent_id == agent_id and _is_of(row, agent_id) for row in session.scalars(query))

    def latest_request(self, wanted: Wanted) -> AgentRequest | None:
        """The last request for a dossier in one mode, answered or not."""
        with self.reading() as session:
            row = session.scalars(_latest(wanted)).first()
            return _request(row) if row else None

    def asked_since(self, agent_id: str, moment: datetime) -> set[Wanted]:
        """The dossiers that a service was asked for since a moment, or is still asked for."""
        asked = models.AgentRequest.asked_at >= moment
        query = select(models.AgentRequest).where(
            models.AgentRequest.agent_id == agent_id, asked | models.AgentRequest.answered_at.is_(None)
        )
        with self.reading() as session:
            return {wanted_of(row) for row in session.scalars(query)}

    def refuse_request(self, request_id: str, kind: str, cause: str, next_step: str) -> None:
        """Notes that a request cannot be met; said again, or after it was met, it changes nothing."""
        with self.writing() as session:
            row = session.get(models.AgentRequest, request_id)
            if row is not None and row.answered_at is None:
                row.answered_at = self.now()
                cause = self._clean(cause, row.connection)
                row.refusal = {"kind": kind, "cause": cause, "next_step": self._clean(next_step, row.connection)}

    def _asked(self, session: Session, wanted: Wanted, urgent: bool) -> models.AgentRequest:
        held = session.scalars(content_of(wanted)).first()
        cursor = held.told.get("cursor") if held else None
        row = session.scalars(_latest(wanted)).first()
        if row is None or row.answered_at is not None:
            row = models.AgentRequest(
                request_id=secrets.token_hex(16),
                agent_id=wanted.agent_id,
                connection_id=wanted.connection_id,
                connection=session.get_one(Connection, wanted.connection_id),
                external_id=wanted.external_id,
                since=wanted.since,
                totals_only=wanted.totals_only,
                urgent=urgent,
                asked_at=self.now(),
            )
            session.add(row)
        row.cursor, row.urgent = cursor, row.urgent or urgent
        session.flush()
        return row


def wanted_of(row: models.AgentRequest | models.AgentDelivery) -> Wanted:
    """The dossier and mode of a row."""
    return Wanted(row.agent_id, row.connection_id, row.external_id, row.since, row.totals_only)


def of_wanted(table: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The conditions under which a request or a delivery is of that dossier, in that mode."""
    return [
        table.agent_id == wanted.agent_id,
        table.connection_id == wanted.connection_id,
        table.external_id == wanted.external_id,
        table.since.is_(None) if wanted.since is None else table.since == wanted.since,
        table.totals_only.is_(wanted.totals_only),
    ]


def content_of(wanted: Wanted) -> Any:
    """The delivery whose files are kept for a dossier."""
    kept = models.AgentDelivery.kept.is_(True)
    query = select(models.AgentDelivery).where(kept, *of_wanted(models.AgentDelivery, wanted))
    return query.order_by(models.AgentDelivery.accepted_at.desc())


def _latest(wanted: Wanted) -> Any:
    """Of two at one moment the one that is still open."""
    row = models.AgentRequest
    of_it = select(row).where(*of_wanted(row, wanted))
    return of_it.order_by(row.answered_at.is_(None).desc(), row.asked_at.desc())


def _is_linked() -> ColumnElement[bool]:
    same = Link.connection_id == models.AgentRequest.connection_id, Link.external_id == models.AgentRequest.external_id
    return exists().where(Link.active, *same)


def _is_of(row: models.AgentRequest, agent_id: str) -> bool:
    """Whether the connection still names this service."""
    return row.connection.settings.get("agent") == agent_id


def _request(row: models.AgentRequest) -> AgentRequest:
    return AgentRequest(
        request_id=row.request_id,
        wanted=wanted_of(row),
        source=row.connection.settings.get("source", ""),
        software=row.connection.software,
        cursor=row.cursor,
        urgent=row.urgent,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        refusal=row.refusal,
    )
