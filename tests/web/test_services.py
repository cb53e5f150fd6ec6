"""Services on the firm's own servers: enrolled with a code that is shown once, and chosen as readers of a package."""

from __future__ import annotations

import re

import pytest

from tests.web.connecting import service
from tests.web.stage import Person, Stage

HOME = "/connections"


@pytest.fixture
def administrator(stage: Stage) -> Person:
    return stage.person()


def test_a_service_is_enrolled_with_a_code_that_is_shown_once(stage: Stage, administrator: Person) -> None:
    page = administrator.post("/services", page="/services", name="Server Gent").text
    found = re.search(r"grandlivre-agent enrol --hub https://HUB --code ([A-Z2-7-]+)", page)
    assert found
    assert found[1] not in administrator.get("/services").text
    registry = stage.house.registry
    agent, _ = registry.enrol_agent(found[1], host="GENT01", system="Linux", version="0.1")
    assert (agent.name, agent.firm_id) == ("Server Gent", "demo")
    assert "GENT01" in administrator.get("/services").text
    assert administrator.post("/services", page=HOME, name="!!").status_code == 422
    administrator.post(f"/services/{agent.agent_id}/revoke", page=HOME)
    assert registry.agent(agent.agent_id).revoked_at is not None
    assert [each.what for each in registry.deeds("demo", subject=agent.agent_id)] == ["revoked_service", "made_service"]


def test_a_source_of_a_service_is_chosen_and_a_silent_service_explained(stage: Stage, administrator: Person) -> None:
    agent = service(stage)
    page = administrator.get("/connections/new/winbooks").text
    assert "Server Gent: winbooks data (2 dossiers, works)" in page
    answer = administrator.post("/connections/new/winbooks", page=HOME, reader=f"{agent}/winbooks data")
    (made,) = stage.house.registry.connections()
    assert answer.url.endswith("said=connected")
    assert made.settings == {"agent": agent, "source": "winbooks data"}
    assert "No service of your firm reads Venice yet" in administrator.get("/connections/new/venice").text
    stage.house.registry.revoke_agent(agent)
    shown = administrator.get(f"/connections/{made.id}").text
    assert "The service on your server is not heard of" in shown
    assert 'href="/services"' in shown
