"""The sandbox refuses what the vendor refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.octopus.sandbox.knobs import Knobs
from connectors.octopus.sandbox.vendor import PASSWORD, ROOT, SOFTWARE_HOUSE, USER, Vendor
from connectors.sandbox.company import company
from connectors.sandbox.vendor import Answer, Request

FIRST = "modifiedTimeStamp=1980-01-01%2000%3A00%3A00.000"
BOOKINGS = "bookyears/3/bookings/modified"


class Caller:
    """Calls the vendor as a client would, signed in on all three layers."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, tzinfo=UTC)
        self.vendor = Vendor(company("BE", entries_per_month=1), Knobs(), lambda: self.moment)
        self.token = json.loads(self.log_in().body)["token"]
        self.dossier_token = json.loads(self.open(70112).body)["Dossiertoken"]

    def log_in(self, password: str = PASSWORD, **headers: str) -> Answer:
        told = {"softwarehouseuuid": SOFTWARE_HOUSE, "content-type": "application/json"} | headers
        return self.call("POST", "authentication", told, json.dumps({"user": USER, "password": password}).encode())

    def open(self, dossier: int, **headers: str) -> Answer:
        return self.call("POST", f"dossiers?dossierId={dossier}&localeId=0", {"token": self.token} | headers)

    def get(self, place: str, **headers: str) -> Answer:
        return self.call("GET", f"dossiers/70112/{place}", {"dossiertoken": self.dossier_token} | headers)

    def call(self, method: str, place: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        return self.vendor.answer(Request(method, f"{ROOT}/{place}", headers, body))


@pytest.fixture
def caller() -> Caller:
    return Caller()


def said(answer: Answer) -> dict[str, Any]:
    return json.loads(answer.body)


def test_each_layer_needs_its_own_proof(caller: Caller) -> None:
    assert caller.log_in(softwarehouseuuid="another").status == 401
    assert caller.call("GET", "dossiers", {"dossiertoken": caller.dossier_token}).status == 401
    assert caller.open(70112, token=caller.dossier_token).status == 401
    answer = caller.get("bookyears", dossiertoken=caller.token)
    assert (answer.status, said(answer)["errorCode"]) == (401, -79)
    assert caller.get("bookyears").status == 200


def test_a_token_opens_its_own_dossier_for_ten_minutes(caller: Caller) -> None:
    other = said(caller.open(70113))["Dossiertoken"]
    assert caller.get("bookyears", dossiertoken=other).status == 401
    caller.moment = caller.moment.replace(minute=10)
    assert caller.get("bookyears").status == 401
    assert caller.open(70112).status == 401


def test_wrong_passwords_are_counted_until_the_right_one_is_refused_too(caller: Caller) -> None:
    answers = [caller.log_in("wrong") for _ in range(5)]
    assert [set(said(answer)) for answer in answers] == [{"technicalInfo"}] * 5
    assert caller.log_in().status == 401


@pytest.mark.parametrize(
    "place",
    [
        BOOKINGS,
        f"{BOOKINGS}?journalTypeId=1",
        f"{BOOKINGS}?journalTypeId=1&modifiedTimeStamp=1980-01-01",
        f"{BOOKINGS}?journalTypeId=1&{FIRST}&page=2",
        f"{BOOKINGS}?journalTypeId=9&{FIRST}",
        f"{BOOKINGS}?journalTypeId=-1&{FIRST}",
        f"bookyears/-1/bookings/modified?journalTypeId=-1&{FIRST}",
        "bookyears?closed=true",
        "accounts",
        "accounts/modified",
    ],
)
def test_what_is_missing_malformed_or_unknown_is_a_bad_request(caller: Caller, place: str) -> None:
    answer = caller.get(place)
    assert (answer.status, set(said(answer))) == (400, {"technicalInfo"})


def test_nothing_found_is_404(caller: Caller) -> None:
    now = "modifiedTimeStamp=2026-11-24%2008%3A00%3A00.000"
    assert caller.get(f"bookyears/-1/bookings/modified?journalTypeId=-1&{now}").status == 404
    assert caller.open(1).status == 404
    assert caller.get("bookyears/99/journals").status == 404


def test_calls_are_counted_per_endpoint_and_day(caller: Caller) -> None:
    allowed = [caller.get("accounts?bookyearId=3").status for _ in range(3)]
    assert allowed == [200, 200, 403]
    assert [caller.get(f"accounts/modified?{FIRST}").status for _ in range(49)] == [200] * 48 + [403]
    assert caller.get(f"{BOOKINGS}?journalTypeId=2&{FIRST}").status == 200
    caller.moment = caller.moment.replace(day=25)
    caller.token = said(caller.log_in())["token"]
    caller.dossier_token = said(caller.open(70112))["Dossiertoken"]
    assert caller.get("accounts?bookyearId=3").status == 200


def test_amounts_are_doubles_as_they_are_written(caller: Caller) -> None:
    body = caller.get(f"{BOOKINGS}?journalTypeId=4&{FIRST}").body
    assert b'"bookingAmount":2500.0,' in body
    assert b"000000000001," in caller.get(f"{BOOKINGS}?journalTypeId=2&{FIRST}").body
