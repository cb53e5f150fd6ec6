"""What moved between two syncs is told with old and new; what is gone stays known and is in no total."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from connectors.sandbox.company import company
from tests.warehouse.conftest import NOON, Ledger
from warehouse.bench import Override, Workbench

LATER = NOON + timedelta(hours=3)


def check(ledger: Ledger, name: str) -> tuple[object, ...]:
    """State, value and detail of a check of the figures that stand."""
    (row,) = ledger.rows("SELECT state, value, detail FROM ledger.reconciliation WHERE check_name = ?", name)
    return row


def test_the_first_load_is_no_change(ledger: Ledger) -> None:
    ledger.load(company())
    assert ledger.rows("SELECT * FROM ledger.line_changes") == []
    assert ledger.rows("SELECT * FROM ledger.balance_changes") == []
    assert check(ledger, "closed_years_stand")[0] == "no evidence"


def test_lines_that_came_went_and_changed_are_told_as_they_stood(ledger: Ledger) -> None:
    ledger.load(company())
    ledger.load(company(revision=1), sync="s2", moment=LATER)
    before = {str(line.number): line for line in company().lines}
    after = {str(line.number): line for line in company(revision=1).lines}
    expected = set()
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            expected.add(("added", key, None, new.amount))
        elif new is None and old is not None:
            expected.add(("deleted", key, old.amount, None))
        elif old and new and old.amount != new.amount:
            expected.add(("changed", key, old.amount, new.amount))
    found = ledger.rows("SELECT change, line_key, old_amount, new_amount FROM ledger.line_changes")
    assert {row[0] for row in found} == {"added", "deleted", "changed"}
    assert set(found) == expected
    assert set(ledger.rows("SELECT sync_id, seen_at FROM ledger.line_changes")) == {("s2", LATER.replace(tzinfo=None))}


def test_a_deleted_line_is_kept_with_its_time_and_is_in_no_total(ledger: Ledger) -> None:
    ledger.load(company())
    ledger.load(company(revision=1), sync="s2", moment=LATER)
    gone = {(str(line.number), line.account, line.debit, line.credit) for line in company(revision=1).deleted}
    found = ledger.rows("SELECT line_key, account, debit, credit FROM ledger.deleted_lines")
    assert set(found) == gone
    assert gone
    keys = [row[0] for row in found]
    assert ledger.rows("SELECT count(*) FROM ledger.journal_lines WHERE line_key = ANY(?)", keys) == [(0,)]
    ledger.load(company(), sync="s3", moment=LATER + timedelta(hours=1))
    assert ledger.rows("SELECT * FROM ledger.deleted_lines WHERE line_key = ANY(?)", keys) == []
    assert ledger.rows("SELECT count(*) FROM ledger.line_changes WHERE change = 'deleted' AND sync_id = 's2'") != [(0,)]


def test_a_change_in_a_closed_year_is_an_event_with_old_and_new_per_account(ledger: Ledger) -> None:
    ledger.load(company(revision=1))
    ledger.load(company(revision=2), sync="s2", moment=LATER)
    before, after = company(revision=1).balances(), company(revision=2).balances()
    closed = {year.label for year in company().years if year.closed}
    expected = {
        (*key, before[key]["closing"] if key in before else Decimal(0), row["closing"])
        for key, row in after.items()
        if key[0] in closed and before.get(key, {}).get("closing") != row["closing"]
    }
    found = ledger.rows("SELECT fiscal_year, account, old_closing, new_closing FROM ledger.closed_year_changes")
    assert set(found) == expected
    assert expected
    state, value, detail = check(ledger, "closed_years_stand")
    assert state == "warning"
    assert value == sum(abs(new - old) for _, _, old, new in expected)
    assert "2025 613200: was" in str(detail)
    ledger.load(company(revision=2), sync="s3", moment=LATER + timedelta(hours=1))
    assert check(ledger, "closed_years_stand")[0] == "proven", "it is told once, and stays in the history"
    assert set(ledger.rows("SELECT DISTINCT sync_id FROM ledger.closed_year_changes")) == {("s2",)}


def test_an_opening_balance_that_moves_is_told_with_old_and_new(ledger: Ledger) -> None:
    def moved(bench: Workbench) -> None:
        for account, side in (("230000", "debit"), ("100000", "credit")):
            bench.db.execute(
                f"UPDATE books.journal_lines SET {side} = {side} + 5 WHERE period_kind = 'opening' AND account = ?",
                [account],
            )
            sign = 1 if side == "debit" else -1
            bench.db.execute(
                "UPDATE books.trial_balances SET opening = opening + ?, closing = closing + ? WHERE account = ?",
                [5 * sign, 5 * sign, account],
            )

    ledger.load(company())
    assert check(ledger, "opening_stands")[0] == "no evidence"
    ledger.load(company(), sync="s2", spoil=moved)
    state, value, detail = check(ledger, "opening_stands")
    assert (state, value) == ("warning", Decimal(10))
    assert "2024 230000: was 48000.0000, is 48005.0000" in str(detail)
    rows = ledger.rows(
        "SELECT account, old_opening, new_opening FROM ledger.balance_changes WHERE fiscal_year = '2024' ORDER BY 1"
    )
    assert rows == [("100000", Decimal(-50000), Decimal(-50005)), ("230000", Decimal(48000), Decimal(48005))]


def test_what_people_corrected_is_no_warning_and_moves_no_line(ledger: Ledger) -> None:
    years = {year.label: year for year in company().years}
    first = Override("2024", years["2024"].start, years["2024"].end.replace(month=6, day=30))
    second = Override("2025", first.end + timedelta(days=1), years["2025"].end)
    ledger.load(company())
    ledger.load(company(), sync="s2", overrides=(first, second), cause="correction")
    assert ledger.rows("SELECT DISTINCT cause FROM ledger.balance_changes") == [("correction",)]
    assert ledger.rows("SELECT * FROM ledger.closed_year_changes") == []
    assert ledger.rows("SELECT * FROM ledger.line_changes") == []
    state, _, detail = check(ledger, "closed_years_stand")
    assert state == "proven"
    assert "by a correction of ours" in str(detail)


def test_another_link_names_its_lines_in_its_own_way_and_is_not_compared_line_by_line(ledger: Ledger) -> None:
    ledger.load(company())
    ledger.load(company(revision=1), sync="s2", link="other", cause="moved")
    assert ledger.rows("SELECT * FROM ledger.line_changes") == []
    assert ledger.rows("SELECT DISTINCT cause FROM ledger.balance_changes") == [("moved",)]


def test_dossiers_keep_their_own_history(ledger: Ledger) -> None:
    ledger.load(company(), dossier="d1")
    ledger.load(company(), dossier="d2")
    ledger.load(company(revision=1), dossier="d1", sync="s2")
    assert ledger.rows("SELECT DISTINCT dossier_id FROM ledger.line_changes") == [("d1",)]
    assert ledger.rows("SELECT DISTINCT dossier_id FROM ledger.balance_changes") == [("d1",)]
