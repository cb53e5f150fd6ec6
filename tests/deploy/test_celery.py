"""What a machine with Celery workers is given: the instance, the workers' settings, the units."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config
from dagster_celery.launcher import CeleryRunLauncher

from foundation.home import Home
from foundation.secrets import Secret
from portal.instance import PROJECT, write_instance_config

DEPLOY = PROJECT / "deploy" / "celery"


def written(home: Home) -> dict[str, object]:
    write_instance_config(home)
    config, _ = dagster_instance_config(str(home.dagster))  # what Dagster takes
    return yaml.safe_load((home.dagster / "dagster.yaml").read_text()) if config else {}


def test_the_instance_follows_the_environment_until_somebody_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, team = Home(tmp_path), Home(tmp_path, Secret("postgresql://h/d"))
    embedded = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
    assert written(alone) == embedded
    monkeypatch.setenv("GRANDLIVRE_BROKER_URL", "redis://queue")
    several = written(team)
    assert set(several) - set(embedded) == {"storage", "run_launcher", "compute_logs"}
    assert {name: several[name] for name in embedded} == embedded
    assert several["run_launcher"] == yaml.safe_load((DEPLOY / "instance.yaml").read_text())["run_launcher"]
    monkeypatch.delenv("GRANDLIVRE_BROKER_URL")
    assert "run_launcher" not in written(team)
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}")
    assert written(alone) == {"telemetry": {"enabled": False}}


def test_the_launcher_takes_its_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = yaml.safe_load((DEPLOY / "instance.yaml").read_text())["run_launcher"]
    assert (launcher["module"], launcher["class"]) == (CeleryRunLauncher.__module__, CeleryRunLauncher.__name__)
    monkeypatch.setenv("GRANDLIVRE_BROKER_URL", "redis://queue")
    checked = validate_config(CeleryRunLauncher.config_type(), launcher["config"])
    assert checked.success, checked.errors


def test_a_worker_takes_one_run_at_a_time_and_a_process_for_each() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from dagster_celery.app import app; c = app.conf; print(c.broker_url, c.result_backend, "
            "c.worker_prefetch_multiplier, c.task_acks_late, c.worker_max_tasks_per_child, *c.imports)",
        ],
        env={"GRANDLIVRE_BROKER_URL": "redis://queue", "PYTHONPATH": str(DEPLOY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["redis://queue", "redis://queue", "1", "True", "1", "pipelines.definitions"]


@pytest.mark.parametrize("unit", ["grandlivre-worker.service", "grandlivre-head.service"])
def test_a_unit_names_what_there_is(unit: str) -> None:
    text = (DEPLOY / unit).read_text()
    for path in re.findall(r"/opt/grandlivre/([\w./-]+)", text):
        if path.startswith(".venv/bin/"):
            assert (Path(sys.executable).parent / path.removeprefix(".venv/bin/")).exists(), path
        else:
            assert (PROJECT / path).exists(), path


def test_every_name_of_the_environment_is_read_by_somebody() -> None:
    names = re.findall(r"^(\w+)=", (DEPLOY / "grandlivre.env.example").read_text(), re.M)
    code = "".join(path.read_text() for path in PROJECT.glob("*/*.py") if path.parent.name != "tests")
    assert [name for name in names if name.startswith("GRANDLIVRE_") and name not in code] == []
    assert {"GRANDLIVRE_DATABASE_URL", "GRANDLIVRE_BROKER_URL", "GRANDLIVRE_LANDING", "DAGSTER_HOME"} <= set(names)
