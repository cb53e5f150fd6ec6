"""What must hold of every route that there is, whoever wrote it: who may call it, and whose things it touches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from foundation.secrets import Secret
from portal.web.own_account import token_id
from portal.web.permissions import PERMISSIONS
from registry import agent_models, models, portal_models  # noqa: F401 - all tables
from tests.postgres import Server
from tests.web.routes import PUBLIC, SAFE, Route, browser_of, routes
from tests.web.stage import FIRM, OTHER_FIRM, ROLES, Stage, served

IN_PERSON = {("POST", "/api/v1/tokens"), ("PUT", "/api/v1/me/password")}
"""What no token may do."""
_SEEN = {"dossier_lists", "call_budgets", "budget_windows", "sign_in_attempts"}
"""Tables of what was seen, not of what people decided."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A portal in which nothing is linked: calls that are allowed do no harm."""
    with served(tmp_path_factory.mktemp("bare") / "home") as stage:
        yield stage


def guarded(stage: Stage) -> list[Route]:
    return [route for route in routes(stage.app) if not route.public]


def leads_to_sign_in(answer: requests.Response) -> bool:
    return answer.status_code == 401 or answer.headers.get("Location", "").startswith("/sign-in")


def test_every_route_declares_one_permission_but_those_of_signing_in(bare: Stage) -> None:
    found = routes(bare.app)
    assert {str(route) for route in found if not route.public and len(route.permissions) != 1} == set()
    assert {str(route) for route in found if route.public and route.permissions} == set()
    assert {(route.method, route.path) for route in found} >= PUBLIC
    assert not any(route.method == "ANY" for route in found)


def test_nobody_is_answered_by_a_sign_in(bare: Stage) -> None:
    wrong = {}
    for route in guarded(bare):
        nobody = bare.nobody()
        answer = route.call(nobody.session, bare.address, {}, **{"X-CSRF-Token": nobody.csrf("/sign-in")})
        fine = answer.status_code == 401 if route.api else answer.headers.get("Location", "").startswith("/sign-in")
        if not fine:
            wrong[str(route)] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_every_route_lets_in_the_roles_that_may(bare: Stage, role: str) -> None:
    wrong = {}
    for route in guarded(bare):
        session, csrf = browser_of(bare, role, FIRM)
        answer = route.call(session, bare.address, {}, **{"X-CSRF-Token": csrf})
        (permission,) = route.permissions
        may = permission in PERMISSIONS[role]
        refused = answer.status_code == 403 or (route.path != "/sign-out" and leads_to_sign_in(answer))
        if route.path == "/me/sign-out-everywhere":
            refused = answer.status_code != 303
        if refused is may or (not may and answer.status_code != 403) or answer.status_code in (500, 405):
            wrong[str(route)] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_a_token_may_do_what_its_person_may(bare: Stage, role: str) -> None:
    wrong = {}
    user = bare.people[FIRM, role]
    key = bare.house.registry.give_key(user.user_id, "token", timedelta(hours=1), "test").reveal()
    for route in guarded(bare):
        if not route.api:
            continue
        answer = route.call(bare.nobody().session, bare.address, {}, Authorization=f"Bearer {key}")
        (permission,) = route.permissions
        may = permission in PERMISSIONS[role] and (route.method, route.path) not in IN_PERSON
        if (answer.status_code == 403) is may or answer.status_code in (401, 500):
            wrong[str(route)] = answer.status_code
    assert wrong == {}


def test_no_route_takes_a_form_of_elsewhere(bare: Stage) -> None:
    wrong = {}
    for route in routes(bare.app):
        if route.method in SAFE:
            continue
        session, _ = browser_of(bare, "administrator", FIRM)
        _, of_another = browser_of(bare, "administrator", FIRM)
        for headers in ({}, {"X-CSRF-Token": of_another}, {"X-CSRF-Token": "é"}):
            answer = route.call(session, bare.address, {}, **headers)
            if answer.status_code != 403:
                wrong[str(route)] = answer.status_code
    assert wrong == {}


