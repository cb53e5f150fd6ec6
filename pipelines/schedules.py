"""The night: per package, staggered, range runs over the dossiers that are linked."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from assets.jobs import health_job, ledger_jobs, nightly_job, publish_job
from assets.ledgers import TRIGGER_TAG
from assets.night import UNLESS_SYNCED_SINCE_TAG
from assets.partitions import chunks, dossiers_per_run, range_tags
from connectors.catalog import available_packages
from connectors.package import Package
from resources.warehouse import WarehouseResource

NIGHT_TAG = "grandlivre/night"
"""The package whose night a run is part of; dagster.yaml limits runs by it."""


def nightly_schedule(row: Package, place: int, job: object) -> dg.ScheduleDefinition:
    """The schedule of one package; ``place`` staggers it by ten minutes from the one before."""
    minute = place * 10 % 60
    hour = 1 + place * 10 // 60

    @dg.schedule(
        name=f"{row.slug}_nightly",
        job=job,  # pyright: ignore[reportArgumentType]
        cron_schedule=f"{minute} {hour} * * *",
        execution_timezone="Europe/Brussels",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Syncs every linked {row.name} dossier, many to a run.",
    )
    def nightly(
        context: dg.ScheduleEvaluationContext, warehouse: WarehouseResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        with warehouse.open_house() as house:
            linked = house.registry.dossier_ids(row.slug)
        partitions = context.instance.get_dynamic_partitions(f"{row.slug}_dossiers")
        day = context.scheduled_execution_time.date()
        count = 0
        for first, last in chunks(partitions, linked, dossiers_per_run()):
            count += 1
            yield dg.RunRequest(
                run_key=f"{day}-{first}",
                tags={**range_tags(first, last), **night_tags(row.slug, context.scheduled_execution_time)},
            )
        if not count:
            yield dg.SkipReason(f"No {row.name} dossiers are linked.")

    return nightly


def night_tags(software: str, begun: datetime) -> dict[str, str]:
    """The tags of a night's run. ``begun`` is the scheduled start of the night: dossiers read since are skipped, so
    that a run that is taken up again, by Dagster or by a person, does what is missing."""
    return {
        TRIGGER_TAG: "nightly",
        NIGHT_TAG: software,
        UNLESS_SYNCED_SINCE_TAG: begun.isoformat(),
        "dagster/priority": "-5",  # after anything that a person asks for
        "dagster/retry_strategy": "ALL_STEPS",  # a crashed run has no finished step to go on from
    }


def schedules() -> list[dg.ScheduleDefinition]:
    """Every schedule: a night per package, publishing and a summary after it, health every hour."""
    jobs = ledger_jobs()
    nights = [nightly_schedule(row, place, jobs[row.slug]) for place, row in enumerate(available_packages())]
    publishing = dg.ScheduleDefinition(
        name="publish_after_the_night",
        job=publish_job,
        cron_schedule="30 5 * * *",
        execution_timezone="Europe/Brussels",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    summary = dg.ScheduleDefinition(
        name="summary_of_the_night",
        job=nightly_job,
        cron_schedule="0 6 * * *",
        execution_timezone="Europe/Brussels",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    health = dg.ScheduleDefinition(
        name="hourly_health",
        job=health_job,
        cron_schedule="5 * * * *",
        execution_timezone="Europe/Brussels",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return [*nights, publishing, summary, health]
