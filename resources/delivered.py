"""Dossiers that the on-premise service reads, as a connector: from its last report, and from what it delivered.

A sync says how fresh it wants a dossier (:class:`Freshness`). What the hub holds is used when it is fresh enough;
otherwise the service is asked, and where a person waits, so does the sync, for some minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pyarrow.parquet as pq

from agent.protocol import Delivery, Dossier
from connectors.contract import (
    Batch,
    Connector,
    DossierRef,
    Event,
    ExtractRequest,
    FiscalYear,
    NextCursor,
    Note,
    Resource,
    Stated,
)
from connectors.files import unknown_reference
from connectors.package import AGENT, SOURCE
from foundation.errors import AgentOffline, Busy, WrongInput, of_kind
from registry.store import Agent, AgentDelivery, AgentSource, Connection, Registry, Wanted
from resources.delivery_files import DeliveryFiles

WAIT = timedelta(minutes=5)
"""How long a sync waits for the service while a person waits for the sync."""
_LOOK = 1.0  # seconds between two looks at whether it came
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Freshness:
    """How old a delivery may be: read at or after ``since`` (None: whatever is there), and how long to ``wait`` for
    one. ``urgent`` asks the service to read it before others."""

    since: datetime | None = None
    wait: timedelta = timedelta(0)
    urgent: bool = False


@dataclass(frozen=True)
class Clock:
    """What tests move."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]


