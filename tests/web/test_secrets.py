"""No secret in any page, answer, log or trace: planted ones are looked for wherever the portal says something."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from foundation.secrets import Secret
from portal.web.passwords import hashed
from tests.web.routes import browser_of, routes
from tests.web.stage import FIRM, Stage, served

PASSWORD = "planted-password-7261"


class Heard(logging.Handler):
    """Everything that is logged, with its traces."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(("selenium", "urllib3")):  # the clients of the test itself
            self.lines.append(self.format(record))


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, root = Heard(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


def test_no_page_and_no_log_tells_a_secret(tmp_path: Path, heard: Heard) -> None:
    with served(tmp_path / "home") as stage, stage.linked("afas", tmp_path) as (sandbox, dossier_id):
        planted = plant(stage, dossier_id) | set(sandbox.secrets.values())
        ids = {
            "dossier_id": dossier_id,
            "connection_id": stage.house.registry.link(dossier_id).connection_id,
            "user_id": stage.people[FIRM, "analyst"].user_id,
            "agent_id": stage.house.registry.agents()[0].agent_id,
        }
        told = [text for route in routes(stage.app) for text in answers(stage, route, ids)]
        told += refusals(stage)
    found = {(secret, text[:200]) for secret in planted for text in told if secret in text}
    assert found == set()
    assert len(told) > 20
    assert any("grandlivre" in line for line in heard.lines)  # something was heard at all
    assert {(secret, line) for secret in planted for line in heard.lines if secret in line} == set()


def plant(stage: Stage, dossier_id: str) -> set[str]:
    """Secrets of every kind that the portal keeps, as they are and as they are kept."""
    registry, user = stage.house.registry, stage.people[FIRM, "analyst"]
    connection = registry.link(dossier_id).connection_id
    registry.tokens(connection)
    kept = hashed(Secret(PASSWORD))
    registry.set_password_hash(user.user_id, kept)
    admin = stage.people[FIRM, "administrator"]
    keys = [
        registry.give_key(admin.user_id, use, timedelta(days=1), f"{use} of the test").reveal()
        for use in ("session", "token", "invitation")
    ]
    agent = registry.add_agent(FIRM, "Server")
    code = registry.new_agent_code(agent.agent_id).reveal()
    start = stage.app.state.portal.first_start.path.reveal().removeprefix("/setup/")
    hashes = {
        key.key_hash for use in ("session", "token", "invitation") for key in registry.keys_of(admin.user_id, use)
    }
    vault = stage.house.home.vault_key
    vault_key = {vault.read_text().strip()} if vault.exists() else set()
    return {PASSWORD, kept.reveal(), *keys, code, start, *hashes, *vault_key}


def answers(stage: Stage, route, ids: dict[str, str]) -> Iterator[str]:  # type: ignore[no-untyped-def]
    if route.method == "GET":
        session, _ = browser_of(stage, "administrator", FIRM)
        answer = route.call(session, stage.address, ids)
        yield answer.text
        yield str(dict(answer.headers))


def refusals(stage: Stage) -> list[str]:
    """Answers to calls that bring a secret and are refused."""
    nobody, admin = stage.nobody(), stage.person()
    said = [
        nobody.post("/sign-in", email="analyst@demo.example", password=PASSWORD + "x").text,
        nobody.post("/sign-in", email=PASSWORD, password="x").text,
        admin.post("/me/password", page="/me", old=PASSWORD, password="b", again="b").text,
        admin.api("PUT", "/me/password", json={"old": PASSWORD, "new": ["not", "a", "text"]}).text,
        nobody.get("/api/v1/me", headers={"Authorization": f"Bearer {PASSWORD}"}).text,
    ]
    registry = stage.house.registry

    def broken(*_: object, **__: object) -> None:
        raise LookupError(f"password={PASSWORD} and nothing else")

    original = registry.presences
    registry.presences = broken  # type: ignore[method-assign]
    try:
        bug = admin.get("/people")
        assert bug.status_code == 500
        assert "default-src" in bug.headers["Content-Security-Policy"]
        said.append(bug.text)
        said.append(admin.api("GET", "/people").text)
    finally:
        registry.presences = original  # type: ignore[method-assign]
    return said
