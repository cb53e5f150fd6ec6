"""``python -m benchmarks.portal [--dossiers 5000] [--rounds 40] [--postgres]``: how quick the list of dossiers is.

A firm with that many dossiers, a month of nights behind them, and a firm with none, at one served portal. Pages are
asked for in turn, so that whatever else the machine does strikes all of them alike; of each the 95th percentile is
told as a ratio to that of the smallest page: the list of the firm that has no dossier.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import requests
import uvicorn

from foundation.home import Home
from foundation.secrets import Secret
from portal.web.app import portal_app
from portal.web.serving import portal_config
from portal.web.settings import PortalSettings
from registry import models
from registry.store import Link, Registry
from resources.house import House
from tests.pipelines.ui import free_port

PAGES = {
    "the list": "/dossiers",
    "page 50": "/dossiers?page=50",
    "a search": "/dossiers?search=ecluse+49",
    "those that failed": "/dossiers?shown=failed",
    "what needs attention": "/dossiers?shown=attention",
    "the oldest first": "/dossiers?sort=age",
}
GOAL = 5.0
_NAMES = ("Bakkerij Janssens", "Café de l'Écluse", "Garage Peeters & Zoon", "Immo du Parc", "Élan Conseil", "Zetel")
_PACKAGES = ("exact_online_be", "yuki", "twinfield", "odoo", "bocount")


class NoLauncher:
    """Nothing is started here."""

    def launch(self, links: Sequence[Link], **options: bool) -> dict[str, str]:
        raise NotImplementedError


def fill(registry: Registry, dossiers: int, nights: int) -> None:
    """Links the dossiers of the firm Large, with a run for each night; one in fifty failed in the last."""
    connections = [registry.add_connection(slug, "Large", slug) for slug in _PACKAGES]
    for connection in connections:
        registry.set_health(connection.id, "ok", None)
    now, firm = registry.now(), connections[0].firm_id
    with registry.writing() as session:
        for number in range(dossiers):
            name, connection = f"{_NAMES[number % len(_NAMES)]} {number}", connections[number % len(connections)]
            dossier_id = f"{number:05}-dossier"
            session.add(
                models.Link(
                    link_id=f"{dossier_id}--1",
                    dossier_id=dossier_id,
                    firm_id=firm,
                    connection_id=connection.id,
                    external_id=str(900_000 + number),
                    code=f"{number:05}",
                    name=name,
                    country="BE",
                    currency="EUR",
                    vat_number=f"BE0{number:09}",
                    mode="replace",
                    transfer_date=None,
                    active=True,
                    linked_at=now - timedelta(days=nights),
                    unlinked_at=None,
                    wanted_first_sync=False,
                )
            )
        session.flush()
        for night in range(nights):
            session.execute(
                models.SyncRun.__table__.insert(),
                [_run(number, night, registry, firm) for number in range(dossiers)],
            )


def _run(number: int, night: int, registry: Registry, firm: str) -> dict[str, object]:
    began = registry.now() - timedelta(days=night, hours=6, seconds=number % 3600)
    failed = night == 0 and number % 50 == 0
    return {
        "sync_id": f"{began:%Y%m%dt%H%M%S%f}-{number:06x}",
        "dossier_id": f"{number:05}-dossier",
        "link_id": f"{number:05}-dossier--1",
        "firm_id": firm,
        "software": _PACKAGES[number % len(_PACKAGES)],
        "trigger": "nightly",
        "mode": "replace",
        "started_at": began,
        "finished_at": began + timedelta(seconds=5),
        "status": "failed" if failed else "synced" if number % 3 else "unchanged",
        "rows_read": 1000,
        "rows_loaded": number % 40,
        "rows_deleted": number % 7,
        "vendor_calls": 3,
        "error_kind": "vendor_down" if failed else None,
        "error_message": "the package does not answer" if failed else None,
    }


@contextmanager
def serving(house: House) -> Iterator[str]:
    """A portal over the installation; its address."""
    port = free_port()
    settings = PortalSettings(public_url=f"http://127.0.0.1:{port}")
    server = uvicorn.Server(portal_config(portal_app(house, NoLauncher(), settings), host="127.0.0.1", port=port))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield settings.public_url
    finally:
        server.should_exit = True
        thread.join(10)


def signed_in(house: House, firm: str) -> requests.Session:
    """An administrator's browser."""
    user = house.registry.add_user(firm, f"somebody@{firm.lower()}.example", "Somebody", "administrator")
    session = requests.Session()
    session.trust_env = False
    session.cookies.set("grandlivre", house.registry.give_key(user.user_id, "session", timedelta(hours=1)).reveal())
    return session


def seconds_for(session: requests.Session, address: str) -> float:
    started = time.perf_counter()
    answer = session.get(address, timeout=60)
    spent = time.perf_counter() - started
    assert answer.status_code == 200, answer.text
    return spent


def measure(home: Home, dossiers: int, nights: int, rounds: int) -> dict[str, list[float]]:
    """The seconds of each page, round by round; ``smallest`` is the page of the firm without dossiers."""
    spent: dict[str, list[float]] = {name: [] for name in ("smallest", *PAGES)}
    with House.open(home) as house:
        house.registry.ensure_firm("Empty")
        fill(house.registry, dossiers, nights)
        empty, large = signed_in(house, "Empty"), signed_in(house, "Large")
        with serving(house) as address:
            for turn in range(-3, rounds):  # the first three find caches cold
                taken = {"smallest": seconds_for(empty, f"{address}/dossiers")}
                taken |= {name: seconds_for(large, address + path) for name, path in PAGES.items()}
                if turn >= 0:
                    for name, seconds in taken.items():
                        spent[name].append(seconds)
    return spent


def main() -> None:
    """Measures and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dossiers", type=int, default=5000)
    arguments.add_argument("--nights", type=int, default=30)
    arguments.add_argument("--rounds", type=int, default=40)
    arguments.add_argument("--postgres", action="store_true", help="In a Postgres of its own, in place of SQLite.")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = None
        if given.postgres:
            from tests.postgres import Server

            server = Server()
            database = Secret(server.empty_database())
        spent = measure(Home(Path(folder) / "home", database=database), given.dossiers, given.nights, given.rounds)
        if given.postgres:
            server.stop()
    smallest = _p95(spent["smallest"])
    print(f"{given.dossiers:,} dossiers, {given.nights} nights, {given.rounds} rounds, 95th percentile (median):")
    for name, seconds in spent.items():
        ratio = f"{_p95(seconds) / smallest:5.2f} times" if name != "smallest" else "          "
        print(f"  {name:22} {_p95(seconds) * 1e3:7.1f} ms {ratio}  ({statistics.median(seconds) * 1e3:.1f} ms)")
    print(f"goal: at most {GOAL:.0f} times")


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    main()
