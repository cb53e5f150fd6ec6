"""A run whose process died without a word (power cut, kill -9) does not keep its place in the queue for ever.

A run holds a lock of the operating system for as long as it works. A run that is said to be at work while its lock
is free was abandoned: it is marked failed, which gives its place back and lets run retries take it up again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg

from foundation.home import Home
from registry.locks import left_behind
from resources.warehouse import WarehouseResource

_GRACE = timedelta(minutes=1)  # between the start of a run and that of its step there is no lock yet


def abandoned(instance: dg.DagsterInstance, home: Home, now: datetime) -> Iterator[dg.DagsterRun]:
    """The runs that are said to be at work and whose process is dead."""
    at_work = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    for record in instance.get_run_records(at_work):
        begun = record.start_time or now.timestamp()
        if now.timestamp() - begun > _GRACE.total_seconds() and left_behind(home, record.dagster_run.run_id):
            yield record.dagster_run


@dg.sensor(
    name="abandoned_runs_sensor",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs whose process died as failed, so that others can start and they are taken up again.",
)
def abandoned_runs_sensor(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SkipReason:
    with warehouse.open_house() as house:
        home, now = house.home, house.now()
    dead = list(abandoned(context.instance, home, now))
    for run in dead:
        context.instance.report_run_failed(run, "The process of this run ended before the run did.")
    return dg.SkipReason(f"{len(dead)} abandoned runs were marked as failed." if dead else "No run was abandoned.")
