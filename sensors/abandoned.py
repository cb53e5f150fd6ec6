"""A run whose process died without a word (power cut, kill -9) does not keep its place in the queue for ever.

A ledger run holds a lock for as long as it works, which the operating system frees when the process dies, and the
database of a team when the host does. A run that is said to be at work while its lock is free was abandoned: it is
marked failed, which gives its place back and lets run retries take it up again. A lock that was left behind on this
host tells by itself. Of another host's run, and of one that died before it took its lock or after it gave it back, one
can only say that nobody holds it, which is also so for a moment around a run that does well: such a run is a suspect,
and abandoned when the next look finds the same.

The syncs that a dead process left running are ended in the registry, too: nobody should take a dossier for one that is
being read, and the morning's retries should find it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import dagster as dg

from assets.jobs import ledger_job_name
from assets.ledgers import ledger_key
from connectors.catalog import available_packages
from foundation.errors import Busy
from registry.locks import Locks
from registry.store import Registry
from resources.warehouse import WarehouseResource

_GRACE = timedelta(minutes=1)  # between the start of a run and that of its step there is no lock yet
_LOOK_BACK = timedelta(days=2)  # no run is that long (dagster.yaml ends it)


def abandoned(
    instance: dg.DagsterInstance, locks: Locks, now: datetime, suspects: Collection[str] = ()
) -> tuple[list[dg.DagsterRun], set[str]]:
    """The runs that are said to be at work and whose process is dead, and the ids of those that are suspects now.
    ``suspects`` are those of the look before."""
    dead, suspected = [], set()
    at_work = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    for record in instance.get_run_records(at_work):
        run, begun = record.dagster_run, record.start_time or now.timestamp()
        if now.timestamp() - begun <= _GRACE.total_seconds():
            continue
        lives = locks.run_lives(run.run_id)
        if lives is False or (lives is None and run.run_id in suspects):
            dead.append(run)
        elif lives is None and holds_a_lock(run):
            suspected.add(run.run_id)
    return dead, suspected


def holds_a_lock(run: dg.DagsterRun) -> bool:
    """Whether a run is one of ledgers; others hold no lock."""
    slugs = [row.slug for row in available_packages()]
    keys = {ledger_key(slug) for slug in slugs}
    return run.job_name in map(ledger_job_name, slugs) or bool(keys & set(run.asset_selection or ()))


def end_crashed(registry: Registry, now: datetime) -> list[str]:
    """Ends the syncs that are said to be at work although nobody holds their dossier; returns their ids."""
    ended = []
    for run in registry.running(now - _LOOK_BACK):
        if now - run.started_at <= _GRACE:
            continue
        try:
            with registry.locks.dossier(run.dossier_id):
                ended += registry.mark_crashed(run.dossier_id)
        except Busy:  # it is at work indeed
            continue
    return ended


@dg.sensor(
    name="abandoned_runs_sensor",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Marks runs whose process died as failed, so that others can start and they are taken up again.",
)
def abandoned_runs_sensor(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.SkipReason:
    before = set(filter(None, (context.cursor or "").split(",")))
    with warehouse.open_house() as house:
        dead, suspected = abandoned(context.instance, house.registry.locks, house.now(), before)
        end_crashed(house.registry, house.now())
    for run in dead:
        context.instance.report_run_failed(run, "The process of this run ended before the run did.")
    context.update_cursor(",".join(sorted(suspected)))
    return dg.SkipReason(f"{len(dead)} abandoned runs were marked as failed." if dead else "No run was abandoned.")
