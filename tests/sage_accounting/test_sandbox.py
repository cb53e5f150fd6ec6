"""The sandbox refuses what Sage refuses, and tells what it tells."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sage_accounting.sandbox.vendor import LAPSED
from connectors.sandbox.vendor import Allowances
from tests.landed import Clock
from tests.reader import company_sums

from .landed import told


@pytest.fixture
def token(sandbox: SageSandbox) -> str:
    return str(refresh(sandbox, sandbox.secrets["refresh_token"]).json()["access_token"])


def refresh(sandbox: SageSandbox, refresh_token: str) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": sandbox.settings["client_id"],
        "client_secret": sandbox.secrets["client_secret"],
    }
    return requests.post(sandbox.settings["token_url"], data=form, timeout=10)


@pytest.fixture
def ask(sandbox: SageSandbox, token: str) -> Any:
    def get(path: str, **headers: str | None) -> requests.Response:
        usual: dict[str, str | None] = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "X-Business": sandbox.external_id,
        }
        given = {name: value for name, value in (usual | headers).items() if value is not None}
        return requests.get(f"{sandbox.settings['base_url']}/{path}", headers=given, timeout=10)

    return get


def test_what_is_not_signed_or_named_is_refused(ask: Any, sandbox: SageSandbox) -> None:
    expired = ask("ledger_accounts", Authorization="Bearer old")
    assert (expired.status_code, expired.json()[0]["$dataCode"]) == (401, "AuthorizationFailure")
    assert ask("ledger_accounts", Accept="*/*").status_code == 415
    assert ask("ledger_accounts", **{"X-Business": "somebody"}).status_code == 404
    lapsed = ask("ledger_accounts", **{"X-Business": LAPSED})
    assert (lapsed.status_code, lapsed.json()[0]["$message"]) == (401, "No active subscription. (MSE)")
    assert ask("ledgers").status_code == 404
    assert requests.put(f"{sandbox.settings['base_url']}/contacts", timeout=10).status_code == 405


def test_without_a_business_the_lead_one_answers(ask: Any) -> None:
    assert ask("ledger_entries", **{"X-Business": None}).json()["$total"] == 0
    assert ask("ledger_entries").json()["$total"] > 500


@pytest.mark.parametrize(
    "wrong",
    [
        "businesses?page=1",
        "ledger_entries?sort=date",
        "ledger_entries?items_per_page=201",
        "ledger_entries?page=0",
        "ledger_entries?from_date=2026-13-01",
        "ledger_entries?updated_or_created_since=yesterday",
        "trial_balance?from_date=2026-01-01",
        "transactions?expand_origin=true",
    ],
)
def test_what_a_path_does_not_know_is_refused(ask: Any, wrong: str) -> None:
    assert ask(wrong).status_code == 422


def test_a_list_shows_attributes_only_when_asked_and_20_rows_unless_asked(ask: Any) -> None:
    short = ask("ledger_entries").json()
    assert len(short["$items"]) == 20
    assert set(short["$items"][0]) == {"id", "displayed_as", "$path"}
    assert "debit" in ask("ledger_entries?attributes=all").json()["$items"][0]


def test_a_page_beyond_the_end_is_the_last_one_again(ask: Any) -> None:
    total = ask("ledger_entries?items_per_page=200").json()["$total"]
    last = -(-total // 200)
    tail = ask(f"ledger_entries?items_per_page=200&page={last}").json()
    assert ask(f"ledger_entries?items_per_page=200&page={last + 7}").json()["$items"] == tail["$items"]
    assert (len(tail["$items"]), tail["$next"]) == (total - 200 * (last - 1), None)
    first = ask("ledger_entries?items_per_page=200&page=1").json()
    assert ask(first["$next"].lstrip("/")).json()["$page"] == 2


def test_entries_add_up_to_the_company_and_deleted_ones_stay_with_a_flag(sandbox: SageSandbox) -> None:
    numbers = told().numbers
    for revision in (0, 1, 2):
        sandbox.show(told(revision))
        sums: dict[str, Decimal] = {}
        for entry in sandbox.vendor.books.entries.values():
            if not entry.deleted:
                sums[numbers[entry.role]] = sums.get(numbers[entry.role], Decimal(0)) + entry.amount
        assert {number: amount for number, amount in sums.items() if amount} == company_sums(told(revision))
    gone = [entry for entry in sandbox.vendor.books.entries.values() if entry.deleted]
    assert len(gone) == len(told(2).deleted) == 3


def test_changes_come_with_what_was_deleted(ask: Any, sandbox: SageSandbox, clock: Clock) -> None:
    clock.pass_by(minutes=1)
    since = (clock() - timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = f"ledger_entries?attributes=all&updated_or_created_since={since}"
    assert ask(address).json()["$total"] == 0
    sandbox.show(told(1))
    rows = ask(address).json()["$items"]
    assert len(rows) == 3 + 2 + 2  # deleted, changed, added: the moment itself counts
    assert sum(row["deleted"] for row in rows) == 3


@pytest.mark.parametrize("results", ["moved", "kept", "left out"])
def test_the_trial_balance_is_that_of_its_days(ask: Any, sandbox: SageSandbox, results: Any) -> None:
    sandbox.knobs.results = results
    rows = ask("trial_balance?from_date=2025-01-01&to_date=2025-12-31").json()["ledger_accounts"]
    amounts = {row["displayed_as"].rpartition("(")[2].rstrip(")"): row for row in rows}
    expected = {account: row for (year, account), row in told().balances().items() if year == "2025"}
    for account in ("550000", "400000"):
        opening, closing = amounts[account]["opening_balance"], amounts[account]["closing_balance"]
        assert Decimal(opening["debit"]) - Decimal(opening["credit"]) == expected[account]["opening"]
        assert Decimal(closing["debit"]) - Decimal(closing["credit"]) == expected[account]["closing"]
    opens_with_sales = Decimal(amounts["700000"]["opening_balance"]["credit"])
    carried = amounts.get("140000", {"opening_balance": {}})["opening_balance"]
    assert (opens_with_sales > 0) == (results == "kept")
    assert any(Decimal(side) for side in carried.values()) == (results == "moved")


def test_limits_are_counted_per_business(ask: Any, sandbox: SageSandbox, clock: Clock) -> None:
    sandbox.vendor.limits = Allowances({"minute": (2, timedelta(minutes=1)), "day": (5, timedelta(days=1))}, clock)
    refused = [ask("financial_settings") for _ in range(3)][-1]
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert ask("businesses").status_code == 200
    clock.pass_by(minutes=2)
    assert ask("financial_settings").status_code == 200


def test_access_lasts_five_minutes_and_a_refresh_token_serves_once(
    ask: Any, sandbox: SageSandbox, clock: Clock
) -> None:
    clock.pass_by(seconds=301)
    assert ask("businesses").status_code == 401
    again = refresh(sandbox, sandbox.secrets["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    answer = refresh(sandbox, sandbox.vendor.desk.refresh_token).json()
    assert (answer["expires_in"], answer["refresh_token_expires_in"]) == (300, 31 * 86_400)


def test_the_consent_page_wants_the_filter_a_scope_and_the_user_s_own_country(sandbox: SageSandbox) -> None:
    query = {
        "response_type": "code",
        "client_id": sandbox.settings["client_id"],
        "redirect_uri": "http://localhost:1/",
        "state": "s",
        "scope": "readonly",
    }

    def location(address: str = sandbox.settings["authorize_url"], **more: str) -> str:
        return requests.get(address, params=query | more, allow_redirects=False, timeout=10).headers["Location"]

    assert "code=" in location()
    assert "code=" in location(country="be")
    assert "Email+already+in+use" in location(country="gb")
    assert "invalid_scope" in location(scope="everything")
    assert "invalid_request" in location(sandbox.settings["authorize_url"].partition("?")[0])
