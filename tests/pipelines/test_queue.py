"""The night in the queue of a running daemon: a person does not wait for it, and a killed run is taken up again."""

from __future__ import annotations

import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
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


def test_a_person_does_not_wait_for_the_night_and_a_killed_run_is_taken_up_again(tmp_path: Path) -> None:
    house = small_house(tmp_path, NAMES)
    begun = datetime.now(UTC)
    with dg.DagsterInstance.from_config(str(dagster_home(house.home))) as instance:
        add_missing(instance, ROW.slug, NAMES)
        with running(house.home, tmp_path / "ui.log") as ui:
            # As long as the warehouse is held no run gets on: the night is as long as the test wants.
            with FileLock(house.home.warehouse / "ledger.lock"):
                nights = [
                    ui.launch(f"{ROW.slug}_ledgers", {**range_tags(first, last), **night_tags(ROW.slug, begun)})
                    for first, last in (("d0", "d1"), ("d2", "d3"), ("d4", "d5"))
                ]
                manual = ui.launch("__ASSET_JOB", {"dagster/partition": "d6"}, f"{ROW.slug}/ledger")
                until("the person's run to begin", lambda: ui.status(manual) == "STARTED")
                until("two runs of the night", lambda: [ui.status(run) for run in nights].count("STARTED") == 2)
                assert [ui.status(run) for run in nights].count("QUEUED") == 1, "the night leaves places free"
                killed = next(run for run in nights if ui.status(run) == "STARTED")
                process = until("the run's process", lambda: process_of(instance, killed))
                os.kill(process, signal.SIGKILL)
                until("the death to be noticed", lambda: ui.status(killed) == "FAILURE")
            until("everything to be read", lambda: set(materialized(instance)) == set(NAMES))
        again = instance.get_runs(dg.RunsFilter(tags={"dagster/parent_run_id": killed}))
        assert [run.tags["dagster/retry_number"] for run in again] == ["1"]
        assert {told["status"] for told in materialized(instance).values()} == {"synced"}
