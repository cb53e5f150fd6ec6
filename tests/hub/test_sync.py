"""Syncs of dossiers that a service delivers: the same figures as where this machine reads the files itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.protocol import Refusal
from assets.freshness import ARRIVED, cut_off, freshness
from assets.health import agent_offline
from assets.sync import Outcome, SyncOptions, sync_dossier
from connectors.sandbox.stage import Sandbox, company_of
from foundation.errors import AgentOffline, WrongInput
from portal.operations.dossiers import add_link
from registry.agent_records import OFFLINE_AFTER
from resources.delivery_files import DeliveryFiles
from resources.house import House
from tests.contract.dossier import Linked, assert_tells
from tests.hub.conftest import ROW, Site, site_at
from tests.hub.service import Server, serving

TABLES = ("journal_lines", "accounts", "journals", "counterparties", "fiscal_years", "periods", "trial_balances")


def sync(site: Site, trigger: str = "manual") -> Outcome:
    return sync_dossier("atelier", site.house, SyncOptions(trigger=trigger))


@contextmanager
def at_work(site: Site, *, answer: Callable[[Any], None] | None = None) -> Iterator[None]:
    """The service answers requests as they come."""
    stopped = threading.Event()

    def work() -> None:
        number = 0
        while not stopped.is_set():
            for asked in site.service.requests(wait=0.3):
                number += 1
                if answer:
                    answer(asked)
                else:
                    parcel = site.server.read(asked, f"w-{number}-{time.time_ns()}")
                    assert site.service.deliver(parcel).status_code == 200

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(20)
        assert not thread.is_alive()


def told(house: House, dossier_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the warehouse tells of a dossier but whose it is."""
    found = {}
    with house.warehouse.reader() as db:
        for table in TABLES:
            columns = [
                name
                for (name,) in db.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'ledger' "
                    "AND table_name = ? AND column_name NOT IN ('dossier_id', 'sync_id', 'link_id') ORDER BY 1",
                    [table],
                ).fetchall()
            ]
            rows = db.execute(
                f"SELECT {', '.join(columns)} FROM ledger.{table} WHERE dossier_id = ?", [dossier_id]
            ).fetchall()
            found[table] = sorted(rows, key=repr)
    return found


def by_root(house: House, sandbox: Sandbox) -> str:
    """The same dossier, read by this machine."""
    settings = ROW.complete_settings(sandbox.settings)
    connection = house.registry.add_connection(ROW.slug, "Vandamme", settings=settings)
    with house.connector(connection.id, work=house.home.scratch) as connector:
        ref = next(each for each in connector.discover() if each.external_id == sandbox.external_id)
    return add_link(house, connection.id, ref, mode="replace", dossier="by-root").dossier_id


@pytest.mark.parametrize("store", ["house", "team"])
def test_what_is_delivered_is_what_this_machine_would_read(
    request: pytest.FixtureRequest, store: str, server: Server, sandbox: Sandbox
) -> None:
    house: House = request.getfixturevalue(store)
    house.warehouse.create()
    with serving(house) as address:
        site = site_at(house, address, server, sandbox)
        site.service.deliver(site.parcel())
        outcome = sync(site, ARRIVED)
        assert (outcome.status, outcome.error) == ("synced", None)
        assert sync_dossier(by_root(house, sandbox), house).status == "synced"
        theirs, ours = told(house, "by-root"), told(house, "atelier")
        assert theirs["journal_lines"]
        assert ours == theirs


def test_the_company_is_told_to_the_cent_and_a_change_of_it_too(site: Site) -> None:
    with at_work(site):
        assert sync(site).status == "synced"
        site.sandbox.show(company_of(ROW, 1))
        assert sync(site).status == "synced"
        assert sync(site).status == "unchanged"
    with site.house.warehouse.reader() as db:
        assert db.execute("SELECT count(*) FROM ledger.dossiers").fetchall() == [(1,)]
    assert_tells(Linked(ROW, site.house, site.sandbox, "atelier"), company_of(ROW, 1))


