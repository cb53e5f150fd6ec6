"""What a sync is given, wired for one installation: registry, landing, warehouse, and open connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.budgets import Budgets
from connectors.catalog import package
from connectors.contract import Access, Connector
from connectors.package import AGENT, SOURCE
from foundation.errors import AgentOffline
from foundation.home import Home
from registry.store import Connection, Registry
from registry.tokens import ConnectionTokens
from resources.delivered import Clock, DeliveredConnector, Freshness
from resources.delivery_files import DeliveryFiles
from resources.landing import Landing
from resources.rooms import room_of
from warehouse.contract import Store
from warehouse.store import Warehouse

Report = Callable[[str, int], None]
"""Hears about progress: the stage of the sync, and rows so far in it."""


WHATEVER = Freshness()
"""Whatever was last delivered, without waiting."""


def silent(stage: str, rows: int) -> None:
    """The report that nobody listens to."""


@dataclass(frozen=True)
class House:
    """One installation, opened. ``now`` and ``sleep`` are injected, so that tests own the clock."""

    home: Home
    registry: Registry
    landing: Landing
    warehouse: Store
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def open(cls, home: Home | None = None) -> House:
        """Opens the installation of ``home`` (by default that of the environment), creating what is missing."""
        home = home or Home.from_environment()
        home.create()
        return cls(home, Registry.open(home), Landing.of(home), open_warehouse(home))

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.warehouse.close()
        self.registry.close()

    @contextmanager
    def connector(
        self, connection_id: str, *, work: Path, report: Report = silent, freshness: Freshness = WHATEVER
    ) -> Iterator[Connector]:
        """The open connection of the registry's ``connection_id``; ``work`` is a folder for its unfinished files.

        ``freshness`` is for what the on-premise service reads: how old a delivery may be. Other packages are asked now.
        """
        connection = self.registry.connection(connection_id)
        row = package(connection.software)
        if connection.settings.get(AGENT):
            with closing(self._delivered(connection, work, report, freshness)) as delivered:
                yield delivered
            return
        budgets = Budgets(self.registry.budgets, row.slug, connection_id, connection.firm_id, row.limits)
        access = Access(
            software=row.slug,
            settings=row.complete_settings(connection.settings),
            secrets=self.registry.secrets(connection_id),
            tokens=ConnectionTokens(self.registry, connection_id),
            now=self.now,
            sleep=self.sleep,
            scratch=work,
            budgets=budgets,
            report=report,
        )
        connector: Connector = row.load_room().open_connector(access)
        try:
            yield connector
        finally:
            connector.close()
            budgets.close()

    def _delivered(
        self, connection: Connection, work: Path, report: Report, freshness: Freshness
    ) -> DeliveredConnector:
        return DeliveredConnector(
            connection,
            self.registry,
            DeliveryFiles(self.home),
            room_of(package(connection.software), work),
            clock=Clock(self.now, self.sleep),
            work=work,
            freshness=freshness,
            report=report,
        )

    def standing(self, connection: Connection) -> tuple[str, str | None]:
        """A connection's health now, and its detail: also of what the on-premise service reads, by when it was last
        heard of, and by the trouble that it reports."""
        agent_id = connection.settings.get(AGENT)
        if not agent_id:
            return connection.standing(self.now())
        agent = self.registry.agent(agent_id)
        if agent.health(self.now()) != "ok":
            return AgentOffline.kind, str(AgentOffline(agent.silence()))
        ours = connection.settings.get(SOURCE), connection.software
        for source in self.registry.agent_sources(agent_id):
            if source.trouble and (source.name, source.software) == ours:
                return "vendor_down", source.trouble
        if connection.health == AgentOffline.kind:
            return "ok", None
        return connection.standing(self.now())


def open_warehouse(home: Home) -> Store:
    """The warehouse of ``home`` alone: what an analyst needs, who has no business in the registry."""
    if home.database is None:
        return Warehouse(home.warehouse)
    from warehouse.postgres.store import PostgresWarehouse  # late: an embedded installation loads no driver

    return PostgresWarehouse(home.database)
