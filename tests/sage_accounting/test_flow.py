"""Whole syncs: reads that are cut short, what vanished, and the report in all its ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sandbox.vendor import Fault
from tests.contract.dossier import Linked, assert_tells, linked
from tests.landed import Clock

from .landed import SLUG, asked, told

SINCE = date(2025, 1, 1)


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    with linked(package(SLUG), tmp_path) as found:
        yield found


def test_a_first_read_that_the_day_cuts_short_goes_on_behind_the_last_pages(dossier: Linked) -> None:
    clock = Clock(dossier.house.now())
    dossier = replace(dossier, house=replace(dossier.house, now=clock, sleep=clock.sleep))
    sandbox = dossier.sandbox
    assert isinstance(sandbox, SageSandbox)
    sandbox.vendor.now = clock
    for _ in range(1500):
        sandbox.vendor.books.post(date(2024, 1, 5), [("bank", "0.00"), ("bank", "0.00")])
    sandbox.knobs.faults = [Fault("429_day", path="transactions", skip=1)]
    assert dossier.sync().status == "parked"
    clock.pass_by(hours=8)
    later = told(1)
    sandbox.show(later)
    before = len(sandbox.vendor.requests)
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    again = [each for each in sandbox.vendor.requests[before:] if "ledger_entries?" in each and "since" not in each]
    pages = [each for each in again if "items_per_page=200" in each]
    assert len(pages) <= 1, "what is kept is not asked for again"
    assert dossier.query("SELECT count(*) FROM ledger.journal_lines") == [
        (3000 + sum(line.kind == "normal" or line.year == "2024" for line in later.lines if line.kind != "closing"),)
    ]


def test_a_read_resumed_after_rows_went_reads_the_page_before_again(dossier: Linked) -> None:
    clock = Clock(dossier.house.now())
    dossier = replace(dossier, house=replace(dossier.house, now=clock, sleep=clock.sleep))
    sandbox = dossier.sandbox
    assert isinstance(sandbox, SageSandbox)
    sandbox.vendor.now = clock
    for number in range(1300):
        sandbox.vendor.books.post(date(2024, 1, 5) + timedelta(days=number % 900), [("bank", "0.00"), ("bank", "0.00")])
    sandbox.knobs.hides_deleted = True
    sandbox.knobs.faults = [Fault("429_day", path="page=13")]
    assert dossier.sync().status == "parked"
    clock.pass_by(hours=8)
    sandbox.show(told(1))
    assert dossier.sync().status == "synced"
    standing = {entry.id for entry in sandbox.vendor.books.entries.values() if not entry.deleted}
    assert {key for (key,) in dossier.query("SELECT line_key FROM ledger.journal_lines")} == standing


def test_what_vanished_without_a_trace_is_found_by_the_comparison(dossier: Linked) -> None:
    sandbox = dossier.sandbox
    assert isinstance(sandbox, SageSandbox)
    assert dossier.sync().status == "synced"
    books = sandbox.vendor.books
    gone = [entry.id for entry in books.entries.values() if entry.transaction == list(books.transactions)[9]]
    for name in gone:
        del books.entries[name]
    books.post(date(2026, 3, 3), [("fees", "2.00"), ("bank", "-2.00")], at=books.now() - timedelta(seconds=20))
    outcome = dossier.sync()
    assert outcome.status == "synced", outcome.error
    assert dossier.query("SELECT count(*) FROM ledger.journal_lines WHERE line_key = ?", gone[0]) == [(0,)]
    assert any("from_date" not in each and "since" not in each for each in asked(sandbox, "ledger_entries")[1:])


@pytest.mark.parametrize("results", ["moved", "kept", "left out"])
def test_however_the_report_tells_earlier_results_the_figures_are_the_same(dossier: Linked, results: str) -> None:
    sandbox = dossier.sandbox
    assert isinstance(sandbox, SageSandbox)
    sandbox.knobs.results = results  # type: ignore[assignment]
    outcome = dossier.sync()
    assert (outcome.status, outcome.difference) == ("synced", 0), outcome.error
    assert_tells(dossier, told())
    assert [check.passed for check in outcome.checks if check.name == "package_adds_up"] == [True]
