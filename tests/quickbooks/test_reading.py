"""Full and incremental reads: what is asked for, what arrives, and what is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.quickbooks.sandbox import Fault, QuickBooksSandbox
from foundation.errors import RateLimited, VendorDown, WrongInput
from tests.landed import Clock
from tests.reader import Reader, booked

from .landed import asked, company_sums, told

QUIET = ["companyinfo", "preferences", "Account", "Customer", "Vendor", "cdc", "TrialBalance 2026-12-31"]


def test_a_full_read_tells_every_line_in_few_calls(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    snapshot = reader.read()
    assert snapshot.rows["lines"] == reader.count() == len(booked(told()))
    assert reader.sums() == company_sums(told())
    calls = asked(sandbox)[1:]
    assert [call for call in calls if "Ledger" in call] == [
        # Is there anything before the first year, or after the present one?
        "GeneralLedger 2023-12-31", "GeneralLedger 2027-12-31",
        *(f"GeneralLedger {year}-{end}" for year in (2024, 2025, 2026) for end in ("06-30", "12-31")),
    ]  # fmt: skip
    assert len(calls) == 5 + 8 + 7
    assert len(set(calls)) == len(calls), "nothing is asked for twice"


def test_nothing_new_costs_seven_calls(reader: Reader, sandbox: QuickBooksSandbox, clock: Clock) -> None:
    reader.read()
    for _ in range(3):
        clock.pass_by(hours=20)
        before = len(sandbox.vendor.requests)
        assert reader.read().unchanged
        assert [call for call in asked(sandbox, before) if call != "bearer"] == QUIET


def test_changes_and_deletions_are_read_again_where_they_are(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    reader.read()
    for revision, windows in ((1, ["2026-06-30", "2026-12-31"]), (2, ["2025-12-31"])):
        clock.pass_by(hours=1)
        sandbox.show(told(revision))
        before = len(sandbox.vendor.requests)
        snapshot = reader.read()
        assert [call[14:] for call in asked(sandbox, before) if "Ledger" in call] == windows
        assert not snapshot.unchanged
        assert reader.sums() == company_sums(told(revision))
        assert reader.count() == len(booked(told(revision)))


def test_a_text_that_changed_is_read_again_though_no_balance_moved(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    reader.read()
    clock.pass_by(hours=1)
    books = sandbox.vendor.books
    first = next(each for each in books.transactions.values() if each.kind == "Invoice" and each.day.year == 2025)
    postings = tuple(replace(posting, memo="Put right") for posting in first.postings)
    books.transactions[first.id] = replace(first, postings=postings, updated=sandbox.vendor.moment())
    reader.read()
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE description = 'Put right'") == [(3,)]


def test_a_transaction_that_moves_to_another_day_is_gone_from_the_first(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    reader.read()
    clock.pass_by(hours=1)
    books = sandbox.vendor.books
    first = next(each for each in books.transactions.values() if each.kind == "Bill" and each.day.year == 2024)
    books.transactions[first.id] = replace(first, day=date(2026, 5, 5), updated=sandbox.vendor.moment())
    reader.read()
    found = reader.rows(f"SELECT DISTINCT date FROM books.journal_lines WHERE entry_key = 'Bill-{first.id}'")
    assert found == [(date(2026, 5, 5),)]
    assert reader.count() == len(booked(told()))


def test_what_change_data_capture_does_not_tell_shows_in_the_balances(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    reader.read()
    clock.pass_by(hours=1)
    old = clock.moment.replace(year=2025)
    sandbox.vendor.books.post(date(2025, 3, 3), [("wages", "10.00"), ("bank", "-10.00")], old)
    before = len(sandbox.vendor.requests)
    assert not reader.read().unchanged
    assert [call for call in asked(sandbox, before) if "Ledger" in call] == ["GeneralLedger 2025-06-30"]
    assert reader.count() == len(booked(told())) + 2


def test_a_deletion_that_moved_no_balance_is_looked_for_everywhere(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    books = sandbox.vendor.books
    voided = books.post(date(2025, 3, 3), [("bank", "0.00"), ("fees", "0.00")], clock.moment.replace(year=2025))
    reader.read()
    assert reader.count() == len(booked(told())) + 2
    clock.pass_by(hours=1)
    books.delete(voided, sandbox.vendor.moment())
    reader.read()
    assert reader.count() == len(booked(told()))


def test_more_changes_than_are_told_are_a_full_read(reader: Reader, sandbox: QuickBooksSandbox, clock: Clock) -> None:
    reader.read()
    clock.pass_by(hours=1)
    for number in range(1000):
        rows = [("wages", "1.00"), ("bank", "-1.00")]
        sandbox.vendor.books.post(date(2026, 1 + number % 12, 3), rows, sandbox.vendor.moment())
    before = len(sandbox.vendor.requests)
    reader.read()
    assert len([call for call in asked(sandbox, before) if "Ledger" in call]) == 8
    assert reader.count() == len(booked(told())) + 2000


@pytest.mark.parametrize("days", [15, 40])
def test_an_old_cursor_is_a_full_read(reader: Reader, sandbox: QuickBooksSandbox, clock: Clock, days: int) -> None:
    reader.read()
    clock.pass_by(days=days)
    before = len(sandbox.vendor.requests)
    reader.read()
    assert len([call for call in asked(sandbox, before) if "Ledger" in call]) == 8


def test_an_earlier_or_later_booking_makes_further_years(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    reader.read()
    clock.pass_by(hours=1)
    sandbox.vendor.books.post(date(2027, 1, 4), [("fees", "5.00"), ("bank", "-5.00")], sandbox.vendor.moment())
    reader.read()
    assert reader.rows("SELECT max(end_date) FROM books.fiscal_years") == [(date(2027, 12, 31),)]
    clock.pass_by(hours=1)
    sandbox.vendor.books.post(date(2022, 1, 4), [("fees", "5.00"), ("bank", "-5.00")], sandbox.vendor.moment())
    sandbox.vendor.books.post(date(2031, 1, 4), [("fees", "5.00"), ("bank", "-5.00")], sandbox.vendor.moment())
    reader.read()
    years = "SELECT min(start_date), max(end_date), count(*) FROM books.fiscal_years"
    assert reader.rows(years) == [(date(2022, 1, 1), date(2027, 12, 31), 6)], "nothing leads to 2031"
    assert reader.count() == len(booked(told())) + 4
    reader.read()  # what was changed just before a full read is told once more
    assert reader.read().unchanged


def test_from_a_date_the_opening_is_what_the_trial_balance_tells(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    since = date(2025, 1, 1)
    reader.read(since=since)
    company = told()
    opened = {a: b["opening"] for (year, a), b in company.balances().items() if year == "2025" and b["opening"]}
    found = (
        "SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening' AND date = '2025-01-01'"
    )
    assert dict(reader.rows(found)) == opened
    assert reader.rows("SELECT min(date), min(start_date) FROM books.journal_lines, books.fiscal_years") == [
        (since, since)
    ]
    assert not [call for call in asked(sandbox) if "Ledger 2024" in call]
    moved = company_sums(company, since)
    total = {account: opened.get(account, Decimal(0)) + moved.get(account, Decimal(0)) for account in opened | moved}
    assert reader.sums() == {account: amount for account, amount in total.items() if amount}
    assert reader.read(since=since).unchanged


def test_a_first_day_that_begins_no_year_is_refused(reader: Reader) -> None:
    for since in (date(2025, 2, 1), date(2030, 1, 1)):
        assert "begins at" in reader.fails(WrongInput, since=since)


def test_another_first_day_an_unknown_cursor_or_another_rule_is_a_full_read(
    reader: Reader, sandbox: QuickBooksSandbox
) -> None:
    reader.read()
    assert not reader.read(since=date(2026, 1, 1)).unchanged
    assert not reader.read().unchanged
    cursor = reader.snapshots[-1].cursor
    assert cursor is not None
    cursor["form"] = 0
    assert not reader.read().unchanged
    sandbox.vendor.books.first_month = 7
    reader.read()
    assert reader.rows("SELECT min(start_date), max(end_date) FROM books.fiscal_years") == [
        (date(2023, 7, 1), date(2027, 6, 30))
    ]


@pytest.mark.parametrize(("kind", "error"), [("503", VendorDown), ("429_bare", RateLimited)])
def test_a_full_read_that_is_cut_short_goes_on_with_the_half_years_that_are_missing(
    reader: Reader, sandbox: QuickBooksSandbox, kind: str, error: type[VendorDown]
) -> None:
    sandbox.knobs.faults = [Fault(kind, "GeneralLedger?start_date=2025-07", times=-1)]  # pyright: ignore[reportArgumentType]
    reader.fails(error)
    sandbox.knobs.faults = []
    before = len(sandbox.vendor.requests)
    reader.read()
    windows = [call[14:] for call in asked(sandbox, before) if "Ledger" in call][2:]
    assert windows == ["2025-12-31", "2026-06-30", "2026-12-31"]
    assert reader.count() == len(booked(told()))
    assert reader.read().unchanged


def test_what_was_booked_before_it_goes_on_is_read_again(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("503", "GeneralLedger?start_date=2025-07", times=-1)]
    reader.fails(VendorDown)
    sandbox.knobs.faults = []
    sandbox.vendor.books.post(date(2024, 2, 4), [("fees", "5.00"), ("bank", "-5.00")], sandbox.vendor.moment())
    reader.read()
    assert reader.count() == len(booked(told())) + 2
    assert reader.rows("SELECT count(*) - count(DISTINCT line_key) FROM books.journal_lines") == [(0,)]
    clock.pass_by(minutes=20)
    reader.read()
    assert reader.count() == len(booked(told())) + 2
