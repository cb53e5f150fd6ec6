"""What a sync is given, wired for one installation: registry, landing, warehouse, and open connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.budgets import Budgets
from connectors.catalog import package
from connectors.contract import Access, Connector
from foundation.home import Home
from registry.store import Registry
from registry.tokens import ConnectionTokens
from resources.landing import Landing
from warehouse.contract import Store
from warehouse.store import Warehouse

Report = Callable[[str, int], None]
"""Hears about progress: the stage of the sync, and rows so far in it."""


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
    def connector(self, connection_id: str, *, work: Path, report: Report = silent) -> Iterator[Connector]:
        """The open connection of the registry's ``connection_id``; ``work`` is a folder for its unfinished files."""
        connection = self.registry.connection(connection_id)
        row = package(connection.software)
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


def open_warehouse(home: Home) -> Store:
    """The warehouse of ``home`` alone: what an analyst needs, who has no business in the registry."""
    if home.database is None:
        return Warehouse(home.warehouse)
    from warehouse.postgres.store import PostgresWarehouse  # late: an embedded installation loads no driver

    return PostgresWarehouse(home.database)
