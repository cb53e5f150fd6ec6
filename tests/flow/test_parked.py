"""A sync that the vendor's day is too short for is parked, keeps its pages, and asks only for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from connectors.catalog import package
from connectors.exact_online.sandbox import ExactSandbox, Fault, Knobs, open_sandbox
from foundation.home import Home
from portal.demo import link_sandbox
from registry.store import Registry
from resources.house import House
from resources.landing import Landing
from tests.contract.dossier import Linked, assert_tells, told_by
from tests.flow.test_kill_and_resume import everything
from tests.landed import Clock
from warehouse.store import Warehouse

BULK, FEED = "bulk/Financial/TransactionLines?", "sync/Financial/TransactionLines?"
ROW = package("exact_online_be")
ENTRY = [("613200", "10.10"), ("440000", "-10.10")]


class Parked(Linked):
    """A linked dossier in virtual time, whose vendor allows few calls a day."""

    sandbox: ExactSandbox

    @property
    def vendor(self) -> ExactSandbox:
        return self.sandbox

    def allow(self, calls: int) -> None:
        """The vendor allows so many calls more today, and that many every day from tomorrow on."""
        vendor = self.vendor.vendor
        vendor.limits._windows.clear()
        vendor.knobs.day_limit = calls
        self.house.now.pass_by(days=1, seconds=1)  # type: ignore[attr-defined]

    def asked(self, part: str) -> list[str]:
        return [unquote(request) for request in self.vendor.vendor.requests if part in request]

    @property
    def kept(self) -> Path:
        return self.house.home.landing / ROW.slug / self.dossier_id / "kept"


@contextmanager
def parked(folder: Path, **knobs: object) -> Iterator[Parked]:
    clock, home = Clock(), Home(folder / "home")
    folder.mkdir(exist_ok=True)
    home.create()
    told = Knobs(page_size=100, small_page_size=1000, **knobs)  # type: ignore[arg-type]
    with (
        open_sandbox(ROW.slug, told_by(ROW), knobs=told, now=clock) as sandbox,
        Registry.open(home, now=clock) as registry,
    ):
        house = House(home, registry, Landing(str(home.landing)), Warehouse(home.warehouse), clock, clock.sleep)
        house.warehouse.create()
        yield Parked(ROW, house, sandbox, link_sandbox(house, ROW, sandbox))


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Parked]:
    with parked(tmp_path) as found:
        yield found


def undisturbed(folder: Path, revision: int = 0) -> dict[str, list[tuple[object, ...]]]:
    """The figures of a sync that nothing stood in the way of."""
    with parked(folder / "calm") as calm:
        calm.sandbox.show(told_by(ROW, revision))
        assert calm.sync().status == "synced"
        return everything(calm)


def test_the_second_attempt_asks_only_for_the_rest_and_tells_the_same(dossier: Parked, tmp_path: Path) -> None:
    dossier.allow(12)
    first = dossier.sync()
    assert (first.status, first.vendor_calls) == ("parked", 12 + 1), "a token is not counted with the others"
    assert dossier.vendor.vendor.over_limit == 0
    assert first.error is not None
    assert "rows read so far are kept" in str(first.error)
    run = dossier.house.registry.last_run(dossier.dossier_id)
    assert run is not None
    assert run.next_retry_at == dossier.house.now() + timedelta(days=1)
    before = dossier.asked(BULK)
    assert len(before) >= 3
    assert dossier.sync().vendor_calls == 0, "as long as the day lasts, nothing is asked"
    dossier.allow(1000)
    dossier.vendor.vendor.requests.clear()
    second = dossier.sync()
    assert second.status == "synced", second.error
    after = dossier.asked(BULK)
    assert set(before) & set(after) == set()
    assert len(before) + len(after) == -(-len(dossier.vendor.vendor.books.lines) // 100)
    assert not dossier.asked("SyncTimestamp")
    assert_tells(dossier, told_by(ROW))
    assert everything(dossier) == undisturbed(tmp_path)
    assert not dossier.kept.exists()
    assert dossier.sync().status == "unchanged"


def test_what_happens_between_two_attempts_is_right_in_the_end(dossier: Parked, tmp_path: Path) -> None:
    dossier.allow(14)
    assert dossier.sync().status == "parked"
    dossier.sandbox.show(told_by(ROW, 1))  # changes and deletes lines, also of pages that are read already
    dossier.allow(1000)
    assert dossier.sync().status == "synced"
    assert_tells(dossier, told_by(ROW, 1))
    assert everything(dossier) == undisturbed(tmp_path, 1)


def test_a_dossier_that_takes_many_days_gets_there(dossier: Parked) -> None:
    days = 0
    dossier.vendor.knobs.page_size = 25
    dossier.allow(16)  # of which small tables, feeds and balances take 13 every day
    while (outcome := dossier.sync()).status == "parked":
        days += 1
        assert days < 20
        dossier.house.now.pass_by(days=1, seconds=1)  # type: ignore[attr-defined]
    assert outcome.status == "synced", outcome.error
    assert days > 2
    pages = dossier.asked(BULK)
    assert len(set(pages)) == len(pages) == -(-len(dossier.vendor.vendor.books.lines) // 25)
    assert dossier.vendor.vendor.over_limit == 0
    assert_tells(dossier, told_by(ROW))


@pytest.mark.parametrize("calls", range(8, 22, 3))
def test_wherever_it_is_parked_the_figures_are_the_same(tmp_path: Path, calls: int) -> None:
    since = date(2025, 1, 1)
    with parked(tmp_path) as dossier:
        registry = dossier.house.registry
        link = registry.link(dossier.dossier_id)
        registry.relink(link.dossier_id, link.connection_id, link.external_id, mode="from_date", transfer_date=since)
        held = dossier.vendor.vendor.books
        opening = [key for key, row in held.lines.items() if row["FinancialYear"] == 2025 and row["Type"] == 328]
        closing = [key for key, row in held.lines.items() if row["FinancialYear"] == 2024 and 320 <= row["Type"] <= 327]
        held.delete_lines(opening + closing)  # without openings of its own, what came before the year is read, too
        dossier.allow(calls)
        first = dossier.sync()
        assert first.status == "parked"
        dossier.allow(1000)
        assert dossier.sync().status == "synced"
        pages = dossier.asked(BULK)
        assert len(set(pages)) == len(pages)
        assert_tells(dossier, told_by(ROW), since)


def test_where_the_feed_alone_tells_the_lines_it_goes_on_in_the_feed(tmp_path: Path) -> None:
    with parked(tmp_path, forbidden={"bulk/Financial/TransactionLines"}) as dossier:
        dossier.allow(14)
        assert dossier.sync().status == "parked"
        read = dossier.asked(FEED)
        dossier.allow(1000)
        dossier.vendor.vendor.requests.clear()
        assert dossier.sync().status == "synced"
        assert "Timestamp gt 0L" not in dossier.asked(FEED)[0]
        assert len(read) > 2
        assert_tells(dossier, told_by(ROW))
        codes = {code for (code,) in dossier.query("SELECT check_name FROM ledger.check_results WHERE NOT passed")}
        assert "no_bulk_lines" in codes, "what the first attempt noticed is told, too"


def test_a_vendor_that_goes_away_half_way_costs_no_page_either(dossier: Parked) -> None:
    dossier.vendor.knobs.faults = [Fault("500", path=BULK, times=20, skip=4)]
    outcome = dossier.sync()
    assert (outcome.status, outcome.error and outcome.error.kind) == ("failed", "vendor_down")
    read = dossier.asked(BULK)[:4]
    dossier.vendor.knobs.faults = []
    dossier.vendor.vendor.requests.clear()
    assert dossier.sync().status == "synced"
    assert set(read) & set(dossier.asked(BULK)) == set()
    assert_tells(dossier, told_by(ROW))


@pytest.mark.parametrize("reason", ["renumbered", "too old", "address refused", "another link", "damaged"])
def test_kept_pages_that_mean_nothing_any_more_are_read_again(dossier: Parked, reason: str) -> None:
    dossier.allow(12)
    assert dossier.sync().status == "parked"
    read = dossier.asked(BULK)
    dossier.allow(1000)
    match reason:
        case "renumbered":
            dossier.vendor.vendor.books.division_fields["DivisionMoveDate"] = "/Date(1764000000000)/"
        case "too old":
            dossier.house.now.pass_by(days=15)  # type: ignore[attr-defined]
        case "address refused":
            manifest = dossier.kept / "manifest.json"
            manifest.write_text(manifest.read_text().replace("$skiptoken=", "$unknown="))
        case "another link":
            link = dossier.house.registry.link(dossier.dossier_id)
            dossier.house.registry.relink(link.dossier_id, link.connection_id, link.external_id)
        case _:
            for path in dossier.kept.glob("*.parquet"):
                path.write_bytes(b"PAR1")
    dossier.vendor.vendor.requests.clear()
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert set(read) <= set(dossier.asked(BULK))
    assert_tells(dossier, told_by(ROW))
    assert not dossier.kept.exists()


def test_pages_with_lines_missing_are_not_kept_a_second_time(dossier: Parked) -> None:
    dossier.allow(12)
    assert dossier.sync().status == "parked"
    dossier.allow(1000)
    dossier.vendor.knobs.hidden_lines = 20
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert "counts" in str(outcome.error)
    assert not dossier.kept.exists()
    dossier.vendor.knobs.hidden_lines = 0
    assert dossier.sync().status == "synced"
    assert_tells(dossier, told_by(ROW))


def test_a_parked_refresh_leaves_yesterday_s_figures_and_its_snapshot(dossier: Parked) -> None:
    assert dossier.sync().status == "synced"
    yesterday = everything(dossier)
    dossier.house.now.pass_by(days=15)  # type: ignore[attr-defined]  # the cursor is too old: everything is read
    dossier.sandbox.show(told_by(ROW, 1))
    dossier.allow(12)
    assert dossier.sync().status == "parked"
    assert everything(dossier) == yesterday
    assert dossier.kept.exists()
    dossier.allow(1000)
    assert dossier.sync().status == "synced"
    assert_tells(dossier, told_by(ROW, 1))


def test_those_that_may_go_on_are_found_by_their_time(dossier: Parked) -> None:
    dossier.allow(12)
    dossier.sync()
    registry, now = dossier.house.registry, dossier.house.now()
    assert [run.dossier_id for run in registry.parked_now(ROW.slug)] == [dossier.dossier_id]
    assert registry.parked_now(due_by=now) == []
    assert [run.dossier_id for run in registry.parked_now(due_by=now + timedelta(days=1))] == [dossier.dossier_id]
    assert registry.parked_now("winbooks") == []
    dossier.allow(1000)
    dossier.sync()
    assert registry.parked_now() == []


def test_the_command_s_listing_tells_what_is_left(dossier: Parked) -> None:
    dossier.allow(12)
    dossier.sync()
    rows = {row.window: row for row in dossier.house.registry.budgets.standing() if row.subject == "900101"}
    assert rows["day"].left == 0
    assert (rows["day"].allowed, rows["day"].source) == (12, "vendor")
    assert rows["day"].resets_at == dossier.house.now() + timedelta(days=1)
    assert rows["minute"].left > 0


def test_a_house_of_its_own_shares_the_day(dossier: Parked) -> None:
    """What one process used of the day another finds used."""
    dossier.allow(12)
    dossier.sync()
    other = replace(dossier.house, landing=Landing(str(dossier.house.home.root / "elsewhere")))
    with (
        Registry.open(dossier.house.home, now=dossier.house.now) as registry,
        replace(other, registry=registry).connector(
            registry.link(dossier.dossier_id).connection_id, work=dossier.house.home.scratch
        ) as connector,
        pytest.raises(Exception, match="no more calls"),
    ):
        connector.fiscal_years("900101")
