"""How far a sync is, as it is noted for whoever looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assets.progress import Progress
from assets.sync import SyncOptions, sync_dossier
from connectors.catalog import package
from connectors.sandbox.stage import company_of, open_sandbox
from foundation.errors import Busy
from portal.demo import link_sandbox
from registry.store import Registry, SyncProgress
from resources.house import House
from tests.installation import installed

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@dataclass
class Time:
    """Stands still until somebody sleeps."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House.open(installed(tmp_path / "home")) as opened:
        yield opened


def noted(house: House) -> SyncProgress | None:
    return house.registry.progress(["1042"]).get("1042")


def progress(house: House, time: Time, heard: list[tuple[str, int]] | None = None) -> Progress:
    told = replace(house, now=time.now, sleep=time.sleep)
    passed_on = [] if heard is None else heard
    return Progress(told, "1042", "s-1", lambda stage, rows: passed_on.append((stage, rows)), clock=time)


def test_a_stage_is_noted_after_a_second_and_always_passed_on(house: House) -> None:
    time, heard = Time(), list[tuple[str, int]]()
    report = progress(house, time, heard)
    report("link", 0)
    time.seconds = 0.9
    report("lines", 500)
    assert noted(house) is None, "a sync that is over within a second leaves no note"
    time.seconds = 1.1
    report("lines", 1000)
    time.seconds = 1.2
    report("lines", 1500)
    found = noted(house)
    assert found is not None
    assert (found.sync_id, found.stage, found.rows, found.waits_until) == ("s-1", "lines", 1000, None)
    assert heard == [("link", 0), ("lines", 500), ("lines", 1000), ("lines", 1500)]


def test_of_a_long_wait_people_hear_until_when_it_lasts(house: House) -> None:
    time = Time()
    seen: list[SyncProgress | None] = []

    def sleep(seconds: float) -> None:
        seen.append(noted(house))
        time.sleep(seconds)

    told = replace(house, now=time.now, sleep=sleep)
    report = Progress(told, "1042", "s-1", lambda stage, rows: None, clock=time)
    report("lines", 7)
    report.sleep(0.5)
    assert seen == [None], "a short wait is not worth a word"
    report.sleep(40)
    assert seen[1] is not None
    assert (seen[1].stage, seen[1].waits_until) == ("lines", NOON + timedelta(seconds=40.5))
    after = noted(house)
    assert after is not None
    assert after.waits_until is None
    assert time.slept == [0.5, 40]


class Mute(Registry):
    """A registry whose database is away whenever progress is to be noted."""

    def note_progress(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise Busy("another process has kept the registry for 30 s")


def test_trouble_with_a_note_is_none_of_the_sync(tmp_path: Path) -> None:
    row = package("exact_online_be")
    with House.open(installed(tmp_path / "home")) as opened, Mute.open(opened.home) as registry:
        house, time = replace(opened, registry=registry), Time()
        report = progress(house, time)
        time.seconds = 5
        report("lines", 10)
        with open_sandbox(row, company_of(row), tmp_path) as sandbox:
            sandbox.knobs.latency = 0.05  # type: ignore[attr-defined]
            outcome = sync_dossier(link_sandbox(house, row, sandbox), house, SyncOptions())
        assert outcome.status == "synced", outcome.error
        assert noted(opened) is None
