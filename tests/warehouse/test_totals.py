"""Totals mode: the package's own balances are the figures, no lines stand, and every view says so."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from connectors.sandbox.company import Company, company
from foundation.errors import ChecksFailed
from tests.warehouse.conftest import Ledger, prepared
from warehouse.bench import Trust, Workbench

BY_PERIOD = """
CREATE TABLE by_period AS
SELECT fiscal_year, period, account, NULL::DECIMAL(20,4) AS opening, sum(debit) AS debit, sum(credit) AS credit,
    NULL::DECIMAL(20,4) AS closing
FROM books.journal_lines WHERE period_kind = 'normal' GROUP BY ALL;
DELETE FROM books.trial_balances WHERE opening = 0;
UPDATE books.trial_balances SET debit = NULL, credit = NULL, closing = NULL;
INSERT INTO books.trial_balances BY NAME FROM by_period;
DROP TABLE by_period
"""


def by_period(bench: Workbench) -> None:
    """A package that tells openings per year and movements per period, and no line."""
    bench.db.execute(BY_PERIOD)
    bench.db.execute("DELETE FROM books.journal_lines")


def by_year(bench: Workbench) -> None:
    bench.db.execute("DELETE FROM books.journal_lines")


def closings(told: Company) -> set[tuple[object, ...]]:
    return {(*key, row["closing"]) for key, row in told.balances().items() if row["closing"]}


@pytest.mark.parametrize("spoil", [by_year, by_period])
def test_the_trial_balance_is_the_package_s_own_and_says_so(ledger: Ledger, told: Company, spoil) -> None:  # type: ignore[no-untyped-def]
    ledger.load(told, totals=True, spoil=spoil)
    assert ledger.rows("SELECT * FROM ledger.journal_lines") == []
    found = ledger.rows("SELECT fiscal_year, account, closing FROM ledger.trial_balance_year WHERE closing <> 0")
    assert set(found) == closings(told)
    for view in ("trial_balance_year", "trial_balance", "balance_sheet", "income_statement", "reconciliation"):
        assert ledger.rows(f"SELECT DISTINCT sync_mode FROM ledger.{view}") == [("totals",)], view
    assert ledger.rows("SELECT DISTINCT sum(amount) FROM ledger.balance_sheet GROUP BY fiscal_year") == [(0,)]
    assert ledger.rows("SELECT DISTINCT source FROM ledger.trial_balances") == [("package",)]


def test_periods_carry_on_from_one_to_the_next(ledger: Ledger) -> None:
    told = company()
    ledger.load(told, totals=True, spoil=by_period)
    by_lines = Ledger(ledger.folder / "lines")
    by_lines.load(told)
    query = (
        "SELECT fiscal_year, period, account, opening, debit, credit, closing FROM ledger.trial_balance "
        "WHERE period_kind = 'normal' AND (opening <> 0 OR debit <> 0 OR credit <> 0) ORDER BY 1, 2, 3"
    )
    assert ledger.rows(query) == by_lines.rows(query)


def test_nothing_is_called_proven_that_no_line_proves(ledger: Ledger) -> None:
    ledger.load(company(), totals=True, spoil=by_year)
    states = dict(ledger.rows("SELECT check_name, state FROM ledger.reconciliation"))
    for name in ("ledger_balances", "entries_balance", "lines_complete", "equals_package", "line_keys_unique"):
        assert states[name] == "no evidence", name
    assert states["package_adds_up"] == states["balances_add_up"] == states["years_continuous"] == "proven"


def test_totals_that_do_not_add_up_are_refused(ledger: Ledger) -> None:
    def spoil(bench: Workbench) -> None:
        by_year(bench)
        bench.db.execute(
            "UPDATE books.trial_balances SET closing = closing + 1 WHERE account = '400000' AND fiscal_year = '2025'"
        )

    with pytest.raises(ChecksFailed, match=r"package_adds_up: 1 balances do not add up, such as 2025 400000"):
        ledger.load(company(), totals=True, spoil=spoil)


def test_totals_out_of_balance_are_refused(ledger: Ledger) -> None:
    def spoil(bench: Workbench) -> None:
        by_year(bench)
        bench.db.execute("DELETE FROM books.trial_balances WHERE account = '400000' AND fiscal_year = '2025'")

    with pytest.raises(ChecksFailed, match="balances_add_up"):
        ledger.load(company(), totals=True, spoil=spoil)


def test_a_revaluation_that_is_not_booked_is_a_line_of_its_own(tmp_path: Path) -> None:
    def spoil(bench: Workbench) -> None:
        for account, amount in (("550100", 25), ("754000", -25)):
            bench.db.execute(
                "UPDATE books.trial_balances SET closing = closing + ?, debit = debit + ? "
                "WHERE account = ? AND fiscal_year = '2026'",
                [amount, amount, account],
            )
        bench.db.execute("UPDATE books.accounts SET currency = 'USD' WHERE number = '550100'")
        bench.db.execute(
            "INSERT INTO books.trial_balances SELECT '2026', NULL, '754000', 0, 0, 25, -25 "
            "WHERE NOT EXISTS (FROM books.trial_balances WHERE account = '754000' AND fiscal_year = '2026')"
        )

    def found(trust: Trust) -> dict[str, tuple[bool | None, Decimal | None]]:
        with prepared(tmp_path, company(), spoil=spoil) as bench:
            return {r.name: (r.passed, r.value) for r in bench.check(trust)}

    strict = found(Trust())
    assert strict["equals_package"] == (False, Decimal(100))
    assert strict["revaluation"] == (None, None), "a package that books its revaluations has no excuse"
    told = found(Trust(revaluation=True))
    assert told["equals_package"] == (True, Decimal(0))
    assert told["revaluation"] == (False, Decimal(100))


def test_what_does_not_cancel_out_is_no_revaluation(tmp_path: Path) -> None:
    def spoil(bench: Workbench) -> None:
        bench.db.execute("UPDATE books.accounts SET currency = 'USD' WHERE number = '550100'")
        bench.db.execute(
            "UPDATE books.trial_balances SET closing = closing + 25, debit = debit + 25 "
            "WHERE account = '550100' AND fiscal_year = '2026'"
        )

    with prepared(tmp_path, company(), spoil=spoil) as bench:
        found = {r.name: r.passed for r in bench.check(Trust(revaluation=True))}
    assert found["equals_package"] is False
    assert found["revaluation"] is True
