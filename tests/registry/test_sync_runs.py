from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from foundation.errors import ReportABug
from registry.store import Connection, Link, Registry
from registry.sync_runs import FROM_LANDING
from tests.registry.conftest import Clock


def run(registry: Registry, link: Link, status: str | None, **told: object) -> str:
    sync_id = registry.start_run(link.dossier_id, link.link_id, "nightly", link.mode)
    if status:
        registry.finish_run(sync_id, status, **told)  # type: ignore[arg-type]
    return sync_id


def other_link(registry: Registry, link: Link, name: str) -> Link:
    return registry.add_link(link.connection_id, name, code=name, name=name)


def test_a_run_is_noted_from_start_to_end(registry: Registry, link: Link, clock: Clock) -> None:
    started = clock.moment
    sync_id = registry.start_run(
        dossier_id=link.dossier_id,
        link_id=link.link_id,
        trigger="manual",
        mode="from_date",
        window_start=date(2024, 1, 1),
        dagster_run_id="d-1",
    )
    running = registry.last_run(link.dossier_id)
    assert running is not None
    assert (running.sync_id, running.status, running.finished_at) == (sync_id, "running", None)
    assert (running.firm_id, running.software, running.window_start) == ("vandamme", "yuki", date(2024, 1, 1))
    finished = clock.pass_by(seconds=9)
    done = registry.finish_run(
        sync_id, "synced", rows_read=5_000_000_000, rows_loaded=4, rows_deleted=3, vendor_calls=2
    )
    assert registry.run(sync_id) == done == registry.last_run(link.dossier_id)
    assert (done.started_at, done.finished_at, done.status) == (started, finished, "synced")
    assert (done.rows_read, done.rows_loaded, done.rows_deleted, done.vendor_calls) == (5_000_000_000, 4, 3, 2)
    assert (done.trigger, done.mode, done.dagster_run_id, done.error_kind) == ("manual", "from_date", "d-1", None)


def test_moments_come_back_aware_and_in_utc(registry: Registry, link: Link) -> None:
    run(registry, link, "parked", next_retry_at=datetime.fromisoformat("2025-03-02T01:00:00+02:00"))
    parked = registry.last_run(link.dossier_id)
    assert parked is not None
    assert parked.next_retry_at is not None
    assert parked.next_retry_at == datetime(2025, 3, 1, 23, 0, tzinfo=UTC)
    assert parked.next_retry_at.utcoffset() == parked.started_at.utcoffset() == timedelta(0)
    with pytest.raises(Exception, match="without a time zone"):
        run(registry, link, "parked", next_retry_at=datetime(2025, 3, 2))


def test_sync_ids_sort_by_start_even_when_the_clock_stands_still_or_is_set_back(
    registry: Registry, link: Link, clock: Clock
) -> None:
    ids = [run(registry, link, "synced") for _ in range(5)]
    clock.pass_by(hours=-1)
    ids += [run(registry, link, "synced") for _ in range(2)]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"[a-z0-9-]+", sync_id) for sync_id in ids)
    assert [each.sync_id for each in registry.runs()] == ids[::-1]


def test_the_last_good_run_is_not_the_last_run_when_that_failed(registry: Registry, link: Link) -> None:
    assert registry.last_run(link.dossier_id) is None
    assert registry.last_good_run(link.dossier_id) is None
    good = run(registry, link, "unchanged")
    bad = run(registry, link, "failed", error_kind="bad_data", error_message="It does not balance.")
    last, last_good = registry.last_run(link.dossier_id), registry.last_good_run(link.dossier_id)
    assert last is not None
    assert last_good is not None
    assert (last.sync_id, last.error_message) == (bad, "It does not balance.")
    assert last_good.sync_id == good


