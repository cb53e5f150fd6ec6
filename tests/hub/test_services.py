"""Who is let in: codes, tokens, and what a service may see and deliver; on SQLite and on Postgres."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import msgspec
import pytest

from agent import protocol
from agent.protocol import Dossier, Enrolled, Refusal, Reported, Source
from foundation.errors import AskForAccess, WrongInput
from portal.hub.service import RENEW_AFTER, Services
from registry.agents import CODE_VALID
from registry.store import AgentSource, Registry, Wanted
from registry.vault import Vault
from resources.house import House
from tests.hub.conftest import ROW, Site
from tests.hub.service import Service, serving
from tests.registry.conftest import Clock


@pytest.fixture(params=["house", "team"])
def either(request: pytest.FixtureRequest) -> House:
    """An installation on SQLite, and a team's on Postgres."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(either: House, clock: Clock) -> Iterator[Registry]:
    with Registry.open(either.home, vault=Vault.of(either.home, environ={}), now=clock) as opened:
        yield opened


def enrolled(registry: Registry, name: str = "Server Gent", firm: str = "Vandamme") -> tuple[str, str]:
    """A service and its token."""
    agent_id = registry.add_agent(firm, name).agent_id
    code = registry.new_agent_code(agent_id).reveal()
    return agent_id, registry.enrol_agent(code, host="GENT01", system="Windows", version="0.1")[1].reveal()


def test_a_code_works_once_before_it_expires_and_however_it_is_typed(registry: Registry, clock: Clock) -> None:
    agent_id = registry.add_agent("Vandamme", "Server Gent").agent_id
    assert agent_id == "server-gent"
    first = registry.new_agent_code(agent_id).reveal()
    code = registry.new_agent_code(agent_id).reveal()
    facts = {"host": "GENT01", "system": "Windows", "version": "0.1"}
    for wrong in (first, "AAAAAA-AAAAAA-AAAAAA-AAAAAA", ""):  # another code makes the one before void
        with pytest.raises(AskForAccess, match="code"):
            registry.enrol_agent(wrong, **facts)
    agent, token = registry.enrol_agent(code.lower().replace("-", " "), **facts)
    assert (agent.agent_id, agent.host, agent.health(clock())) == (agent_id, "GENT01", "ok")
    assert registry.agent_of_token(token.reveal()) is not None
    with pytest.raises(AskForAccess, match="used already"):
        registry.enrol_agent(code, **facts)
    late = registry.new_agent_code(agent_id).reveal()
    clock.pass_by(seconds=CODE_VALID.total_seconds())
    with pytest.raises(AskForAccess, match="too old"):
        registry.enrol_agent(late, **facts)


