"""People's own mapping, from the command line to the figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import pytest

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, company
from connectors.sandbox.stage import Sandbox
from foundation.home import Home
from registry.store import Registry
from tests.portal.cli import Cli
from tests.warehouse.conftest import Ledger
from warehouse.bench import MappingRule, Workbench

CODED = ("common_code", "code_name", "mapping_rule", "confidence")


@dataclass(frozen=True)
class YearEarlier(Company):
    """The company while its second year was still open."""

    @cached_property
    def years(self) -> tuple[FiscalYear, ...]:
        return tuple(replace(year, closed=year.label == "2024") for year in Company().years)


def accounts(cli: Cli, dossier: str, *options: str) -> dict[str, dict[str, Any]]:
    return {row["number"]: row for row in cli("mapping", dossier, *options, "--json").json}


def status(cli: Cli, *arguments: str) -> str:
    return cli("sync", *arguments, "--json").json[0]["status"]


def test_accounts_are_listed_with_their_code_and_the_balance_of_the_latest_year(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    rows = accounts(cli, dossier)
    assert set(rows["400000"]) == {
        "number", "name", "type", "common_code", "code_name", "mapping_rule", "confidence", "closing"
    }  # fmt: skip
    assert (rows["400000"]["common_code"], rows["400000"]["code_name"]) == ("A60", "Trade debtors")
    told = {account: row["closing"] for (year, account), row in company("BE").balances().items() if year == "2026"}
    assert {number: Decimal(str(row["closing"])) for number, row in rows.items() if row["closing"]} == {
        account: amount for account, amount in told.items() if amount
    }
    assert {row["confidence"] for row in rows.values()} == {"medium"}, "what numbers tell"
    assert "Trade debtors" in cli("mapping", dossier).out
    assert accounts(cli, dossier, "--unmapped") == {}


def test_a_code_is_set_stands_after_every_sync_and_is_taken_back(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    before = accounts(cli, dossier)["613200"]
    done = cli("map", dossier, "613200", "x24", "--why", "rent in fact")
    assert f"grandlivre sync {dossier} --from-landing" in done.err
    assert status(cli, dossier, "--from-landing") == "synced"
    after = accounts(cli, dossier)["613200"]
    assert (after["common_code"], after["mapping_rule"]) == ("X24", "dossier_override")
    assert after["confidence"] == "high"
    assert after | dict.fromkeys(CODED, 0) == before | dict.fromkeys(CODED, 0)
    assert status(cli, dossier) == "unchanged", "the rule is part of what stands"
    assert accounts(cli, dossier)["613200"] == after
    cli("map", dossier, "613200", "--reset")
    cli("sync", dossier, "--from-landing")
    assert accounts(cli, dossier)["613200"] == before


def test_an_unchanged_package_is_read_again_from_landing_when_a_rule_changed(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    assert status(cli, dossier) == "unchanged"
    for arguments, rule in (
        (("613*", "X24", "--firm"), "firm_rule"),
        (("613*", "X25"), "dossier_override"),
        (("613*", "--reset"), "firm_rule"),
        (("613*", "--reset", "--firm"), "country_prefix"),
    ):
        cli("map", dossier, *arguments)
        assert status(cli, dossier) == "synced", arguments
        assert accounts(cli, dossier)["613200"]["mapping_rule"] == rule
        assert status(cli, dossier) == "unchanged", arguments


def test_what_a_person_leaves_unmapped_is_listed_as_unmapped(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    cli("map", dossier, "613200", "U20")
    cli("sync", dossier, "--from-landing")
    assert set(accounts(cli, dossier, "--unmapped")) == {"613200"}


def rules(cli: Cli, dossier: str) -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in cli("mapping", dossier, "--rules", "--json").json}


def test_rules_in_force_are_listed_with_who_made_them_and_why(cli: Cli, dossier: str) -> None:
    assert rules(cli, dossier) == {}
    assert "No rule of a person is in force." in cli("mapping", dossier, "--rules").out
    cli("map", dossier, "613*", "x24", "--firm", "--why", "rent in fact")
    cli("map", dossier, "613200", "X25", "--closed-years")
    cli("map", dossier, "604000", "X24")
    cli("map", dossier, "604000", "--reset")
    listed = rules(cli, dossier)
    assert list(listed) == ["613*", "613200"]
    for row in listed.values():
        assert list(row) == ["account", "code", "scope", "why", "who", "at", "closed_years", "stale"]
        assert row["who"]
        assert datetime.fromisoformat(row["at"]).tzinfo is not None
    facts = {key: [row[name] for name in ("code", "scope", "why", "closed_years")] for key, row in listed.items()}
    assert facts == {"613*": ["X24", "firm", "rent in fact", False], "613200": ["X25", "dossier", None, True]}
    assert "rent in fact" in cli("mapping", dossier, "--rules").out


def test_a_rule_that_finds_no_account_is_stale_once_there_are_figures(cli: Cli, dossier: str) -> None:
    for account in ("613200", "999999", "613*", "998*"):
        cli("map", dossier, account, "X24")
    cli("map", dossier, "997000", "X24", "--firm")
    assert {key: row["stale"] for key, row in rules(cli, dossier).items()} == {
        "613200": None, "999999": None, "613*": None, "998*": None, "997000": False
    }  # fmt: skip
    cli("sync", dossier)
    assert {key: row["stale"] for key, row in rules(cli, dossier).items()} == {
        "613200": False, "999999": True, "613*": False, "998*": True, "997000": False
    }  # fmt: skip


def typed(kind: str | None) -> Any:
    """Books whose package says that the fees account is of this type."""

    def spoil(bench: Workbench) -> None:
        bench.db.execute("UPDATE books.accounts SET type = ? WHERE number = '613200'", [kind])

    return spoil


def test_a_rule_is_stale_when_the_account_is_of_another_type_than_it_was(cli: Cli, dossier: str) -> None:
    ledger = Ledger(cli.home)
    ledger.load(company("BE"), dossier=dossier, sync="s1")
    cli("map", dossier, "613200", "X24")
    assert rules(cli, dossier)["613200"]["stale"] is False
    ledger.load(company("BE"), dossier=dossier, sync="s2", spoil=typed("asset"))
    assert rules(cli, dossier)["613200"]["stale"] is True
    cli("map", dossier, "613200", "X24")
    assert rules(cli, dossier)["613200"]["stale"] is False, "the rule was looked at again"


def test_a_type_that_follows_from_the_rule_makes_it_not_stale(cli: Cli, dossier: str) -> None:
    ledger = Ledger(cli.home)
    ledger.load(company("BE"), dossier=dossier, sync="s1", spoil=typed(None))
    assert accounts(cli, dossier)["613200"]["type"] == "expense"
    cli("map", dossier, "613200", "A60")
    rule = MappingRule("dossier", "exact", "613200", "A60")
    ledger.load(company("BE"), dossier=dossier, sync="s2", spoil=typed(None), rules=(rule,))
    assert accounts(cli, dossier)["613200"]["type"] == "asset"
    assert rules(cli, dossier)["613200"]["stale"] is False


@pytest.mark.parametrize(
    ("account", "kind", "code", "kept"),
    [
        ("613200", "expense", "X20", "expense"),
        ("613200", None, "U20", None),
        ("999999", "expense", "X20", None),
        ("613*", "expense", "X20", None),
    ],
)
def test_a_rule_keeps_what_its_account_was(
    cli: Cli, dossier: str, account: str, kind: str | None, code: str, kept: str | None
) -> None:
    stood = (MappingRule("dossier", "exact", "613200", code),)
    Ledger(cli.home).load(company("BE"), dossier=dossier, spoil=typed(kind), rules=stood)
    cli("map", dossier, account, "X24")
    with Registry.open(Home(cli.home)) as registry:
        (rule,) = registry.mapping_rules(dossier)
    assert rule.account_type == kept


def test_a_closed_year_keeps_its_codes_until_a_rule_reaches_it(cli: Cli, vendor: Sandbox, dossier: str) -> None:
    def told() -> dict[str, str]:
        sql = "SELECT fiscal_year, common_code FROM trial_balance_year WHERE account = '613200'"
        return {row["fiscal_year"]: row["common_code"] for row in cli("query", sql, "--format", "json").json}

    def mapped() -> dict[str, str]:
        heading, *rows = cli("fiscal-years", dossier).out.splitlines()
        return {row.split()[0]: re.split(r"\s\s+", row.strip())[-1] for row in rows if "mapping" in heading}

    vendor.show(YearEarlier("BE"))
    assert mapped() == {}, "no figures, no mapping"
    cli("sync", dossier)
    assert mapped() == dict.fromkeys(("2024", "2025", "2026"), "current")
    vendor.show(company("BE"))
    cli("sync", dossier)
    assert mapped() == {"2024": "current", "2025": "as closed", "2026": "current"}
    cli("map", dossier, "613200", "X24")
    cli("sync", dossier, "--from-landing")
    assert told() == {"2024": "X24", "2025": "X20", "2026": "X24"}
    cli("map", dossier, "613200", "X24", "--closed-years")
    assert rules(cli, dossier)["613200"]["closed_years"] is True
    cli("sync", dossier, "--from-landing")
    assert told() == dict.fromkeys(("2024", "2025", "2026"), "X24")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("map", "DOSSIER", "613200", "Z99"), "no code 'Z99'"),
        (("map", "DOSSIER", "613200", "A6"), "Choose one of its codes: A60, A61"),
        (("map", "DOSSIER", "*", "X24"), "names no account"),
        (("map", "DOSSIER", "613200", "--reset"), "No rule of a person is in force"),
        (("map", "nobody", "613200", "X24"), "nobody"),
        (("map", "nobody", "613200", "--reset"), "nobody"),
        (("mapping", "nobody"), "nobody"),
        (("mapping", "nobody", "--rules"), "nobody"),
        (("mapping", "DOSSIER"), "grandlivre"),
    ],
)
def test_what_cannot_be_mapped_is_said_with_the_next_step(
    cli: Cli, dossier: str, arguments: tuple[str, ...], told: str
) -> None:
    done = cli(*(dossier if part == "DOSSIER" else part for part in arguments), ok=False)
    assert done.status == 1
    assert done.err.startswith("Error: ")
    assert told in done.err
    assert done.out == ""


def test_taking_back_the_wrong_rule_names_those_in_force(cli: Cli, dossier: str) -> None:
    cli("map", dossier, "613*", "X24", "--firm")
    refused = cli("map", dossier, "613*", "--reset", ok=False)
    assert refused.status == 1
    assert "613* (firm)" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("map", "d"),
        ("map", "d", "613"),
        ("map", "d", "613", "X24", "--reset"),
        ("map", "d", "613", "--reset", "--closed-years"),
        ("mapping", "d", "--rules", "--unmapped"),
    ],
)
def test_wrong_usage_is_status_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments, ok=False)
    assert done.status == 2
    assert done.out == ""
