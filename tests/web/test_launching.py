"""The portal beside a real Dagster (webserver, daemon and code location): what the arrows start, and what happens
where Dagster does not answer."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from foundation.errors import Wait
from portal.instance import dagster_home
from portal.web.launching import DagsterLauncher
from tests.pipelines.ui import free_port, running, until
from tests.web.stage import Stage, served


def launcher_of(stage: Stage, url: str) -> DagsterLauncher:
    folder = str(dagster_home(stage.house.home))
    return DagsterLauncher(url, lambda: dg.DagsterInstance.from_config(folder))


def test_the_arrows_start_a_run_of_dagster_that_is_followed_to_its_end(tmp_path: Path) -> None:
    with served(tmp_path / "home") as stage, stage.linked("exact_online_be", tmp_path) as (sandbox, dossier_id):
        sandbox.knobs.latency = 0.1  # type: ignore[attr-defined] - long enough to be seen
        registry, person = stage.house.registry, stage.person("accountant")
        registry.mark_first_sync_requested(dossier_id)  # the sensor leaves it alone
        with running(stage.house.home, tmp_path / "ui.log") as ui:
            stage.launcher.launch = launcher_of(stage, ui.address).launch  # type: ignore[method-assign]
            answer = person.api("POST", f"/dossiers/{dossier_id}/refresh", json={})
            assert answer.status_code == 202, answer.text
            assert answer.json() == {"started": [dossier_id], "busy": []}
            assert person.api("POST", f"/dossiers/{dossier_id}/refresh").json()["busy"] == [dossier_id]
            stages: set[str] = set()

            def over() -> bool:
                told = person.api("GET", f"/dossiers/{dossier_id}/progress").json()
                stages.add(told["stage"] or told["status"])
                return told["status"] not in ("asked", "running")

            until("the sync to end", over, every=0.1)
            assert {"asked", "extract", "synced"} <= stages
            run = registry.last_run(dossier_id)
            assert run is not None
            assert (run.trigger, run.status) == ("manual", "synced")
            assert run.dagster_run_id
            until("the run to end", lambda: ui.status(run.dagster_run_id or "") == "SUCCESS")
            (noted,) = registry.progress([dossier_id]).values()
            assert (noted.dagster_run_id, noted.asked_by) == (run.dagster_run_id, "accountant Demo")


def test_where_dagster_does_not_answer_a_person_is_asked_to_wait(shared_stage: Stage) -> None:
    connection = shared_stage.house.registry.add_connection("yuki", "Demo")
    link = shared_stage.house.registry.add_link(connection.id, "1", code="1", name="One")
    with pytest.raises(Wait, match="does not answer"):
        launcher_of(shared_stage, f"http://127.0.0.1:{free_port()}").launch([link])


def test_an_answer_that_is_none_of_dagsters_is_a_wait_too(shared_stage: Stage) -> None:
    connection = shared_stage.house.registry.add_connection("yuki", "Demo")
    link = shared_stage.house.registry.add_link(connection.id, "2", code="2", name="Two")
    with pytest.raises(Wait):
        launcher_of(shared_stage, f"{shared_stage.address}/sign-in").launch([link])
