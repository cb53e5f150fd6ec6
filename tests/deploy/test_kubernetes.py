"""The values for Kubernetes, held to what can be known of them without a cluster."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config
from dagster_k8s import K8sRunLauncher
from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job

ROOT = Path(__file__).resolve().parent.parent.parent
VALUES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/kubernetes/values.yaml").read_text())
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
(LOCATION,) = VALUES["dagster-user-deployments"]["deployments"]
LAUNCHER = VALUES["runLauncher"]["config"]["k8sRunLauncher"]


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def test_the_location_is_our_code_and_the_image_starts_it() -> None:
    module = LOCATION["dagsterApiGrpcArgs"][1]
    assert isinstance(importlib.import_module(module).defs, dg.Definitions)
    command = ast.literal_eval(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.M)[0])
    assert command[command.index("--module-name") + 1] == module
    assert int(command[command.index("--port") + 1]) == LOCATION["port"]
    usage = subprocess.run([sys.executable, "-m", "dagster", *command[1:3], "--help"], capture_output=True, text=True)
    flags = {LOCATION["dagsterApiGrpcArgs"][0], *(part for part in command if part.startswith("--"))}
    assert [flag for flag in sorted(flags) if flag not in usage.stdout] == []


def test_the_image_is_made_of_what_the_project_has() -> None:
    copied = [part for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.M) for part in line.split()[:-1]]
    assert copied
    assert all((ROOT / part).exists() for part in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = set(re.findall(r"\.\[([a-z0-9,]+)\]", DOCKERFILE)[0].split(","))
    assert extras <= set(project["optional-dependencies"])
    version = tuple(map(int, re.findall(r"^FROM python:([\d.]+)", DOCKERFILE, re.M)[0].split(".")))
    assert version >= tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    assert LOCATION["image"]["tag"] == project["version"]
    chart = re.findall(r"--version (\S+)", (ROOT / "deploy/kubernetes/values.yaml").read_text())
    assert chart == [dg.__version__]


def test_what_is_set_in_the_environment_is_read_by_the_code() -> None:
    floors = ("foundation", "registry", "resources", "connectors", "portal")
    code = "".join(path.read_text() for floor in floors for path in (ROOT / floor).rglob("*.py"))
    told = (ROOT / "deploy/kubernetes/values.yaml").read_text() + DOCKERFILE
    names = set(re.findall(r"\bGRANDLIVRE_[A-Z_]+\b", told))
    assert {"GRANDLIVRE_HOME", "GRANDLIVRE_LANDING", "GRANDLIVRE_VAULT_KEY", "GRANDLIVRE_DATABASE_URL"} <= names
    assert [name for name in sorted(names) if name not in code] == []
    assert LOCATION["env"]["GRANDLIVRE_HOME"] == LOCATION["volumeMounts"][0]["mountPath"]


def test_no_secret_is_written_in_the_values() -> None:
    hidden = re.compile(r"(password|secret|_key|url)$", re.I)
    found: list[str] = []

    def look(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                look(f"{name}.{key}", inner)
        elif isinstance(value, list):
            for inner in value:
                look(name, inner)
        elif isinstance(value, str) and hidden.search(name):
            found.append(name)

    look("", VALUES)
    assert found == []


def test_the_instance_is_the_one_of_dagster_yaml(tmp_path: Path) -> None:
    ours = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    theirs = VALUES["additionalInstanceConfig"]
    assert set(theirs) == set(ours) - {"telemetry"}
    assert VALUES["telemetry"] == ours["telemetry"]
    theirs["run_monitoring"]["start_timeout_seconds"] = ours["run_monitoring"]["start_timeout_seconds"]
    assert {name: ours[name] for name in theirs} == theirs
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(theirs))
    config, _ = dagster_instance_config(str(tmp_path))
    assert config["concurrency"]["pools"]["granularity"] == "run"
    daemon = VALUES["dagsterDaemon"]
    assert not any(daemon[part]["enabled"] for part in ("runCoordinator", "runMonitoring", "runRetries"))


def test_the_run_launcher_takes_its_settings_and_makes_a_pod_of_them() -> None:
    run = {snake(name): value for name, value in LAUNCHER["runK8sConfig"].items()}
    context = {
        "env_vars": [f"{name}={value}" for name, value in LOCATION["env"].items()],
        "env_secrets": [secret["name"] for secret in LOCATION["envSecrets"]],
        "volumes": LOCATION["volumes"],
        "volume_mounts": LOCATION["volumeMounts"],
    }
    config = {
        "image_pull_policy": LAUNCHER["imagePullPolicy"],
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "postgres_password_secret": VALUES["global"]["postgresqlSecretName"],
        "dagster_home": "/opt/dagster/dagster_home",
        "run_k8s_config": run,
        **context,
    }
    checked = validate_config(K8sRunLauncher.config_type(), config)
    assert checked.success, checked.errors
    image = f"{LOCATION['image']['repository']}:{LOCATION['image']['tag']}"
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(
            job_image=image,
            dagster_home=config["dagster_home"],
            instance_config_map=config["instance_config_map"],
            postgres_password_secret=config["postgres_password_secret"],
            **context,
        ),
        ["dagster", "api", "execute_run"],
        "run-1",
        UserDefinedDagsterK8sConfig.from_dict(run),
    )
    pod = job.to_dict()["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == image
    assert container["resources"]["limits"] == LAUNCHER["runK8sConfig"]["containerConfig"]["resources"]["limits"]
    assert {each["secret_ref"]["name"] for each in container["env_from"]} == {"grandlivre-secrets"}
    assert pod["termination_grace_period_seconds"] == 120


@pytest.mark.parametrize("part", ["dagsterWebserver", "dagsterDaemon"])
def test_webserver_and_daemon_run_from_the_same_image(part: str) -> None:
    assert VALUES[part]["image"] == LOCATION["image"]
