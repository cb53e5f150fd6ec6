"""Starting syncs from the portal: runs of the same Dagster asset as the night's, launched by Dagster's own door."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import dagster as dg
import requests

from assets.jobs import ledger_job_name
from assets.ledgers import ACCEPT_EMPTY_TAG, FROM_LANDING_TAG, TRIGGER_TAG
from assets.partitions import PARTITION_TAG, add_missing, chunks, range_tags
from foundation.errors import ReportABug, Wait
from registry.store import Link

_SECONDS = 20
_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
  }
}"""


class Launcher(Protocol):
    """Starts syncs and returns at once; what becomes of them is read in the registry."""

    def launch(
        self, links: Sequence[Link], *, from_landing: bool = False, accept_empty: bool = False
    ) -> dict[str, str]:
        """The run of Dagster for each dossier id. Raises Wait when nobody can start runs now."""
        ...


class DagsterLauncher:
    """Asks the webserver at ``url`` to launch runs; ``instance`` opens the Dagster instance of the installation."""

    def __init__(
        self,
        url: str,
        instance: Callable[[], dg.DagsterInstance],
        *,
        location: str = "grandlivre",
        session: requests.Session | None = None,
    ) -> None:
        self._url, self._instance, self._location = url, instance, location
        self._session = session or requests.Session()

    def launch(
        self, links: Sequence[Link], *, from_landing: bool = False, accept_empty: bool = False
    ) -> dict[str, str]:
        tags = {TRIGGER_TAG: "manual", "dagster/priority": "10"}  # a person waits for it; the night does not
        tags |= {FROM_LANDING_TAG: "true"} if from_landing else {}
        tags |= {ACCEPT_EMPTY_TAG: "true"} if accept_empty else {}
        runs: dict[str, str] = {}
        with self._instance() as instance:
            for software, ids in _by_software(links).items():
                add_missing(instance, software, ids)
                partitions = instance.get_dynamic_partitions(f"{software}_dossiers")
                for first, last in chunks(partitions, ids):
                    where = {PARTITION_TAG: first} if first == last else range_tags(first, last)
                    run_id = self._launched(ledger_job_name(software), {**tags, **where})
                    covered = partitions[partitions.index(first) : partitions.index(last) + 1]
                    runs.update(dict.fromkeys(covered, run_id))
        return runs

    def _launched(self, job: str, tags: Mapping[str, str]) -> str:
        params = {
            "mode": "default",
            "selector": {
                "repositoryLocationName": self._location,
                "repositoryName": "__repository__",
                "pipelineName": job,
            },
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }
        reply = self._asked({"query": _LAUNCH, "variables": {"params": params}})
        told = (reply.get("data") or {}).get("launchPipelineExecution") or {}
        if told.get("__typename") != "LaunchRunSuccess":
            raise ReportABug(f"Dagster did not start the sync ({told.get('__typename') or 'it refused the question'})")
        return str(told["run"]["runId"])

    def _asked(self, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reply = self._session.post(f"{self._url}/graphql", json=body, timeout=_SECONDS)
            found: dict[str, Any] = reply.json()
        except (requests.RequestException, ValueError):
            raise Wait(
                "Dagster, which runs the syncs, does not answer",
                next_step="Try again in a minute; if it stays so, the data engineer should look (grandlivre ui).",
            ) from None
        return found


def _by_software(links: Iterable[Link]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for link in links:
        found[link.software].append(link.dossier_id)
    return found
