"""The sandbox refuses what the vendor refuses; asked here without our client, so that neither hides the other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from connectors.e_conomic.sandbox import EconomicSandbox, Knobs, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .landed import SOFTWARE

ENTRIES = "accounting-years/2025/entries"


class Caller:
    """Asks with both tokens, or with other headers."""

    def __init__(self, sandbox: EconomicSandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.headers = {
            "X-AppSecretToken": sandbox.secrets["app_secret_token"],
            "X-AgreementGrantToken": sandbox.secrets["agreement_grant_token"],
            "Content-Type": "application/json",
        }

    def get(self, place: str, headers: dict[str, str | None] | None = None, method: str = "GET") -> requests.Response:
        url = place if place.startswith("http") else f"{self.sandbox.settings['base_url']}/{place}"
        given = {name: value for name, value in {**self.headers, **(headers or {})}.items() if value is not None}
        return self.session.request(method, url, headers=given)

    def rows(self, place: str) -> list[dict[str, Any]]:
        return self.get(place).json(parse_float=Decimal)["collection"]


@pytest.fixture
def caller(sandbox: EconomicSandbox) -> Iterator[Caller]:
    found = Caller(sandbox)
    yield found
    found.session.close()


@pytest.mark.parametrize("header", ["X-AppSecretToken", "X-AgreementGrantToken"])
@pytest.mark.parametrize("value", [None, "wrong"])
def test_without_both_right_tokens_nothing_is_told(caller: Caller, header: str, value: str | None) -> None:
    reply = caller.get("self", {header: value})
    assert (reply.status_code, reply.json()["message"]) == (401, "Unauthorized access (Unauthorized).")


def test_a_call_must_say_that_it_speaks_json(caller: Caller) -> None:
    assert caller.get("self", {"Content-Type": None}).status_code == 415


def test_nothing_but_reading_is_taken(caller: Caller) -> None:
    assert caller.get("accounts", method="POST").status_code == 405


@pytest.mark.parametrize(
    "query",
    [
        "top=3",
        "pagesize=1001",
        "pagesize=0",
        "pagesize=x",
        "skippages=-1",
        "sort=account.accountNumber",
        "filter=account.accountNumber$eq:550000",
        "filter=entryNumber gt 5",
        "filter=entryNumber$near:5",
        "filter=entryNumber$gt:five",
    ],
)
def test_what_is_not_in_the_query_language_is_refused(caller: Caller, query: str) -> None:
    assert caller.get(f"{ENTRIES}?{query}").status_code == 400


@pytest.mark.parametrize("place", ["nothing", "accounting-years/1999/entries", "accounting-years/2025/lines"])
def test_what_is_not_there_is_not_found(caller: Caller, place: str) -> None:
    reply = caller.get(place)
    assert (reply.status_code, reply.json()["httpStatusCode"]) == (404, 404)


def test_an_app_without_the_bookkeeping_role_does_not_reach_the_ledger(caller: Caller) -> None:
    sales = {"X-AgreementGrantToken": caller.sandbox.vendor.agreements[2].token}
    assert caller.get("self", sales).status_code == 200
    assert caller.get("accounting-years", sales).status_code == 403
    assert caller.get("customers", sales).status_code == 200


def test_pages_are_twenty_rows_unless_asked_and_linked_to_the_last(caller: Caller) -> None:
    first = caller.get(f"{ENTRIES}?filter=date$gte:2025-07-01&sort=-entryNumber").json()
    assert len(first["collection"]) == first["pagination"]["pageSize"] == 20
    pages, page = [first], first
    while "nextPage" in page["pagination"]:
        page = caller.get(page["pagination"]["nextPage"]).json()
        pages.append(page)
    rows = [row for page in pages for row in page["collection"]]
    assert len(rows) == first["pagination"]["results"] < first["pagination"]["resultsWithoutFilter"]
    numbers = [row["entryNumber"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert min(row["date"] for row in rows) >= "2025-07-01"
    assert pages[-1]["self"] == first["pagination"]["lastPage"]


def test_conditions_are_joined(caller: Caller) -> None:
    rows = caller.rows(f"{ENTRIES}?pagesize=1000&filter=date$gte:2025-07-01$and:entryType$eq:customerInvoice")
    assert {row["entryType"] for row in rows} == {"customerInvoice"}
    assert min(row["date"] for row in rows) >= "2025-07-01"


def test_years_are_called_by_the_calendar_years_that_they_span(caller: Caller) -> None:
    years = caller.rows("accounting-years")
    assert [(year["year"], year.get("closed")) for year in years] == [
        ("2023/2024", True),
        ("2025", True),
        ("2026", None),
    ]
    assert caller.get(years[0]["periods"]).json()["pagination"]["results"] == 18


def test_lines_of_a_voucher_add_up_and_totals_are_the_entries_with_their_openings(caller: Caller) -> None:
    rows = caller.rows(f"{ENTRIES}?pagesize=1000")
    vouchers: dict[int, Decimal] = {}
    accounts: dict[int, Decimal] = {}
    for row in rows:
        vouchers[row["voucherNumber"]] = vouchers.get(row["voucherNumber"], Decimal(0)) + row["amountInBaseCurrency"]
        number = row["account"]["accountNumber"]
        accounts[number] = accounts.get(number, Decimal(0)) + row["amountInBaseCurrency"]
    assert set(vouchers.values()) == {Decimal(0)}
    totals = caller.rows("accounting-years/2025/totals?pagesize=1000")
    told = {row["account"]["accountNumber"]: row["totalInBaseCurrency"] for row in totals}
    assert told.pop(799_999) != 0, "a total account tells its sum"
    assert told == accounts


def test_what_was_booked_keeps_its_number_and_news_get_later_ones(caller: Caller) -> None:
    def told() -> dict[int, dict[str, Any]]:
        places = [year["entries"] for year in caller.rows("accounting-years")]
        return {row["entryNumber"]: row for place in places for row in caller.rows(f"{place}?pagesize=1000")}

    before = told()
    for revision in (1, 2):
        caller.sandbox.show(company("BE", revision, 3, corrects_by_entries=True))
        after = told()
        assert {number: after[number] for number in before} == before
        assert min(after.keys() - before.keys()) == max(before) + 1
        before = after


def test_opening_a_year_again_takes_its_opening_entries_back(caller: Caller) -> None:
    caller.sandbox.show(company("BE", 2, 3, corrects_by_entries=True))
    rows = caller.rows("accounting-years/2026/entries?pagesize=1000")
    openings = [row for row in rows if row["entryType"] in ("openingEntry", "transferredOpeningEntry")]
    accounts = {row["account"]["accountNumber"] for row in openings}
    assert len(openings) == 3 * len(accounts)
    assert sum(row["amountInBaseCurrency"] for row in openings) == 0


def test_a_call_has_a_price_and_who_spends_too_much_waits(clock: Clock) -> None:
    with open_sandbox(SOFTWARE, company("BE", entries_per_month=1), knobs=Knobs(bucket=11), now=clock) as sandbox:
        caller = Caller(sandbox)
        with caller.session:
            reply = caller.get(f"{ENTRIES}?pagesize=1000")
            assert (reply.status_code, reply.headers["x-callcost"]) == (200, "11")
            refused = caller.get("self")
            assert refused.status_code == 429
            clock.sleep(int(refused.headers["Retry-After"]))
            assert caller.get("self").status_code == 200
