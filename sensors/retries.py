"""What failed for a reason that passes is tried again without a person: in the morning, or when a budget opens again.

* A parked sync goes on when its time has come, at any hour.
* At five in the morning the night's passing failures (a package that did not answer, a file in use, a process that
  died) are requested once more, one by one; at most 200 of them a day, because a package that was down for thousands
  of dossiers is better read by the next night.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from assets.jobs import ledger_job_name, ledger_jobs
from assets.ledgers import TRIGGER_TAG
from assets.night import UNLESS_SYNCED_SINCE_TAG
from connectors.catalog import available_packages
from foundation.errors import kinds
from registry.store import SyncRun
from resources.warehouse import WarehouseResource

PASSING = frozenset({*kinds(transient=True), "crashed"})
CAP = 200
MORNING = time(5, tzinfo=ZoneInfo("Europe/Brussels"))
_LOOK_BACK = timedelta(days=7)


def this_morning(now: datetime) -> datetime | None:
    """Five o'clock of today where the firms are; None before it."""
    local = now.astimezone(MORNING.tzinfo)
    five = datetime.combine(local.date(), MORNING)
    return five if five <= local else None


def to_resume(waiting: Iterable[SyncRun], now: datetime) -> list[SyncRun]:
    """The parked runs whose time has come, the longest due first; as many as may be requested at once."""
    due = [(run.next_retry_at, run) for run in waiting if run.status == "parked" and run.next_retry_at]
    return [run for moment, run in sorted(due, key=lambda each: (each[0], each[1].sync_id)) if moment <= now][:CAP]


def to_retry(waiting: Iterable[SyncRun], morning: datetime | None, retried: int) -> list[SyncRun]:
    """The runs that failed before this ``morning`` for a reason that passes, oldest first. ``retried`` is how many were
    tried again since, which count against the day's cap; what is requested and has not begun comes first again."""
    if morning is None:
        return []
    failed = [run for run in waiting if run.status == "failed" and run.error_kind in PASSING]
    before = sorted((run for run in failed if run.started_at < morning), key=lambda run: run.sync_id)
    return before[: max(0, CAP - retried)]


@dg.sensor(
    name="retries_sensor",
    jobs=list(ledger_jobs().values()),
    minimum_interval_seconds=180,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Resumes parked syncs when their time has come; at 05:00 tries passing failures once more.",
)
def retries_sensor(
    context: dg.SensorEvaluationContext, warehouse: WarehouseResource
) -> dg.SensorResult | dg.SkipReason:
    with warehouse.open_house() as house:
        now = house.now()
        waiting = [run for row in available_packages() for run in house.registry.waiting(row.slug, now - _LOOK_BACK)]
        morning = this_morning(now)
        retried = len(house.registry.runs(since=morning, trigger="retry", limit=None)) if morning else 0
    found = [("resume", run) for run in to_resume(waiting, now)]
    found += [("retry", run) for run in to_retry(waiting, morning, retried)]
    requests = requests_for(found, context.instance)
    return dg.SensorResult(run_requests=requests) if requests else dg.SkipReason("Nothing is due.")


def requests_for(found: Sequence[tuple[str, SyncRun]], instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    """A run per dossier that still has a partition. The key is that of the sync that failed: it is requested once, and
    a dossier that was read meanwhile is skipped."""
    partitions = {
        software: set(instance.get_dynamic_partitions(f"{software}_dossiers"))
        for software in {run.software for _, run in found}
    }
    return [
        dg.RunRequest(
            run_key=f"{trigger}-{run.sync_id}",
            job_name=ledger_job_name(run.software),
            partition_key=run.dossier_id,
            tags={
                TRIGGER_TAG: trigger,
                UNLESS_SYNCED_SINCE_TAG: run.started_at.isoformat(),
                "dagster/priority": "-1",
            },
        )
        for trigger, run in found
        if run.dossier_id in partitions[run.software]
    ]
