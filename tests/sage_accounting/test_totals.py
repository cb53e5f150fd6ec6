"""Balances of years and months, and no line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.sage_accounting.sandbox import SageSandbox, open_sandbox
from tests.landed import Clock
from tests.reader import Reader

from .landed import SLUG, asked, connect, told

SINCE = date(2025, 1, 1)


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
