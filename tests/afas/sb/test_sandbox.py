"""The sandbox refuses what AFAS SB refuses."""

from __future__ import annotations

import pytest
import requests

from connectors.afas.sb.sandbox import SbSandbox
from connectors.afas.sb.sandbox.books import HOLDING, OURS
from connectors.afas.sb.sandbox.tables import guid
from connectors.afas.sb.sandbox.vendor import ADMIN_TOKEN, TOKEN, VERSIONS
from tests.landed import Clock


def sign_in(sandbox: SbSandbox, environment: str = "atelier", **body: str) -> requests.Response:
    address = f"{sandbox.vendor.base_url}/{environment}/authentication/getaccesstoken"
    return requests.post(address, json=body or {"apptoken": TOKEN}, timeout=9)


def ask(
    sandbox: SbSandbox, endpoint: str, environment: str = "atelier", token: str = "", version: str = "", **query: str
) -> requests.Response:
    token = token or sign_in(sandbox).json()["access_token"]
    headers = {"Authorization": f"bearer {token}", "Accept-Version": version or VERSIONS.get(endpoint, "1")}
    address = f"{sandbox.vendor.base_url}/{environment}/api/{endpoint}"
    return requests.get(address, query, headers=headers, timeout=9)


def test_an_app_token_gives_an_access_token_for_half_an_hour(sandbox: SbSandbox, clock: Clock) -> None:
    told = sign_in(sandbox).json()
    assert (told["expires_in"], told["token_type"]) == ("1800", "bearer")
    token = told["access_token"]
    assert ask(sandbox, "administrations", token=token).status_code == 200
    clock.pass_by(seconds=1799)
    assert ask(sandbox, "administrations", token=token).status_code == 200
    clock.pass_by(seconds=1)
    refused = ask(sandbox, "administrations", token=token)
    assert (refused.status_code, refused.json()["StatusCode"]) == (401, 401)
    assert refused.json()["AdditionalInfo"]["ExceptionType"] == "NotAuthenticatedException"


@pytest.mark.parametrize(
    ("environment", "body", "status"),
    [
        ("atelier", {"apptoken": "another"}, 401),
        ("atelier", {"token": TOKEN}, 400),
        ("atelier", {"apptoken": TOKEN, "more": "x"}, 400),
        ("atelier", {"apptoken": TOKEN, "scope": "leeg"}, 401),
        ("leeg", {"apptoken": TOKEN}, 401),
        ("admin", {"apptoken": TOKEN}, 401),
        ("nowhere", {"apptoken": TOKEN}, 404),
        ("leeg", {"apptoken": ADMIN_TOKEN, "scope": "leeg"}, 200),
        ("admin", {"apptoken": ADMIN_TOKEN}, 200),
    ],
)
def test_an_app_token_opens_its_own_environments(
    sandbox: SbSandbox, environment: str, body: dict[str, str], status: int
) -> None:
    assert sign_in(sandbox, environment, **body).status_code == status


def test_a_token_is_good_for_one_environment_and_the_centre_holds_no_books(sandbox: SbSandbox) -> None:
    token = sign_in(sandbox, "atelier", apptoken=ADMIN_TOKEN).json()["access_token"]
    assert ask(sandbox, "administrations", "leeg", token).status_code == 401
    centre = sign_in(sandbox, "admin", apptoken=ADMIN_TOKEN).json()["access_token"]
    assert ask(sandbox, "administrations", "admin", centre).status_code == 403


@pytest.mark.parametrize(
    ("endpoint", "version"), [("journalentries", "1"), ("accountingyear", "1"), ("ledgeraccounts", "2.0")]
)
def test_every_endpoint_wants_its_own_version(sandbox: SbSandbox, endpoint: str, version: str) -> None:
    assert ask(sandbox, endpoint).status_code == 200
    assert ask(sandbox, endpoint, version=version).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"top": "5"},
        {"TrackingToken": "202611240745010"},  # not for entries
        {"skip": "x"},
        {"skip": "-1"},
        {"take": "0"},
        {"sort": "Nothing Ascending"},
        {"sort": "LineId Upwards"},
        {"filter": "Nothing eq 1"},
        {"filter": "LineId is 1"},
    ],
)
def test_what_the_vendor_does_not_understand_is_refused(sandbox: SbSandbox, query: dict[str, str]) -> None:
    refused = ask(sandbox, "journalentries", **query)
    assert refused.status_code == 400
    assert refused.json()["Message"]


def test_an_endpoint_that_there_is_not_is_404_and_one_without_a_right_403(sandbox: SbSandbox) -> None:
    assert ask(sandbox, "salaries").status_code == 404
    sandbox.knobs.forbidden.add("journalentries")
    assert ask(sandbox, "journalentries").json()["AdditionalInfo"]["ExceptionType"] == "NotAuthorizedException"


def test_filters_and_pages_are_those_of_the_guide(sandbox: SbSandbox) -> None:
    year = guid("year", OURS, "2025")
    found = ask(
        sandbox, "journalentries", filter=f"AdministrationId eq {OURS} and AccountingYearId eq {year}", take="5000"
    ).json()
    assert {row["AccountingYearId"] for row in found} == {year}
    both = ask(sandbox, "ledgeraccounts", take="5000").json()
    assert {row["AdministrationId"] for row in both} == {OURS, HOLDING}
    first, second = (
        ask(sandbox, "journalentries", sort="LineId Ascending", skip=skip, take="50").json() for skip in ("0", "50")
    )
    ids = [row["LineId"] for row in (*first, *second)]
    assert ids == sorted(set(ids))
    assert len(ids) == 100
    last = ask(sandbox, "journalentries", sortField="LineId descending", take="1").json()
    assert last[0]["LineId"] > ids[-1]
    assert len(ask(sandbox, "journalentries").json()) == 100


def test_without_an_order_rows_come_as_they_please(sandbox: SbSandbox) -> None:
    first, second = (ask(sandbox, "journalentries", take="5").json() for _ in range(2))
    assert first != second


def test_totals_tell_openings_apart_and_move_each_period_s_result(sandbox: SbSandbox) -> None:
    rows = ask(sandbox, "ledgerperiodtotals", filter=f"AdministrationId eq {OURS}", take="9000").json()
    assert {row["LedgerAccountNumber"] == row["LedgerAccountId"] for row in rows} == {True}
    for period in {row["AccountingPeriodId"] for row in rows}:
        moved = [row for row in rows if row["AccountingPeriodId"] == period and not row["IsOpeningBalance"]]
        assert round(sum(row["Total"] for row in moved), 2) == 0
        result = sum(row["Total"] for row in moved if row["RgsCode"].startswith("W"))
        transfer = sum(row["Total"] for row in moved if row["RgsCode"] == "ResultaatNiveau2")
        assert round(result + transfer, 2) == 0
    opened = {row["AccountingYear"] for row in rows if row["IsOpeningBalance"]}
    assert opened == {"2024", "2025", "2026"}