def test_of_many_that_use_a_code_at_once_one_is_enrolled(registry: Registry) -> None:
    agent_id = registry.add_agent("Vandamme", "Server Gent").agent_id
    code = registry.new_agent_code(agent_id).reveal()
    tokens: list[str] = []

    def enrol() -> None:
        try:
            tokens.append(registry.enrol_agent(code, host="h", system="s", version="1")[1].reveal())
        except AskForAccess:
            return

    threads = [Thread(target=enrol) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 1


def test_a_token_stays_valid_until_the_next_one_is_first_used(registry: Registry) -> None:
    agent_id, old = enrolled(registry)
    lost, new = (registry.renew_agent_token(agent_id).reveal() for _ in range(2))  # the first answer was lost
    assert registry.agent_of_token(old) is not None
    assert registry.agent_of_token(lost) is None
    assert registry.agent_of_token(new) is not None
    assert registry.agent_of_token(old) is None
    assert registry.agent_of_token(new) is not None


def test_a_service_that_enrols_again_has_one_token_and_a_revoked_one_has_none(registry: Registry) -> None:
    agent_id, old = enrolled(registry)
    code = registry.new_agent_code(agent_id).reveal()
    new = registry.enrol_agent(code, host="GENT02", system="Windows", version="0.2")[1].reveal()
    assert registry.agent_of_token(old) is None
    unused = registry.new_agent_code(agent_id).reveal()
    registry.revoke_agent(agent_id)
    for token in (old, new, f"{agent_id}.", agent_id, "", "nobody.x", f"{agent_id}.{'x' * 43}"):
        assert registry.agent_of_token(token) is None
    with pytest.raises(AskForAccess):
        registry.enrol_agent(unused, host="h", system="s", version="1")
    with pytest.raises(WrongInput, match="revoked"):
        registry.new_agent_code(agent_id)
    assert registry.agent(agent_id).health(datetime.now(UTC)) == "revoked"


def test_a_service_is_offline_ten_minutes_after_it_was_last_heard_of(registry: Registry, clock: Clock) -> None:
    agent_id, token = enrolled(registry)
    clock.pass_by(minutes=10)
    assert registry.agent(agent_id).health(clock()) == "ok"
    clock.pass_by(seconds=1)
    assert registry.agent(agent_id).health(clock()) == "agent_offline"
    registry.agent_of_token(token)
    assert registry.agent(agent_id).health(clock()) == "ok"


def test_a_report_replaces_the_one_before_and_mends_what_was_offline(registry: Registry, clock: Clock) -> None:
    agent_id, _ = enrolled(registry)
    other, _ = enrolled(registry, "Server Brugge")
    ours = registry.add_connection("winbooks", "Vandamme", settings={"agent": agent_id, "source": "books"})
    theirs = registry.add_connection("winbooks", "Vandamme", settings={"agent": other, "source": "books"})
    for each in (ours, theirs):
        registry.set_health(each.id, "agent_offline", "not heard of")
    facts: dict[str, Any] = {"version": "0.2", "host": "GENT01", "system": "Windows", "spool_bytes": 5_000_000_000}
    facts |= {"free_bytes": 10, "started_at": clock(), "last_error": "password=hush was refused"}
    first = AgentSource(agent_id, "books", "winbooks", None, [{"external_id": "A"}])
    gone = AgentSource(agent_id, "old", "venice", "token: hush", [])
    registry.note_report(agent_id, facts, [first, gone])
    assert registry.agent_sources(agent_id)[1].trouble == "token: ***"
    registry.note_report(agent_id, facts, [first])
    assert registry.agent_sources(agent_id) == [first]
    agent = registry.agent(agent_id)
    assert (agent.version, agent.spool_bytes, agent.last_error) == ("0.2", 5_000_000_000, "password=*** was refused")
    assert [registry.connection(each.id).health for each in (ours, theirs)] == ["ok", "agent_offline"]


def test_one_request_per_dossier_is_open_and_a_person_comes_first(registry: Registry, clock: Clock) -> None:
    agent_id, _ = enrolled(registry)
    connection = registry.add_connection("winbooks", "Vandamme", settings={"agent": agent_id, "source": "books"})
    for name in ("A", "B"):
        registry.add_link(connection.id, name, code=name, name=name)
    a, b, unlinked = (Wanted(agent_id, connection.id, name) for name in ("A", "B", "C"))
    first, second, third = registry.ask_agents([a, b, unlinked])
    clock.pass_by(minutes=5)
    assert [each.request_id for each in registry.ask_agents([b], urgent=True)] == [second.request_id]
    assert [each.request_id for each in registry.open_requests(agent_id)] == [second.request_id, first.request_id]
    assert not registry.may_deliver(agent_id, third.request_id)
    assert registry.asked_since(agent_id, clock()) == {a, b, unlinked}  # still open
    registry.refuse_request(second.request_id, "busy", "the file is open", "Close it.")
    registry.refuse_request(second.request_id, "bug", "another", "")
    last = registry.latest_request(b)
    assert last is not None
    assert last.refusal == {"kind": "busy", "cause": "the file is open", "next_step": "Close it."}
    assert registry.ask_agents([b])[0].request_id != second.request_id


def test_a_service_enrols_reports_and_renews_over_the_wire(either: House) -> None:
    registry = either.registry
    agent_id = registry.add_agent("Vandamme", "Server Gent").agent_id
    code = registry.new_agent_code(agent_id).reveal()
    with serving(either) as address:
        service = Service(address)
        assert service.report().status_code == 401
        assert service.enrol(code).status_code == 200
        again = Service(address).enrol(code)
        assert (again.status_code, "used already" in again.json()["cause"]) == (403, True)
        answer = service.report(Source(name="books", software="winbooks", trouble="the share is gone"))
        reported = msgspec.json.decode(answer.content, type=Reported)
        assert (reported.renew_token, reported.next_in_seconds <= 300) == (False, True)
        old = service.token
        service.token = msgspec.json.decode(service.call("POST", "/token").content, type=Enrolled).token
        assert Service(address, old).requests() == []
        assert service.requests() == []
        assert Service(address, old).report().status_code == 401
        registry.revoke_agent(agent_id)
        assert service.report().status_code == 401
        assert [row.trouble for row in registry.agent_sources(agent_id)] == ["the share is gone"]


def test_an_old_token_is_asked_to_be_renewed(house: House) -> None:
    agent_id, _ = enrolled(house.registry)
    for after, renew in ((RENEW_AFTER - timedelta(minutes=1), False), (RENEW_AFTER + timedelta(minutes=1), True)):
        later = replace(house, now=lambda after=after: house.now() + after)
        told = protocol.Report(version="1", host="h", system="s", started_at=house.now())
        assert Services(later).report(house.registry.agent(agent_id), told).renew_token is renew


@pytest.mark.parametrize("version", [None, "0", "2", "x"])
def test_another_protocol_is_not_spoken(site: Site, version: str | None) -> None:
    service = Service(site.service.address, site.service.token, {protocol.PROTOCOL_HEADER: version} if version else {})
    assert service.report().status_code == 426


def test_a_service_that_waits_is_told_at_once_when_somebody_asks(site: Site) -> None:
    def ask() -> None:
        time.sleep(0.3)
        site.house.registry.ask_agents([site.wanted], urgent=True)

    asking = Thread(target=ask)
    asking.start()
    begun = time.monotonic()
    [asked] = site.service.requests(wait=20)
    assert time.monotonic() - begun < 10
    asking.join()
    assert (asked.external_id, asked.source, asked.urgent, asked.cursor) == ("ATELIER", "books", True, None)
    assert site.service.call("GET", "/requests?wait=nan").status_code == 200
    assert site.service.call("GET", "/requests?wait=x").status_code == 422


def test_a_service_sees_and_delivers_the_dossiers_of_its_own_connections_alone(site: Site) -> None:
    registry = site.house.registry
    _, token = enrolled(registry, "Server Brugge")
    other = Service(site.service.address, token)
    parcel = site.parcel()
    assert other.requests() == []
    assert other.deliver(parcel).status_code == 403
    refusal = Refusal(kind="busy", cause="x", next_step="y")
    assert other.call("POST", f"/requests/{parcel.told.request_id}/refusal", refusal).status_code == 403
    assert site.service.call("POST", "/deliveries", parcel.told).ok
    assert other.call("GET", "/deliveries/d-1").status_code == 404
    assert other.chunk("d-1", "act", 0, b"x").status_code == 404
    assert other.finish("d-1").status_code == 404
    for told in ({"external_id": "BROU_2"}, {"source": "x"}, {"software": "expertm"}, {"totals_only": True}):
        assert site.service.deliver(parcel.with_(delivery_id="d-2", **told)).status_code == 403
    assert site.service.deliver(parcel.with_(delivery_id="d-2", request_id="0" * 32)).status_code == 404
    assert site.service.deliver(parcel.with_(unchanged=True, files=[])).status_code == 422  # another under this id
    assert site.service.deliver(parcel.with_(delivery_id="../x")).status_code == 422
    registry.unlink(site.link.dossier_id)
    assert site.service.requests() == []
    assert site.service.deliver(parcel).status_code == 403


def test_a_connection_given_to_another_service_leaves_the_first_nothing(site: Site) -> None:
    parcel = site.parcel()
    other, _ = enrolled(site.house.registry, "Server Brugge")
    settings = ROW.complete_settings({"agent": other, "source": "books"})
    site.house.registry.replace_secrets(site.connection_id, {}, settings=settings)
    assert site.service.requests() == []
    assert site.service.deliver(parcel).status_code == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"delivery_id": 1}', b'{"files": [{}]}'])
def test_a_body_that_is_no_message_is_refused(site: Site, body: bytes) -> None:
    for path in ("/deliveries", "/report", "/enrol"):
        assert site.service.call("POST", path, body).status_code == 422


def test_a_report_of_any_size_is_bounded(site: Site) -> None:
    many = [Dossier(external_id=str(n), code="", name="") for n in range(50_001)]
    assert site.service.report(Source(name="books", software="winbooks", dossiers=many)).status_code == 413
    assert site.service.report(*(Source(name="same", software="winbooks") for _ in range(2))).status_code == 422


def test_neither_tokens_nor_codes_are_kept_or_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    registry = site.house.registry
    code = registry.new_agent_code(site.agent_id).reveal()
    site.service.enrol(code)
    site.service.deliver(site.parcel())
    site.service.call("POST", "/deliveries", b"{")
    Service(site.service.address, site.service.token + "x").report()
    with sqlite3.connect(site.house.home.registry) as db:
        kept = "\n".join(db.iterdump())
    db.close()
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("grandlivre", "uvicorn"))
    )
    for text in (kept, ours):
        assert site.service.token.partition(".")[2] not in text
        assert code.replace("-", "") not in text
        assert code not in text
