"""Full and incremental reads, from a date, of totals; and a read that is cut short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.catalog import package
from connectors.sage_accounting.inferred import FULL_READ_EVERY
from connectors.sage_accounting.sandbox import SageSandbox, open_sandbox
from connectors.sandbox.vendor import Fault
from tests.contract.dossier import Linked, assert_tells, linked

from .landed import SLUG, Clock, Reader, asked, company_sums, connect, told

SINCE = date(2025, 1, 1)


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    with linked(package(SLUG), tmp_path) as found:
        yield found


def test_an_unchanged_business_costs_six_calls(reader: Reader, sandbox: SageSandbox) -> None:
    reader.read()
    before = len(sandbox.vendor.requests)
    assert reader.read().unchanged
    assert [each.partition("?")[0].removeprefix("/v3.1/") for each in sandbox.vendor.requests[before:]] == [
        f"businesses/{sandbox.external_id}", "financial_settings", "ledger_accounts",
        "ledger_entries", "transactions", "contacts",
    ]  # fmt: skip


def test_changes_and_deletions_come_as_such(reader: Reader, sandbox: SageSandbox, clock: Clock) -> None:
    reader.read()
    for revision in (1, 2):
        clock.pass_by(hours=20)
        sandbox.show(told(revision))
        assert reader.read().rows_read < 100, "changes alone"
        assert reader.sums() == company_sums(told(revision))
    assert reader.rows("SELECT count(*) FROM landed.ledger_entries WHERE deleted") == [(3,)]
    assert reader.rows("SELECT count(*) FROM landed.transactions WHERE deleted") == [(1,)]
    clock.pass_by(hours=20)
    assert reader.read().unchanged


def test_a_change_that_was_not_seen_at_its_moment_is_found(reader: Reader, sandbox: SageSandbox, clock: Clock) -> None:
    books = sandbox.vendor.books
    books.post(date(2026, 3, 3), [("fees", "2.00"), ("bank", "-2.00")])
    reader.read()
    clock.pass_by(minutes=30)
    books.post(date(2026, 3, 3), [("fees", "3.00"), ("bank", "-3.00")], at=clock() - timedelta(minutes=35))
    assert not reader.read().unchanged
    assert reader.sums()["613200"] == company_sums(told())["613200"] + 5


def test_an_entry_that_was_moved_to_another_year_is_seen_from_a_date_on(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    books = sandbox.vendor.books
    names = books.post(date(2025, 3, 3), [("fees", "2.00"), ("bank", "-2.00")], reference="R1")
    reader.read(since=SINCE)
    clock.pass_by(hours=1)
    for name in names:
        books.entries[name] = replace(books.entries[name], day=date(2024, 3, 3), updated=clock())
    books.version += 1
    reader.read(since=SINCE)
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE document = 'R1'") == [(0,)]
    opening = "SELECT debit - credit FROM books.journal_lines WHERE period_kind = 'opening' AND account = '550000'"
    balances = told().balances()
    assert reader.rows(opening) == [(balances["2025", "550000"]["opening"] - 2,)]


def test_a_reference_that_was_changed_on_the_transaction_alone_is_seen(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    reader.read()
    clock.pass_by(hours=1)
    name, transaction = next(iter(sandbox.vendor.books.transactions.items()))
    sandbox.vendor.books.transactions[name] = replace(transaction, reference="SI-77", updated=clock())
    sandbox.vendor.books.version += 1
    assert not reader.read().unchanged
    assert reader.rows("SELECT count(*) > 0 FROM books.journal_lines WHERE document = 'SI-77'") == [(True,)]


def test_after_an_import_the_same_rows_are_not_read_for_ever(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    books = sandbox.vendor.books
    for _ in range(220):
        books.post(date(2026, 3, 3), [("bank", "1.00"), ("bank", "-1.00")], at=clock() - timedelta(minutes=2))
    reader.read()
    assert reader.read().unchanged, "nothing is gained by moving on at once"
    clock.pass_by(hours=30)
    assert not reader.read().unchanged
    before = len(sandbox.vendor.requests)
    assert reader.read().unchanged
    assert len(sandbox.vendor.requests) - before <= 7


def test_a_change_while_the_trial_balance_is_behind_is_waited_for(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    sandbox.knobs.lag = 12
    reader.read()
    assert clock.slept == []
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "2.00"), ("bank", "-2.00")])
    clock.pass_by(seconds=2)
    reader.read()
    assert [round(seconds) for seconds in clock.slept] == [13]
    told_balance = "SELECT debit FROM books.trial_balances WHERE fiscal_year = '2026' AND account = '613200'"
    booked = "SELECT sum(debit) FROM books.journal_lines WHERE account = '613200' AND year(date) = 2026"
    assert reader.rows(told_balance) == reader.rows(booked)


def test_everything_is_read_again_once_in_a_while_and_for_another_link(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    sandbox.knobs.hides_deleted = True
    reader.read()
    whole = reader.snapshots[-1].rows["ledger_entries"]
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "2.00"), ("bank", "-2.00")])
    del sandbox.vendor.books.entries[next(iter(sandbox.vendor.books.entries))]  # gone without a trace
    clock.pass_by(days=1)
    assert reader.read().rows["ledger_entries"] == whole + 2
    clock.pass_by(days=FULL_READ_EVERY.days)
    assert reader.read().rows["ledger_entries"] == whole + 1
    assert not reader.read(since=SINCE).unchanged
    cursor = reader.snapshots[-1].cursor
    assert cursor is not None
    cursor["form"] = 0
    assert not reader.read(since=SINCE).unchanged


def test_from_a_date_only_its_entries_are_read_and_the_report_tells_the_opening(
    reader: Reader, sandbox: SageSandbox
) -> None:
    reader.read(since=SINCE)
    expected = {a: b["opening"] for (year, a), b in told().balances().items() if year == "2025" and b["opening"]}
    opening = "SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening'"
    assert dict(reader.rows(opening)) == expected
    assert reader.rows("SELECT min(date) FROM landed.ledger_entries") == [(min(_days(SINCE)).isoformat(),)]
    assert reader.rows("SELECT count(*) FROM books.fiscal_years") == [(2,)]


def test_from_a_date_without_a_report_what_was_booked_before_tells_the_opening(
    reader: Reader, sandbox: SageSandbox
) -> None:
    sandbox.knobs.missing.add("/trial_balance")
    reader.read(since=SINCE)
    assert reader.codes() == {"no_trial_balance"}
    balances = told().balances()
    # Nobody tells where the result goes: it stands on an account of ours.
    expected = {a: b["opening"] for (year, a), b in balances.items() if year == "2025" and b["opening"]}
    expected["RESULT-CARRIED"] = expected.pop("140000")
    opening = "SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening'"
    assert dict(reader.rows(opening)) == expected
    assert reader.rows("SELECT count(*) FROM books.trial_balances") == [(0,)]


def _days(since: date) -> list[date]:
    return [line.date for line in told().lines if line.kind == "normal" and line.date >= since]


def test_totals_tell_years_and_months_and_no_line(reader: Reader, sandbox: SageSandbox, clock: Clock) -> None:
    reader.read(totals_only=True)
    assert reader.rows("SELECT count(*) FROM books.journal_lines") == [(0,)]
    months = {(year, number) for year, number, _, _ in told().periods}
    moved: dict[tuple[str, int, str], Decimal] = {}
    for line in told().lines:
        if line.kind == "normal":
            key = (line.year, line.period, line.account)
            moved[key] = moved.get(key, Decimal(0)) + line.amount
    found = {
        row[:3]: row[3]
        for row in reader.rows(
            "SELECT fiscal_year, period, account, debit - credit FROM books.trial_balances WHERE period IS NOT NULL"
        )
        if row[3]
    }
    assert found == {key: amount for key, amount in moved.items() if amount}
    assert {key[:2] for key in found} == months
    before = len(sandbox.vendor.requests)
    clock.pass_by(hours=1)
    assert reader.read(totals_only=True).unchanged
    assert len(sandbox.vendor.requests) - before <= 5 + 1  # a token
    sandbox.vendor.books.post(date(2026, 2, 10), [("fees", "10.00"), ("bank", "-10.00")])
    clock.pass_by(hours=1)
    assert not reader.read(totals_only=True).unchanged
    reports = [each for each in asked(sandbox, "trial_balance") if "from_date=2025" in each]
    assert len(reports) == 13 + 1, "a closed year that stands is read as a whole"


def test_totals_of_a_closed_year_are_read_by_months_when_it_changed(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    def march() -> Decimal:
        return reader.rows(
            "SELECT sum(debit) FROM books.trial_balances WHERE fiscal_year = '2024' AND period = 3 "
            "AND account = '613200'"
        )[0][0]

    reader.read(totals_only=True)
    before = march()
    clock.pass_by(hours=1)
    sandbox.vendor.books.post(date(2024, 3, 3), [("fees", "10.00"), ("bank", "-10.00")])
    reader.read(totals_only=True)
    assert march() == before + 10


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


def test_totals_of_steps_equal_totals_at_once(reader: Reader, sandbox: SageSandbox, clock: Clock) -> None:
    balances = "SELECT * FROM books.trial_balances ORDER BY ALL"
    reader.read(totals_only=True)
    clock.pass_by(hours=1)
    sandbox.show(told(2))
    reader.read(totals_only=True)
    with open_sandbox(SLUG, told(2), now=clock) as other:
        opened = connect(other, clock)
        once = Reader(opened, reader.folder / "once", other.external_id)
        once.read(totals_only=True)
        assert once.rows(balances) == reader.rows(balances)
        opened.close()
