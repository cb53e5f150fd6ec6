"""What a sync asks for and brings: months, changes, deletions, parts that are read again, reads that were cut short."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connectors.sandbox.company import Line, company
from connectors.yuki.sandbox import Fault, YukiSandbox
from connectors.yuki.sandbox.books import line_id
from foundation.errors import AskForAccess, RateLimited, WrongInput
from tests.landed import Clock

from .landed import Dossier, balances, connect, line_of, told

UNCHANGED = ["GetUpdatedAndDeletedTransactions", "GetSuppliersAndCustomers", "GetGLAccountScheme", "GLAccountBalance"]


def entry(sandbox: YukiSandbox, day: date, number: int = 1, amount: str = "10.00") -> tuple[Line, Line]:
    """A new entry of two lines."""
    model = line_of(sandbox, role="wages")
    year = sandbox.vendor.books.year_of(day)
    assert year is not None
    place = {"year": year.label, "period": 1, "date": day, "entry": 900_000_000 + number}
    bank = sandbox.vendor.books.company.numbers["bank"]
    return (
        replace(model, **place, number=9_000_000_000 + number * 10, debit=Decimal(amount), credit=Decimal(0)),
        replace(
            model,
            **place,
            number=9_000_000_001 + number * 10,
            account=bank,
            role="bank",
            debit=Decimal(0),
            credit=Decimal(amount),
        ),
    )


def test_small_answers_widen_the_next_call_up_to_a_year(dossier: Dossier) -> None:
    dossier.read()
    assert dossier.months() == [
        ("2023-07-01", "2023-07-31"),
        ("2023-08-01", "2023-09-30"),
        ("2023-10-01", "2024-01-31"),
        ("2024-02-01", "2024-09-30"),
        ("2024-10-01", "2025-09-30"),
        ("2025-10-01", "2026-09-30"),
        ("2026-10-01", "2026-12-31"),
    ]
    assert balances(dossier) == told(company("BE"))


def test_an_unchanged_night_costs_four_calls(dossier: Dossier, clock: Clock) -> None:
    dossier.read()
    for _ in range(3):
        clock.pass_by(hours=12)
        assert dossier.read().unchanged
        assert sorted(dossier.operations()) == sorted(UNCHANGED)
        clock.pass_by(hours=12)
        assert dossier.read().unchanged
        assert set(dossier.operations()) <= {*UNCHANGED, "Authenticate", "SetCurrentDomain"}


def test_only_the_months_of_changed_lines_are_read_again(dossier: Dossier, sandbox: YukiSandbox, clock: Clock) -> None:
    dossier.read()
    for revision in (1, 2):
        clock.pass_by(days=1)
        sandbox.show(company("BE", revision))
        snapshot = dossier.read()
        assert not snapshot.unchanged
        assert balances(dossier) == told(company("BE", revision))
        if revision == 1:
            assert dossier.months() == [("2026-02-01", "2026-02-28"), ("2026-07-01", "2026-08-31")]
            assert [a["bookyear"] for o, a in dossier.asked if o == "GetStartBalanceByGlAccount"] == ["2026"]
            assert len(dossier.deleted) == 3
        else:
            assert dossier.months() == [("2025-11-01", "2025-11-30")]
            assert [a["bookyear"] for o, a in dossier.asked if o == "GetStartBalanceByGlAccount"] == ["2025", "2026"]
    clock.pass_by(hours=1)
    assert dossier.read().unchanged, "what the digest repeats is no news"
    assert sorted(dossier.operations()) == sorted(UNCHANGED)


def test_a_line_that_is_gone_without_a_word_goes_when_its_month_is_read(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock
) -> None:
    books = sandbox.vendor.books
    books.put(*entry(sandbox, date(2026, 5, 5)))
    dossier.read()
    clock.pass_by(days=1)
    books.delete(*[line_id(line) for line in books.lines if line.number >= 9_000_000_000], forgotten=True)
    books.put(*entry(sandbox, date(2026, 5, 6), number=2, amount="7.00"))
    dossier.read()
    assert dossier.deleted == []
    found = dossier.rows("SELECT date, debit FROM books.journal_lines WHERE debit IN (7, 10)")
    assert found == [(date(2026, 5, 6), Decimal("7.0000"))]


def test_what_the_digest_forgets_shows_in_the_balances_and_everything_is_read(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock
) -> None:
    dossier.read()
    clock.pass_by(days=1)
    sandbox.vendor.books.put(*entry(sandbox, date(2024, 3, 3)), forgotten=True)
    dossier.connector = connect(sandbox, clock)
    dossier.read()
    assert len(dossier.months()) == 7
    assert "Domains" not in dossier.operations(), "where the administration is was known"
    assert dossier.rows("SELECT count(*) FROM books.journal_lines WHERE date = '2024-03-03' AND debit = 10") == [(1,)]


def test_a_line_that_moved_to_another_month_stands_once(dossier: Dossier, sandbox: YukiSandbox, clock: Clock) -> None:
    first, second = entry(sandbox, date(2026, 5, 5))
    sandbox.vendor.books.put(first, second)
    dossier.read()
    clock.pass_by(days=1)
    sandbox.vendor.books.put(replace(first, date=date(2026, 6, 6)), replace(second, date=date(2026, 6, 6)))
    dossier.read()
    assert dossier.months() == [("2026-06-01", "2026-06-30")]
    keys = dossier.rows("SELECT date, count(*) FROM books.journal_lines WHERE abs(debit - credit) = 10 GROUP BY ALL")
    assert keys == [(date(2026, 6, 6), 2)]


@pytest.mark.parametrize("first_record", [0, 1])
@pytest.mark.parametrize("entries", [49, 50, 100])
def test_pages_of_the_digest_lose_nothing(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock, entries: int, first_record: int
) -> None:
    sandbox.knobs.first_record = first_record  # type: ignore[assignment]
    dossier.read()
    clock.pass_by(days=1)
    for number in range(entries):
        sandbox.vendor.books.put(*entry(sandbox, date(2024 + number % 3, 1 + number % 12, 9), number))
    dossier.read()
    count = "SELECT count(*) FROM books.journal_lines WHERE abs(debit - credit) = 10 AND day(date) = 9"
    assert dossier.rows(count) == [(2 * entries,)]
    assert len(dossier.snapshots[-1].cursor["seen"]) == 2 * entries


def test_too_many_changes_are_read_as_everything(dossier: Dossier, sandbox: YukiSandbox, clock: Clock) -> None:
    dossier.read()
    clock.pass_by(days=1)
    for number in range(1000):
        sandbox.vendor.books.put(*entry(sandbox, date(2026, 1, 9), number))
    dossier.read()
    assert len(dossier.months()) == 7
    clock.pass_by(days=3)
    dossier.read()
    assert len(dossier.months()) == 7, "as long as the digest goes back to that day"
    clock.pass_by(days=1)
    assert dossier.read().unchanged


def test_from_a_date_only_its_months_are_read_and_its_opening_told(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock
) -> None:
    since = date(2025, 1, 1)
    dossier.read(since=since)
    assert dossier.months()[0] == ("2025-01-01", "2025-01-31")
    assert balances(dossier) == told(company("BE"), "2025")
    clock.pass_by(days=1)
    sandbox.vendor.books.put(*entry(sandbox, date(2024, 3, 3)))
    sandbox.show(company("BE", 1))
    dossier.read(since=since)
    assert all(first >= "2025" for first, _ in dossier.months())
    assert balances(dossier) == told(company("BE", 1), "2025")
    with pytest.raises(WrongInput, match="2031"):
        dossier.read(since=date(2031, 1, 1))


def test_totals_read_no_lines(dossier: Dossier) -> None:
    snapshot = dossier.read(totals_only=True)
    assert snapshot.cursor is None
    assert dossier.months() == []
    assert "GetUpdatedAndDeletedTransactions" not in dossier.operations()
    assert dossier.rows("SELECT count(*) FROM books.journal_lines WHERE period_kind <> 'opening'") == [(0,)]
    assert dossier.rows("SELECT count(DISTINCT fiscal_year) FROM books.trial_balances") == [(3,)]


def test_a_read_that_the_limit_cuts_short_goes_on_with_the_months_that_are_left(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults.append(Fault("429_day", path="GetTransactionDetails", skip=4))
    with pytest.raises(RateLimited, match="rows read so far are kept"):
        dossier.read()
    clock.pass_by(hours=16)
    sandbox.vendor.books.put(*entry(sandbox, date(2023, 8, 8)))  # in a month that was read already
    dossier.read()
    assert dossier.months()[0] == ("2024-10-01", "2024-10-31")
    assert dossier.months()[-1] == ("2023-08-01", "2023-08-31")
    count = "SELECT count(*), count(DISTINCT line_key) FROM books.journal_lines WHERE period_kind = 'normal'"
    lines = len(sandbox.vendor.books.lines)
    assert dossier.rows(count) == [(lines, lines)]
    clock.pass_by(hours=1)
    assert dossier.read().unchanged


def test_what_changes_while_months_are_read_is_read_again(dossier: Dossier, sandbox: YukiSandbox) -> None:
    put = sandbox.vendor.books.put

    def while_reading(stage: str, rows: int, done: list[int] = []) -> None:  # noqa: B006
        if not done:
            done.append(rows)
            put(*entry(sandbox, date(2023, 7, 7)))

    dossier.connector._access.report = while_reading
    dossier.read()
    assert dossier.months()[-1] == ("2023-07-01", "2023-07-31")
    count = "SELECT count(*), count(DISTINCT line_key) FROM books.journal_lines WHERE period_kind = 'normal'"
    lines = len(sandbox.vendor.books.lines)
    assert dossier.rows(count) == [(lines, lines)]


@pytest.mark.parametrize(("first", "zero"), [(0, "first"), (1, "first"), (1, "empty"), (1, "fault")])
@pytest.mark.parametrize("parties", [0, 100, 101])
def test_contacts_are_complete_whatever_their_first_page(
    dossier: Dossier, sandbox: YukiSandbox, first: int, zero: str, parties: int
) -> None:
    sandbox.knobs.first_contact_page, sandbox.knobs.page_zero = first, zero  # type: ignore[assignment]
    party = sandbox.vendor.books.company.parties[0]
    many = tuple(replace(party, code=f"{number:07}") for number in range(parties))
    told = replace(company("BE"))
    object.__setattr__(told, "parties", many)
    sandbox.vendor.books.company = told
    dossier.read(totals_only=True)
    assert dossier.snapshots[-1].rows["contacts"] == parties


def test_a_renamed_contact_and_a_new_account_arrive_without_reading_lines(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock
) -> None:
    dossier.read()
    clock.pass_by(days=2)
    sandbox.vendor.services.renamed["ELECTRA"] = ("Electra BV", clock())
    dossier.read()
    assert dossier.months() == []
    names = dict(dossier.rows("SELECT code, name FROM books.counterparties"))
    assert (names["ELECTRA"], names["DUPONT"]) == ("Electra BV", "Dupont & Fils SRL")
    clock.pass_by(hours=1)
    assert dossier.read().unchanged
    assert len(dossier.operations()) == len(UNCHANGED)


def test_everything_is_read_again_after_a_month(dossier: Dossier, clock: Clock) -> None:
    dossier.read()
    clock.pass_by(days=29)
    assert dossier.read().unchanged
    clock.pass_by(days=2)
    dossier.read()
    assert len(dossier.months()) == 7


def test_a_new_year_is_looked_for_when_the_last_one_is_over(dossier: Dossier, clock: Clock) -> None:
    dossier.read()
    clock.moment += timedelta(days=20)
    dossier.read(afresh=True)
    clock.moment += timedelta(days=20)
    dossier.read()
    asked = [a["yearID"] for o, a in dossier.asked if o == "GetPeriodDateTable"]
    assert asked == ["2023", "2024", "2025", "2026", "2027"]


@pytest.mark.parametrize(
    ("operation", "note"),
    [
        ("GetUpdatedAndDeletedTransactions", "no_change_digest"),
        ("GetSuppliersAndCustomers", "no_contacts"),
        ("OutstandingDebtorItems", "no_due_dates"),
        ("GLAccountBalance", "no_balances"),
    ],
)
def test_what_the_key_may_not_ask_is_gone_without_and_said(
    dossier: Dossier, sandbox: YukiSandbox, operation: str, note: str
) -> None:
    sandbox.knobs.forbidden.add(operation)
    dossier.read()
    assert note in dossier.codes()
    assert balances(dossier) == told(company("BE"))
    again = dossier.read()
    assert again.unchanged == (operation not in UNCHANGED[:1] + UNCHANGED[3:])


def test_a_right_that_is_taken_away_is_found_out(dossier: Dossier, sandbox: YukiSandbox) -> None:
    dossier.read()
    sandbox.knobs.forbidden.add("GetTransactionDetails")
    assert dossier.read().unchanged
    sandbox.show(company("BE", 1))
    with pytest.raises(AskForAccess, match="portal administrator"):
        dossier.read()
