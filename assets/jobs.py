"""Jobs over the assets: one per package for its ledgers, one for the health checks, one for publishing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import dagster as dg

from assets.ledgers import ledger_key
from assets.nightly import NIGHTLY
from assets.published import PUBLISHED
from connectors.catalog import available_packages

JobDefinition = Any  # dagster keeps the class of an unresolved asset job to itself


def ledger_job_name(software: str) -> str:
    """``<software>_ledgers``."""
    return f"{software}_ledgers"


def ledger_job(software: str) -> JobDefinition:
    """The job of one package's ledgers. Checks stay out: they look at a package as a whole."""
    return dg.define_asset_job(
        ledger_job_name(software),
        selection=dg.AssetSelection.assets(ledger_key(software)).without_checks(),
        description="Syncs dossiers of one package: one, or a range of them.",
    )


@lru_cache(maxsize=1)
def ledger_jobs() -> dict[str, JobDefinition]:
    """The job of each available package, by slug."""
    return {row.slug: ledger_job(row.slug) for row in available_packages()}


health_job = dg.define_asset_job(
    "health",
    selection=dg.AssetSelection.all_asset_checks(),
    description="Counts what is wrong now: dossiers that failed, are stale, or whose figures need a look.",
)
nightly_job = dg.define_asset_job(
    "nightly_summary",
    selection=dg.AssetSelection.assets(NIGHTLY),
    description="Tells what the night came to: outcomes, causes, the slowest, calls per connection.",
)
publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(PUBLISHED),
    description="Publishes the read-only snapshot that analysts open.",
)
