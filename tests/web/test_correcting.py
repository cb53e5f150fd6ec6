"""Codes of accounts and fiscal years that people correct, over forms and over the API: kept with who and why, figures
made again without asking the package, and nothing for those who may not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.catalog import package
from connectors.sandbox.stage import company_of
from tests.web.figures import RIGHT, deeds, figures, told
from tests.web.stage import Person, Stage


def code_of(person: Person, dossier: str, account: str) -> tuple[str, str]:
    [found] = [a for a in figures(person, dossier, "accounts")["accounts"] if a["number"] == account]
    return found["common_code"], found["mapping_rule"]


@pytest.fixture(scope="module")
def synced(shared_stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with shared_stage.linked("verocount", tmp_path_factory.mktemp("synced")) as (_, dossier):
        shared_stage.sync(dossier)
        yield dossier


def test_the_trial_balance_of_the_api_is_the_company_to_the_cent(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        person = stage.person("analyst")
        found = figures(person, dossier, "trial-balance", year="2025", limit="7")
        found["accounts"] += figures(person, dossier, "trial-balance", year="2025", limit="9000", offset="7")[
            "accounts"
        ]
        expected = {account: row for (year, account), row in told().balances().items() if year == "2025"}
        told_back = {row["account"]: row for row in found["accounts"]}
        assert len(told_back) == len(found["accounts"]) == found["totals"]["accounts"] == len(expected)
        for account, row in expected.items():
            for name in ("opening", "closing"):
                assert isinstance(told_back[account][name], str)
                assert Decimal(told_back[account][name]) == row[name]
            assert Decimal(told_back[account]["package_closing"]) == row["closing"]
            assert told_back[account]["cause"] is None
        assert (found["sync_mode"], found["year"]["closed"], found["currency"]) == ("replace", True, "EUR")
        assert found["as_of"].endswith("Z")
        assert person.api("GET", f"/dossiers/{dossier}/trial-balance?year=1999").status_code == 422


def test_an_account_gets_a_code_by_form_and_the_package_is_not_asked(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero", tmp_path) as (sandbox, dossier):
        stage.sync(dossier)
        calls, person = sandbox.calls, stage.person("accountant")
        before = code_of(person, dossier, "613200")
        answer = person.post(
            f"/dossiers/{dossier}/accounts", page="/dossiers", account="613200", code="x24 Rent", why="rent in fact"
        )
        assert "The figures are being made again" in answer.text
        stage.launcher.wait()
        assert code_of(person, dossier, "613200") == ("X24", "dossier_override")
        [rule] = figures(person, dossier, "accounts")["rules"]
        assert (rule["who"], rule["why"], rule["scope"]) == ("accountant Demo", "rent in fact", "dossier")
        person.post(f"/dossiers/{dossier}/accounts/take-back", page="/dossiers", account="613200")
        stage.launcher.wait()
        assert code_of(person, dossier, "613200") == before
        assert sandbox.calls == calls
        assert deeds(stage, dossier) == [("took_back_mapping", "accountant Demo"), ("mapped", "accountant Demo")]
        assert [options["from_landing"] for _, options in stage.launcher.launched] == [True, True]


@pytest.mark.parametrize(
    ("account", "code", "said"),
    [
        ("613200", "X999", "no code"),
        ("613200", "X", "heading"),
        ("999999", "X24", "no account 999999"),
        (" ", "X24", ""),
    ],
)
def test_a_wrong_code_or_account_is_told_in_the_form_and_nothing_is_kept(
    shared_stage: Stage, synced: str, account: str, code: str, said: str
) -> None:
    person = shared_stage.person("accountant")
    answer = person.post(
        f"/dossiers/{synced}/accounts", page="/dossiers", account=account, code=code, why="a reason typed"
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="a reason typed"' in answer.text
    assert shared_stage.house.registry.mapping_rules(synced) == []
    assert shared_stage.launcher.launched == []


def test_who_may_not_map_or_correct_is_told_whom_to_ask(shared_stage: Stage, synced: str) -> None:
    analyst, accountant = shared_stage.person("analyst"), shared_stage.person("accountant")
    here = f"/dossiers/{synced}"
    for person, path, form in (
        (analyst, "/accounts", {"account": "613200", "code": "X24"}),
        (analyst, "/accounts/take-back", {"account": "613200"}),
        (analyst, "/years", RIGHT),
        (accountant, "/years", RIGHT),
        (accountant, "/years/take-back", {"label": "2025"}),
        (accountant, "/accounts", {"account": "613200", "code": "X24", "firm": "true"}),
    ):
        assert person.post(here + path, page="/dossiers", **form).status_code == 403, path
    year = {"start_date": "2025-01-01", "end_date": "2025-11-30", "why": "x"}
    for person, method, path, body in (
        (analyst, "PUT", "/accounts/613200/code", {"code": "X24"}),
        (analyst, "DELETE", "/accounts/613200/code", None),
        (accountant, "PUT", "/accounts/613200/code", {"code": "X24", "scope": "firm"}),
        (accountant, "DELETE", "/accounts/613200/code?scope=firm", None),
        (accountant, "PUT", "/years/2025", year),
        (accountant, "DELETE", "/years/2025", None),
    ):
        assert person.api(method, here + path, json=body).status_code == 403, path
    assert shared_stage.house.registry.mapping_rules(synced) == []
    assert shared_stage.house.registry.override_history(synced) == []
    for name in ("accounts", "accounts?account=613200", "years?year=2025"):
        assert 'action="/dossiers/' + synced + "/" + name.partition("?")[0] not in analyst.get(f"{here}/{name}").text
    assert "Support or an administrator can correct" in accountant.get(f"{here}/years").text


def test_a_rule_for_the_firm_is_made_by_support_and_taken_back(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        support = stage.person("support")
        given = {"code": "X24", "scope": "firm", "why": "always rent"}
        answer = support.api("PUT", f"/dossiers/{dossier}/accounts/613*/code", json=given)
        assert answer.json() == {"dossier_id": dossier, "being_made": True}
        stage.launcher.wait()
        assert code_of(support, dossier, "613200") == ("X24", "firm_rule")
        assert "always rent" in support.get(f"/dossiers/{dossier}/accounts").text
        assert support.api("DELETE", f"/dossiers/{dossier}/accounts/613*/code?scope=firm").status_code == 200
        assert support.api("DELETE", f"/dossiers/{dossier}/accounts/613*/code?scope=firm").status_code == 422
        stage.launcher.wait()
        assert stage.house.registry.mapping_rules(dossier) == []


def test_codes_are_proposed_for_what_has_none(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("verocount", tmp_path) as (_, dossier):
        before = stage.person("accountant")
        stage.house.registry.set_mapping_rule(dossier, "700100", "U20")
        stage.sync(dossier)
        found = figures(before, dossier, "accounts", show="unmapped")
        [account] = found["accounts"]
        assert found["counts"]["unmapped"] == 1
        assert account["number"] == "700100"
        assert account["proposals"][0] == {"code": "R10", "why": "number", "like": "700"}
        assert all(not row["proposals"] for row in figures(before, dossier, "accounts")["accounts"] if row != account)


def test_what_moved_in_a_closed_year_is_told_by_the_api(stage: Stage, tmp_path: Path) -> None:
    with stage.linked("xero", tmp_path) as (sandbox, dossier):
        stage.sync(dossier)
        person = stage.person("analyst")
        assert figures(person, dossier, "changes")["changes"] == []
        sandbox.show(company_of(package("xero"), revision=1))
        stage.sync(dossier)
        sandbox.show(company_of(package("xero"), revision=2))
        stage.sync(dossier)
        found = figures(person, dossier, "changes")
        before, after = (company_of(package("xero"), revision=r).balances() for r in (1, 2))
        expected = {
            (key, before[key]["closing"], after[key]["closing"])
            for key in before
            if key[0] == "2025" and before[key]["closing"] != after[key]["closing"]
        }
        closed = [row for row in found["changes"] if row["year_closed"] and row["what"] == "closing balance"]
        assert expected
        assert {
            ((row["fiscal_year"], row["account"]), Decimal(row["old"]), Decimal(row["new"]))
            for row in closed
            if row["fiscal_year"] == "2025"
        } == expected
        assert found["changes"][0]["year_closed"], "closed years come first"
        lines = figures(person, dossier, "changes", show="lines", sync="all")["changes"]
        assert {row["what"] for row in lines} >= {"line added"}
        assert person.api("GET", f"/dossiers/{dossier}/changes?sync=nobody").status_code == 422


def test_the_chart_is_told_in_the_persons_language(shared_stage: Stage) -> None:
    person = shared_stage.person("analyst")
    assert person.user
    names = {}
    for language in ("fr", "en"):
        shared_stage.house.registry.change_user(person.user.user_id, language=language)
        names[language] = {row["code"]: row["name"] for row in person.api("GET", "/chart").json()}
    assert (names["en"]["A60"], names["fr"]["A60"]) == ("Trade debtors", "Créances commerciales (clients)")


def test_dagster_that_does_not_answer_leaves_the_rule_for_the_next_sync(stage: Stage, tmp_path: Path) -> None:
    from foundation.errors import Wait

    with stage.linked("verocount", tmp_path) as (_, dossier):
        stage.sync(dossier)
        stage.launcher.trouble = Wait("Dagster does not answer")
        person = stage.person("accountant")
        answer = person.api("PUT", f"/dossiers/{dossier}/accounts/613200/code", json={"code": "X24"})
        assert answer.json()["being_made"] is False
        stage.sync(dossier)
        assert code_of(person, dossier, "613200") == ("X24", "dossier_override")
