"""Every cloud package when its vendor or the network misbehaves: full recovery, or the right error; no half dossier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.catalog import available_packages
from connectors.contract import Batch, ExtractRequest, NextCursor
from connectors.package import Package
from connectors.sandbox.stage import Sandbox
from connectors.sandbox.vendor import Fault, FaultKind, Vendor
from foundation.errors import GrandlivreError, RateLimited, SignInAgain, VendorDown
from tests.contract.dossier import Linked, assert_tells, linked, told_by

FROM_FILES = {"cegid"}  # its sandbox is its files; its interface is made to fail in tests/declared
CLOUD = [
    row
    for row in available_packages()
    if row.kind == "ledger" and row.slug not in FROM_FILES and "base_url" in {field.name for field in row.fields}
]
PASSING: tuple[FaultKind, ...] = ("500", "503", "html", "truncated", "cut", "reset", "429_minute")


@dataclass
class Clock:
    """Time that passes when somebody sleeps; never backwards."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=sum(self.slept))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(params=CLOUD, ids=[row.slug for row in CLOUD])
def row(request: pytest.FixtureRequest) -> Package:
    return request.param


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dossier(row: Package, clock: Clock, tmp_path: Path) -> Iterator[Linked]:
    with linked(row, tmp_path) as found:
        yield replace(found, house=replace(found.house, now=clock.now, sleep=clock.sleep))


def vendor(sandbox: Sandbox) -> Vendor:
    return cast(Any, sandbox).vendor


def read(dossier: Linked, work: Path) -> Counter[str]:
    """How many rows of each resource a full read gives."""
    work.mkdir(exist_ok=True)
    rows: Counter[str] = Counter()
    connection = dossier.house.registry.link(dossier.dossier_id).connection_id
    with dossier.house.connector(connection, work=work) as connector:
        events = list(connector.extract(ExtractRequest(dossier.sandbox.external_id)))
    for event in events:
        if isinstance(event, Batch):
            rows[event.resource] += event.rows.num_rows
    assert isinstance(events[-1], NextCursor)
    return rows


def read_when_allowed(dossier: Linked, work: Path, clock: Clock) -> Counter[str]:
    """The same; where the vendor allows few calls a day, as soon as it allows them again."""
    try:
        return read(dossier, work)
    except RateLimited as refusal:
        allowed_at = refusal.resume_at or clock.now()
    clock.sleep((allowed_at - clock.now()) / timedelta(seconds=1) + 1)
    return read(dossier, work)


def test_what_passes_is_sat_out_wherever_it_strikes(dossier: Linked, clock: Clock, tmp_path: Path) -> None:
    vendor(dossier.sandbox).now = clock.now
    expected = read(dossier, tmp_path / "work")
    calls = dossier.sandbox.calls
    read(dossier, tmp_path / "work")
    in_one_read = dossier.sandbox.calls - calls
    for number, kind in enumerate(PASSING):
        fault = Fault(kind, times=2, skip=number * in_one_read // (len(PASSING) + 1))
        vendor(dossier.sandbox).knobs.faults = [fault]
        assert read_when_allowed(dossier, tmp_path / "work", clock) == expected, kind
        assert fault.times == 0, kind
    assert clock.slept


@pytest.mark.parametrize(
    ("kind", "error"), [("500", VendorDown), ("html", VendorDown), ("reset", VendorDown), ("429_day", RateLimited)]
)
def test_what_stays_is_named_and_yesterday_stands(
    dossier: Linked, kind: FaultKind, error: type[GrandlivreError]
) -> None:
    assert dossier.sync().status == "synced"
    dossier.sandbox.show(told_by(dossier.row, 1))
    calls = dossier.sandbox.calls
    vendor(dossier.sandbox).knobs.faults = [Fault(kind, times=-1, skip=1)]
    outcome = dossier.sync()
    assert isinstance(outcome.error, error), outcome
    assert dossier.dossier_id in str(outcome.error)
    assert dossier.sandbox.calls - calls < 30, "a vendor in trouble is not called without end"
    for secret in dossier.sandbox.secrets.values():
        assert secret not in str(outcome.error)
    assert_tells(dossier, told_by(dossier.row))
    vendor(dossier.sandbox).knobs.faults = []
    if kind != "429_day":  # the day is not over
        assert dossier.sync().status == "synced"
        assert_tells(dossier, told_by(dossier.row, 1))


def test_a_sign_in_that_ends_on_the_way_is_renewed_or_asked_for(dossier: Linked) -> None:
    vendor(dossier.sandbox).knobs.faults = [Fault("401", skip=3)]
    outcome = dossier.sync()
    if outcome.good:
        assert_tells(dossier, told_by(dossier.row))
    else:
        assert isinstance(outcome.error, (SignInAgain, RateLimited)), outcome
