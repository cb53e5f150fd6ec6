"""The sandbox refuses what the vendor refuses; asked here without our client, so that neither hides the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectors.adminpulse.sandbox import AdminPulseSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock

from .conftest import HEADERS


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def get(session: requests.Session, sandbox: AdminPulseSandbox, place: str, **headers: str | None) -> requests.Response:
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    sent = {name: value for name, value in given.items() if value is not None}
    return session.get(f"{sandbox.settings['base_url']}/{place}", headers=sent)


def test_pages_count_from_zero_and_hold_400_at_most(session: requests.Session, sandbox: AdminPulseSandbox) -> None:
    first = get(session, sandbox, "relations?page=0&pageSize=4").json()
    last = get(session, sandbox, "relations?page=2&pageSize=4").json()
    assert (len(first["results"]), len(last["results"]), first["pageCount"]) == (4, 2, 3)
    assert set(first["results"][0]) >= {
        "id", "uniqueIdentifier", "code", "name", "commercialName", "vatNumber", "companyId", "company",
        "relationGroupName",
    }  # fmt: skip
    for wrong in ("page=0&pageSize=401", "page=-1&pageSize=4", "page=0&pageSize=0", "page=0&colour=red"):
        assert get(session, sandbox, f"relations?{wrong}").status_code == 400, wrong
    assert get(session, sandbox, "relations?page=9&pageSize=400").json()["results"] == []


def test_a_relation_is_found_by_its_identifiers_and_its_digits(
    session: requests.Session, sandbox: AdminPulseSandbox
) -> None:
    row = get(session, sandbox, "relations/APR01017").json()
    assert row["code"] == "1017"
    assert get(session, sandbox, f"relations/{row['id']}").json() == row
    assert get(session, sandbox, "relations/APR09999").status_code == 404
    found = get(session, sandbox, "relations?vatNumber=0712345630&pageSize=1").json()
    assert [each["code"] for each in found["results"]] == ["1017"]
    assert get(session, sandbox, "relations?vatNumber=BE0712345630").status_code == 400


def test_own_entities_and_users_are_plain_arrays(session: requests.Session, sandbox: AdminPulseSandbox) -> None:
    for place in ("companies", "users"):
        answer = get(session, sandbox, place)
        assert answer.status_code == (200 if place == "companies" else 401), "the key has no scope for users"
    sandbox.knobs.scopes |= {"users.read"}
    assert [type(get(session, sandbox, place).json()) for place in ("companies", "users")] == [list, list]
    assert get(session, sandbox, "ledgers").status_code == 401


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic abc", "stampKEY.adminpulse"])
def test_without_a_good_key_there_is_nothing(
    session: requests.Session, sandbox: AdminPulseSandbox, header: str | None
) -> None:
    assert get(session, sandbox, "relations?page=0", Authorization=header).status_code == 401


def test_a_missing_header_is_refused(session: requests.Session, sandbox: AdminPulseSandbox) -> None:
    assert get(session, sandbox, "relations?page=0", Content_Type=None).status_code == 400


def test_the_481st_call_of_a_minute_is_one_too_many(session: requests.Session) -> None:
    clock = Clock()
    with open_sandbox("adminpulse", company("BE"), now=clock) as sandbox:
        codes = [get(session, sandbox, "companies").status_code for _ in range(481)]
        assert (set(codes[:480]), codes[480]) == ({200}, 429)
        answer = get(session, sandbox, "companies")
        assert "Retry-After" not in answer.headers
        clock.sleep(60)
        assert get(session, sandbox, "companies").status_code == 200


def test_a_consent_opens_it_as_long_as_its_token_lives(session: requests.Session, sandbox: AdminPulseSandbox) -> None:
    settings, secrets = sandbox.consent
    form: dict[str, Any] = {
        "grant_type": "refresh_token",
        "refresh_token": secrets["refresh_token"],
        "client_id": settings["client_id"],
        "client_secret": secrets["client_secret"],
    }
    answer = session.post(settings["token_url"], data=form).json()
    bearer = f"Bearer {answer['access_token']}"
    assert get(session, sandbox, "relations?page=0", Authorization=bearer).status_code == 200
    assert session.post(settings["token_url"], data=form).status_code == 400, "a refresh token is good once"
    sandbox.vendor.desk.void_access_token()
    assert get(session, sandbox, "relations?page=0", Authorization=bearer).status_code == 401
