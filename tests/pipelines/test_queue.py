"""The night in the queue of a running daemon: a person does not wait for it, and it outlives the machine's death."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import psutil
from filelock import FileLock

from assets.partitions import add_missing, range_tags
from pipelines.schedules import night_tags
from portal.instance import dagster_home
from tests.pipelines.firm import ROW, materialized, small_house
from tests.pipelines.ui import running, until

NAMES = [f"d{number}" for number in range(7)]


def process_of(instance: dg.DagsterInstance, run_id: str) -> int | None:
    """The process that executes a run, as the run's own events tell."""
    told = (re.search(r"\(pid: (\d+)\)", entry.user_message or "") for entry in instance.all_logs(run_id))
    return next((int(found[1]) for found in told if found), None)


def test_a_person_does_not_wait_for_the_night_and_when_the_machine_dies_all_is_taken_up_again(tmp_path: Path) -> None:
    house = small_house(tmp_path, NAMES)
    begun = datetime.now(UTC)
    with dg.DagsterInstance.from_config(str(dagster_home(house.home))) as instance:
        add_missing(instance, ROW.slug, NAMES)
        # As long as the warehouse is held no run gets on: the night is as long as the test wants.
        with FileLock(house.home.warehouse / "ledger.lock"), running(house.home, tmp_path / "ui.log") as ui:
            nights = [
                ui.launch(f"{ROW.slug}_ledgers", {**range_tags(first, last), **night_tags(ROW.slug, begun)})
                for first, last in (("d0", "d1"), ("d2", "d3"), ("d4", "d5"))
            ]
            manual = ui.launch("__ASSET_JOB", {"dagster/partition": "d6"}, f"{ROW.slug}/ledger")
            until("the person's run to begin", lambda: ui.status(manual) == "STARTED")
            until("two runs of the night", lambda: [ui.status(run) for run in nights].count("STARTED") == 2)
            assert [ui.status(run) for run in nights].count("QUEUED") == 1, "the night leaves places free"
            killed = [manual, *(run for run in nights if ui.status(run) == "STARTED")]
            processes = [until("the run's process", partial(process_of, instance, run)) for run in killed]
            ui.die()
            assert not any(map(psutil.pid_exists, processes))
        # The dead runs hold the night's two places until they are noticed.
        with running(house.home, tmp_path / "again.log") as ui:
            until("the deaths to be noticed", lambda: {ui.status(run) for run in killed} == {"FAILURE"})
            until("everything to be read", lambda: set(materialized(instance)) == set(NAMES))
        for run in killed:
            again = instance.get_runs(dg.RunsFilter(tags={"dagster/parent_run_id": run}))
            assert [each.tags["dagster/retry_number"] for each in again] == ["1"]
        assert {told["status"] for told in materialized(instance).values()} == {"synced"}
        failed = [run for run in house.registry.runs() if run.status == "failed"]
        assert {run.error_kind for run in failed} == {"crashed"}
        assert list(house.home.locks.glob("run-*")) == []
