"""The real hub and the real service: two processes that know of each other what a socket tells."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from connectors.catalog import package
from foundation.home import Home
from portal.operations.dossiers import add_link
from registry.store import Link, Wanted
from resources.delivery_files import DeliveryFiles
from resources.house import House
from tests.agent.ground import configure
from tests.agent_hub.authority import Certificates, certificates
from tests.hub.service import Server
from tests.installation import installed
from tests.portal.cli import ROOT, Cli

ROW = package("winbooks")
FIRM, AGENT, SOURCE = "Van Damme", "server-gent", "winbooks"


def until(condition: Callable[[], Any], what: str, seconds: float = 90) -> None:
    """Waits for ``condition()``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it takes too long: {what}"
        time.sleep(0.02)


def reaches(within: Sequence[str], address: str, port: int) -> bool:
    """Whether somebody there can call that port."""
    call = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1).close()"
    command = [*within, sys.executable, "-S", "-c", call, address, str(port)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass
class HubProcess:
    """``grandlivre hub`` over an installation, encrypted; it comes back at the same address. ``within`` is put before
    its command."""

    home: Home
    log: Path
    papers: Certificates
    host: str = "127.0.0.1"
    port: int = 0
    within: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        if not self.port:
            with socket.create_server((self.host, 0)) as free:
                self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"https://{self.host}" + ("" if self.port == 443 else f":{self.port}")

    def start(self) -> None:
        papers = ["--certfile", str(self.papers.certificate), "--keyfile", str(self.papers.key)]
        command = [*self.within, sys.executable, "-m", "portal.cli", "hub", "--host", self.host]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *papers],
                env={**os.environ, **Cli(self.home.root).environment},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> HubProcess:
        """Waits until it listens."""
        until(self._answers, f"the hub starts: {self.log.read_text()[-500:]}")
        return self

    def _answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        return reaches(self.within, self.host, self.port)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


@dataclass
class ServiceProcess:
    """``grandlivre-agent`` on a firm's server, with a configuration of its own."""

    config: Path
    within: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, command: str, *, text: str = "", ok: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a line as somebody would type it on the server."""
        done = subprocess.run(
            [*self.within, *self._python(), *shlex.split(command)[1:]],
            input=text,
            env=self._environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert command.startswith("grandlivre-agent ")
        assert "Traceback" not in done.stderr, done.stderr
        assert not ok or done.returncode == 0, done.stderr + done.stdout
        return done

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """``grandlivre-agent run``, killed at the end."""
        with self.config.with_name("service.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.within, *self._python(), "run"], env=self._environment(), cwd=ROOT, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    @staticmethod
    def _python() -> list[str]:
        return [sys.executable, "-m", "agent.cli"]

    def _environment(self) -> dict[str, str]:
        told = {"PYTHONPATH": str(ROOT), "GRANDLIVRE_AGENT_CONFIG": str(self.config)}
        return {**os.environ, **told, **self.environment}


@dataclass
class Pair:
    """An installation with its hub, and a server whose ``root`` the service reads."""

    house: House
    hub: HubProcess
    service: ServiceProcess
    root: Path

    @property
    def cli(self) -> Cli:
        return Cli(self.house.home.root)

    def enrol(self) -> None:
        """What the administrator prints is what the IT partner types."""
        made = self.cli("agent", "add", "--firm", FIRM, "--name", "Server Gent", "--hub", self.hub.url)
        assert made.out.split()[0] == AGENT
        self.service(made.err.strip().splitlines()[-1].strip())

    def connect(self) -> str:
        told = ("--set", f"agent={AGENT}", "--set", f"source={SOURCE}")
        return self.cli("connect", ROW.slug, "--firm", FIRM, *told).line

    def connect_root(self) -> str:
        """The same files, read by this machine."""
        return self.cli("connect", ROW.slug, "--firm", FIRM, "--set", f"root={self.root}").line

    def link(self, connection: str, external_id: str, dossier: str) -> Link:
        with self.house.connector(connection, work=self.house.home.scratch) as connector:
            ref = next(each for each in connector.discover() if each.external_id == external_id)
        return add_link(self.house, connection, ref, mode="replace", dossier=dossier)

    def wanted(self, link: Link) -> Wanted:
        return Wanted(AGENT, link.connection_id, link.external_id)

    def kept(self, link: Link) -> dict[str, Any]:
        """The tables that the hub holds of a dossier."""
        found = self.house.registry.delivered(self.wanted(link))
        assert found is not None
        names = [file["resource"] for file in found.content.told["files"]]
        paths = DeliveryFiles(self.house.home).kept(found.content, names, self.house.home.scratch)
        return {name: pq.read_table(paths[name]) for name in names}

    def server(self, work: Path) -> Server:
        """The server's books, to be read in this process."""
        return Server(ROW, {"root": str(self.root)}, work, SOURCE)


@contextmanager
def paired(
    folder: Path,
    root: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    hub_in: Sequence[str] = (),
    service_in: Sequence[str] = (),
) -> Iterator[Pair]:
    """A hub that runs, and a server that is configured and not enrolled yet; in ``folder``."""
    home = installed(folder / "home")
    hub = HubProcess(home, folder / "hub.log", certificates(folder / "papers", host), host, port, hub_in)
    hub.start()
    config = configure(folder / "server", hub.url, root, more=f"ca_file = '{hub.papers.authority}'")
    try:
        with House.open(home) as house:
            yield Pair(house, hub.ready(), ServiceProcess(config, service_in), root)
    finally:
        hub.stop()
    assert "Traceback" not in hub.log.read_text()
