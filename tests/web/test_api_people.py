"""People, tokens and deeds over the JSON API, as a program calls it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from foundation.secrets import Secret
from portal.web.passwords import hashed
from tests.web.stage import FIRM, OTHER_FIRM, Stage

PASSWORD = "correct horse battery"


class Program:
    """A program with a token of somebody."""

    def __init__(self, stage: Stage, token: str) -> None:
        self._address, self._headers = stage.address, {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, status: int = 200, **json: Any) -> Any:
        answer = requests.request(
            method, f"{self._address}/api/v1{path}", json=json or None, headers=self._headers, timeout=30
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def admin(shared_stage: Stage) -> Program:
    made = shared_stage.person().api("POST", "/tokens", json={"name": "script", "days": 1})
    assert made.status_code == 201
    return Program(shared_stage, made.json()["token"])


def test_a_program_is_its_person_in_their_firm(admin: Program, shared_stage: Stage) -> None:
    me = admin("GET", "/me")
    assert (me["role"], me["firm_id"]) == ("administrator", "demo")
    assert "manage" in me["permissions"]
    assert {person["email"].partition("@")[2] for person in admin("GET", "/people")} == {"demo.example"}
    shared_stage.house.registry.change_user(me["user_id"], name="Anew")
    assert admin("GET", "/me")["name"] == "Anew"
    assert admin("PATCH", "/me", language="nl")["language"] == "nl"


def test_people_are_invited_and_changed(admin: Program, shared_stage: Stage) -> None:
    made = admin("POST", "/people", 201, email="Api@demo.example", role="analyst")
    user_id = made["person"]["user_id"]
    assert made["person"]["signs_in_with"] == []
    assert made["person"]["invited_until"]
    assert shared_stage.nobody().get(made["invitation"].removeprefix(shared_stage.address)).ok
    again = admin("POST", f"/people/{user_id}/invitation", 201)
    assert again["invitation"] != made["invitation"]
    assert admin("PATCH", f"/people/{user_id}", role="support")["role"] == "support"
    assert admin("PATCH", f"/people/{user_id}", active=False)["active"] is False
    assert admin("GET", f"/people/{user_id}")["active"] is False
    trouble = admin("POST", "/people", 422, email="Api@demo.example", role="analyst")
    assert trouble["error"]["kind"] == "wrong_input"
    other = shared_stage.people[OTHER_FIRM, "analyst"].user_id
    assert admin("GET", f"/people/{other}", 404)["error"]["kind"] == "not_found"
    deeds = admin("GET", f"/deeds?subject={user_id}&limit=2")
    assert [deed["what"] for deed in deeds["deeds"]] == ["deactivated", "changed_role"]
    older = admin("GET", f"/deeds?subject={user_id}&limit=2&before={deeds['before']}")
    assert [deed["what"] for deed in older["deeds"]] == ["invited_again", "invited"]
    assert older["before"] is None


def test_a_token_cannot_outlive_itself(admin: Program) -> None:
    """Neither by making another, nor by taking the account over."""
    assert admin("POST", "/tokens", 403, name="more")["error"]["kind"] == "not_allowed"
    assert admin("PUT", "/me/password", 403, old="x", new="a new pass phrase")["error"]["kind"] == "not_allowed"


def test_tokens_are_listed_and_ended(shared_stage: Stage) -> None:
    person = shared_stage.person("support")
    program = Program(shared_stage, person.api("POST", "/tokens", json={"name": "x"}).json()["token"])
    (token,) = program("GET", "/tokens")
    assert token["name"] == "x"
    assert Program(shared_stage, shared_stage.person().api("POST", "/tokens", json={"name": "y"}).json()["token"])(
        "DELETE", f"/tokens/{token['token_id']}", 404
    )
    program("DELETE", f"/tokens/{token['token_id']}", 204)
    program("GET", "/me", 401)


def test_a_password_is_changed_in_a_browser(shared_stage: Stage) -> None:
    user = shared_stage.people[FIRM, "accountant"]
    shared_stage.house.registry.set_password_hash(user.user_id, hashed(Secret(PASSWORD)))
    person = shared_stage.person("accountant")
    wrong = person.api("PUT", "/me/password", json={"old": "wrong", "new": "a new pass phrase"})
    assert wrong.status_code == 422
    assert person.api("PUT", "/me/password", json={"old": PASSWORD, "new": "a new pass phrase"}).status_code == 204
    assert person.api("GET", "/me").status_code == 401  # every session ended
    assert shared_stage.person("accountant").api("DELETE", "/me/sessions").status_code == 204


def test_what_cannot_be_read_is_told(shared_stage: Stage) -> None:
    person = shared_stage.person()
    assert person.api("PATCH", "/me", json={"name": "zero\0"}).status_code == 422
    assert person.get("/api/v1/people/%00").status_code == 400
    assert person.get("/api/v1/nothing").json()["error"]["kind"] == "http"
    assert person.get("/api").text.count("/api/v1/people") >= 5
