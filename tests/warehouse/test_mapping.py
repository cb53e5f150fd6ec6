"""People's rules come before everything that a package or a number says, in a fixed order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.sandbox.company import Company, company
from tests.warehouse.conftest import Ledger, prepared
from warehouse.bench import MappingRule, Trust, Workbench

DOSSIER_EXACT = MappingRule("dossier", "exact", "613200", "X22")
DOSSIER_WHOLE = MappingRule("dossier", "prefix", "613200", "X41")  # as long as the account, and still a prefix
DOSSIER_LONG = MappingRule("dossier", "prefix", "6132", "X24")
DOSSIER_SHORT = MappingRule("dossier", "prefix", "6", "X25")
FIRM_EXACT = MappingRule("firm", "exact", "613200", "X26")
FIRM_WHOLE = MappingRule("firm", "prefix", "613200", "X42")
FIRM_LONG = MappingRule("firm", "prefix", "61320", "X27")
FIRM_SHORT = MappingRule("firm", "prefix", "61", "X40")
BY_RANK = (
    DOSSIER_EXACT, DOSSIER_WHOLE, DOSSIER_LONG, DOSSIER_SHORT, FIRM_EXACT, FIRM_WHOLE, FIRM_LONG, FIRM_SHORT
)  # fmt: skip


def code_of(ledger: Ledger, number: str) -> tuple[object, ...]:
    (row,) = ledger.rows("SELECT common_code, mapping_rule FROM ledger.accounts WHERE number = ?", number)
    return row


@pytest.mark.parametrize("rank", range(len(BY_RANK)))
def test_the_dossier_comes_before_the_firm_an_account_before_a_prefix_a_longer_prefix_before_a_shorter(
    ledger: Ledger, rank: int
) -> None:
    first = BY_RANK[rank]
    ledger.load(company("BE"), rules=tuple(reversed(BY_RANK[rank:])))
    rule = "dossier_override" if first.scope == "dossier" else "firm_rule"
    assert code_of(ledger, "613200") == (first.code, rule)


def test_a_rule_reaches_its_accounts_and_no_others(ledger: Ledger) -> None:
    ledger.load(company("BE"))
    before = dict(ledger.rows("SELECT number, common_code FROM ledger.accounts"))
    ledger.load(company("BE"), sync="s2", rules=(MappingRule("dossier", "exact", "613", "X40"), FIRM_EXACT))
    after = dict(ledger.rows("SELECT number, common_code FROM ledger.accounts"))
    assert {number for number in before if before[number] != after[number]} == {"613200"}, "613 is no account here"
    ledger.load(company("BE"), sync="s3", rules=(MappingRule("firm", "prefix", "613", "X40"),))
    ruled = ledger.rows("SELECT number FROM ledger.accounts WHERE mapping_rule = 'firm_rule' ORDER BY number")
    assert ruled == [("613200",), ("613900",)]


def test_rules_come_before_the_package_s_own_code(ledger: Ledger) -> None:
    ledger.load(company("NL"))
    assert code_of(ledger, "4500")[1] == "explicit_code"
    ledger.load(company("NL"), sync="s2", rules=(MappingRule("firm", "prefix", "45", "X40"),))
    assert code_of(ledger, "4500") == ("X40", "firm_rule")


def test_a_rule_moves_an_amount_between_codes_and_no_total_changes(ledger: Ledger, told: Company) -> None:
    def statement() -> tuple[dict[object, object], list[tuple[object, ...]]]:
        rows = ledger.rows("SELECT common_code, sum(amount) FROM ledger.income_statement GROUP BY common_code")
        return dict(rows), ledger.rows(
            "SELECT fiscal_year, sum(amount) FROM ledger.income_statement GROUP BY fiscal_year ORDER BY fiscal_year"
        )

    number = told.numbers["fees"]
    ledger.load(told)
    before, results = statement()
    ledger.load(told, sync="s2", rules=(MappingRule("dossier", "exact", number, "X61"),))
    after, results_after = statement()
    (moved,) = ledger.rows("SELECT sum(closing) FROM ledger.trial_balance_year WHERE account = ?", number)
    assert "X61" not in before
    assert after["X61"] == moved[0]
    assert results_after == results


def test_a_rule_survives_that_the_account_is_renamed_and_goes_when_it_is_taken_back(ledger: Ledger) -> None:
    ledger.load(company("BE"))
    package = code_of(ledger, "613200")
    ledger.load(company("BE"), sync="s2", rules=(DOSSIER_EXACT,))
    ledger.load(company("BE", revision=1), sync="s3", rules=(DOSSIER_EXACT,))
    assert code_of(ledger, "613200") == ("X22", "dossier_override")
    ledger.load(company("BE", revision=1), sync="s4")
    assert code_of(ledger, "613200") == package


def test_rules_reach_the_history_that_a_sync_from_a_date_keeps_and_can_be_taken_back(ledger: Ledger) -> None:
    """After a move to another package the accounts of the years before are known from what stands only."""
    since = date(2026, 1, 1)
    ledger.load(company("BE"), sync="s1", rules=(MappingRule("firm", "exact", "620200", "X30"),))
    standing = code_of(ledger, "613200")
    ledger.load(company("NL"), sync="s2", since=since)
    assert code_of(ledger, "613200") == standing, "history keeps the code that stood"
    assert code_of(ledger, "620200") == ("U20", "unmapped"), "but not one of a rule that is gone"
    ledger.load(company("NL"), sync="s3", since=since, rules=(DOSSIER_SHORT,))
    assert code_of(ledger, "613200") == code_of(ledger, "620200") == ("X25", "dossier_override")
    totals = ledger.rows("SELECT DISTINCT sum(closing) FROM ledger.trial_balance_year GROUP BY fiscal_year")
    assert totals == [(Decimal(0),)]


def test_an_account_that_a_person_leaves_unmapped_is_still_counted_as_unmapped(ledger: Ledger) -> None:
    def mapped(bench: Workbench) -> tuple[bool | None, Decimal | None]:
        (result,) = [r for r in bench.check(Trust()) if r.name == "accounts_mapped"]
        return result.passed, result.value

    with prepared(ledger.folder, company("BE")) as bench:
        assert mapped(bench) == (True, 0)
    with prepared(ledger.folder, company("BE"), rules=(MappingRule("dossier", "exact", "613200", "U20"),)) as bench:
        passed, amount = mapped(bench)
    turnover = sum(abs(line.amount) for line in company("BE").lines if line.account == "613200")
    assert (passed, amount) == (False, turnover)


@pytest.mark.parametrize(
    ("country", "number", "explicit_code", "package_type", "contra"),
    [
        ("BE", "230009", None, None, True),
        ("BE", "230000", None, None, False),
        ("BE", "280000", None, None, False),
        ("FR", "281000", None, None, True),
        ("FR", "230009", None, None, False),
        ("NL", "9901", "BMvaBegCae", None, True),
        ("NL", "9901", "BMvaBegVvp", None, False),
        ("NL", "230009", None, None, False),
        ("NL", "9901", None, "E:35", True),
        ("NL", "9901", None, "E:350", False),
    ],
)
def test_which_accounts_stand_against_others_is_told_by_number_code_or_type(
    tmp_path: Path, country: str, number: str, explicit_code: str | None, package_type: str | None, contra: bool
) -> None:
    def spoil(bench: Workbench) -> None:
        bench.db.execute(
            "INSERT INTO books.accounts (number, explicit_code, package_type) VALUES (?, ?, ?)",
            [number, explicit_code, package_type],
        )

    with prepared(tmp_path, company(country), spoil=spoil) as bench:
        found = bench.db.execute("SELECT contra FROM work.accounts WHERE number = ?", [number]).fetchall()
    assert found == [(contra,)]
