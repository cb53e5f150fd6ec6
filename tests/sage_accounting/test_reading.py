"""Full and incremental reads, and reads from a date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from connectors.sage_accounting.inferred import FULL_READ_EVERY
from connectors.sage_accounting.sandbox import SageSandbox
from tests.landed import Clock
from tests.reader import Reader, company_sums

from .landed import told

SINCE = date(2025, 1, 1)


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


def test_when_the_report_is_refused_later_what_was_booked_before_is_read(
    reader: Reader, sandbox: SageSandbox, clock: Clock
) -> None:
    opening = "SELECT debit - credit FROM books.journal_lines WHERE period_kind = 'opening' AND account = '550000'"
    reader.read(since=SINCE)
    expected = reader.rows(opening)
    sandbox.knobs.refused.add("/trial_balance")
    clock.pass_by(hours=1)
    assert reader.read(since=SINCE).unchanged
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "2.00"), ("bank", "-2.00")])
    reader.read(since=SINCE)
    assert reader.rows(opening) == expected
    assert reader.rows("SELECT min(date) < '2025' FROM landed.ledger_entries") == [(True,)]
    clock.pass_by(hours=1)
    sandbox.vendor.books.post(date(2026, 3, 3), [("fees", "2.00"), ("bank", "-2.00")])
    assert reader.read(since=SINCE).rows_read < 100, "once it is there, changes do"


def test_opening_balances_on_the_first_day_of_a_link_are_movements_there(reader: Reader, sandbox: SageSandbox) -> None:
    sandbox.vendor.books.post(
        SINCE, [("bank_usd", "50.00"), ("capital", "-50.00")], kind="BANK_OPENING_BALANCE", reference="B1"
    )
    reader.read(since=SINCE)
    found = reader.rows("SELECT DISTINCT period_kind, date FROM books.journal_lines WHERE document = 'B1'")
    assert found == [("normal", SINCE)]


def _days(since: date) -> list[date]:
    return [line.date for line in told().lines if line.kind == "normal" and line.date >= since]
