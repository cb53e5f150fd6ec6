"""A failed run tells somebody: which dossiers failed, grouped by cause, and what to do."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from foundation.secrets import redact
from registry.store import SyncRun
from resources.notifier import Notice, NotifierResource
from resources.warehouse import WarehouseResource

_NAMED = 20  # dossiers named per cause; the rest is counted
_CLOCKS = timedelta(minutes=10)  # by which the clocks of a run and of its record may differ


def failure_notice(job: str, run_id: str, syncs: Sequence[SyncRun], *, dossiers: int, retried: bool = False) -> Notice:
    """What a person should know of a failed run. ``dossiers`` is how many the run covered, ``syncs`` those of them
    that failed or are parked; without any the run itself did not end as it should."""
    by_cause: dict[str, list[SyncRun]] = defaultdict(list)
    for sync in syncs:
        by_cause[sync.error_kind or sync.status].append(sync)
    if not syncs:
        subject = f"Grandlivre: run {run_id[:8]} of {job} failed"
        again = "It is taken up again by itself." if retried else "Read its log in the Dagster UI: grandlivre ui."
        lines = [f"No dossier is recorded as failed: the run itself ended before it should. {again}"]
    else:
        subject = f"Grandlivre: {len(syncs)} of {max(dossiers, len(syncs))} dossiers failed in {job}"
        lines = [f"Run {run_id[:8]}. Figures of the last good sync stand."]
    for cause, failed in sorted(by_cause.items(), key=lambda each: (-len(each[1]), each[0])):
        names = ", ".join(sync.dossier_id for sync in failed[:_NAMED])
        more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        lines += ["", f"{cause} ({len(failed)}): {names}{more}", redact(failed[0].error_message or "")]
    facts = {
        "job": job,
        "run_id": run_id,
        "failed": {cause: [sync.dossier_id for sync in failed] for cause, failed in by_cause.items()},
    }
    return Notice(subject, "\n".join(lines), facts)


@dg.run_failure_sensor(
    name="failed_runs_sensor",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of a failed run: by log, webhook or mail, as GRANDLIVRE_NOTIFY says.",
)
def failed_runs_sensor(
    context: dg.RunFailureSensorContext, warehouse: WarehouseResource, notifier: NotifierResource
) -> None:
    run = context.dagster_run
    stats = context.instance.get_run_stats(run.run_id)
    with warehouse.open_house() as house:
        begun = (
            house.now() - timedelta(days=2)
            if stats.start_time is None
            else datetime.fromtimestamp(stats.start_time, UTC) - _CLOCKS
        )
        runs = house.registry.runs(since=begun, dagster_run_id=run.run_id, limit=None)
    notifier.tell(
        failure_notice(
            run.job_name,
            run.run_id,
            [sync for sync in reversed(runs) if sync.status in ("failed", "parked")],
            dossiers=len(runs),
            retried=run.tags.get("dagster/will_retry") == "true",
        )
    )
