"""A hub over an installation, and a firm's server with a WinBooks dossier that is linked through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from foundation.home import Home
from foundation.secrets import Secret
from portal.operations.dossiers import add_link
from registry.store import Link, Wanted
from resources.house import House
from tests.hub.service import Parcel, Server, Service, serving
from tests.installation import installed
from tests.postgres import Server as Postgres

ROW = package("winbooks")
FIRM = "Vandamme"


@dataclass
class Site:
    """A firm's server, its service at the hub, and the dossier that is linked through it."""

    house: House
    service: Service
    server: Server
    sandbox: Sandbox
    agent_id: str
    connection_id: str
    link: Link

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.agent_id, self.connection_id, self.link.external_id)

    def parcel(self, delivery_id: str = "d-1") -> Parcel:
        """The dossier, asked for and read."""
        self.house.registry.ask_agents([self.wanted])
        return self.server.read(self.service.requests()[0], delivery_id)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House.open(installed(tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def team(tmp_path: Path, postgres: Postgres) -> Iterator[House]:
    with House.open(Home(tmp_path / "team", Secret(postgres.database()))) as opened:
        yield opened


@pytest.fixture
def hub(house: House) -> Iterator[str]:
    with serving(house) as address:
        yield address


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "server").mkdir()
    with open_sandbox(ROW, company_of(ROW), tmp_path / "server") as opened:
        yield opened


@pytest.fixture
def server(sandbox: Sandbox, tmp_path: Path) -> Server:
    return Server(ROW, sandbox.settings, tmp_path / "work")


@pytest.fixture
def site(house: House, hub: str, server: Server, sandbox: Sandbox) -> Site:
    return site_at(house, hub, server, sandbox)


def site_at(house: House, address: str, server: Server, sandbox: Sandbox) -> Site:
    registry = house.registry
    agent_id = registry.add_agent(FIRM, "Server Gent").agent_id
    service = Service(address)
    assert service.enrol(registry.new_agent_code(agent_id).reveal()).status_code == 200
    assert service.report(server.source()).status_code == 200
    settings = ROW.complete_settings({"agent": agent_id, "source": server.name})
    connection = registry.add_connection(ROW.slug, FIRM, settings=settings)
    with house.connector(connection.id, work=house.home.scratch) as connector:
        ref = next(each for each in connector.discover() if each.external_id == sandbox.external_id)
    link = add_link(house, connection.id, ref, mode="replace", dossier="atelier")
    return Site(house, service, server, sandbox, agent_id, connection.id, link)
