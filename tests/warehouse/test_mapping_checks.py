"""What looks wrong in a mapping is told to people, each fault by its own check, and blocks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.sandbox.company import company
from tests.warehouse.conftest import Ledger, prepared
from warehouse.bench import MappingRule, Trust, Workbench

SOUND = ("mapping_agrees", "controls_mapped", "sides_usual", "headings_unposted", "mapping_rules_apply")


def exact(account: str, code: str, account_type: str | None = None) -> MappingRule:
    return MappingRule("dossier", "exact", account, code, account_type)


def heading(bench: Workbench) -> None:
    bench.db.execute("UPDATE books.accounts SET heading = true WHERE number = '400000'")


def control(bench: Workbench) -> None:
    bench.db.execute("UPDATE books.counterparties SET control_account = '400000' WHERE kind = 'customer'")


FAULTS = [
    ("an expense under a code of the balance sheet", "mapping_agrees", exact("613200", "A71"), None, "613200 A71"),
    ("customers under bank", "controls_mapped", exact("400000", "A71"), control, "400000 A71"),
    ("a loan under land", "sides_usual", exact("173000", "A20"), None, "173000 A20"),
    ("a heading with entries", "headings_unposted", None, heading, "400000"),
    ("a rule for no account", "mapping_rules_apply", exact("999999", "X20"), None, "999999 finds no account"),
    ("a rule for what the account was", "mapping_rules_apply", exact("613200", "X23", "asset"), None,
     "613200 was asset and is expense"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "name", "rule", "spoil", "detail"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_doubtful_mapping_is_told_by_exactly_its_check(  # type: ignore[no-untyped-def]
    tmp_path: Path, fault: str, name: str, rule: MappingRule | None, spoil, detail: str
) -> None:
    rules = (rule,) if rule else ()
    with prepared(tmp_path, company(), rules=rules, spoil=spoil or (lambda bench: None)) as bench:
        found = {r.name: r for r in bench.check(Trust())}
    assert [check for check in SOUND if found[check].passed is False] == [name]
    assert found[name].severity == "warning"
    assert detail in found[name].detail


def test_a_firm_s_rule_need_not_find_an_account_in_every_dossier(tmp_path: Path) -> None:
    with prepared(tmp_path, company(), rules=(MappingRule("firm", "exact", "999999", "X20"),)) as bench:
        assert {r.name: r.passed for r in bench.check(Trust())}["mapping_rules_apply"] is None


def test_accumulated_depreciation_is_told_apart_in_every_chart(ledger: Ledger) -> None:
    for country in ("BE", "FR", "NL"):
        told = company(country)
        ledger.load(told, dossier=country)
        contra = ledger.rows("SELECT number FROM ledger.accounts WHERE dossier_id = ? AND contra", country)
        assert contra == [(told.numbers["equipment_depreciation"],)], country


def test_how_sure_a_code_is_stands_beside_it(ledger: Ledger) -> None:
    ledger.load(company("BE"), dossier="be", rules=(exact("613200", "X23"),))
    ledger.load(company("NL"), dossier="nl")
    confidence = dict(ledger.rows("SELECT number, confidence FROM ledger.accounts WHERE dossier_id = 'be'"))
    assert (confidence["613200"], confidence["400000"]) == ("high", "medium")
    assert ledger.rows("SELECT DISTINCT confidence FROM ledger.accounts WHERE dossier_id = 'nl'") == [("high",)]


def test_a_balance_on_the_other_side_is_shown_under_the_twin_and_stored_under_its_code(ledger: Ledger) -> None:
    told = company()
    ledger.load(told)
    (stored,) = ledger.rows(
        "SELECT common_code, closing FROM ledger.trial_balance_year WHERE account = '550000' AND fiscal_year = '2025'"
    )
    assert stored[0] == "A71"
    assert stored[1] < 0, "the company's bank account is overdrawn"  # type: ignore[operator]
    shown = dict(ledger.rows("SELECT common_code, presented FROM ledger.balance_sheet WHERE fiscal_year = '2025'"))
    assert shown["L30"] == -stored[1]  # type: ignore[operator]
    assert ledger.rows("SELECT DISTINCT sum(amount) FROM ledger.balance_sheet GROUP BY fiscal_year") == [(0,)]
