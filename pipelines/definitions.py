"""The code location: everything that Dagster shows, derived from the catalog."""

from __future__ import annotations

import dagster as dg

from assets.health import all_health_checks
from assets.jobs import health_job, ledger_jobs, nightly_job, publish_job
from assets.ledgers import ledger_assets
from assets.nightly import nightly
from assets.published import published_snapshot
from pipelines.schedules import schedules
from resources.notifier import NotifierResource
from resources.packages import package_resources
from resources.warehouse import WarehouseResource
from sensors.abandoned import abandoned_runs_sensor
from sensors.deliveries import deliveries_sensor
from sensors.failures import failed_runs_sensor
from sensors.lapses import lapsing_consents_sensor
from sensors.new_links import new_links_sensor
from sensors.retries import retries_sensor
from sensors.unlinked import unlinked_dossiers_sensor

defs = dg.Definitions(
    assets=[*ledger_assets(), published_snapshot, nightly],
    asset_checks=all_health_checks(),
    jobs=[*ledger_jobs().values(), health_job, publish_job, nightly_job],
    schedules=schedules(),
    sensors=[
        new_links_sensor,
        deliveries_sensor,
        unlinked_dossiers_sensor,
        retries_sensor,
        abandoned_runs_sensor,
        failed_runs_sensor,
        lapsing_consents_sensor,
    ],
    resources={**package_resources(), "warehouse": WarehouseResource(), "notifier": NotifierResource()},
    executor=dg.in_process_executor,
)
