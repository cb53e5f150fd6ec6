"""The JSON API against its own description: what it answers is what it says that it answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.stage import FIRM, Stage, served

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, dict[str, str]]]:
    folder: Path = tmp_path_factory.mktemp("described")
    with served(folder / "home") as stage, stage.linked("afas", folder):
        user = stage.people[FIRM, "administrator"]
        key = stage.house.registry.give_key(user.user_id, "token", timedelta(hours=1), "schemathesis").reveal()
        yield stage, {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def api(described: tuple[Stage, dict[str, str]]) -> Any:
    stage, headers = described
    return schemathesis.openapi.from_url(f"{stage.address}/api/v1/openapi.json", headers=headers)


def test_every_call_answers_as_described(api: Any, described: tuple[Stage, dict[str, str]]) -> None:
    # By hand and not by its plugin: that does not know the newest pytest.
    told: dict[str, str] = {}
    for found in api.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy())
        def answers_as_described(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=described[1], checks=CHECKS, timeout=30)

        try:
            answers_as_described()
        except Exception as trouble:
            told[operation.label] = f"{type(trouble).__name__}: {trouble}"
    assert told == {}, "\n\n".join(f"{label}\n{words}" for label, words in told.items())


def test_the_description_is_for_people_of_the_portal_and_names_the_token(
    described: tuple[Stage, dict[str, str]],
) -> None:
    stage, headers = described
    assert stage.nobody().get("/api/v1/openapi.json").status_code == 401
    description = stage.nobody().get("/api/v1/openapi.json", headers=headers).json()
    assert description["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for operations in description["paths"].values():
        for operation in operations.values():
            assert {"token": []} in operation["security"]
            assert operation["responses"].keys() >= {"401", "403", "404", "409", "422", "503"}
            assert operation["summary"]