def test_an_end_that_makes_no_sense_is_a_bug(registry: Registry, link: Link, connection: Connection) -> None:
    sync_id = run(registry, link, None)
    with pytest.raises(ReportABug, match="'running' is not an end"):
        registry.finish_run(sync_id, "running")
    registry.finish_run(sync_id, "synced")
    with pytest.raises(ReportABug, match="is synced and cannot end as failed"):
        registry.finish_run(sync_id, "failed")
    with pytest.raises(ReportABug, match="is unknown"):
        registry.finish_run("nope", "synced")
    with pytest.raises(ReportABug, match="is not of dossier"):
        registry.start_run("other", link.link_id, "manual", "replace")


def test_the_error_of_a_run_is_kept_without_secrets(registry: Registry, link: Link) -> None:
    message = "POST ?access_key=abcdefgh said: key-of-vandamme is not known"
    run(registry, link, "failed", error_kind="needs_login", error_message=message)
    failed = registry.last_run(link.dossier_id)
    assert failed is not None
    assert failed.error_message == "POST ?access_key=*** said: *** is not known"


def test_runs_are_listed_latest_first_by_dossier_time_and_number(registry: Registry, link: Link, clock: Clock) -> None:
    other = other_link(registry, link, "b")
    first = run(registry, link, "synced")
    limit = clock.pass_by(hours=1)
    second = run(registry, other, "synced")
    clock.pass_by(seconds=1)
    third = run(registry, link, "synced")
    assert [each.sync_id for each in registry.runs()] == [third, second, first]
    assert [each.sync_id for each in registry.runs(link.dossier_id)] == [third, first]
    assert [each.sync_id for each in registry.runs(since=limit)] == [third, second]
    assert [each.sync_id for each in registry.runs(limit=1)] == [third]


def test_what_a_dead_process_left_running_becomes_failed_as_crashed(registry: Registry, link: Link) -> None:
    other = other_link(registry, link, "b")
    left, elsewhere, mine = run(registry, link, None), run(registry, other, None), run(registry, link, None)
    assert registry.mark_crashed(link.dossier_id, except_sync_id=mine) == [left]
    status = {each.sync_id: (each.status, each.error_kind) for each in registry.runs()}
    assert status == {left: ("failed", "crashed"), elsewhere: ("running", None), mine: ("running", None)}
    assert registry.mark_crashed(link.dossier_id) == [mine]


def test_broken_now_are_the_dossiers_whose_latest_finished_run_failed(registry: Registry, link: Link) -> None:
    mended, broken, parked = (other_link(registry, link, name) for name in ("b", "c", "d"))
    run(registry, mended, "failed", error_kind="bug")
    run(registry, mended, "synced")
    run(registry, broken, "synced")
    last = run(registry, broken, "failed", error_kind="vendor_down")
    run(registry, broken, None)
    run(registry, parked, "failed", error_kind="bug")
    run(registry, parked, "parked")
    run(registry, link, None)
    assert [(each.dossier_id, each.sync_id) for each in registry.failed_now()] == [("c", last)]
    assert [each.dossier_id for each in registry.failed_now("yuki")] == ["c"]
    assert registry.failed_now("xero") == []
    assert set(registry.latest_runs()) == {"b", "c", "d"}
    assert set(registry.latest_runs(["synced"], software="yuki", firm="Vandamme")) == {"b", "c"}
    assert registry.latest_runs(["synced"], software="xero") == {}


def test_stale_are_the_dossiers_whose_figures_are_old_also_when_nothing_failed(
    registry: Registry, link: Link, clock: Clock
) -> None:
    old, fresh, never = (other_link(registry, link, name) for name in ("old", "fresh", "never"))
    run(registry, link, "synced")
    as_of = clock.pass_by(hours=1)
    run(registry, old, "unchanged")
    clock.pass_by(days=2)
    run(registry, old, "failed", error_kind="bug")
    run(registry, link, "parked")
    run(registry, fresh, "unchanged")
    linked_late = other_link(registry, link, "late")
    found = registry.stale("yuki", timedelta(days=1))
    assert [each.dossier_id for each in found] == [never.dossier_id, link.dossier_id, old.dossier_id]
    assert [each.figures_as_of for each in found] == [None, as_of - timedelta(hours=1), as_of]
    assert linked_late.dossier_id not in {each.dossier_id for each in registry.stale(None, timedelta(days=1))}
    assert registry.stale("xero", timedelta(0)) == []


