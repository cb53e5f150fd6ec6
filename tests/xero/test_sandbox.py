"""The sandbox refuses what Xero refuses, and tells what it tells."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.sandbox.vendor import Allowances
from connectors.xero.sandbox import XeroSandbox
from connectors.xero.sandbox.vendor import EMPTY, PRACTICE, WITHDRAWN
from tests.landed import Clock
from tests.reader import company_sums

from .landed import told

API = "/api.xro/2.0/"


@pytest.fixture
def token(sandbox: XeroSandbox) -> str:
    reply = requests.post(
        sandbox.settings["token_url"],
        data={"grant_type": "refresh_token", "refresh_token": sandbox.secrets["refresh_token"]},
        auth=(sandbox.settings["client_id"], sandbox.secrets["client_secret"]),
        timeout=10,
    )
    return str(reply.json()["access_token"])


@pytest.fixture
def ask(sandbox: XeroSandbox, token: str) -> Any:
    def get(endpoint: str, **headers: str | None) -> requests.Response:
        usual: dict[str, str | None] = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Xero-tenant-id": sandbox.external_id,
        }
        given = {name: value for name, value in (usual | headers).items() if value is not None}
        return requests.get(sandbox.settings["base_url"] + API + endpoint, headers=given, timeout=10)

    return get


def test_what_is_not_signed_or_named_is_refused(ask: Any) -> None:
    expired = ask("Accounts", Authorization="Bearer old")
    assert (expired.status_code, expired.json()["Title"]) == (401, "Unauthorized")
    assert "invalid_token" in expired.headers["WWW-Authenticate"]
    for tenant in (None, "somebody", WITHDRAWN, PRACTICE):
        reply = ask("Accounts", **{"Xero-tenant-id": tenant})
        assert (reply.status_code, reply.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    assert ask("Accounts", Accept="*/*").headers["Content-Type"] == "text/xml"
    assert ask("Ledger").status_code == 404


@pytest.mark.parametrize(
    "asked",
    ["Journals?offset=x", "Journals?page=1", "Reports/TrialBalance?fromDate=2026-01-01", "Reports/TrialBalance?date=1"],
)
def test_unknown_parameters_are_refused(ask: Any, asked: str) -> None:
    reply = ask(asked)
    assert (reply.status_code, reply.json()["Type"]) == (400, "ValidationException")


def test_nothing_can_be_written(sandbox: XeroSandbox) -> None:
    assert requests.put(sandbox.settings["base_url"] + API + "Accounts", timeout=10).status_code == 405


def test_journals_come_by_number_a_hundred_at_once_and_have_gaps(ask: Any, sandbox: XeroSandbox) -> None:
    first = ask("Journals").json()["Journals"]
    numbers = [journal["JournalNumber"] for journal in first]
    assert len(numbers) == 100
    assert numbers == sorted(numbers)
    assert numbers[-1] > 100
    following = ask(f"Journals?offset={numbers[-1]}").json()["Journals"]
    assert following[0]["JournalNumber"] > numbers[-1]
    assert ask(f"Journals?offset={sandbox.vendor.books.journals[-1].number}").json()["Journals"] == []
    assert "SourceType" not in first[0], "the conversion balances have no source"
    assert "\\/Date(" in ask("Journals").text


def test_every_journal_adds_up_to_zero_and_all_of_them_to_the_company(sandbox: XeroSandbox) -> None:
    numbers = {account.role: account.number for account in told().accounts}
    for revision in (0, 1, 2):
        later = told(revision, by_entries=False)
        sandbox.show(later)
        sums: dict[str, Decimal] = {}
        for journal in sandbox.vendor.books.journals:
            assert sum(posting.amount for posting in journal.postings) == 0
            for posting in journal.postings:
                number = numbers[posting.role]
                sums[number] = sums.get(number, Decimal(0)) + posting.amount
        assert {number: amount for number, amount in sums.items() if amount} == company_sums(later)


def test_what_is_changed_or_deleted_is_reversed_by_later_journals(sandbox: XeroSandbox) -> None:
    before = list(sandbox.vendor.books.journals)
    sandbox.show(told(1, by_entries=False))
    added = sandbox.vendor.books.journals[len(before) :]
    assert sandbox.vendor.books.journals[: len(before)] == before
    assert len(added) == 4  # the reversals of two entries, what became of one, and a new one
    sources = {journal.source_id for journal in before}
    assert sorted(journal.source_id in sources for journal in added) == [False, True, True, True]


def test_the_trial_balance_tells_results_since_the_year_began_and_adds_up(ask: Any) -> None:
    company = told()
    report = ask("Reports/TrialBalance?date=2025-12-31").json()["Reports"][0]
    found = {}
    for section in report["Rows"][1:-1]:
        for row in section["Rows"]:
            _, _, debit, credit = (Decimal(cell["Value"] or 0) for cell in row["Cells"][1:])
            number = row["Cells"][0]["Value"].rpartition("(")[2].rstrip(")")
            found[number] = debit - credit
    expected = {account: row["closing"] for (year, account), row in company.balances().items() if year == "2025"}
    assert found == {account: amount for account, amount in expected.items() if amount}
    total = [cell["Value"] for cell in report["Rows"][-1]["Rows"][0]["Cells"]]
    assert total[1] == total[2]
    assert total[3] == total[4]
    assert ask("Reports/TrialBalance?date=2023-12-30").json()["Reports"][0]["Rows"][1:-1] == []


def test_limits_are_counted_and_told(ask: Any, sandbox: XeroSandbox, clock: Clock) -> None:
    left = [int(ask("Organisation").headers["X-MinLimit-Remaining"]) for _ in range(2)]
    assert left[0] - left[1] == 1
    sandbox.vendor.limits = Allowances({"minute": (2, timedelta(minutes=1)), "day": (5, timedelta(days=1))}, clock)
    refused = [ask("Organisation") for _ in range(3)][-1]
    assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "minute")
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    clock.pass_by(minutes=2)
    assert ask("Organisation").status_code == 200


def test_the_sign_in_wants_a_challenge_and_a_scope_and_no_token_outlives_its_grace(
    sandbox: XeroSandbox, clock: Clock, token: str
) -> None:
    query = {
        "response_type": "code",
        "client_id": sandbox.settings["client_id"],
        "redirect_uri": "http://localhost:1/",
        "state": "s",
        "scope": "offline_access accounting.settings.read",
    }

    def location(**more: str) -> str:
        address = sandbox.settings["authorize_url"]
        return requests.get(address, params=query | more, allow_redirects=False, timeout=10).headers["Location"]

    assert "invalid_request" in location()
    challenge = {"code_challenge": "a" * 43, "code_challenge_method": "S256"}
    assert "code=" in location(**challenge)
    assert "invalid_scope" in location(**challenge, scope="accounting.transactions")

    def refresh() -> int:
        data = {"grant_type": "refresh_token", "refresh_token": sandbox.secrets["refresh_token"]}
        auth = (sandbox.settings["client_id"], sandbox.secrets["client_secret"])
        return requests.post(sandbox.settings["token_url"], data=data, auth=auth, timeout=10).status_code

    clock.pass_by(minutes=29)
    assert refresh() == 200, "the token before is good for half an hour more"
    clock.pass_by(minutes=31)
    assert refresh() == 400


def test_an_organisation_without_books_tells_nothing(ask: Any) -> None:
    assert ask("Journals", **{"Xero-tenant-id": EMPTY}).json()["Journals"] == []
    report = ask("Reports/TrialBalance", **{"Xero-tenant-id": EMPTY}).json()["Reports"][0]
    assert [row["RowType"] for row in report["Rows"]] == ["Header", "Section"]


def test_the_sandbox_looks_at_the_company_before_its_last_year_ends(sandbox: XeroSandbox, clock: Clock) -> None:
    clock.pass_by(days=2000)
    assert sandbox.vendor.today() == date(2026, 12, 31)
