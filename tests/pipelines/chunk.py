"""A range run in a process of its own: ``python -m tests.pipelines.chunk HOME DAGSTER FIRST LAST SINCE DEADLY``.

The process kills itself as soon as ``DEADLY`` dossiers have begun to load; 0 lets it live.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import dagster as dg

from assets.jobs import ledger_job, ledger_job_name
from assets.ledgers import TRIGGER_TAG, ledger_asset
from assets.night import UNLESS_SYNCED_SINCE_TAG
from assets.partitions import range_tags
from resources.house import Report
from resources.packages import resource_class
from tests.pipelines.firm import QUIET, ROW

LOCK = threading.Lock()


def deadly(after: int) -> Report:
    """A listener that kills the process when the ``after``-th dossier begins to load."""
    left = [after]

    def report(stage: str, rows: int) -> None:
        with LOCK:
            left[0] -= stage == "load"
            if after and not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    return report


def main(home: str, dagster: str, first: str, last: str, since: str, after: str) -> None:
    report = deadly(int(after))
    resource = resource_class(ROW)(software=ROW.slug, home=home, dossiers_at_once=3)
    asset = ledger_asset(ROW, lambda dossier_id: report)
    here = dg.Definitions(assets=[asset], jobs=[ledger_job(ROW.slug)], resources={ROW.slug: resource})
    with dg.DagsterInstance.local_temp(dagster, overrides={"telemetry": {"enabled": False}}) as instance:
        here.resolve_job_def(ledger_job_name(ROW.slug)).execute_in_process(
            instance=instance,
            tags={**range_tags(first, last), TRIGGER_TAG: "nightly", UNLESS_SYNCED_SINCE_TAG: since},
            raise_on_error=False,
            run_config=QUIET,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
