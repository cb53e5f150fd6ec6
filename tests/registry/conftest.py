"""A registry in a folder of its own, whatever the environment says, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.home import Home
from foundation.secrets import Secret
from registry.store import Connection, Link, Registry
from registry.vault import Vault


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2025, 3, 1, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **span: float) -> datetime:
        self.moment += timedelta(**span)
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "state")


@pytest.fixture
def registry(home: Home, clock: Clock) -> Iterator[Registry]:
    with Registry.open(home, vault=Vault.of(home, environ={}), now=clock) as opened:
        yield opened


@pytest.fixture
def connection(registry: Registry) -> Connection:
    return registry.add_connection("yuki", "Vandamme", secrets={"access_key": Secret("key-of-vandamme")})


@pytest.fixture
def link(registry: Registry, connection: Connection) -> Link:
    return registry.add_link(connection.id, "guid-1042", code="1042", name="Bakkerij Janssens")