@pytest.fixture(scope="module", params=["files", "postgres"])
def linked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, dict[str, str]]]:
    """A portal with a dossier, a connection, a service and a token of the firm "Demo"; and their ids."""
    folder: Path = tmp_path_factory.mktemp("two-firms")
    database: Secret | None = None
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        database = Secret(server.database())
    with served(folder / "home", database=database) as stage, stage.linked("afas", folder) as (_, dossier_id):
        registry = stage.house.registry
        admin = stage.people[FIRM, "administrator"]
        registry.give_key(admin.user_id, "token", timedelta(days=1), "of Demo")
        yield (
            stage,
            {
                "dossier_id": dossier_id,
                "connection_id": registry.link(dossier_id).connection_id,
                "agent_id": registry.add_agent(FIRM, "Server of Demo").agent_id,
                "user_id": stage.people[FIRM, "analyst"].user_id,
                "token_id": token_id(registry.keys_of(admin.user_id, "token")[0]),
            },
        )


def scrubbed(answer: requests.Response, ids: dict[str, str]) -> tuple[int, str, str]:
    """An answer without the ids that it repeats, and without what differs in each."""
    told = answer.text + answer.headers.get("Location", "")
    for each in ids.values():
        told = told.replace(each, "ID")
    told = re.sub(r'(name="csrf" value=")[0-9a-f]+', r"\1", told)
    return answer.status_code, answer.headers.get("Content-Type", ""), told


def state(stage: Stage) -> dict[str, list[Any]]:
    """All that people decided, as the registry holds it."""
    found = {}
    with stage.house.registry.reading() as session:
        for table in models.Base.metadata.sorted_tables:
            if table.name not in _SEEN:
                columns = [column for column in table.columns if column.name != "seen_at"]
                found[table.name] = sorted(repr(tuple(row)) for row in session.execute(select(*columns)))
    return found


def test_what_belongs_to_another_firm_does_not_exist(linked: tuple[Stage, dict[str, str]]) -> None:
    stage, ids = linked
    session, csrf = browser_of(stage, "administrator", OTHER_FIRM)
    unknown = {kind: f"unknown-{place}" for place, kind in enumerate(ids)}
    before, wrong, tried = state(stage), {}, 0
    for route in guarded(stage):
        if not route.own:
            continue
        tried += 1
        real, none = (route.call(session, stage.address, each, **{"X-CSRF-Token": csrf}) for each in (ids, unknown))
        if real.status_code != 404 or scrubbed(real, ids) != scrubbed(none, unknown):
            wrong[str(route)] = real.status_code, none.status_code, real.text[-300:]
    assert wrong == {}
    assert tried > 5
    assert state(stage) == before


def test_what_a_form_names_of_another_firm_does_not_exist_either(linked: tuple[Stage, dict[str, str]]) -> None:
    stage, ids = linked
    unknown = {kind: f"unknown-{place}" for place, kind in enumerate(ids)}
    wrong = {}
    dossiers = (ids["dossier_id"], ids["connection_id"], ids["agent_id"])
    for route in guarded(stage):
        if not route.told or route.own:
            continue
        session, csrf = browser_of(stage, "administrator", OTHER_FIRM)
        before = state(stage)
        real, none = (route.call(session, stage.address, each, **{"X-CSRF-Token": csrf}) for each in (ids, unknown))
        if scrubbed(real, ids) != scrubbed(none, unknown):
            wrong[str(route)] = real.status_code, none.status_code, real.text[-300:]
        after = state(stage)
        if any(before[table] != after[table] for table in ("links", "connections", "agents", "users")):
            wrong[str(route)] = "it changed something of the other firm"
    assert wrong == {}
    assert not {each for launched, _ in stage.launcher.launched for each in launched} & set(dossiers)


def test_the_own_firm_finds_it(linked: tuple[Stage, dict[str, str]]) -> None:
    """The ids of the tests above are right ones."""
    stage, ids = linked
    session, _ = browser_of(stage, "administrator", FIRM)
    found = {
        str(r): r.call(session, stage.address, ids).status_code for r in guarded(stage) if r.method == "GET" and r.own
    }
    assert {route: status for route, status in found.items() if status in (403, 500)} == {}
    assert found["GET /people/{user_id}"] == 200
    kinds = {kind for r in guarded(stage) if found.get(str(r)) == 200 for kind in r.own}
    named = {kind for r in guarded(stage) if r.method == "GET" for kind in r.own}
    assert kinds == named  # of every kind that pages show, one is seen


def test_reading_changes_nothing(linked: tuple[Stage, dict[str, str]]) -> None:
    stage, ids = linked
    session, _ = browser_of(stage, "administrator", FIRM)
    before, wrong = state(stage), []
    for route in guarded(stage):
        if route.method in SAFE:
            route.call(session, stage.address, ids)
            after = state(stage)
            if after != before:
                wrong.append(str(route))
            before = after
    assert wrong == []
