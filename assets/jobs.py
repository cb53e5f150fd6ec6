"""Jobs over the assets: one per package for its ledgers, one for the health checks, one for publishing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import dagster as dg

from assets.ledgers import ledger_key
from assets.published import PUBLISHED
from connectors.catalog import available_packages

JobDefinition = Any  # dagster keeps the class of an unresolved asset job to itself


def ledger_job_name(software: str) -> str:
    """``<software>_ledgers``."""
    return f"{software}_ledgers"


@lru_cache(maxsize=1)
def ledger_jobs() -> dict[str, JobDefinition]:
    """The job of each available package, by slug. Checks stay out: they look at a package as a whole."""
    return {
        row.slug: dg.define_asset_job(
            ledger_job_name(row.slug),
            selection=dg.AssetSelection.assets(ledger_key(row.slug)).without_checks(),
            description=f"Syncs {row.name} dossiers: one, or a range of them.",
        )
        for row in available_packages()
    }


health_job = dg.define_asset_job(
    "health",
    selection=dg.AssetSelection.all_asset_checks(),
    description="Counts what is wrong now: failed, stale and unbalanced dossiers per package.",
)
publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(PUBLISHED),
    description="Publishes the read-only snapshot that analysts open.",
)
