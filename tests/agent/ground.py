"""What the tests of the service stand on: a WinBooks root, an enrolled service, a clock that is turned by hand."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from agent.clock import Backoff, Clock
from agent.enrolment import enrol
from agent.heartbeat import Heartbeat
from agent.hub import Hub
from agent.protocol import CHUNK
from agent.reading import Reader, open_source
from agent.settings import Settings, Source, load
from agent.spool import Spool
from agent.survey import Survey
from agent.tokens import TokenFile
from agent.worker import Worker
from connectors.catalog import package
from connectors.sandbox.stage import company_of
from connectors.winbooks.sandbox import WinBooksSandbox
from tests.agent.hub import Arriving, TestHub


class TurnedClock(Clock):
    """A sleep turns it on by as much; ``slept`` tells how long each was."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        start = datetime(2026, 3, 2, 3, tzinfo=UTC)
        super().__init__(lambda: start + timedelta(seconds=self.seconds), lambda: self.seconds, threading.Event())

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def write_books(folder: Path, entries: int = 2) -> Path:
    """The sandbox's data root below ``folder``: dossiers ATELIER and BROU_2."""
    return WinBooksSandbox(company_of(package("winbooks"), entries_per_month=entries), folder).root


def configure(folder: Path, hub: str, root: Path | None, *, more: str = "", path: Path | None = None) -> Path:
    """A configuration in ``folder`` with a source ``winbooks``; returns its path."""
    path = path or folder / "agent.toml"
    folder.mkdir(parents=True, exist_ok=True)
    source = f"[[source]]\nname = 'winbooks'\nsoftware = 'winbooks'\nroot = '{root}'\n" if root else ""
    path.write_text(f"hub = '{hub}'\nspool = '{folder / 'spool'}'\n{more}\n{source}", encoding="utf-8")
    return path


@dataclass
class Ground:
    """A service in parts, in this process, with its clock in the test's hands."""

    config: Path
    clock: TurnedClock = field(default_factory=TurnedClock)
    chunk_bytes: int = CHUNK

    def __post_init__(self) -> None:
        self.settings: Settings = load(self.config)
        self.spool = Spool(self.settings.spool, self.settings.limits)
        self.tokens = TokenFile(self.settings.token_file)
        self.hub = Hub(self.settings.hub, self.tokens, now=self.clock.now)
        self.second_hub = Hub(self.settings.hub, self.tokens, now=self.clock.now)
        self.survey = Survey(self.settings.sources, self.spool.index, self.clock, self.opened)
        reader = Reader(self.settings, self.spool, self.clock)
        self.away, self.sending = (Backoff(self.clock, chance=lambda: 1.0) for _ in range(2))
        self.worker = Worker(
            self.hub,
            self.spool,
            reader,
            self.survey,
            self.clock,
            self.settings.limits,
            local_time=lambda: self.clock.now().time(),
            away=self.away,
            sending=self.sending,
            chunk_bytes=self.chunk_bytes,
        )
        self.heartbeat = Heartbeat(
            self.second_hub,
            self.spool,
            self.survey,
            self.clock,
            lambda: self.worker.last_error,
            backoff=Backoff(self.clock, chance=lambda: 1.0),
        )

    def opened(self, source: Source):
        return open_source(self.settings, source, self.clock, self.spool.scratch / "survey")

    def close(self) -> None:
        self.hub.close()
        self.second_hub.close()

    def work(self, hub: TestHub, rounds: int = 300) -> None:
        """Rounds until the hub wants nothing any more."""
        for _ in range(rounds):
            self.worker.round(wait=0)
            if not hub.requests and not self.spool.deliveries():
                return
        raise AssertionError(f"not done: {list(hub.requests)}, {self.worker.last_error}")


def enrolled(folder: Path, hub: TestHub, root: Path | None, *, more: str = "") -> Path:
    """The configuration of a service that is enrolled with ``hub``."""
    config = configure(folder, hub.url, root, more=more)
    code = f"CODE-{len(hub.enrolments) + 2}"
    hub.codes.add(code)
    enrol(config, None, code)
    return config


def tables(arriving: Arriving) -> dict[str, pa.Table]:
    """The files that arrived, read."""
    return {name: pq.read_table(io.BytesIO(bytes(content))) for name, content in arriving.parts.items()}
