"""Whatever the pages of synchronisations do, a program with a token does, too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.catalog import PACKAGES
from tests.web.connecting import service, vendor
from tests.web.stage import FIRM, Stage


class Program:
    """A program in a person's name."""

    def __init__(self, stage: Stage, role: str = "administrator") -> None:
        registry = stage.house.registry
        token = registry.give_key(stage.people[FIRM, role].user_id, "token", timedelta(hours=1)).reveal()
        self._address, self._headers = f"{stage.address}/api/v1", {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, **body: Any) -> requests.Response:
        json = body if method != "GET" else None
        return requests.request(method, self._address + path, json=json, headers=self._headers, timeout=60)


@pytest.fixture
def program(stage: Stage) -> Program:
    return Program(stage)


def test_a_connection_is_made_proven_renewed_renamed_and_removed(
    stage: Stage, program: Program, tmp_path: Path
) -> None:
    with vendor("yuki", tmp_path) as yuki:
        given = {"software": "yuki", "name": "Yuki", "settings": yuki.settings}
        wrong = program("POST", "/connections", **given, secrets={"access_key": "hunter2-hunter2"})
        assert (wrong.status_code, wrong.json()["error"]["kind"]) == (409, "needs_login")
        assert "hunter2" not in wrong.text
        assert program("GET", "/connections").json() == []
        made = program("POST", "/connections", **given, secrets=yuki.secrets)
        assert made.status_code == 201
        path = f"/connections/{made.json()['id']}"
        assert (made.json()["health"], made.json()["dossiers"]) == ("ok", 0)
        assert program("GET", path).json()["settings"]["base_url"] == yuki.settings["base_url"]
        assert program("POST", f"{path}/verify").json()["health"] == "ok"
        moved = program("POST", f"{path}/reconnect", settings={"base_url": "http://127.0.0.1:9"})
        assert moved.status_code == 422
        assert program("POST", f"{path}/reconnect", secrets=yuki.secrets).json()["health"] == "ok"
        assert program("PATCH", path, name="Other").json()["name"] == "Other"
        told = program("GET", path).text + program("GET", "/connections").text
        assert yuki.secrets["access_key"] not in told
        assert program("DELETE", path).status_code == 204
        assert program("GET", path).status_code == 404
        whats = [each.what for each in stage.house.registry.deeds("demo")]
        assert whats == ["removed_connection", "renamed_connection", "reconnected", "connected"]


def test_a_program_asks_for_a_consent_and_brings_its_answer(stage: Stage, program: Program, tmp_path: Path) -> None:
    with vendor("exact_online_be", tmp_path) as exact:
        secrets = {"client_secret": exact.secrets["client_secret"]}
        given = {"software": "exact_online_be", "settings": exact.settings, "secrets": secrets}
        assert "POST /consents" in program("POST", "/connections", **given).json()["error"]["next_step"]
        begun = program("POST", "/consents", **given).json()
        assert begun["redirect_uri"] == f"{stage.address}/connections/consent"
        back = requests.get(begun["address"], allow_redirects=False, timeout=30).headers["Location"]
        assert Program(stage)("POST", "/consents/answer", address=back).status_code == 422  # another token
        connection = program("POST", "/consents/answer", address=back).json()["connection_id"]
        assert stage.house.registry.connection(connection).health == "ok"
        again = program("POST", "/consents", connection_id=connection).json()
        back = requests.get(again["address"], allow_redirects=False, timeout=30).headers["Location"]
        assert program("POST", "/consents/answer", address=back).json()["connection_id"] == connection


def test_the_catalog_tells_every_package_with_its_fields(stage: Stage) -> None:
    told = Program(stage, "analyst")("GET", "/packages").json()
    assert [each["software"] for each in told] == list(PACKAGES)
    for each in told:
        assert [field["name"] for field in each["fields"]] == [f.name for f in PACKAGES[each["software"]].fields]
        assert each["needs"].startswith("Needs: ")


def test_services_are_listed_and_enrolled(stage: Stage, program: Program) -> None:
    made = program("POST", "/services", name="Server Luik").json()
    assert made["code"] in made["command"]
    agent = service(stage)
    told = {each["id"]: each for each in program("GET", "/services").json()}
    assert told[made["id"]]["health"] == "not_enrolled"
    assert told[agent]["sources"] == [{"name": "winbooks data", "software": "winbooks", "dossiers": 2, "trouble": None}]
    settings = {"agent": agent, "source": "winbooks data"}
    assert program("POST", "/connections", software="winbooks", settings=settings).status_code == 201
    assert program("POST", f"/services/{agent}/code").json()["code"] != made["code"]
    assert program("DELETE", f"/services/{agent}").status_code == 204
    assert {each["health"] for each in program("GET", "/connections").json()} == {"agent_offline"}


def test_who_may_not_is_told_so(stage: Stage) -> None:
    calls = {
        ("GET", "/services"): ("accountant", "support", "analyst"),
        ("POST", "/services"): ("accountant", "support", "analyst"),
        ("POST", "/connections"): ("accountant", "support", "analyst"),
        ("POST", "/consents"): ("accountant", "support", "analyst"),
    }
    for (method, path), roles in calls.items():
        for role in roles:
            answer = Program(stage, role)(method, path, software="exact_online_be", name="x")
            assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "not_allowed"), (path, role)