def test_a_refused_sync_is_a_failed_run_that_asked_nothing(registry: Registry, link: Link, clock: Clock) -> None:
    earlier = run(registry, link, "synced")
    sync_id = registry.note_refused(link.dossier_id, "nightly", "needs_login", "no: key-of-vandamme", "d-1")
    found = registry.last_run(link.dossier_id)
    assert found is not None
    assert found.sync_id == sync_id > earlier
    assert (found.status, found.error_kind, found.error_message) == ("failed", "needs_login", "no: ***")
    assert found.started_at == found.finished_at == clock.moment
    assert (found.link_id, found.trigger, found.dagster_run_id) == (link.link_id, "nightly", "d-1")
    assert found.rows_read == found.rows_loaded == found.rows_deleted == found.vendor_calls == 0


def test_read_since_counts_good_runs_that_asked_the_package_through_the_present_link(
    registry: Registry, connection: Connection, link: Link, clock: Clock
) -> None:
    unchanged, failed, landed, moved = (other_link(registry, link, name) for name in "bcde")
    run(registry, link, "synced")
    since = clock.pass_by(hours=1)
    assert registry.good_since("yuki", since) == {}
    expected = run(registry, unchanged, "unchanged")
    run(registry, failed, "failed", error_kind="bug")
    sync_id = registry.start_run(landed.dossier_id, landed.link_id, FROM_LANDING, landed.mode)
    registry.finish_run(sync_id, "synced")
    run(registry, moved, "synced")
    registry.relink(moved.dossier_id, connection.id, "elsewhere")
    assert {key: each.sync_id for key, each in registry.good_since("yuki", since).items()} == {
        unchanged.dossier_id: expected
    }
    assert registry.good_since("wings", since) == {}


def test_waiting_are_the_latest_runs_that_failed_or_are_parked_but_not_for_want_of_a_sign_in(
    registry: Registry, connection: Connection, link: Link, clock: Clock
) -> None:
    parked, mended, running, moved = (other_link(registry, link, name) for name in "bcde")
    old = run(registry, other_link(registry, link, "old"), "failed", error_kind="busy")
    since = clock.pass_by(hours=1)
    failed = run(registry, link, "failed", error_kind="busy")
    clock.pass_by(seconds=1)
    waits = run(registry, parked, "parked")
    run(registry, mended, "failed", error_kind="busy")
    run(registry, mended, "synced")
    run(registry, running, "failed", error_kind="busy")
    run(registry, running, None)
    run(registry, moved, "failed", error_kind="busy")
    registry.relink(moved.dossier_id, connection.id, "elsewhere")
    assert [each.sync_id for each in registry.waiting("yuki", since)] == [failed, waits]
    assert old in [each.sync_id for each in registry.waiting("yuki", since - timedelta(hours=1))]
    assert registry.waiting("wings", since) == []
    registry.set_health(connection.id, "needs_login", "the key was withdrawn")
    assert registry.waiting("yuki", since) == []


def test_runs_are_found_by_trigger_and_by_the_run_of_dagster(registry: Registry, link: Link) -> None:
    mine = registry.start_run(link.dossier_id, link.link_id, "retry", link.mode, dagster_run_id="d-1")
    registry.start_run(link.dossier_id, link.link_id, "manual", link.mode, dagster_run_id="d-2")
    assert [each.sync_id for each in registry.runs(trigger="retry")] == [mine]
    assert [each.sync_id for each in registry.runs(dagster_run_id="d-1", limit=None)] == [mine]