class DeliveredConnector:
    """See :class:`connectors.contract.Connector`. ``calls`` counts what the service was asked; ``as_of`` is when the
    dossier was read that the last extract told, by the hub's clock."""

    def __init__(
        self,
        connection: Connection,
        registry: Registry,
        files: DeliveryFiles,
        room: Connector,
        *,
        clock: Clock,
        work: Path,
        freshness: Freshness,
        report: Callable[[str, int], None],
    ) -> None:
        self.calls = 0
        self.as_of: datetime | None = None
        self.resources: tuple[Resource, ...] = room.resources
        self._connection, self._registry, self._files, self._room = connection, registry, files, room
        self._clock, self._work, self._freshness, self._report = clock, work, freshness, report
        self._agent_id = connection.settings[AGENT]

    def verify(self) -> None:
        """The service is heard of, and reads the source without trouble."""
        self._require_online(self._agent())
        source = self._source()
        if source.trouble:
            raise Busy(
                f"the service cannot read its source {source.name}: {source.trouble}",
                next_step=f"Put it right on the server of {self._agent_id}, then try again.",
            )

    def discover(self) -> Iterator[DossierRef]:
        """The dossiers of the last report, also those of a source that is in trouble now."""
        self._agent()
        for each in self._reported():
            yield DossierRef(each.external_id, each.code, each.name, each.vat_number, each.currency, each.country)

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        self._agent()
        seen = {each.external_id: each for each in self._reported()}
        if external_id not in seen:
            raise unknown_reference(external_id, list(seen), f"the service {self._agent_id} sees no such dossier")
        years = seen[external_id].years
        return [FiscalYear(year.label, year.start, year.end, year.closed) for year in years]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        """The newest delivery that is fresh enough. Raises Busy when it has not come, AgentOffline when the service is
        not heard of, and what the service met when it could not read the dossier."""
        wanted = Wanted(self._agent_id, self._connection.id, request.external_id, request.since, request.totals_only)
        for _ in range(3):
            content, newest = self._fresh(wanted)
            self.as_of = newest.fresh_at
            if request.cursor is not None and content.cursor == request.cursor:
                yield NextCursor(dict(request.cursor), unchanged=True)
            else:
                with ExitStack() as stack:
                    try:
                        opened = self._opened(content, stack)
                    except FileNotFoundError:
                        # A newer one came at this moment and took its place; or the files are lost, and asked for anew.
                        self._registry.lose_delivery(content)
                        continue
                    yield from self._told(content, opened)
            self._registry.take_delivery(newest)
            return
        raise Busy(f"deliveries of {request.external_id} come and go", next_step="Sync it again.")

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        self._room.normalize(db)

    def close(self) -> None:
        self._room.close()

    def _told(self, content: AgentDelivery, opened: dict[str, pq.ParquetFile]) -> Iterator[Event]:
        told = msgspec.convert(content.told, Delivery)
        for name, count in told.stated.items():
            yield Stated(name, count)
        for resource in self.resources:
            rows = 0
            for batch in opened[resource.name].iter_batches(_BATCH_ROWS):
                rows += batch.num_rows
                yield Batch(resource.name, batch.cast(resource.schema))
                self._report(resource.name, rows)
        for remark in told.remarks:
            yield Note(remark.code, remark.message, remark.count)
        yield NextCursor(told.cursor)

    def _opened(self, content: AgentDelivery, stack: ExitStack) -> dict[str, pq.ParquetFile]:
        """Every file of a delivery, opened before the first is read: a newer one may come meanwhile."""
        names = [resource.name for resource in self.resources]
        paths = self._files.kept(content, names, self._work / "delivered" / content.delivery_id[:40])
        return {name: stack.enter_context(pq.ParquetFile(paths[name])) for name in names}

    def _fresh(self, wanted: Wanted) -> tuple[AgentDelivery, AgentDelivery]:
        """The content and the newest delivery; asks for them, and waits, where what is here is too old."""
        agent = self._agent()
        until = self._clock.now() + self._freshness.wait
        while True:
            held = self._registry.delivered(wanted)
            if held and self._is_fresh(held.newest.fresh_at):
                return held.content, held.newest
            last = self._registry.latest_request(wanted)
            if last and last.refusal and self._is_fresh(last.asked_at):
                raise of_kind(last.refusal["kind"], last.refusal["cause"], last.refusal["next_step"])
            if last is None or last.answered_at is not None or (self._freshness.urgent and not last.urgent):
                self._registry.ask_agents([wanted], urgent=self._freshness.urgent)
                self.calls += 1
            self._require_online(agent)
            if self._clock.now() >= until:
                raise Busy(
                    f"the service {self._agent_id} has not delivered the dossier yet",
                    next_step="It will be loaded when it arrives.",
                )
            self._report("waiting for the service", 0)
            self._clock.sleep(_LOOK)
            agent = self._agent()

    def _is_fresh(self, moment: datetime | None) -> bool:
        return self._freshness.since is None or (moment is not None and moment >= self._freshness.since)

    def _agent(self) -> Agent:
        """The service. Raises WrongInput when it is unknown, revoked, or of another firm."""
        agent = self._registry.agent(self._agent_id)
        if agent.firm_id != self._connection.firm_id:
            raise WrongInput(
                f"the service {agent.agent_id} is not one of the firm {self._connection.firm_id}",
                next_step="`grandlivre agents` shows whose each is.",
            )
        if agent.revoked_at is not None:
            raise WrongInput(
                agent.silence(),
                next_step="Make another with `grandlivre agent add`, then: "
                f"grandlivre reconnect {self._connection.id} --set {AGENT}=ID",
            )
        return agent

    def _require_online(self, agent: Agent) -> None:
        if agent.health(self._clock.now()) != "ok":
            raise AgentOffline(agent.silence())

    def _source(self) -> AgentSource:
        """The source as last reported. Raises WrongInput when the service has none of that name and software."""
        wanted, software = self._connection.settings[SOURCE], self._connection.software
        sources = self._registry.agent_sources(self._agent_id)
        for source in sources:
            if (source.name, source.software) == (wanted, software):
                return source
        if not sources:
            raise AgentOffline(
                f"the service {self._agent_id} has not reported what it reads yet",
                next_step="Start grandlivre-agent on its server, with its sources configured; it reports at once.",
            )
        offered = ", ".join(f"{source.name} ({source.software})" for source in sources)
        raise WrongInput(
            f"the service {self._agent_id} has no source {wanted!r} of {software}",
            next_step=f"Give --set {SOURCE}=NAME with one that it reports: {offered}.",
        )

    def _reported(self) -> list[Dossier]:
        return msgspec.convert(list(self._source().dossiers), list[Dossier])
