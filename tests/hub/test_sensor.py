"""What the sensor asks for at night, and in which runs it loads what arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.freshness import ARRIVED
from assets.ledgers import TRIGGER_TAG, ledger_asset, ledger_key
from assets.night import Night
from assets.partitions import RANGE_END_TAG, RANGE_START_TAG, add_missing
from assets.sync import SyncOptions
from resources.packages import resource_class
from resources.warehouse import WarehouseResource
from sensors.deliveries import (
    ASK_AGAIN,
    GAP,
    ask_for_the_night,
    deliveries_sensor,
    is_night,
    spans,
    to_load,
    wanted_by,
)
from tests.hub.conftest import ROW, Site
from tests.installation import dagster_storage

KEYS = [f"d{number:03}" for number in range(250)]


@given(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)), st.integers(1, 200))
def test_runs_cover_what_arrived_once_and_between_it_only_good_dossiers(
    arrived: set[str], good: set[str], size: int
) -> None:
    runs = [KEYS[KEYS.index(first) : KEYS.index(last) + 1] for first, last in spans(KEYS, arrived, good, size)]
    covered = [key for run in runs for key in run]
    assert len(covered) == len(set(covered))
    assert arrived <= set(covered) <= arrived | good
    for run in runs:
        assert {run[0], run[-1]} <= arrived
        assert len(run) <= size


def test_a_gap_of_good_dossiers_makes_no_run_of_its_own_until_it_is_wide() -> None:
    near, wide = {KEYS[0], KEYS[GAP]}, {KEYS[0], KEYS[GAP + 2]}
    assert list(spans(KEYS, near, set(KEYS), 200)) == [(KEYS[0], KEYS[GAP])]
    assert len(list(spans(KEYS, wide, set(KEYS), 200))) == 2
    assert len(list(spans(KEYS, near, set(), 200))) == 2


@pytest.mark.parametrize(
    ("now", "night"),
    [("2026-01-10T22:59", False), ("2026-01-10T23:00", True), ("2026-01-10T04:59", True), ("2026-01-10T05:00", False)],
)
def test_the_night_is_from_midnight_to_six_where_the_firms_are(now: str, night: bool) -> None:
    assert is_night(datetime.fromisoformat(now).replace(tzinfo=UTC)) is night


def test_every_linked_dossier_is_asked_for_once_a_night_and_no_other(site: Site) -> None:
    registry, now = site.house.registry, site.house.now()
    registry.add_link(site.connection_id, "BROU_2", code="B", name="B", mode="totals", dossier_id="brou")
    assert ask_for_the_night(registry, now) == 2
    asked = {each.external_id: each.totals_only for each in site.service.requests()}
    assert asked == {"ATELIER": False, "BROU_2": True}
    assert ask_for_the_night(registry, now) == 0
    for each in site.service.requests():
        if each.external_id == "ATELIER":
            site.service.deliver(site.server.read(each, "d-1"))
        else:
            refusal = {"kind": "wrong_input", "cause": "no totals", "next_step": ""}
            site.service.call("POST", f"/requests/{each.request_id}/refusal", refusal)
    assert ask_for_the_night(registry, now) == 0
    assert ask_for_the_night(registry, now + timedelta(days=1)) == 2
    registry.revoke_agent(site.agent_id)
    assert ask_for_the_night(registry, now + timedelta(days=2)) == 0


def test_what_arrived_is_loaded_once_and_again_only_when_nothing_came_of_it(site: Site) -> None:
    site.service.deliver(site.parcel())
    now = site.house.now()
    arrived = site.house.registry.arrived()
    assert [link.dossier_id for link, _ in to_load(arrived, set(), now)] == ["atelier"]
    assert to_load(arrived, {"atelier"}, now) == []
    site.house.registry.note_load_asked([each for _, each in arrived])
    arrived = site.house.registry.arrived()
    assert to_load(arrived, set(), now) == []
    assert len(to_load(arrived, set(), now + ASK_AGAIN + timedelta(minutes=1))) == 1


def test_a_delivery_for_another_mode_than_that_of_the_link_is_not_loaded(site: Site) -> None:
    site.service.deliver(site.parcel())
    year = datetime(2025, 1, 1, tzinfo=UTC).date()
    site.house.registry.relink("atelier", site.connection_id, "ATELIER", mode="from_date", transfer_date=year)
    assert site.house.registry.arrived() == []
    link = site.house.registry.link("atelier")
    assert wanted_by(link, site.agent_id).since == year


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(
        str(dagster_storage(tmp_path / "dagster")), overrides={"telemetry": {"enabled": False}}
    ) as opened:
        yield opened


def tick(site: Site, instance: dg.DagsterInstance) -> Any:
    resources = {"warehouse": WarehouseResource(home=str(site.house.home.root))}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        return deliveries_sensor(context)


def test_the_sensor_asks_for_a_range_run_and_the_run_loads_what_arrived(
    site: Site, instance: dg.DagsterInstance
) -> None:
    add_missing(instance, ROW.slug, ["atelier"])
    site.service.deliver(site.parcel())
    found = tick(site, instance)
    assert isinstance(found, dg.SensorResult)
    [request] = found.run_requests or []
    assert (request.job_name, request.tags[TRIGGER_TAG]) == (f"{ROW.slug}_ledgers", ARRIVED)
    assert (request.tags[RANGE_START_TAG], request.tags[RANGE_END_TAG]) == ("atelier", "atelier")
    assert isinstance(tick(site, instance), dg.SkipReason)
    resource = resource_class(ROW)(software=ROW.slug, home=str(site.house.home.root))
    result = dg.materialize(
        [ledger_asset(ROW)], instance=instance, resources={ROW.slug: resource}, tags=dict(request.tags)
    )
    assert result.success
    [record] = instance.fetch_materializations(ledger_key(ROW.slug), limit=5).records
    assert record.partition_key == "atelier"
    assert site.house.registry.arrived() == []
    [run] = site.house.registry.runs("atelier")
    assert (run.status, run.trigger) == ("synced", ARRIVED)


def test_a_run_of_what_arrived_leaves_good_dossiers_alone_and_hides_no_failed_one(site: Site) -> None:
    site.service.deliver(site.parcel())
    house, options = site.house, SyncOptions(trigger=ARRIVED)
    assert Night(house, ROW.slug, options).sync("atelier").status == "synced"
    assert Night(house, ROW.slug, options).sync("atelier").status == "skipped"
    link = house.registry.link("atelier")
    failed = house.registry.start_run("atelier", link.link_id, "manual", link.mode)
    house.registry.finish_run(failed, "failed", error_kind="bug")
    assert Night(house, ROW.slug, options).sync("atelier").status == "unchanged"
