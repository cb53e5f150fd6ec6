"""Each fault fails exactly its check; sound books pass all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from connectors.sandbox.company import Company, company
from foundation.errors import ChecksFailed
from tests.warehouse.conftest import prepared
from warehouse.bench import CheckResult, Override, Trust, Workbench, refuse_failed
from warehouse.standing import Standing

ALWAYS = {
    "ledger_balances", "years_balance", "closed_years_balance", "year_labels_unique",
    "balances_add_up", "periods_known", "entries_balance",
    "line_keys_unique", "lines_complete", "lines_in_years",
    "years_continuous", "opening_continues", "equals_package", "accounts_known", "accounts_mapped",
    "package_adds_up", "mapping_agrees", "controls_mapped", "sides_usual", "headings_unposted",
    "closed_years_stand", "opening_stands", "revaluation", "mapping_rules_apply",
}  # fmt: skip
NO_EVIDENCE = {"closed_years_stand", "opening_stands", "revaluation", "mapping_rules_apply"}
"""Of books that are seen for the first time, without rules of people, from a package that books its revaluations."""


def results(
    folder: Path, told: Company, spoil: Callable[[Workbench], None] | None = None, **more
) -> dict[str, CheckResult]:  # type: ignore[no-untyped-def]
    trust = more.pop("trust", Trust())
    with prepared(folder, told, spoil=spoil or (lambda bench: None), **more) as bench:
        return {result.name: result for result in bench.check(trust)}


def test_sound_books_pass_every_check(tmp_path: Path, told: Company) -> None:
    found = results(tmp_path, told)
    assert set(found) == ALWAYS
    assert {name for name, result in found.items() if result.passed is False} == set()
    assert {name for name, result in found.items() if result.passed is None} == NO_EVIDENCE


FAULTS: list[tuple[str, str, set[str], set[str]]] = [
    # what goes wrong, how, which blocking checks fail, which warnings come along
    ("a line is lost", "DELETE FROM books.journal_lines WHERE line_key = '301000003'",
     {"entries_balance"}, set()),
    ("an entry is lost", "DELETE FROM books.journal_lines WHERE entry_key = '30100000'", {"equals_package"}, set()),
    ("an amount is off in both lines", "UPDATE books.journal_lines SET debit = debit * 2, credit = credit * 2 "
     "WHERE entry_key = '30100000'", {"equals_package"}, set()),
    ("a line comes twice", "INSERT INTO books.journal_lines SELECT * FROM books.journal_lines "
     "WHERE entry_key = '30100000'", {"line_keys_unique"}, set()),
    ("two entries are off against one another", "UPDATE books.journal_lines SET entry_key = '30100010' "
     "WHERE line_key = '301000001'", {"entries_balance"}, set()),
    ("a line has no account", "UPDATE books.journal_lines SET account = NULL WHERE line_key = '301000001'",
     {"lines_complete"}, set()),
    ("lines lie outside every year", "UPDATE books.journal_lines SET date = DATE '2031-01-01', fiscal_year = NULL, "
     "period = NULL WHERE entry_key = '30100000'", {"lines_in_years"}, set()),
    ("a year is missing", "DELETE FROM books.fiscal_years WHERE label = '2025'",
     {"years_continuous"}, set()),
    ("years overlap", "UPDATE books.fiscal_years SET start_date = DATE '2024-12-01' WHERE label = '2025'",
     {"years_continuous"}, set()),
    ("a year opens otherwise than it closed", "UPDATE books.journal_lines SET debit = debit + 5 WHERE line_key IN "
     "(SELECT line_key FROM books.journal_lines WHERE period_kind = 'opening' AND fiscal_year = '2026' AND "
     "account IN ('230000')); UPDATE books.journal_lines SET credit = credit + 5 WHERE period_kind = 'opening' AND "
     "fiscal_year = '2026' AND account = '100000'", {"equals_package"}, set()),
    ("an account is not in the chart", "DELETE FROM books.accounts WHERE number = '400000'", set(), {"accounts_known"}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "sql", "errors", "warnings"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_fails_exactly_its_checks(
    tmp_path: Path, fault: str, sql: str, errors: set[str], warnings: set[str]
) -> None:
    found = results(tmp_path, company(), lambda bench: [bench.db.execute(part) for part in sql.split(";")] and None)
    failed = {name for name, result in found.items() if result.passed is False}
    assert {name for name in failed if found[name].severity == "error"} == errors
    assert {name for name in failed if found[name].severity == "warning"} == warnings
    if errors:
        with pytest.raises(ChecksFailed, match="|".join(sorted(errors))):
            refuse_failed(list(found.values()))
    else:
        refuse_failed(list(found.values()))


def test_a_package_without_balances_is_no_evidence_rather_than_a_pass(tmp_path: Path) -> None:
    found = results(tmp_path, company(), balances=False)
    assert found["equals_package"].passed is None
    assert found["equals_package"].value is None
    assert found["equals_package"].detail == "no evidence from this package"
    refuse_failed(list(found.values()))


def test_the_difference_is_the_sum_of_what_differs(tmp_path: Path) -> None:
    sql = (
        "UPDATE books.trial_balances SET debit = debit + 1.25, closing = closing + 1.25 "
        "WHERE account = '400000' AND fiscal_year = '2025'"
    )
    found = results(tmp_path, company(), lambda bench: bench.db.execute(sql) and None)
    assert found["equals_package"].value == Decimal("2.5000")
    assert "2025 400000" in found["equals_package"].detail


def test_loose_entries_are_a_warning_where_the_format_promises_no_more(tmp_path: Path) -> None:
    sql = "UPDATE books.journal_lines SET entry_key = '30100010' WHERE line_key = '301000001'"
    found = results(tmp_path, company(), lambda bench: bench.db.execute(sql) and None, trust=Trust(entries="warning"))
    assert found["entries_balance"].passed is False
    refuse_failed(list(found.values()))


def test_a_closed_year_out_of_balance_is_a_warning_where_archives_are_incomplete(tmp_path: Path) -> None:
    def spoil(bench: Workbench) -> None:
        bench.db.execute("DELETE FROM books.journal_lines WHERE line_key = '101000003'")

    strict = results(tmp_path, company(), spoil, balances=False)
    with pytest.raises(ChecksFailed):
        refuse_failed(list(strict.values()))
    loose = results(tmp_path, company(), spoil, balances=False, trust=Trust(closed_years="warning"))
    assert loose["closed_years_balance"].passed is False
    refuse_failed(list(loose.values()))


def test_years_that_support_corrected_are_not_called_proven(tmp_path: Path) -> None:
    overrides = tuple(Override(y.label, y.start, y.end) for y in company().years)
    spoiled = "UPDATE books.trial_balances SET closing = closing + 1, debit = debit + 1"
    found = results(tmp_path, company(), lambda bench: bench.db.execute(spoiled) and None, overrides=overrides)
    assert found["equals_package"].passed is None
    one = results(tmp_path, company(), overrides=overrides[:1])
    assert one["equals_package"].passed is True
    assert "40 account years" in one["equals_package"].detail


def test_two_years_of_one_name_are_refused(tmp_path: Path) -> None:
    """A dossier that moves between packages that label years differently: the old 2025 stands, another one comes."""
    kept = {
        "years": pa.table(
            {
                "label": ["2026"],
                "start_date": [date(2025, 1, 1)],
                "end_date": [date(2025, 12, 31)],
                "source": ["package"],
            }
        )
    }
    told = company()
    with prepared(tmp_path, told, since=date(2026, 1, 1), standing=Standing(kept=kept), balances=False) as bench:
        found = {result.name: result for result in bench.check(Trust())}
    assert found["year_labels_unique"].passed is False
    assert "2026" in found["year_labels_unique"].detail
