"""The code location: everything that Dagster shows, derived from the catalog."""

from __future__ import annotations

import dagster as dg

from assets.health import all_health_checks
from assets.jobs import health_job, ledger_jobs, publish_job
from assets.ledgers import ledger_assets
from assets.published import published_snapshot
from pipelines.schedules import schedules
from resources.packages import package_resources
from resources.warehouse import WarehouseResource
from sensors.new_links import new_links_sensor

defs = dg.Definitions(
    assets=[*ledger_assets(), published_snapshot],
    asset_checks=all_health_checks(),
    jobs=[*ledger_jobs().values(), health_job, publish_job],
    schedules=schedules(),
    sensors=[new_links_sensor],
    resources={**package_resources(), "warehouse": WarehouseResource()},
    executor=dg.in_process_executor,
)
