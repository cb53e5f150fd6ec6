"""The server may call port 443 of the hub and nothing else, and nobody may call the server: that is enough."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assets.sync import SyncOptions, sync_dossier
from tests.agent.ground import write_books
from tests.agent_hub.namespaces import HUB, SERVER, Machines, NotHere, two_machines
from tests.agent_hub.pair import AGENT, paired, reaches, until
from tests.hub.test_sync import told

_LISTEN = """
import socket, sys
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listening:
    print("listening", flush=True)
    while True:
        listening.accept()[0].close()
"""


@pytest.fixture
def machines() -> Iterator[Machines]:
    try:
        with two_machines() as made:
            yield made
    except NotHere as reason:
        pytest.skip(str(reason))


@contextmanager
def listening(within: tuple[str, ...], address: str, port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [*within, sys.executable, "-c", _LISTEN, address, str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "listening\n"
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.mark.timeout(240)
def test_outgoing_calls_to_port_443_are_all_that_the_service_needs(machines: Machines, tmp_path: Path) -> None:
    with listening(machines.hub, HUB, 8443), listening(machines.server, SERVER, 8443):
        assert reaches(machines.hub, HUB, 8443)
        assert reaches(machines.server, SERVER, 8443)
        assert not reaches(machines.server, HUB, 8443)
        assert not reaches(machines.hub, SERVER, 8443)
    root = write_books(tmp_path / "books")
    with paired(tmp_path, root, host=HUB, port=443, hub_in=machines.hub, service_in=machines.server) as pair:
        pair.enrol()
        with pair.service.running():
            seen = lambda: pair.house.registry.agent_sources(AGENT)  # noqa: E731
            until(lambda: any(source.dossiers for source in seen()), "the dossiers are reported")
            link = pair.link(pair.connect(), "ATELIER", "atelier")
            outcome = sync_dossier("atelier", pair.house, SyncOptions())
        assert (outcome.status, outcome.error) == ("synced", None)
        pair.link(pair.connect_root(), link.external_id, "by-root")
        assert sync_dossier("by-root", pair.house).status == "synced"
        assert told(pair.house, "atelier") == told(pair.house, "by-root")
        assert told(pair.house, "atelier")["journal_lines"]
