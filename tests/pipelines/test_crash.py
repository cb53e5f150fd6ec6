"""A night whose process is killed: what was done stays done, the rest is taken up, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.partitions import add_missing
from foundation.home import Home
from foundation.secrets import Secret
from registry.locks import Locks
from resources.warehouse import WarehouseResource
from sensors.abandoned import abandoned, abandoned_runs_sensor, end_crashed
from tests.pipelines.firm import ROW, materialized, small_house, statuses
from tests.postgres import Server

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = [f"d{number:02}" for number in range(12)]


def run_chunk(folder: Path, since: datetime, die_after: int) -> int:
    command = [sys.executable, "-m", "tests.pipelines.chunk", str(folder / "home"), str(folder / "dagster")]
    done = subprocess.run(
        [*command, NAMES[0], NAMES[-1], since.isoformat(), str(die_after)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, -9), done.stderr
    return done.returncode


def test_a_killed_night_is_taken_up_where_it_was(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    house = small_house(tmp_path, NAMES)
    add_missing(instance, ROW.slug, NAMES)
    since = datetime.now(UTC)
    assert run_chunk(tmp_path, since, die_after=8) == -9
    done = set(house.registry.good_since(ROW.slug, since))
    assert 0 < len(done) < len(NAMES)
    [killed] = instance.get_runs()
    assert killed.status == dg.DagsterRunStatus.STARTED, "Dagster does not know yet"

    # The dead run is found by the lock that it left, and gives its place back.
    locks = house.registry.locks
    assert abandoned(instance, locks, datetime.now(UTC)) == ([], set()), "not in its first minute"
    dead, suspects = abandoned(instance, locks, datetime.now(UTC) + timedelta(minutes=2))
    assert ([run.run_id for run in dead], suspects) == ([killed.run_id], set())
    instance.report_run_failed(killed)

    assert run_chunk(tmp_path, since, die_after=0) == 0
    told = materialized(instance)
    assert set(told) == set(NAMES)
    assert {key for key in NAMES if told[key]["status"] == "skipped"} == done
    assert statuses(instance, NAMES) == dict.fromkeys(NAMES, "MATERIALIZED")
    runs = house.registry.runs(limit=None)
    good = [run for run in runs if run.status in ("synced", "unchanged")]  # unchanged: it was loaded, not told
    assert {run.status for run in runs if run not in good} == {"failed"}
    assert {run.error_kind for run in runs if run.status == "failed"} == {"crashed"}
    assert len(good) == len(NAMES), "each was read once"
    with house.warehouse.reader() as db:
        lines = db.execute("SELECT dossier_id, count(*) FROM ledger.journal_lines GROUP BY ALL").fetchall()
    assert len(dict(lines)) == len(NAMES)
    assert len(set(dict(lines).values())) == 1
    assert list(house.home.scratch.iterdir()) == []
    assert list(house.home.locks.glob("run-*")) == []


def test_the_sensor_marks_a_dead_run_as_failed_and_leaves_a_live_one(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    house = small_house(tmp_path, ["d"])
    long_ago = time.time() - 300
    runs = {name: instance.create_run_for_job(noop, status=dg.DagsterRunStatus.NOT_STARTED) for name in "ab"}
    for run in runs.values():
        instance.report_dagster_event(
            dg.DagsterEvent(event_type_value="PIPELINE_START", job_name="noop"), run.run_id, timestamp=long_ago
        )
    (house.home.locks / f"run-{runs['a'].run_id}.lock").touch()
    resources = {"warehouse": WarehouseResource(home=str(house.home.root))}
    with (
        house.registry.locks.run(runs["b"].run_id),
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        abandoned_runs_sensor(context)
    found = {name: instance.get_run_by_id(run.run_id) for name, run in runs.items()}
    assert {name: run.status.value for name, run in found.items() if run} == {"a": "FAILURE", "b": "STARTED"}


@dg.job
def noop() -> None: ...


@pytest.mark.parametrize("held", [True, False])
def test_a_lock_tells_whether_a_run_lives(tmp_path: Path, held: bool) -> None:
    home = small_house(tmp_path, []).home
    locks = Locks(home)
    assert locks.run_lives("1a2b") is None
    path = home.locks / "run-1a2b.lock"
    if held:
        with Locks(home).run("1a2b"):
            assert locks.run_lives("1a2b")
        assert not path.exists()
    else:
        path.touch()
        assert locks.run_lives("1a2b") is False
    assert locks.run_lives("1a2b") is None


def test_a_run_of_another_host_is_abandoned_when_two_looks_find_nobody_at_it(
    tmp_path: Path, instance: dg.DagsterInstance, team: Home
) -> None:
    here, there = Locks(Home(tmp_path / "here", team.database)), Locks(Home(tmp_path / "there", team.database))
    jobs = {name: dg.JobDefinition(name=name, graph_def=noop.graph) for name in ("verocount_ledgers", "publish")}
    runs = {
        name: instance.create_run_for_job(job, status=dg.DagsterRunStatus.NOT_STARTED) for name, job in jobs.items()
    }
    for name, run in runs.items():
        event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=name)
        instance.report_dagster_event(event, run.run_id, timestamp=time.time() - 300)
    ledger = runs["verocount_ledgers"].run_id
    with there.run(ledger):
        assert abandoned(instance, here, datetime.now(UTC)) == ([], set())
    there.close()
    assert abandoned(instance, here, datetime.now(UTC)) == ([], {ledger}), "a run that ended well looks like this too"
    dead, suspects = abandoned(instance, here, datetime.now(UTC), {ledger})
    assert ([run.run_id for run in dead], suspects) == ([ledger], set())
    here.close()


def test_a_run_that_died_before_it_took_its_lock_is_abandoned_when_two_looks_find_nobody_at_it(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    locks = small_house(tmp_path, []).registry.locks
    job = dg.JobDefinition(name="verocount_ledgers", graph_def=noop.graph)
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.NOT_STARTED)
    event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=job.name)
    instance.report_dagster_event(event, run.run_id, timestamp=time.time() - 300)
    assert abandoned(instance, locks, datetime.now(UTC)) == ([], {run.run_id})
    dead, _ = abandoned(instance, locks, datetime.now(UTC), {run.run_id})
    assert [each.run_id for each in dead] == [run.run_id]


def test_a_sync_that_nobody_is_at_ends_as_crashed(tmp_path: Path) -> None:
    registry = small_house(tmp_path, ["held", "free"]).registry
    started = {
        name: registry.start_run(name, registry.link(name).link_id, trigger="nightly", mode="replace")
        for name in ("held", "free")
    }
    soon = datetime.now(UTC) + timedelta(minutes=2)
    with registry.locks.dossier("held"):
        assert end_crashed(registry, datetime.now(UTC)) == [], "not in its first minute"
        assert end_crashed(registry, soon) == [started["free"]]
        assert end_crashed(registry, soon) == []
    kinds = {name: run.error_kind for name in started if (run := registry.last_run(name))}
    assert kinds == {"held": None, "free": "crashed"}
    assert [run.dossier_id for run in registry.waiting("verocount", datetime.now(UTC) - timedelta(hours=1))] == ["free"]


@pytest.fixture
def team(postgres: Server, tmp_path: Path) -> Home:
    return Home(tmp_path / "team", Secret(postgres.empty_database()))
