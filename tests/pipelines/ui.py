"""A running UI (webserver, daemon and code location as processes) and the GraphQL that its buttons send."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import requests

from portal.ui import ui_command
from tests.processes import group

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


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(what: str, done: Callable[[], Any], seconds: float = 150, *, every: float = 0.5) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = done()
        except (requests.ConnectionError, requests.Timeout):
            found = None
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"waited in vain for {what}")


class Ui:
    """A running UI and its GraphQL door, which is what its buttons use."""

    def __init__(self, port: int, process: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._process = process

    def die(self) -> None:
        """Kills webserver, daemon, code location, and the runs that they started, as a power cut does."""
        family = psutil.Process(self._process)
        everybody = [family, *family.children(recursive=True)]
        for process in everybody:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(everybody, 30)

    def ask(self, query: str, **variables: Any) -> Any:
        reply = requests.post(
            f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=60
        ).json()
        assert "errors" not in reply, reply["errors"]
        return reply["data"]

    def launch(self, job: str, tags: Mapping[str, str], *assets: str, config: Mapping[str, Any] | None = None) -> str:
        """Launches a job, for some of its assets when given (``package/ledger``); returns the run's id."""
        selector = {
            "repositoryLocationName": "grandlivre",
            "repositoryName": "__repository__",
            "pipelineName": job,
            "assetSelection": [{"path": asset.split("/")} for asset in assets],
            "assetCheckSelection": [],
        }
        metadata = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        params = {"mode": "default", "selector": selector, "runConfigData": config or {}, "executionMetadata": metadata}
        launched = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def status(self, run_id: str) -> str:
        return str(self.ask(RUN, id=run_id)["runOrError"]["status"])

    def materialize(self, software: str, dossier_id: str, **given: Any) -> str:
        """What the button Materialize sends for one partition, with ``given`` from the launchpad; returns the run's
        status at its end."""
        config = {"ops": {f"{software}__ledger": {"config": given}}} if given else None
        run_id = self.launch("__ASSET_JOB", {"dagster/partition": dossier_id}, f"{software}/ledger", config=config)

        def ended() -> str | None:
            status = self.status(run_id)
            return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

        return str(until("the run to end", ended))


@contextmanager
def running(home: Any, log: Path) -> Iterator[Ui]:
    port = free_port()
    command, environment = ui_command(home, "127.0.0.1", port)
    with group(command, environment, log) as process:
        ui = Ui(port, process.pid)
        until("the UI to answer", lambda: requests.get(f"{ui.address}/server_info", timeout=5).ok)
        yield ui
