from __future__ import annotations

import dagster as dg

from assets.ledgers import ledger_key
from connectors.catalog import available_packages
from pipelines.definitions import defs
from resources.packages import PackageResource


def test_there_is_an_asset_a_pool_a_job_a_night_and_a_resource_per_available_package() -> None:
    graph = defs.resolve_asset_graph()
    slugs = [row.slug for row in available_packages()]
    ledgers = {key for key in graph.get_all_asset_keys() if key.path[-1] == "ledger"}
    assert ledgers == {ledger_key(slug) for slug in slugs}
    schedules = {schedule.name for schedule in defs.schedules or ()}
    resources = defs.resources or {}
    for slug in slugs:
        node = graph.get(ledger_key(slug))
        assert node.pools == {slug}
        partitions = node.partitions_def
        assert isinstance(partitions, dg.DynamicPartitionsDefinition)
        assert partitions.name == f"{slug}_dossiers"
        assert f"{slug}_nightly" in schedules
        assert defs.resolve_job_def(f"{slug}_ledgers")
        resource = resources[slug]
        assert isinstance(resource, PackageResource)
        assert resource.software == slug
    assert type(resources["exact_online_be"]).__name__ == "ExactOnlineBeResource"


def test_every_ledger_has_three_unpartitioned_health_checks() -> None:
    graph = defs.resolve_asset_graph()
    for row in available_packages():
        names = {key.name for key in graph.asset_check_keys if key.asset_key == ledger_key(row.slug)}
        assert names == {"failed_now", "stale", "unbalanced"}


def test_the_snapshot_asset_follows_every_ledger() -> None:
    graph = defs.resolve_asset_graph()
    parents = graph.get(dg.AssetKey(["warehouse", "published_snapshot"])).parent_keys
    assert parents == {ledger_key(row.slug) for row in available_packages()}


def test_nights_are_staggered() -> None:
    crons = [schedule.cron_schedule for schedule in defs.schedules or () if schedule.name.endswith("_nightly")]
    assert len(crons) == len(set(crons))
