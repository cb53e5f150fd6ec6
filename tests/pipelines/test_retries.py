"""What is tried again without a person, when, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.ledgers import TRIGGER_TAG
from assets.night import UNATTENDED, UNLESS_SYNCED_SINCE_TAG, fresh_since
from assets.partitions import add_missing
from registry.store import SyncRun
from resources.house import House
from resources.warehouse import WarehouseResource
from sensors.retries import CAP, PASSING, requests_for, retries_sensor, this_morning, to_resume, to_retry
from tests.pipelines.firm import ROW, small_house

NOW = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


def run(
    number: int, status: str, kind: str | None, started: datetime = NOW, retry_at: datetime | None = None
) -> SyncRun:
    return SyncRun(
        sync_id=f"{started:%Y%m%dt%H%M%S}-{number:05}",
        dossier_id=f"d{number}",
        link_id=f"d{number}--1",
        firm_id="f",
        software=ROW.slug,
        trigger="nightly",
        mode="replace",
        window_start=None,
        started_at=started,
        finished_at=started,
        status=status,
        rows_read=0,
        rows_loaded=0,
        rows_deleted=0,
        vendor_calls=0,
        error_kind=kind,
        error_message=None,
        next_retry_at=retry_at,
        dagster_run_id=None,
    )


HOURS = st.integers(-30, 3).map(lambda hours: NOW + timedelta(hours=hours))
RUNS = st.lists(
    st.tuples(
        st.sampled_from(["failed", "parked"]),
        st.sampled_from([*sorted(PASSING), "needs_login", "bad_data", "bug", "interrupted"]),
        HOURS,
        st.none() | HOURS,
    ),
    max_size=30,
).map(lambda rows: [run(number, *row) for number, row in enumerate(rows)])


@given(RUNS)
def test_exactly_the_parked_ones_whose_time_has_come_go_on(runs: list[SyncRun]) -> None:
    expected = {r.sync_id for r in runs if r.status == "parked" and r.next_retry_at and r.next_retry_at <= NOW}
    assert {r.sync_id for r in to_resume(runs, NOW)} == expected


@given(RUNS, st.integers(0, CAP + 5))
def test_in_the_morning_the_passing_failures_of_before_are_tried_once_and_no_more_than_the_cap(
    runs: list[SyncRun], retried: int
) -> None:
    five = NOW - timedelta(hours=4)
    found = to_retry(runs, five, retried)
    assert len(found) <= max(0, CAP - retried)
    due = [r for r in runs if r.status == "failed" and r.error_kind in PASSING and r.started_at < five]
    assert {r.sync_id for r in found} <= {r.sync_id for r in due}
    if retried + len(due) <= CAP:
        assert len(found) == len(due)
    assert to_retry(runs, None, 0) == []


def test_a_person_is_never_waited_for_in_vain() -> None:
    assert {"vendor_down", "busy", "rate_limited", "wait", "agent_offline", "crashed"} == PASSING


def test_more_than_the_cap_are_requested_the_oldest_first_and_the_same_ones_until_they_began() -> None:
    runs = [run(number, "failed", "busy", NOW - timedelta(hours=5)) for number in range(CAP + 50)]
    first = to_retry(runs, NOW, 0)
    assert first == runs[:CAP]
    begun = set(range(0, 30, 3))
    rest = [r for n, r in enumerate(runs) if n not in begun]
    assert to_retry(rest, NOW, len(begun)) == [r for n, r in enumerate(runs[:CAP]) if n not in begun]


@pytest.mark.parametrize(
    ("now", "five"),
    [
        ("2025-03-01T03:59:59+00:00", None),  # winter: an hour before UTC
        ("2025-03-01T04:00:00+00:00", "2025-03-01T05:00:00+01:00"),
        ("2025-07-01T02:59:00+00:00", None),
        ("2025-07-01T03:00:00+00:00", "2025-07-01T05:00:00+02:00"),
        ("2025-03-30T03:30:00+00:00", "2025-03-30T05:00:00+02:00"),  # the clocks went forward in this night
        ("2025-03-01T23:30:00+00:00", None),  # already the next day there
    ],
)
def test_the_morning_is_five_o_clock_where_the_firms_are(now: str, five: str | None) -> None:
    assert this_morning(datetime.fromisoformat(now)) == (datetime.fromisoformat(five) if five else None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return small_house(tmp_path, ["parked", "later", "sound"])


def end(house: House, dossier: str, status: str, kind: str | None, retry_at: datetime | None = None) -> str:
    link = house.registry.link(dossier)
    sync_id = house.registry.start_run(dossier, link.link_id, "nightly", link.mode)
    house.registry.finish_run(sync_id, status, error_kind=kind, next_retry_at=retry_at)
    return sync_id


def test_the_sensor_requests_a_parked_dossier_once_with_tags_that_skip_what_was_read_meanwhile(
    house: House, instance: dg.DagsterInstance
) -> None:
    now = datetime.now(UTC)
    add_missing(instance, ROW.slug, ["parked", "later", "sound"])
    parked = end(house, "parked", "parked", "rate_limited", now - timedelta(minutes=1))
    end(house, "later", "parked", "rate_limited", now + timedelta(hours=1))
    end(house, "sound", "synced", None)
    resources = {"warehouse": WarehouseResource(home=str(house.home.root))}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        found = retries_sensor(context)
    assert isinstance(found, dg.SensorResult)
    [request] = found.run_requests or []
    assert (request.partition_key, request.job_name) == ("parked", f"{ROW.slug}_ledgers")
    assert request.run_key == f"resume-{parked}"
    assert request.tags[TRIGGER_TAG] in UNATTENDED
    since = fresh_since(request.tags)
    assert since is not None
    assert house.registry.good_since(ROW.slug, since).keys() == {"sound"}
    end(house, "parked", "synced", None)
    assert "parked" in house.registry.good_since(ROW.slug, since)
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        again = retries_sensor(context)
    assert isinstance(again, dg.SkipReason)


def test_a_dossier_without_a_partition_is_left_out(instance: dg.DagsterInstance) -> None:
    add_missing(instance, ROW.slug, ["d1"])
    requests = requests_for([("retry", run(1, "failed", "busy")), ("retry", run(2, "failed", "busy"))], instance)
    assert [request.partition_key for request in requests] == ["d1"]
    assert requests[0].tags[UNLESS_SYNCED_SINCE_TAG] == NOW.isoformat()