def test_figures_are_as_old_as_the_reading(site: Site) -> None:
    asked = site.house.now()
    site.house.registry.ask_agents([site.wanted])
    [request] = site.service.requests()
    parcel = site.server.read(request, "d-1", read_at=site.house.now())
    time.sleep(0.5)
    site.service.deliver(parcel)
    time.sleep(0.5)
    sync(site, ARRIVED)
    with site.house.warehouse.reader() as db:
        [(as_of,)] = db.execute("SELECT last_synced_at FROM ledger.dossiers").fetchall()
    assert asked <= as_of.replace(tzinfo=UTC) <= parcel.told.read_at


@pytest.mark.parametrize("read_at", [datetime(2001, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
def test_a_wrong_clock_of_a_server_does_not_matter(site: Site, read_at: datetime) -> None:
    def answer(asked: Any) -> None:
        site.service.deliver(site.server.read(asked, f"d-{time.time_ns()}", read_at=read_at))

    with at_work(site, answer=answer):
        assert sync(site).status == "synced"
    found = site.house.registry.delivered(site.wanted)
    assert found is not None
    assert found.newest.fresh_at is not None
    assert abs(site.house.now() - found.newest.fresh_at) < timedelta(minutes=1)


def test_a_person_waits_for_now_and_the_night_takes_what_is_of_this_night(site: Site) -> None:
    site.service.deliver(site.parcel())
    assert sync(site, "nightly").status == "synced"
    assert sync(site, "nightly").status == "unchanged"
    assert site.service.requests() == []
    hurried = replace(site.house, sleep=lambda seconds: None, now=running_ahead(site.house))
    outcome = sync_dossier("atelier", hurried, SyncOptions())
    assert outcome.error is not None
    assert (outcome.status, outcome.error.kind) == ("failed", "busy")
    assert "loaded when it arrives" in str(outcome.error)
    assert [asked.urgent for asked in site.service.requests()] == [True]


def running_ahead(house: House) -> Callable[[], datetime]:
    """A clock by which a minute passes at each look; for five minutes nobody is offline by it."""
    looks = iter(range(1, 1000))
    return lambda: house.now() + timedelta(minutes=next(looks) * 0.5)


def test_the_night_does_not_wait_and_asks(site: Site) -> None:
    begun = time.monotonic()
    outcome = sync(site, "nightly")
    assert time.monotonic() - begun < 5
    assert outcome.error is not None
    assert outcome.error.kind == "busy"
    [asked] = site.service.requests()
    assert not asked.urgent
    site.service.deliver(site.server.read(asked, "d-1"))
    assert [(link.dossier_id, d.delivery_id) for link, d in site.house.registry.arrived()] == [("atelier", "d-1")]
    assert sync(site, ARRIVED).status == "synced"
    assert site.house.registry.arrived() == []


@pytest.mark.parametrize(("kind", "status"), [("busy", "failed"), ("bad_file", "failed"), ("no such kind", "failed")])
def test_what_the_service_could_not_read_fails_with_its_reason(site: Site, kind: str, status: str) -> None:
    def answer(asked: Any) -> None:
        refusal = Refusal(kind=kind, cause="ATELIER_act.dbf is damaged", next_step="Repair it in WinBooks.")
        assert site.service.call("POST", f"/requests/{asked.request_id}/refusal", refusal).status_code == 204

    with at_work(site, answer=answer):
        outcome = sync(site)
    assert outcome.status == status
    assert outcome.error is not None
    assert outcome.error.kind == (kind if kind != "no such kind" else "error")
    assert "ATELIER_act.dbf is damaged. Repair it in WinBooks." in str(outcome.error)


def test_a_service_that_is_silent_is_offline_until_it_reports(site: Site) -> None:
    house = replace(site.house, now=lambda: site.house.now() + OFFLINE_AFTER + timedelta(minutes=1))
    outcome = sync_dossier("atelier", house, SyncOptions())
    assert outcome.error is not None
    assert outcome.error.kind == "agent_offline"
    connection = house.registry.connection(site.connection_id)
    assert connection.health == "agent_offline"
    health, detail = house.standing(connection)
    assert health == "agent_offline"
    assert detail is not None
    assert "last heard of" in detail
    assert "Check that the server is on" in detail
    assert list(agent_offline(house, ROW.slug)) == ["atelier"]
    assert agent_offline(site.house, ROW.slug) == {}
    site.service.report(site.server.source())
    connection = site.house.registry.connection(site.connection_id)
    assert (connection.health, site.house.standing(connection)[0]) == ("ok", "ok")
    site.service.report(site.server.source(trouble="the share is not mounted"))
    assert site.house.standing(connection) == ("vendor_down", "the share is not mounted")


def test_what_was_delivered_is_loaded_although_the_service_went_offline_since(site: Site) -> None:
    site.service.deliver(site.parcel())
    house = replace(site.house, now=lambda: site.house.now() + timedelta(hours=1))
    assert sync_dossier("atelier", house, SyncOptions(trigger=ARRIVED)).status == "synced"


def test_files_that_were_lost_are_asked_for_anew(site: Site) -> None:
    site.service.deliver(site.parcel())
    found = site.house.registry.delivered(site.wanted)
    assert found is not None
    DeliveryFiles(site.house.home).drop_kept(found.content)
    outcome = sync(site, ARRIVED)
    assert outcome.error is not None
    assert outcome.error.kind == "busy"
    with at_work(site):
        assert sync(site).status == "synced"


def test_a_service_of_another_firm_or_a_revoked_one_serves_nobody(site: Site) -> None:
    registry = site.house.registry
    settings = registry.connection(site.connection_id).settings
    theirs = registry.add_connection(ROW.slug, "Peeters", settings=settings)
    with site.house.connector(theirs.id, work=site.house.home.scratch) as connector:
        for work in (connector.verify, lambda: list(connector.discover()), lambda: connector.fiscal_years("ATELIER")):
            with pytest.raises(WrongInput, match="not one of the firm"):
                work()
    registry.revoke_agent(site.agent_id)
    outcome = sync(site)
    assert outcome.error is not None
    assert "revoked" in str(outcome.error)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("atelier", "Use 'ATELIER'"),
        ("ATELEIR", "sees no such dossier. Did you mean 'ATELIER'"),
        ("../ATELIER", "sees no such dossier"),
    ],
)
def test_a_folder_name_that_is_typed_is_checked_against_what_the_service_sees(
    site: Site, typed: str, said: str
) -> None:
    with site.house.connector(site.connection_id, work=site.house.home.scratch) as connector:
        assert connector.fiscal_years("ATELIER")
        with pytest.raises(WrongInput, match=said):
            connector.fiscal_years(typed)


def test_a_source_that_is_not_reported_names_those_that_are(site: Site) -> None:
    registry = site.house.registry
    made = registry.add_connection(ROW.slug, "Vandamme", settings={"agent": site.agent_id, "source": "book"})
    with site.house.connector(made.id, work=site.house.home.scratch) as connector:
        with pytest.raises(WrongInput, match="no source 'book'") as raised:
            connector.verify()
        assert "books (winbooks)" in raised.value.next_step
    fresh = registry.add_agent("Vandamme", "Server Luik").agent_id
    unheard = registry.add_connection(ROW.slug, "Vandamme", settings={"agent": fresh, "source": "books"})
    with (
        site.house.connector(unheard.id, work=site.house.home.scratch) as connector,
        pytest.raises(AgentOffline, match="not enrolled"),
    ):
        connector.verify()


def test_a_landing_elsewhere_holds_the_deliveries_too(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANDLIVRE_LANDING", str(tmp_path / "elsewhere"))
    with serving(site.house) as address:
        site.service.address = address
        site.service.deliver(site.parcel())
        assert sync(site, ARRIVED).status == "synced"
    assert list((tmp_path / "elsewhere" / "deliveries" / site.agent_id).iterdir())


@pytest.mark.parametrize(
    ("now", "cut"),
    [
        ("2026-11-28T23:30:00+00:00", "2026-11-28T23:00:00+00:00"),
        ("2026-11-28T22:59:00+00:00", "2026-11-27T23:00:00+00:00"),
        ("2026-07-01T22:00:00+00:00", "2026-07-01T22:00:00+00:00"),
    ],
)
def test_the_night_begins_at_midnight_where_the_firms_are(now: str, cut: str) -> None:
    assert cut_off(datetime.fromisoformat(now)) == datetime.fromisoformat(cut)
    assert freshness("retry", datetime.fromisoformat(now)).since == datetime.fromisoformat(cut)
    assert freshness("manual", datetime.fromisoformat(now)).urgent
