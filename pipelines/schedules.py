"""The night: per package, staggered, range runs over the dossiers that are linked."""

from collections.abc import Iterator

import dagster as dg

from assets.jobs import health_job, ledger_jobs, publish_job
from assets.ledgers import TRIGGER_TAG
from assets.partitions import chunks, dossiers_per_run, range_tags
from connectors.catalog import Package, available_packages
from resources.warehouse import WarehouseResource


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
                tags={**range_tags(first, last), TRIGGER_TAG: "nightly"},
            )
        if not count:
            yield dg.SkipReason(f"No {row.name} dossiers are linked.")

    return nightly


def schedules() -> list[dg.ScheduleDefinition]:
    """Every schedule: a night per package, publishing after it, health every hour."""
    jobs = ledger_jobs()
    nights = [nightly_schedule(row, place, jobs[row.slug]) for place, row in enumerate(available_packages())]
    publishing = dg.ScheduleDefinition(
        name="publish_after_the_night",
        job=publish_job,
        cron_schedule="30 5 * * *",
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
    return [*nights, publishing, health]
