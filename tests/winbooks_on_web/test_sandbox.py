"""The sandbox refuses what the vendor refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from connectors.sandbox.company import company
from connectors.sandbox.vendor import Answer, Request
from connectors.winbooks_on_web.sandbox.ids import entity_type
from connectors.winbooks_on_web.sandbox.knobs import Knobs
from connectors.winbooks_on_web.sandbox.vendor import EXCHANGE_TOKEN, FOLDER, FORBIDDEN, Vendor

BASIC = "Basic c3luY0BrYW50b29yLmV4YW1wbGU="
"""The e-mail alone, without a colon or a password."""


class Caller:
    """Calls the vendor as a client would, signed in."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, tzinfo=UTC)
        self.vendor = Vendor(company("BE", entries_per_month=1), Knobs(), lambda: self.moment)
        self.token = json.loads(self.exchange("exchange_token", EXCHANGE_TOKEN).body)

    def exchange(self, grant: str, code: str, **headers: str) -> Answer:
        told = {"authorization": BASIC, "accept": "application/json"} | headers
        return self.call("POST", "/OAuth20/Token", told, urlencode({"grant_type": grant, "code": code}).encode())

    def get(self, objects: str, query: str = "maxLevel=1", folder: str = FOLDER, **headers: str) -> Answer:
        return self.call("GET", f"/app/{objects}/Folder/{quote(folder, safe='')}?{query}", self.signed(headers))

    def execute(self, entity: str, objects: str = "", **document: Any) -> Answer:
        told = {"EntityType": entity_type(entity), "Alias": "this"} | document
        place = f"/app/{objects or entity + 's'}/Folder/{quote(FOLDER, safe='')}/ExecuteCriteria?maxLevel=1"
        return self.call("POST", place, self.signed({"content-type": "application/json"}), json.dumps(told).encode())

    def signed(self, headers: dict[str, str]) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token['access_token']}", "accept": "application/json"} | headers

    def call(self, method: str, place: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        return self.vendor.answer(Request(method, place, headers, body))


@pytest.fixture
def caller() -> Caller:
    return Caller()


def condition(name: str, operator: int, *values: Any) -> dict[str, Any]:
    return {"PropertyName": name, "Operator": operator, "OtherPropertyName": "", "Values": list(values)}


def rows(answer: Answer) -> list[Any]:
    assert answer.status == 200
    return json.loads(answer.body)


def test_the_token_call_wants_the_e_mail_alone_and_tells_a_lifetime_as_text(caller: Caller) -> None:
    assert caller.token["expires_in"] == "900"
    with_colon = "Basic c3luY0BrYW50b29yLmV4YW1wbGU6"
    assert caller.exchange("exchange_token", EXCHANGE_TOKEN, authorization=with_colon).status == 401
    assert caller.exchange("exchange_token", "another").status == 400
    assert caller.exchange("password", EXCHANGE_TOKEN).status == 400


def test_a_refresh_token_is_good_once(caller: Caller) -> None:
    refresh = caller.token["refresh_token"]
    assert caller.exchange("refresh_token", refresh).status == 200
    assert caller.exchange("refresh_token", refresh).status == 400


def test_an_access_token_lasts_fifteen_minutes(caller: Caller) -> None:
    assert caller.get("BookYears").status == 200
    caller.moment += timedelta(seconds=900)
    assert caller.get("BookYears").status == 401
    assert caller.get("BookYears", authorization="Bearer nonsense").status == 401


def test_folders_and_lists_are_what_they_are_called(caller: Caller) -> None:
    assert caller.get("BookYears", folder="NOPE").status == 404
    assert caller.get("BookYears", folder=FORBIDDEN).status == 403
    assert caller.get("GLTrans").status == 404, "the plural has an s more"
    assert caller.get("BookYears", "maxLevel=1&filter=x").status == 400


def test_a_level_shows_what_lies_within(caller: Caller) -> None:
    assert "Third" not in rows(caller.get("Customers"))[0]
    assert rows(caller.get("Customers", "maxLevel=2"))[0]["Third"]["Addresses"]


@pytest.mark.parametrize(
    "document",
    [
        {"Where": []},
        {"Alias": "that"},
        {"EntityType": entity_type("GLTransHeader")},
        {"Conditions": [{"PropertyName": "Id", "Operator": 5, "Values": ["x"]}]},
        {"Conditions": [condition("Colour", 0, "red")]},
        {"Conditions": [condition("Modified", 3, "2026-01-01")]},
        {"Conditions": [condition("Amount", 16, "1%")]},
        {"Orders": [{"PropertyName": "Id", "Ascending": True}]},
        {"ProjectionsList": [{"PropertyName": "Id"}]},
        {"ProjectionsList": [{"PropertyName": "Id", "Operator": 25}]},
        {"Association": {}},
    ],
)
def test_a_document_that_is_not_as_described_is_a_bad_request(caller: Caller, document: dict[str, Any]) -> None:
    assert caller.execute("GLTrans", **document).status == 400


def test_a_window_needs_its_first_row(caller: Caller) -> None:
    caller.vendor.knobs.part_size = 10_000
    everything = len(rows(caller.execute("GLTrans")))
    assert everything > 100
    assert len(rows(caller.execute("GLTrans", MaxResult=7))) == everything
    assert len(rows(caller.execute("GLTrans", FirstResult=3, MaxResult=7))) == 7


def test_projections_are_arrays_and_a_single_one_is_plain(caller: Caller) -> None:
    both = [{"PropertyName": "Id", "Operator": 22}, {"PropertyName": "GLAccountCode", "Operator": 22}]
    window: dict[str, Any] = {"FirstResult": 0, "MaxResult": 1}
    assert [len(row) for row in rows(caller.execute("GLTrans", ProjectionsList=both, **window))] == [2]
    assert isinstance(rows(caller.execute("GLTrans", ProjectionsList=both[:1], **window))[0], str)


def test_sums_are_exact(caller: Caller) -> None:
    asked = [{"PropertyName": "GLAccountCode", "Operator": 32}, {"PropertyName": "Amount", "Operator": 31}]
    found = dict(json.loads(caller.execute("GLTrans", ProjectionsList=asked).body, parse_float=str))
    lines = caller.vendor.books.company.lines
    assert found["451000"] == str(sum(line.amount for line in lines if line.account == "451000"))


def test_a_long_answer_is_cut_and_its_last_object_too(caller: Caller) -> None:
    whole = rows(caller.execute("GLTrans", FirstResult=0, MaxResult=250))
    first = caller.execute("GLTrans", FirstResult=0, MaxResult=250)
    parts, path = [whole], (first.headers or {})["ContinuePath"]
    assert len(whole) == 102, "a hundred and one, and half of another"
    place = f"/app/GLTranss/Folder/{quote(FOLDER, safe='')}/ExecuteCriteria?maxLevel=1"
    body = json.dumps(
        {"EntityType": entity_type("GLTrans"), "Alias": "this", "FirstResult": 0, "MaxResult": 250}
    ).encode()
    while path:
        signed = caller.signed({"content-type": "application/json", "continuepath": path})
        answer = caller.call("POST", place, signed, body)
        parts.append(rows(answer))
        path = (answer.headers or {}).get("ContinuePath", "")
    assert len(parts) == 3
    for before, after in pairwise(parts):
        assert before[-1]["Id"] == after[0]["Id"]
        assert before[-1].keys() & after[0].keys() == {"$type", "TotalLevel", "Id"}
    assert len({row["Id"] for part in parts for row in part}) == 250
