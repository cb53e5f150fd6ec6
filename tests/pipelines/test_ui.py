"""The UI as people run it: webserver, daemon and code location in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from connectors.catalog import package
from portal.instance import PROJECT
from portal.ui import ui_command
from tests.contract.dossier import assert_tells, linked, told_by

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}"""
RUN = "query Run($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
ASSET = """
query Asset { assetNodeOrError(assetKey: {path: ["verocount", "ledger"]}) {
  ... on AssetNode { pools partitionStats { numMaterialized numFailed numPartitions } } } }"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(what: str, done: Callable[[], Any], seconds: float = 150) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = done()
        except (requests.ConnectionError, requests.Timeout):
            found = None
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited in vain for {what}")


class Ui:
    """A running UI and its GraphQL door, which is what its buttons use."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, query: str, **variables: Any) -> Any:
        reply = requests.post(
            f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=60
        ).json()
        assert "errors" not in reply, reply["errors"]
        return reply["data"]

    def materialize(self, software: str, dossier_id: str) -> str:
        """What the button Materialize sends for one partition; returns the run's status at its end."""
        selector = {
            "repositoryLocationName": "grandlivre",
            "repositoryName": "__repository__",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": [software, "ledger"]}],
            "assetCheckSelection": [],
        }
        metadata = {"tags": [{"key": "dagster/partition", "value": dossier_id}]}
        params = {"mode": "default", "selector": selector, "runConfigData": {}, "executionMetadata": metadata}
        launched = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]

        def ended() -> str | None:
            status = self.ask(RUN, id=run_id)["runOrError"]["status"]
            return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

        return until("the run to end", ended)


@contextmanager
def running(home: Any, log: Path) -> Iterator[Ui]:
    port = free_port()
    command, environment = ui_command(home, "127.0.0.1", port)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        ui = Ui(port)
        until("the UI to answer", lambda: requests.get(f"{ui.address}/server_info", timeout=5).ok)
        yield ui
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def test_a_new_link_syncs_by_itself_and_a_person_can_materialize_one_partition(tmp_path: Path) -> None:
    row = package("verocount")
    with linked(row, tmp_path) as dossier, running(dossier.house.home, tmp_path / "ui.log") as ui:
        registry = dossier.house.registry
        first = until("the first sync of the new link", lambda: registry.last_good_run(dossier.dossier_id))
        assert first.trigger == "link"
        assert_tells(dossier, told_by(row))
        dossier.sandbox.show(told_by(row, 1))
        assert ui.materialize("verocount", dossier.dossier_id) == "SUCCESS"
        assert_tells(dossier, told_by(row, 1))
        node = ui.ask(ASSET)["assetNodeOrError"]
        assert node["pools"] == ["verocount"]
        assert node["partitionStats"] == {"numMaterialized": 1, "numFailed": 0, "numPartitions": 1}
        run = registry.last_good_run(dossier.dossier_id)
        assert run is not None
        assert run.dagster_run_id
