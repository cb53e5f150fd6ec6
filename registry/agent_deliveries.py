"""What on-premise services deliver: how far it came, whether it was accepted, and whether a sync has used it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from foundation.errors import ReportABug
from registry import agent_models as models
from registry.agent_records import AgentDelivery, Delivered, Wanted
from registry.agent_requests import AgentRequests, content_of, of_wanted, wanted_of
from registry.models import Link
from registry.records import Link as LinkRecord
from registry.records import record

REMEMBERED = timedelta(days=30)
"""How long it is known of a delivery that it was accepted, and of a request that it was answered."""


class AgentDeliveries(AgentRequests):
    """The deliveries of all services."""

    def begin_delivery(
        self, delivery_id: str, request_id: str, told: Mapping[str, Any], *, size: int, read_at: datetime
    ) -> AgentDelivery:
        """Notes a delivery that answers a request; one that is known already stays as it is."""
        with self.writing() as session:
            asked = session.get_one(models.AgentRequest, request_id)
            row = session.get(models.AgentDelivery, (asked.agent_id, delivery_id))
            if row is None:
                row = models.AgentDelivery(
                    agent_id=asked.agent_id,
                    delivery_id=delivery_id,
                    request_id=request_id,
                    connection_id=asked.connection_id,
                    external_id=asked.external_id,
                    since=asked.since,
                    totals_only=asked.totals_only,
                    unchanged=bool(told.get("unchanged")),
                    told=dict(told),
                    received={},
                    size=size,
                    read_at=read_at,
                    begun_at=self.now(),
                    touched_at=self.now(),
                    kept=False,
                )
                session.add(row)
            return _delivery(row)

    def delivery(self, agent_id: str, delivery_id: str) -> AgentDelivery | None:
        """A service's delivery by the id that it chose."""
        with self.reading() as session:
            row = session.get(models.AgentDelivery, (agent_id, delivery_id))
            return _delivery(row) if row else None

    def note_received(self, agent_id: str, delivery_id: str, resource: str, received: int) -> AgentDelivery:
        """Notes how many bytes of a resource are stored."""
        with self.writing() as session:
            row = self._row(session, agent_id, delivery_id)
            row.received = {**row.received, resource: received}
            row.touched_at = self.now()
            return _delivery(row)

    def accept_delivery(self, agent_id: str, delivery_id: str) -> tuple[AgentDelivery, list[AgentDelivery]]:
        """Makes a delivery the one that counts, and ends its request. Also returns those whose files it replaces."""
        with self.writing() as session:
            row = self._row(session, agent_id, delivery_id)
            if row.accepted_at is not None:
                return _delivery(row), []
            asked = session.get_one(models.AgentRequest, row.request_id)
            moment = self.now()
            row.accepted_at = row.touched_at = moment
            # A clock of a server may be wrong: it was read after it was asked for, and before it came.
            row.fresh_at = max(asked.asked_at, min(row.read_at, moment))
            asked.answered_at, asked.refusal = asked.answered_at or moment, None
            if row.unchanged:
                return _delivery(row), []
            replaced = list(session.scalars(content_of(wanted_of(row))))
            for before in replaced:
                before.kept = False
            row.kept = True
            return _delivery(row), [_delivery(before) for before in replaced]

    def refuse_delivery(self, agent_id: str, delivery_id: str, why: str) -> None:
        """Notes that a delivery was refused for good."""
        with self.writing() as session:
            row = self._row(session, agent_id, delivery_id)
            row.refused, row.touched_at = why, self.now()

    def delivered(self, wanted: Wanted) -> Delivered | None:
        """What the hub holds of a dossier in one mode; None when it holds nothing."""
        with self.reading() as session:
            return self._delivered(session, wanted)

    def take_delivery(self, delivery: AgentDelivery) -> None:
        """Notes that a sync used a delivery."""
        with self.writing() as session:
            row = self._row(session, delivery.agent_id, delivery.delivery_id)
            row.taken_at = row.taken_at or self.now()

    def lose_delivery(self, delivery: AgentDelivery) -> None:
        """Notes that the files of a delivery are not there, so that the dossier is asked for as a whole."""
        with self.writing() as session:
            self._row(session, delivery.agent_id, delivery.delivery_id).kept = False

    def arrived(self) -> list[tuple[LinkRecord, AgentDelivery]]:
        """The newest delivery of each linked dossier where no sync has used it, with the link that it is for."""
        table = models.AgentDelivery
        found: list[tuple[LinkRecord, AgentDelivery]] = []
        with self.reading() as session:
            query = select(table).where(table.accepted_at.is_not(None), table.taken_at.is_(None))
            for row in session.scalars(query.order_by(table.accepted_at)):
                link = self._link_of(session, row)
                held = self._delivered(session, wanted_of(row))
                if link and held and held.newest.delivery_id == row.delivery_id:
                    found.append((record(LinkRecord, link), held.newest))
        return found

    def note_load_asked(self, deliveries: Collection[AgentDelivery]) -> None:
        """Notes that a run was asked for that uses these deliveries."""
        with self.writing() as session:
            for each in deliveries:
                self._row(session, each.agent_id, each.delivery_id).load_asked_at = self.now()

    def in_flight(self, agent_id: str, but: str = "") -> int:
        """The bytes that a service announced and that are neither accepted nor refused; without those of delivery
        ``but``."""
        table = models.AgentDelivery
        open_ = table.agent_id == agent_id, table.accepted_at.is_(None), table.refused.is_(None)
        with self.reading() as session:
            query = select(func.coalesce(func.sum(table.size), 0)).where(*open_, table.delivery_id != but)
            return int(session.scalar(query) or 0)

    def deliveries_begun(self, agent_id: str, since: datetime) -> int:
        """How many deliveries a service began since a moment."""
        table = models.AgentDelivery
        query = select(func.count()).select_from(table)
        with self.reading() as session:
            return int(session.scalar(query.where(table.agent_id == agent_id, table.begun_at >= since)) or 0)

    def half_deliveries(self, untouched_since: datetime) -> list[AgentDelivery]:
        """Deliveries that came in part, of which nothing was heard since a moment."""
        table = models.AgentDelivery
        half = table.accepted_at.is_(None), table.refused.is_(None), table.touched_at < untouched_since
        with self.reading() as session:
            return [_delivery(row) for row in session.scalars(select(table).where(*half))]

    def kept_deliveries(self) -> list[AgentDelivery]:
        """The deliveries whose files are kept."""
        with self.reading() as session:
            kept = select(models.AgentDelivery).where(models.AgentDelivery.kept.is_(True))
            return [_delivery(row) for row in session.scalars(kept)]

    def unlinked_deliveries(self, before: datetime) -> list[AgentDelivery]:
        """Deliveries accepted before a moment whose files are kept for a dossier that is no longer read so."""
        table = models.AgentDelivery
        with self.reading() as session:
            kept = session.scalars(select(table).where(table.kept.is_(True), table.accepted_at < before))
            return [_delivery(row) for row in kept if self._link_of(session, row) is None]

    def forget_delivery(self, delivery: AgentDelivery) -> None:
        """Forgets a delivery, as if it had never been announced."""
        with self.writing() as session:
            row = session.get(models.AgentDelivery, (delivery.agent_id, delivery.delivery_id))
            if row is not None:
                session.delete(row)

    def forget_old_deliveries(self) -> None:
        """Forgets deliveries and requests of long ago that nothing rests on."""
        before = self.now() - REMEMBERED
        with self.writing() as session:
            table = models.AgentDelivery
            for row in session.scalars(select(table).where(table.touched_at < before, table.kept.is_(False))):
                session.delete(row)
            session.flush()
            used = select(table.request_id)
            asked = models.AgentRequest
            old = asked.answered_at < before, asked.request_id.not_in(used)
            for row in session.scalars(select(asked).where(*old)):
                session.delete(row)

    def _delivered(self, session: Session, wanted: Wanted) -> Delivered | None:
        content = session.scalars(content_of(wanted)).first()
        table = models.AgentDelivery
        accepted = select(table).where(table.accepted_at.is_not(None), *of_wanted(table, wanted))
        newest = session.scalars(accepted.order_by(table.accepted_at.desc(), table.kept.desc())).first()
        return Delivered(_delivery(content), _delivery(newest)) if content and newest else None

    def _link_of(self, session: Session, row: models.AgentDelivery) -> Link | None:
        """The active link that reads a delivery's dossier in its mode."""
        same = Link.connection_id == row.connection_id, Link.external_id == row.external_id
        link = session.scalars(select(Link).where(Link.active, *same)).first()
        reads = link and (link.transfer_date, link.mode == "totals") == (row.since, row.totals_only)
        return link if reads and link and link.connection.settings.get("agent") == row.agent_id else None

    def _row(self, session: Session, agent_id: str, delivery_id: str) -> models.AgentDelivery:
        row = session.get(models.AgentDelivery, (agent_id, delivery_id), with_for_update=True)
        if row is None:
            raise ReportABug(f"there is no delivery {delivery_id} of {agent_id}")
        return row


def _delivery(row: models.AgentDelivery) -> AgentDelivery:
    return AgentDelivery(
        wanted=wanted_of(row),
        **{name: getattr(row, name) for name in AgentDelivery.__dataclass_fields__ if name != "wanted"},
    )
