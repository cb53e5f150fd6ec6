"""Reports that have no room for everything: noticed, split by month and by account, and added up against the whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from connectors.quickbooks.calendar import Span
from connectors.quickbooks.ledger import Piece
from connectors.quickbooks.sandbox import QuickBooksSandbox
from connectors.quickbooks.sandbox.books import CHILD, PARENT
from foundation.errors import Incomplete, VendorDown
from tests.landed import Clock
from tests.reader import Reader, booked

from .landed import asked, company_sums, told

COLUMNS = 12


def ledgers(sandbox: QuickBooksSandbox) -> list[str]:
    return [target for target in sandbox.vendor.requests if "GeneralLedger" in target]


def assert_whole(reader: Reader) -> None:
    assert reader.sums() == company_sums(told())
    assert reader.count() == len(booked(told()))
    assert reader.rows("SELECT count(*) - count(DISTINCT line_key) FROM books.journal_lines") == [(0,)]


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("rows", [100, 40, 20])
def test_what_is_over_the_cap_is_read_in_parts(
    reader: Reader, sandbox: QuickBooksSandbox, rows: int, *, silent: bool
) -> None:
    """Fits by month, by accounts of a month, and by days of an account; whether or not the vendor says that it cut."""
    sandbox.knobs.cells, sandbox.knobs.silent = rows * COLUMNS, silent
    reader.read()
    assert_whole(reader)
    assert any("account=" in target for target in ledgers(sandbox)) == (rows <= 20)
    assert reader.read().unchanged


def test_a_report_with_one_row_of_room_is_read_day_by_day(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    sandbox.knobs.cells = 2 * COLUMNS  # the balance that an account begins with, and a line
    reader.read(since=date(2026, 1, 1))
    found = reader.rows("SELECT count(*) FROM books.journal_lines WHERE period_kind = 'normal'")
    assert found == [(len([line for line in booked(told()) if line.year == "2026"]),)]


@pytest.mark.parametrize("silent", [False, True])
def test_what_has_no_room_in_any_part_is_never_passed_off_as_whole(
    reader: Reader, sandbox: QuickBooksSandbox, *, silent: bool
) -> None:
    sandbox.knobs.cells, sandbox.knobs.silent = COLUMNS, silent
    assert "not what its trial balance says was booked" in reader.fails(Incomplete)
    assert len(sandbox.vendor.requests) < 80


def test_a_report_that_takes_too_long_is_asked_for_in_parts(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    sandbox.knobs.heavy = 40 * COLUMNS
    reader.read()
    assert_whole(reader)
    sandbox.knobs.heavy = 1
    assert "in time" in reader.fails(VendorDown, since=date(2026, 1, 1))


def test_parts_of_some_accounts_that_bring_their_sub_accounts_count_no_line_twice(
    reader: Reader, sandbox: QuickBooksSandbox
) -> None:
    sandbox.knobs.nested = sandbox.knobs.child_rows = True
    sandbox.knobs.cells = 10 * COLUMNS
    for day in range(1, 9):
        rows = [(PARENT, "1.00"), (CHILD, "-1.00")]
        sandbox.vendor.books.post(date(2026, 3, day), rows, sandbox.vendor.moment())
    reader.read(since=date(2026, 1, 1))
    parent, child = (sandbox.vendor.books.account_id(role) for role in (PARENT, CHILD))
    asked_for = [target.partition("&account=")[2].partition("&")[0].split("%2C") for target in ledgers(sandbox)]
    assert any(parent in accounts and child not in accounts for accounts in asked_for)
    found = reader.rows("SELECT count(*) FROM books.journal_lines WHERE period_kind = 'normal'")
    assert found == [(len([line for line in booked(told()) if line.year == "2026"]) + 16,)]


def test_a_booking_between_report_and_balance_is_read_again_and_not_in_parts(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock
) -> None:
    def book(name: str) -> None:
        if name == "GeneralLedger" and "start_date=2026-01" in sandbox.vendor.requests[-1]:
            sandbox.vendor.after_report = lambda name: None
            sandbox.vendor.books.post(date(2026, 2, 2), [("fees", "9.00"), ("bank", "-9.00")], clock())

    sandbox.vendor.after_report = book
    reader.read()
    assert reader.count() == len(booked(told())) + 2
    assert len(ledgers(sandbox)) == 9


def test_columns_of_the_other_kind_of_company_come_empty_and_are_noticed(
    reader: Reader, sandbox: QuickBooksSandbox
) -> None:
    def switch(name: str) -> None:
        sandbox.knobs.multi_currency = False

    sandbox.vendor.after_report = switch
    reader.fails(Incomplete)


def test_accounts_nest_and_a_parent_has_lines_of_its_own(reader: Reader, sandbox: QuickBooksSandbox) -> None:
    sandbox.knobs.nested = True
    reader.read()
    assert_whole(reader)
    numbers = told().numbers
    names = dict(reader.rows("SELECT number, name FROM books.accounts"))
    assert names[numbers[CHILD]] == "Installations et machines:Amortissements sur installations"
    closing = dict(reader.rows("SELECT account, closing FROM books.trial_balances WHERE fiscal_year = '2026'"))
    for role in (PARENT, CHILD):
        assert closing[numbers[role]] == told().balances()["2026", numbers[role]]["closing"]


@pytest.mark.parametrize("knob", ["plain_columns", "header_ids"])
def test_columns_and_sections_are_known_in_each_of_their_forms(
    reader: Reader, sandbox: QuickBooksSandbox, knob: str
) -> None:
    setattr(sandbox.knobs, knob, not getattr(sandbox.knobs, knob))
    reader.read()
    assert_whole(reader)


def test_a_piece_falls_into_months_then_accounts_then_days() -> None:
    every = ("1", "2", "3")
    half = Piece(Span(date(2026, 1, 1), date(2026, 6, 30)))
    months = half.parts(every)
    assert [part.span.end.day for part in months] == [31, 28, 31, 30, 31, 30]
    accounts = months[1].parts(every)
    assert [part.accounts for part in accounts] == [("1",), ("2", "3")]
    assert {part.span for part in accounts} == {months[1].span}
    days = accounts[0].parts(every)
    assert [part.span for part in days] == [
        Span(date(2026, 2, 1), date(2026, 2, 14)),
        Span(date(2026, 2, 15), date(2026, 2, 28)),
    ]
    assert Piece(Span(date(2026, 2, 1), date(2026, 2, 1)), ("1",)).parts(every) == []


def balances_by_hand(start_month: int, ends: list[date]) -> dict[tuple[date, str], Decimal]:
    """What stands at each end: results since the year began, those of earlier years where they are carried to."""
    company, found = told(), dict[tuple[date, str], Decimal]()
    kinds = {account.number: account.on_balance_sheet for account in company.accounts}
    for end in ends:
        start = date(end.year if end.month >= start_month else end.year - 1, start_month, 1)
        for line in booked(company):
            if line.date <= end:
                carried = line.date < start and not kinds[line.account]
                account = company.numbers["result_brought_forward"] if carried else line.account
                found[end, account] = found.get((end, account), Decimal(0)) + line.amount
    return {key: amount for key, amount in found.items() if amount}


@pytest.mark.parametrize("month", [1, 4, 7, 10])
def test_results_are_carried_where_the_company_s_years_end(
    reader: Reader, sandbox: QuickBooksSandbox, clock: Clock, month: int
) -> None:
    """Broken fiscal years, read in the middle of one and again in another: closed years tell the same."""
    sandbox.vendor.books.first_month = month

    def told_then() -> Callable[[str], dict[tuple[date, str], Decimal]]:
        rows = reader.rows(
            "SELECT y.end_date, t.account, t.opening, t.debit - t.credit, t.closing FROM books.trial_balances t "
            "JOIN books.fiscal_years y ON y.label = t.fiscal_year"
        )
        assert all(opening + moved == closing for _, _, opening, moved, closing in rows)
        closing = {(end, account): closing for end, account, _, _, closing in rows if closing}
        ends = sorted({end for end, *_ in rows})
        assert closing == balances_by_hand(month, ends)
        return lambda year: {key: amount for key, amount in closing.items() if str(key[0].year) == year}

    reader.read()
    first = told_then()
    lines = "SELECT y.end_date, l.account, sum(debit - credit) FROM books.journal_lines l JOIN books.fiscal_years y "
    lines += "ON l.date BETWEEN y.start_date AND y.end_date GROUP BY ALL ORDER BY ALL"
    before = reader.rows(lines)
    clock.pass_by(days=31)
    reader.read(afresh=True)
    assert told_then()("2025") == first("2025")
    assert reader.rows(lines) == before
    assert asked(sandbox).count("companyinfo") == 2
