"""The sandbox refuses what the vendor refuses; asked here without our client, so that neither hides the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectors.exact_online.sandbox import ExactSandbox, Fault, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import SOFTWARE

LINES = "bulk/Financial/TransactionLines"
ALL = "Date ge datetime'1900-01-01'"


class Caller:
    """Signs in once and asks."""

    def __init__(self, sandbox: ExactSandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.refresh_token = sandbox.secrets["refresh_token"]
        self.access_token = ""

    def token(self, **change: str | None) -> requests.Response:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": self.sandbox.settings["client_id"],
            "client_secret": self.sandbox.secrets["client_secret"],
        } | change
        reply = self.session.post(f"{self.sandbox.settings['base_url']}/api/oauth2/token", data=form)
        if reply.ok:
            self.access_token, self.refresh_token = reply.json()["access_token"], reply.json()["refresh_token"]
        return reply

    def get(self, path: str, **options: str) -> requests.Response:
        query = "&".join(f"${name}={value}" for name, value in options.items())
        url = path if path.startswith("http") else f"{self.sandbox.settings['base_url']}/api/v1/{path}?{query}"
        headers = {"Authorization": f"Bearer {self.access_token}", "Accept": "application/json"}
        return self.session.get(url, headers=headers, allow_redirects=False)

    def rows(self, path: str, **options: str) -> list[dict[str, Any]]:
        return self.get(path, **options).json()["d"]["results"]


@pytest.fixture
def caller(sandbox: ExactSandbox) -> Iterator[Caller]:
    found = Caller(sandbox)
    found.token()
    yield found
    found.session.close()


def test_the_token_reply_tells_its_lifetime_as_text_and_a_new_refresh_token(sandbox: ExactSandbox) -> None:
    caller = Caller(sandbox)
    with caller.session:
        reply = caller.token().json()
    assert reply["expires_in"] == "600"
    assert reply["refresh_token"] != sandbox.secrets["refresh_token"]


def test_a_used_refresh_token_is_refused(caller: Caller, clock: Clock) -> None:
    clock.pass_by(seconds=600)
    reply = caller.token(refresh_token=caller.sandbox.secrets["refresh_token"])
    assert (reply.status_code, reply.json()["error_description"]) == (401, "Old refresh token used.")


def test_another_token_before_570_seconds_is_refused_and_costs_nothing(caller: Caller, clock: Clock) -> None:
    clock.pass_by(seconds=569)
    assert caller.token().status_code == 400
    clock.pass_by(seconds=1)
    assert caller.token().status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://here"},
        {"client_secret": "wrong"},
        {"grant_type": "client_credentials"},
        {"refresh_token": "unknown"},
    ],
)
def test_a_token_call_must_be_exactly_the_documented_form(sandbox: ExactSandbox, change: dict[str, str]) -> None:
    caller = Caller(sandbox)
    with caller.session:
        assert caller.token(**change).status_code in (400, 401)


def test_a_refresh_token_that_is_not_used_for_30_days_is_dead(caller: Caller, clock: Clock) -> None:
    clock.pass_by(days=31)
    assert "The refresh token expired at" in caller.token().json()["error_description"]


def test_an_access_token_lasts_600_seconds(caller: Caller, clock: Clock) -> None:
    clock.pass_by(seconds=599)
    assert caller.get("current/Me", select="CurrentDivision").status_code == 200
    clock.pass_by(seconds=1)
    assert caller.get("current/Me", select="CurrentDivision").status_code == 401


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        (f"900101/{LINES}", {"filter": ALL}, 400),
        (f"900101/{LINES}", {"select": "ID"}, 400),
        (f"900101/{LINES}", {"select": "ID,Timestamp", "filter": ALL}, 400),
        (f"900101/{LINES}", {"select": "ID", "filter": ALL, "skip": "60"}, 400),
        (f"900101/{LINES}", {"select": "ID", "filter": "Nothing eq 1"}, 400),
        (f"900101/{LINES}", {"select": "ID", "filter": "Date ge '2024'"}, 400),
        (f"900101/{LINES}", {"select": "ID", "filter": "Date ge"}, 400),
        ("900101/sync/Financial/TransactionLines", {"select": "ID", "filter": ALL}, 400),
        ("900101/sync/Financial/TransactionLines", {"select": "ID", "filter": "Timestamp gt 5"}, 400),
        ("900101/sync/Financial/TransactionLines", {"select": "ID", "filter": "Timestamp ge 5L"}, 400),
        ("900101/financial/ReportingBalance", {"select": "Amount"}, 400),
        ("900101/financial/Unknown", {"select": "ID"}, 404),
        (f"900104/{LINES}", {"select": "ID", "filter": ALL}, 403),
        (f"900103/{LINES}", {"select": "ID", "filter": ALL}, 403),
        (f"123456/{LINES}", {"select": "ID", "filter": ALL}, 403),
    ],
)
def test_what_the_vendor_does_not_take_is_refused(
    caller: Caller, path: str, options: dict[str, str], status: int
) -> None:
    assert caller.get(path, **options).status_code == status


def test_pages_are_followed_by_their_absolute_next_address(caller: Caller) -> None:
    caller.sandbox.knobs.page_size = 500
    document = caller.get(f"900101/{LINES}", select="ID,AmountDC", filter=ALL).json()["d"]
    assert document["__next"].startswith(caller.sandbox.settings["base_url"])
    assert "$skiptoken=guid'" in document["__next"]
    second = caller.get(document["__next"]).json()["d"]
    ids = [row["ID"] for row in document["results"] + second["results"]]
    assert "__next" not in second
    assert len(ids) == len(set(ids)) == len(caller.sandbox.vendor.books.lines)


def test_top_is_served_in_pages_that_count_down(caller: Caller) -> None:
    first = caller.get("900101/financialtransaction/TransactionLines", select="ID", filter=ALL, top="100").json()["d"]
    assert len(first["results"]) == 60
    assert "$top=40" in first["__next"]
    second = caller.get(first["__next"]).json()["d"]
    assert (len(second["results"]), "__next" in second) == (40, False)


def test_rows_look_as_on_the_wire(caller: Caller) -> None:
    select = "Date,AmountDC,VATCode,AccountCode,Timestamp"
    rows = caller.rows("900101/sync/Financial/TransactionLines", select=select, filter="Timestamp gt 0L")
    row = next(row for row in rows if row["VATCode"] and row["AmountDC"] % 1)
    assert row["Date"].startswith("/Date(")
    assert isinstance(row["AmountDC"], float)
    assert isinstance(row["Timestamp"], str)
    assert len(row["VATCode"]) == 3
    assert any(row["AccountCode"] == "DUPONT".rjust(18) for row in rows)


def test_the_limits_are_told_and_kept(clock: Clock) -> None:
    with open_sandbox(SOFTWARE, company("BE"), now=clock) as sandbox:
        sandbox.knobs.minute_limit = 2
        caller = Caller(sandbox)
        with caller.session:
            caller.token()
            first = caller.get("current/Me", select="CurrentDivision")
            caller.get("current/Me", select="CurrentDivision")
            third = caller.get("current/Me", select="CurrentDivision")
            clock.pass_by(seconds=61)
            later = caller.get("current/Me", select="CurrentDivision")
    assert first.headers["X-RateLimit-Minutely-Remaining"] == "1"
    assert int(first.headers["X-RateLimit-Minutely-Reset"]) == int(Clock()().timestamp() + 60) * 1000
    assert (third.status_code, third.content) == (429, b"")
    assert "X-RateLimit-Remaining" not in third.headers
    assert later.status_code == 200


def test_more_than_ten_refusals_in_an_hour_block_the_endpoint(caller: Caller, clock: Clock) -> None:
    for _ in range(11):
        caller.get(f"900101/{LINES}", select="ID")
    good = {"select": "ID", "filter": ALL}
    assert caller.get(f"900101/{LINES}", **good).status_code == 403
    assert caller.get("900101/financial/Journals", select="ID").status_code == 200
    clock.pass_by(hours=1, seconds=1)
    clock.pass_by(seconds=600)
    caller.token()
    assert caller.get(f"900101/{LINES}", **good).status_code == 200


def test_a_later_revision_raises_timestamps_and_lists_deletions(caller: Caller, sandbox: ExactSandbox) -> None:
    deleted = {"select": "EntityKey,EntityType,Timestamp", "filter": "Timestamp gt 0L and EntityType eq 1"}
    changed = {"select": "ID,Timestamp", "filter": f"Timestamp gt {sandbox.vendor.books.high_water}L"}
    assert caller.rows("900101/sync/Deleted", **deleted) == []
    sandbox.show(company("BE", 1))
    assert len(caller.rows("900101/sync/Deleted", **deleted)) == 3
    assert len(caller.rows("900101/sync/Financial/TransactionLines", **changed)) == 4


def test_the_mirror_of_each_carry_forward_empties_the_year_before(sandbox: ExactSandbox) -> None:
    rows = list(sandbox.vendor.books.lines.values())
    for year in (2024, 2025):
        left = {}
        for row in rows:
            if row["FinancialYear"] == year:
                left[row["GLAccountCode"]] = left.get(row["GLAccountCode"], 0) + row["AmountDC"]
        assert set(left.values()) == {0}


@pytest.mark.parametrize("kind", ["500", "html", "truncated", "429_bare", "401"])
def test_a_fault_strikes_as_often_as_told(caller: Caller, kind: Any) -> None:
    caller.sandbox.knobs.faults = [Fault(kind, path="Journals", times=1, skip=1)]

    def works() -> bool:
        reply = caller.get("900101/financial/Journals", select="ID")
        try:
            return reply.status_code == 200 and "d" in json.loads(reply.content)
        except ValueError:
            return False

    assert [works(), works()] == [True, False]
    assert works() == (kind != "401")
