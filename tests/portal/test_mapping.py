"""People's own mapping, from the command line to the figures."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.catalog import package
from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox, open_sandbox
from tests.portal.cli import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Sandbox]:
    (tmp_path / "vendor").mkdir()
    with open_sandbox(package("verocount"), company("BE"), tmp_path / "vendor") as sandbox:
        yield sandbox


@pytest.fixture
def dossier(cli: Cli, vendor: Sandbox) -> str:
    connection = cli("connect", "verocount", "--firm", "Van Damme", "--set", f"root={vendor.settings['root']}").line
    return cli("link", connection, vendor.external_id).line


def accounts(cli: Cli, dossier: str, *options: str) -> dict[str, dict[str, Any]]:
    return {row["number"]: row for row in cli("mapping", dossier, *options, "--json").json}


def status(cli: Cli, *arguments: str) -> str:
    return cli("sync", *arguments, "--json").json[0]["status"]


def test_accounts_are_listed_with_their_code_and_the_balance_of_the_latest_year(cli: Cli, dossier: str) -> None:
    cli("sync", dossier)
    rows = accounts(cli, dossier)
    assert set(rows["400000"]) == {
        "number", "name", "type", "common_code", "code_name", "mapping_rule", "closing"
    }  # fmt: skip
    assert (rows["400000"]["common_code"], rows["400000"]["code_name"]) == ("A60", "Trade debtors")
    told = {account: row["closing"] for (year, account), row in company("BE").balances().items() if year == "2026"}
    assert {number: Decimal(str(row["closing"])) for number, row in rows.items() if row["closing"]} == {
        account: amount for account, amount in told.items() if amount
    }
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
    assert after | {"common_code": 0, "code_name": 0, "mapping_rule": 0} == before | {
        "common_code": 0, "code_name": 0, "mapping_rule": 0
    }  # fmt: skip
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


@pytest.mark.parametrize("arguments", [("d",), ("d", "613"), ("d", "613", "X24", "--reset")])
def test_wrong_usage_of_map_is_status_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli("map", *arguments, ok=False)
    assert done.status == 2
    assert done.out == ""
