"""A service that is killed at any moment: everything arrives once, and is what it would have been."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from agent.settings import load
from agent.spool import Spool
from tests.agent.faults import Fault
from tests.agent.ground import enrolled, tables, write_books
from tests.agent.hub import Arriving, TestHub
from tests.agent.serving import serving

ROOT = Path(__file__).resolve().parents[2]
KILLS = 10


@contextmanager
def running(config: Path, *, command: str = "run") -> Iterator[subprocess.Popen[bytes]]:
    """A real service in a process of its own."""
    log = config.with_name("service.log").open("ab")
    with log:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "--config", str(config), command], cwd=ROOT, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def until(condition: object, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Waits for ``condition()``; fails when the service ends before."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, "the service has ended by itself"
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.01)


def ask_for_everything(hub: TestHub) -> None:
    for year in (None, 2025, 2026):
        since = date(year, 1, 1) if year else None
        hub.want(f"atelier-{year}", "ATELIER", since=since)
        hub.want(f"brou-{year}", "BROU_2", since=since, urgent=year == 2025)
    hub.want("nobody", "NOBODY")


def arrived(hub: TestHub) -> dict[str, Arriving]:
    assert len({each.delivery.request_id for each in hub.accepted}) == len(hub.accepted)
    return {each.delivery.request_id: each for each in hub.accepted}


@pytest.mark.timeout(240)
def test_ten_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    root = write_books(tmp_path / "books")
    chance = random.Random(time.time_ns())
    calm, struck = TestHub(), TestHub()
    with serving(calm):
        ask_for_everything(calm)
        with running(enrolled(tmp_path / "calm", calm, root), command="once") as process:
            assert process.wait(60) == 0
    with serving(struck):
        config = enrolled(tmp_path / "struck", struck, root)
        ask_for_everything(struck)
        struck.chaos = lambda asked: Fault("slow", seconds=chance.uniform(0, 0.03))  # so that there is time to kill
        for number in range(KILLS):
            with running(config) as process:
                if number % 3 == 2:  # a dossier at which the service ended five times in a row is refused
                    done = len(struck.accepted)
                    until(lambda: len(struck.accepted) > done or not struck.requests, process)  # noqa: B023
                wanted = len(struck.calls) + chance.randrange(1, 14)
                moment = time.monotonic() + chance.uniform(0.5, 4)
                until(lambda: len(struck.calls) >= wanted or time.monotonic() > moment, process)  # noqa: B023
                time.sleep(chance.uniform(0, 0.05))
                process.send_signal(signal.SIGKILL)
                process.wait()
            if not struck.requests:
                ask_again(struck)
        spool = Spool(load(config).spool)
        with running(config) as process:
            until(lambda: not struck.requests and spool.is_empty, process)  # it has heard the last answer, too
    with spool.taken():
        assert spool.deliveries() == []
    told, expected = arrived(struck), arrived(calm)
    assert struck.refused["nobody"].kind == calm.refused["nobody"].kind == "wrong_input"
    assert set(told) >= set(expected)
    for request_id, delivery in told.items():
        same = expected[request_id.partition("+")[0]]
        assert tables(delivery) == tables(same)
        assert delivery.delivery.files == same.delivery.files
        assert delivery.delivery.remarks == same.delivery.remarks
        assert delivery.delivery.cursor == same.delivery.cursor


def ask_again(hub: TestHub) -> None:
    """More work, for the kills that are left."""
    for number in range(3):
        hub.want(f"atelier-None+{len(hub.accepted)}-{number}", "ATELIER")


def test_a_service_that_is_told_to_stop_does_so_soon(tmp_path: Path, hub: TestHub, books: Path) -> None:
    with running(enrolled(tmp_path, hub, books)) as process:
        until(lambda: any("wait=25" in call or "wait=2" in call for call in hub.calls) and hub.reports, process)
        began = time.monotonic()
        process.terminate()
        assert process.wait(30) == 0
    assert time.monotonic() - began < 20  # the hub holds its question for longer
    assert [len(source.dossiers) for source in hub.reports[-1].sources] in ([0], [1], [2])


def test_a_second_service_on_the_same_spool_says_so(tmp_path: Path, hub: TestHub, books: Path) -> None:
    config = enrolled(tmp_path, hub, books)
    with running(config) as process:
        until(lambda: hub.reports, process)
        done = subprocess.run(
            [sys.executable, "-m", "agent.cli", "--config", str(config), "once"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "already works with the spool" in done.stderr
    assert "Traceback" not in done.stderr
