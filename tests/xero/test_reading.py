"""Full and incremental reads, of lines and of totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connectors.xero.sandbox import XeroSandbox, open_sandbox
from connectors.xero.sandbox.books import Journal
from tests.landed import Clock
from tests.reader import Reader, company_sums

from .landed import connect, told


def asked(sandbox: XeroSandbox, what: str) -> list[str]:
    return [request.rpartition("/")[2] for request in sandbox.vendor.requests if what in request]


@pytest.mark.parametrize("page", [1000, 262, 261, 263, 131, 100, 40])
def test_journals_come_whole_whatever_the_size_of_a_page(reader: Reader, sandbox: XeroSandbox, page: int) -> None:
    """The sandbox has 262 journals, so that pages are one short, exact, and one over."""
    assert len(sandbox.vendor.books.journals) == 262
    sandbox.knobs.journals_per_page = page
    assert reader.read().rows["journals"] == 262
    assert reader.sums() == company_sums(told())


@pytest.mark.parametrize("by_entries", [True, False])
def test_corrections_arrive_as_further_journals_and_net_out(
    reader: Reader, sandbox: XeroSandbox, *, by_entries: bool
) -> None:
    reader.read()
    for revision in (1, 2):
        later = told(revision, by_entries=by_entries)
        sandbox.show(later)
        before = len(sandbox.vendor.requests)
        found = reader.read()
        assert reader.sums() == company_sums(later)
        assert found.rows["journals"] == len(sandbox.vendor.books.journals)
        assert len(sandbox.vendor.requests) - before <= 9
    # The last booking is in 2025: its year and the one after are compared again, and no other.
    assert asked(sandbox, "TrialBalance")[-2:] == ["TrialBalance?date=2025-12-31", "TrialBalance?date=2026-12-31"]
    ends = reader.rows("SELECT DISTINCT Date FROM landed.trial_balances ORDER BY 1")
    assert ends == [(date(year, 12, 31),) for year in (2023, 2024, 2025, 2026)]


def test_nothing_new_costs_five_calls(reader: Reader, sandbox: XeroSandbox) -> None:
    reader.read()
    before = len(sandbox.vendor.requests)
    assert reader.read().unchanged
    assert [each.partition("?")[0].rpartition("/")[2] for each in sandbox.vendor.requests[before:]] == [
        "Organisation", "Accounts", "Journals", "Journals", "Contacts",
    ]  # fmt: skip


def test_a_journal_that_appears_below_the_greatest_number_is_found(reader: Reader, sandbox: XeroSandbox) -> None:
    journals = sandbox.vendor.books.journals
    late: Journal = journals.pop(-3)
    reader.read()
    journals.insert(-2, late)
    assert not reader.read().unchanged
    assert reader.sums() == company_sums(told())


def test_what_is_booked_while_pages_are_read_is_there_in_the_end(reader: Reader, sandbox: XeroSandbox) -> None:
    def book(offset: int) -> None:
        if offset == 0:
            sandbox.vendor.books.post(date(2024, 2, 2), [("fees", "10.00"), ("bank", "-10.00")])

    sandbox.knobs.while_paging = book
    assert reader.read().rows["journals"] == 263


def test_a_journal_older_than_all_others_moves_the_first_year(reader: Reader, sandbox: XeroSandbox) -> None:
    reader.read()
    sandbox.vendor.books.post(date(2022, 5, 5), [("fees", "10.00"), ("bank", "-10.00")])
    reader.read()
    assert reader.rows("SELECT min(start_date), count(*) FROM books.fiscal_years") == [(date(2022, 1, 1), 5)]
    # What was the conversion is an ordinary journal now that an older one is there.
    assert reader.rows("SELECT count(*) FROM books.journal_lines WHERE period_kind = 'opening'") == [(0,)]


def test_a_changed_account_and_another_year_end_are_news(reader: Reader, sandbox: XeroSandbox) -> None:
    reader.read()
    sandbox.vendor.more_accounts = [{"AccountID": "new", "Code": "999", "Name": "New", "Type": "EXPENSE"}]
    assert not reader.read().unchanged
    assert reader.rows("SELECT name, type FROM books.accounts WHERE number = '999'") == [("New", "expense")]
    sandbox.vendor.books.year_end = (6, 30)
    reader.read()
    assert reader.rows("SELECT max(end_date) FROM books.fiscal_years") == [(date(2027, 6, 30),)]
    equal = "SELECT count(*) FROM landed.trial_balances"
    assert reader.rows(equal) == [(5,)], "with other ends, all are read again"


def test_another_first_day_or_an_unknown_cursor_is_a_full_read(reader: Reader, sandbox: XeroSandbox) -> None:
    reader.read()
    reader.read(since=date(2025, 1, 1))
    assert asked(sandbox, "Journals?offset=0") == ["Journals?offset=0"] * 2
    cursor = reader.snapshots[-1].cursor
    assert cursor is not None
    cursor["form"] = 0
    assert not reader.read(since=date(2025, 1, 1)).unchanged


def test_from_a_date_the_opening_is_what_was_booked_before(reader: Reader) -> None:
    reader.read(since=date(2025, 1, 1))
    company = told()
    expected = {a: b["opening"] for (year, a), b in company.balances().items() if year == "2025" and b["opening"]}
    found = reader.rows(
        "SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening' AND date = '2025-01-01'"
    )
    assert dict(found) == expected
    assert reader.rows("SELECT min(date) FROM books.journal_lines") == [(date(2025, 1, 1),)]


def test_totals_tell_every_month_and_no_line(totals: Reader) -> None:
    totals.read()
    assert totals.rows("SELECT count(*) FROM books.journal_lines") == [(0,)]
    company = told()
    months = {(year, number): (first, last) for year, number, first, last in company.periods}
    moved: dict[tuple[str, int, str], Decimal] = {}
    for line in company.lines:
        if line.kind == "normal":
            key = (line.year, line.period, line.account)
            moved[key] = moved.get(key, Decimal(0)) + line.amount
    found = {
        (year, period, account): amount
        for year, period, account, amount in totals.rows(
            "SELECT fiscal_year, period, account, debit - credit FROM books.trial_balances WHERE period IS NOT NULL"
        )
        if amount
    }
    assert found == {key: amount for key, amount in moved.items() if amount}
    assert {key[:2] for key in found} == set(months)


def test_unchanged_totals_read_older_years_at_their_ends_alone(
    totals: Reader, sandbox: XeroSandbox, clock: Clock
) -> None:
    totals.read()
    whole = len(asked(sandbox, "TrialBalance"))
    assert totals.read().unchanged
    again = asked(sandbox, "TrialBalance")[whole:]
    assert "TrialBalance?date=2024-12-31" in again
    assert [each for each in again if "2024-05" in each] == []
    assert len([each for each in again if "date=2025" in each]) == 12, "what moves within a year must be seen, too"


def test_a_booking_moved_within_the_present_year_is_seen_in_totals(totals: Reader, sandbox: XeroSandbox) -> None:
    totals.read()
    sandbox.vendor.books.post(date(2026, 2, 10), [("fees", "10.00"), ("bank", "-10.00")])
    sandbox.vendor.books.post(date(2026, 5, 10), [("fees", "-10.00"), ("bank", "10.00")])
    assert not totals.read().unchanged


def test_a_booking_in_an_old_year_is_read_by_months_again_and_one_that_moved_there_within_two_weeks(
    totals: Reader, sandbox: XeroSandbox, clock: Clock
) -> None:
    def march() -> Decimal:
        return totals.rows(
            "SELECT sum(debit - credit) FROM books.trial_balances WHERE fiscal_year = '2024' AND period = 3"
            " AND account = '613200'"
        )[0][0]

    totals.read()
    before = march()
    sandbox.vendor.books.post(date(2024, 3, 3), [("fees", "10.00"), ("bank", "-10.00")])
    totals.read()
    assert march() == before + 10
    sandbox.vendor.books.post(date(2024, 3, 3), [("fees", "-10.00"), ("bank", "10.00")])
    sandbox.vendor.books.post(date(2024, 4, 3), [("fees", "10.00"), ("bank", "-10.00")])
    assert totals.read().unchanged
    clock.pass_by(days=15)
    totals.read()
    assert march() == before


def test_totals_of_steps_equal_totals_at_once(totals: Reader, sandbox: XeroSandbox, clock: Clock) -> None:
    balances = "SELECT * FROM books.trial_balances ORDER BY ALL"
    totals.read()
    sandbox.show(told(2))
    totals.read()
    steps = totals.rows(balances)
    with open_sandbox("xero_tb", told(2), now=clock) as other:
        opened = connect(other, clock, "xero_tb")
        once = Reader(opened, totals.folder / "once", other.external_id)
        once.read()
        assert once.rows(balances) == steps
        opened.close()
