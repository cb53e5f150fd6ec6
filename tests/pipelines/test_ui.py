"""The UI as people run it: webserver, daemon and code location in processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import requests

from connectors.catalog import package
from portal.instance import PROJECT
from portal.ui import ui_command
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.portal.cli import Cli

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
query Asset { assetNodeOrError(assetKey: {path: ["exact_online_be", "ledger"]}) {
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

    def materialize(self, software: str, dossier_id: str, **config: Any) -> str:
        """What the button Materialize sends for one partition, with ``config`` from the launchpad; returns the run's
        status at its end."""
        selector = {
            "repositoryLocationName": "grandlivre",
            "repositoryName": "__repository__",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": [software, "ledger"]}],
            "assetCheckSelection": [],
        }
        metadata = {"tags": [{"key": "dagster/partition", "value": dossier_id}]}
        given = {"ops": {f"{software}__ledger": {"config": config}}} if config else {}
        params = {"mode": "default", "selector": selector, "runConfigData": given, "executionMetadata": metadata}
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
    row = package("exact_online_be")
    with linked(row, tmp_path) as dossier, running(dossier.house.home, tmp_path / "ui.log") as ui:
        registry = dossier.house.registry
        first = until("the first sync of the new link", lambda: registry.last_good_run(dossier.dossier_id))
        assert first.trigger == "link"
        assert_tells(dossier, told_by(row))
        dossier.sandbox.show(told_by(row, 1))
        assert ui.materialize(row.slug, dossier.dossier_id) == "SUCCESS"
        assert_tells(dossier, told_by(row, 1))
        node = ui.ask(ASSET)["assetNodeOrError"]
        assert node["pools"] == [row.slug]
        assert node["partitionStats"] == {"numMaterialized": 1, "numFailed": 0, "numPartitions": 1}
        run = registry.last_good_run(dossier.dossier_id)
        assert run is not None
        assert run.dagster_run_id
        correct_the_first_year(dossier, ui)


def correct_the_first_year(dossier: Linked, ui: Ui) -> None:
    """As support does it: the package has the first year too long; it is corrected and the dossier is made again from
    what is landed, first in the UI, then on the command line. The vendor hears nothing of it."""
    registry, calls = dossier.house.registry, dossier.sandbox.calls
    years = "SELECT label, start_date, end_date, source, package_end_date FROM ledger.fiscal_years ORDER BY start_date"
    before = dossier.query(years)
    end = date(2024, 6, 30)
    registry.set_override(
        dossier.dossier_id, "2024", before[0][1], end, why="deed", who="support", move_neighbours=True
    )
    assert ui.materialize(dossier.row.slug, dossier.dossier_id, from_landing=True) == "SUCCESS"
    assert_years_hold_their_dates(dossier, end)
    first, second, _ = dossier.query(years)
    assert first[2:] == (end, "override", before[0][2]), "the package's own value is still shown"
    assert second[1:4] == (end + timedelta(days=1), before[1][2], "override")
    run = registry.last_good_run(dossier.dossier_id)
    assert run is not None
    assert run.vendor_calls == 0
    cli = Cli(dossier.house.home.root)
    cli("fiscal-year", dossier.dossier_id, "2024", "--reset")
    (told,) = cli("sync", dossier.dossier_id, "--from-landing", "--json").json
    assert (told["status"], told["vendor_calls"]) == ("synced", 0)
    assert dossier.query(years) == before
    assert_tells(dossier, told_by(dossier.row, 1))
    assert dossier.sandbox.calls == calls


def assert_years_hold_their_dates(dossier: Linked, first_end: date) -> None:
    """Every booking lies in the year of its date, and the corrected year closes with what was booked until then."""
    strays = dossier.query(
        "SELECT count(*) FROM ledger.journal_lines l JOIN ledger.fiscal_years y ON y.dossier_id = l.dossier_id "
        "AND y.label = l.fiscal_year WHERE l.period_kind = 'normal' AND l.date NOT BETWEEN y.start_date AND y.end_date"
    )
    assert strays == [(0,)]
    told = told_by(dossier.row, 1).balances(first_end)
    expected = {account: row["closing"] for (year, account), row in told.items() if year == "2024" and row["closing"]}
    found = dossier.query(
        "SELECT account, closing FROM ledger.trial_balance_year WHERE fiscal_year = '2024' AND closing <> 0"
    )
    assert dict(found) == expected
