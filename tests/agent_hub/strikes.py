"""Kills of the service, and of the hub, at random moments while dossiers are delivered; and what must hold after."""

from __future__ import annotations

import io
import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import select

from agent.protocol import Request
from agent.settings import load
from agent.spool import Spool
from assets.freshness import ARRIVED
from assets.sync import SyncOptions, sync_dossier
from connectors.sandbox.stage import company_of
from connectors.winbooks.sandbox import DOSSIER, WinBooksSandbox
from registry import agent_models as models
from registry.store import Link
from tests.agent_hub.pair import AGENT, ROW, Pair, until
from tests.hub.test_sync import told

HUB_EVERY = 3
"""Every so many kills of the service the hub is killed too, while the service goes on."""


def write_root(folder: Path, dossiers: int, entries: int) -> Path:
    """A root of dossiers; no two have the same books."""
    root = folder / "data"
    for number in range(dossiers):
        company = company_of(ROW, entries_per_month=entries + number)
        source = WinBooksSandbox(company, folder / f"told-{number}").root
        for name in (DOSSIER, f"{DOSSIER}-2024"):
            target = root / name.replace(DOSSIER, f"D{number:02}")
            target.mkdir(parents=True)
            for file in (source / name).iterdir():
                shutil.copyfile(file, target / file.name.replace(DOSSIER, f"D{number:02}"))
    return root


@dataclass
class Struck:
    """A pair under kills. ``asked`` are the requests that were made."""

    pair: Pair
    links: list[Link]
    chance: random.Random
    asked: set[str] = field(default_factory=set)

    def ask(self) -> None:
        """Everything is wanted anew, and as a whole: what the hub holds is lost to it."""
        registry = self.pair.house.registry
        for each in registry.kept_deliveries():
            registry.lose_delivery(each)
        self.asked |= {each.request_id for each in registry.ask_agents([self.pair.wanted(link) for link in self.links])}

    def strike(self, kills: int) -> None:
        """Kills the service so often, and the hub every now and then, with work to do at each moment."""
        for number in range(1, kills + 1):
            if not self._open():
                self.ask()
            with self.pair.service.running() as process:
                self._somewhere()
                if number % HUB_EVERY == 0:
                    before = self._arrived()  # a dossier at which the service ended five times in a row is refused
                    until(lambda: self._arrived() > before or not self._open(), "a dossier arrives")  # noqa: B023
                    self.pair.hub.stop(signal.SIGKILL)
                    time.sleep(self.chance.uniform(0, 0.3))
                    self.pair.hub.start()
                    self.pair.hub.ready()
                    self._somewhere()
                process.send_signal(signal.SIGKILL)
                process.wait()

    def calm(self) -> None:
        """Lets the service end what there is to do."""
        with self.pair.service.running():
            until(lambda: not self._open(), "everything arrives")
            until(lambda: self._spool().is_empty, "the spool is empty")

    def _somewhere(self) -> None:
        """Returns at a random moment of the work: when some more of it arrived, and a little later."""
        before, spool = self._arrived(), self._spool()
        begun = lambda: any((spool.folder / "deliveries").glob("*/*")) or self._arrived() > before  # noqa: E731
        until(lambda: begun() or not self._open(), "the service begins")
        wanted, end = self._arrived() + self.chance.randrange(3), time.monotonic() + self.chance.uniform(0, 4)
        until(lambda: self._arrived() >= wanted or not self._open() or time.monotonic() > end, "something arrives")
        time.sleep(self.chance.uniform(0, 0.15))

    def _open(self) -> int:
        return len(self.pair.house.registry.open_requests(AGENT))

    def _arrived(self) -> int:
        return len(self._accepted())

    def _accepted(self) -> list[str]:
        """The request of each delivery that was accepted."""
        table = models.AgentDelivery
        with self.pair.house.registry.reading() as session:
            return list(session.scalars(select(table.request_id).where(table.accepted_at.is_not(None))))

    def _spool(self) -> Spool:
        return Spool(load(self.pair.service.config).spool)

    def assert_all_came_once_and_whole(self, work: Path) -> int:
        """Each request was met by one delivery; what is kept, and what is loaded of it, is what the folders hold.
        Returns how many deliveries that were."""
        registry, accepted = self.pair.house.registry, self._accepted()
        assert sorted(accepted) == sorted(self.asked)
        for request_id in accepted:
            asked = registry.agent_request(request_id)
            assert asked is not None
            assert asked.refusal is None
        server = self.pair.server(work)
        for link in self.links:
            asked = Request(request_id="x", source=server.name, software=ROW.slug, external_id=link.external_id)
            books, kept = server.read(asked, "d-1").data, self.pair.kept(link)
            assert kept.keys() == books.keys()
            for name, file in books.items():
                assert kept[name].equals(pq.read_table(io.BytesIO(file))), (link.external_id, name)
        self._assert_nothing_lies_about()
        self._assert_loaded()
        return len(accepted)

    def _assert_nothing_lies_about(self) -> None:
        spool, home = self._spool(), self.pair.house.home
        with spool.taken():  # which clears away what a kill left half gone
            assert not list((spool.folder / "deliveries").iterdir())
        assert not [path for path in home.incoming.rglob("*") if path.is_file()]
        kept = self.pair.house.registry.kept_deliveries()
        assert sorted(each.wanted.external_id for each in kept) == sorted(link.external_id for link in self.links)

    def _assert_loaded(self) -> None:
        """One dossier's figures are those of its folder; the others go the same way."""
        link = self.links[self.chance.randrange(len(self.links))]
        assert sync_dossier(link.dossier_id, self.pair.house, SyncOptions(trigger=ARRIVED)).status == "synced"
        self.pair.link(self.pair.connect_root(), link.external_id, "by-root")
        assert sync_dossier("by-root", self.pair.house).status == "synced"
        theirs = told(self.pair.house, "by-root")
        assert theirs["journal_lines"]
        assert told(self.pair.house, link.dossier_id) == theirs


def prepared(pair: Pair, chance: random.Random) -> Struck:
    """The pair, enrolled, with every dossier of its root linked."""
    pair.enrol()
    pair.service("grandlivre-agent once")
    connection = pair.connect()
    with pair.house.connector(connection, work=pair.house.home.scratch) as connector:
        names = [each.external_id for each in connector.discover()]
    return Struck(pair, [pair.link(connection, name, name.lower()) for name in names], chance)
