"""The JSON API against its own description: what it answers is what it says that it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.stage import FIRM, Stage, served

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@dataclass(frozen=True)
class Described:
    """A portal, a token of its administrator, and ids of what is there."""

    stage: Stage
    headers: dict[str, str]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder: Path = tmp_path_factory.mktemp("described")
    with served(folder / "home") as stage, stage.linked("afas", folder) as (_, dossier_id):
        registry = stage.house.registry
        user = stage.people[FIRM, "administrator"]
        key = registry.give_key(user.user_id, "token", timedelta(hours=1), "description").reveal()
        ids = {
            "dossier_id": dossier_id,
            "connection_id": registry.link(dossier_id).connection_id,
            "agent_id": registry.add_agent(FIRM, "Server").agent_id,
            "user_id": stage.people[FIRM, "analyst"].user_id,
        }
        yield Described(stage, {"Authorization": f"Bearer {key}"}, ids)


def test_every_call_answers_as_described(described: Described) -> None:
    """With values of all kinds; where it only reads, half of them for things that are there.

    By hand and not by the plugin of schemathesis, which does not know the newest pytest.
    """
    address = f"{described.stage.address}/api/v1/openapi.json"
    schema = schemathesis.openapi.from_url(address, headers=described.headers)
    told = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        try:
            _holds(operation, described)
        except (Exception, BaseExceptionGroup) as trouble:
            told[operation.label] = f"{type(trouble).__name__}: {trouble}"
    assert told == {}, "\n\n".join(f"{label}\n{words}" for label, words in told.items())


def _holds(operation: Any, described: Described) -> None:
    reads = operation.method.upper() == "GET"

    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(), st.booleans() if reads else st.just(False))
    def answers_as_described(case: schemathesis.Case, real: bool) -> None:
        if real:
            for name in (case.path_parameters or {}).keys() & described.ids.keys():
                case.path_parameters[name] = described.ids[name]
        case.call_and_validate(headers=described.headers, checks=CHECKS, timeout=30)

    answers_as_described()


def test_the_description_is_for_people_of_the_portal_and_names_the_token(described: Described) -> None:
    stage = described.stage
    assert stage.nobody().get("/api/v1/openapi.json").status_code == 401
    description = stage.nobody().get("/api/v1/openapi.json", headers=described.headers).json()
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for operations in description["paths"].values():
        for operation in operations.values():
            assert {"token": []} in operation["security"]
            assert operation["responses"].keys() >= {"401", "403", "404", "409", "422", "503"}
            assert operation["summary"]
