"""The sandbox refuses what the vendor refuses, and what OData 4 does not know."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from connectors.bocount.sandbox import BoCountSandbox, open_sandbox
from connectors.bocount.sandbox.vendor import SCOPE, Knobs
from tests.landed import Clock

from .landed import told


def _token(sandbox: BoCountSandbox) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": sandbox.settings["client_id"],
        "client_secret": sandbox.secrets["client_secret"],
        "scope": SCOPE,
    }
    answer = requests.post(sandbox.settings["token_url"], data=form, timeout=10)
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}


def _get(sandbox: BoCountSandbox, path: str, **headers: str) -> requests.Response:
    base = f"{sandbox.settings['base_url']}/v2.0/{sandbox.settings['tenant_id']}/production"
    return requests.get(f"{base}/{path}", headers=_token(sandbox) | headers, timeout=10)


def _entries(sandbox: BoCountSandbox, query: str, **headers: str) -> Any:
    return _get(sandbox, f"api/v2.0/companies({sandbox.external_id})/generalLedgerEntries?{query}", **headers).json()


@pytest.mark.parametrize(
    ("query", "trouble"),
    [
        ("$skip=10", "not supported"),
        ("$select=entryNo", "entryNo"),
        ("$orderby=amount", "amount"),
        ("$filter=postingDate ge '2025-01-01' or entryNumber gt 5", "'OR' operator"),
        ("$filter=entryNumber like 5", "not an operator"),
        ("$filter=contains(description,'x')", "contains"),
        ("$top=1&$top=2", "not supported"),
    ],
)
def test_what_is_not_known_is_refused(sandbox: BoCountSandbox, query: str, trouble: str) -> None:
    assert trouble in _entries(sandbox, query)["error"]["message"]


def test_the_next_page_is_told_and_a_smaller_one_can_be_asked_for(sandbox: BoCountSandbox) -> None:
    found = _entries(sandbox, "$select=entryNumber&$filter=entryNumber gt 3&$count=true", Prefer="odata.maxpagesize=2")
    assert [row["entryNumber"] for row in found["value"]] == [4, 5]
    assert found["@odata.count"] == len(sandbox.vendor.books.posted) - 3
    following = requests.get(found["@odata.nextLink"], headers=_token(sandbox), timeout=10).json()
    assert following["value"][0]["entryNumber"] == 6


def test_a_closing_date_lies_between_two_days_and_is_told_as_the_first(sandbox: BoCountSandbox) -> None:
    between = _entries(sandbox, "$filter=postingDate gt 2024-12-31 and postingDate lt 2025-01-01")["value"]
    assert {row["postingDate"] for row in between} == {"2024-12-31"}
    assert {row["documentNumber"] for row in between} == {"CLO2024"}
    on_the_day = _entries(sandbox, "$filter=postingDate eq 2024-12-31")["value"]
    assert on_the_day
    assert not any(row["documentNumber"] == "CLO2024" for row in on_the_day)


def test_without_a_token_or_with_an_old_one_nothing_is_told(sandbox: BoCountSandbox, clock: Clock) -> None:
    old = _token(sandbox)
    clock.sleep(3600)
    base = f"{sandbox.settings['base_url']}/v2.0/{sandbox.settings['tenant_id']}/production/api/v2.0/companies"
    for headers in ({}, old):
        answer = requests.get(base, headers=headers, timeout=10)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "Authentication_InvalidCredentials"


def test_more_calls_than_allowed_are_refused_for_five_minutes(clock: Clock) -> None:
    with open_sandbox("bocount", told(0), knobs=Knobs(calls_in_five_minutes=2), now=clock) as sandbox:
        statuses = [_get(sandbox, "api/v2.0/companies").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        clock.sleep(301)
        assert _get(sandbox, "api/v2.0/companies").status_code == 200


def test_posted_entries_are_never_changed(sandbox: BoCountSandbox) -> None:
    before = sandbox.vendor.books.entries()
    sandbox.show(told(2))
    assert sandbox.vendor.books.entries()[: len(before)] == before
