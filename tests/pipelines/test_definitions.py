from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import yaml

from assets.health import OF_FIGURES
from assets.ledgers import TRIGGER_TAG, ledger_key
from assets.night import fresh_since
from assets.partitions import add_missing
from connectors.catalog import available_packages
from pipelines.definitions import defs
from pipelines.schedules import schedules
from portal.instance import PROJECT
from resources.packages import PackageResource
from resources.warehouse import WarehouseResource
from tests.pipelines.firm import small_house


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


def test_every_ledger_has_its_unpartitioned_health_checks() -> None:
    graph = defs.resolve_asset_graph()
    for row in available_packages():
        names = {key.name for key in graph.asset_check_keys if key.asset_key == ledger_key(row.slug)}
        services = {"agent_offline"} if row.takes_agent else set()
        assert names == {"failed_now", "stale", "unlinked", *OF_FIGURES, *services}


def test_the_warehouse_assets_follow_every_ledger() -> None:
    graph = defs.resolve_asset_graph()
    for name in ("published_snapshot", "nightly"):
        parents = graph.get(dg.AssetKey(["warehouse", name])).parent_keys
        assert parents == {ledger_key(row.slug) for row in available_packages()}


def test_nights_are_staggered() -> None:
    crons = [schedule.cron_schedule for schedule in defs.schedules or () if schedule.name.endswith("_nightly")]
    assert len(crons) == len(set(crons))


def test_a_night_is_requested_in_chunks_that_skip_what_was_read_since_its_scheduled_start(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    house = small_house(tmp_path, ["d0", "d1", "d2"])
    add_missing(instance, "verocount", ["d0", "gone", "d1", "d2"])
    start = datetime(2025, 3, 30, 1, 40, tzinfo=ZoneInfo("Europe/Brussels"))
    schedule = next(each for each in schedules() if each.name == "verocount_nightly")
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=start,
        resources={"warehouse": WarehouseResource(home=str(house.home.root))},
    ) as context:
        requests = schedule.evaluate_tick(context).run_requests or []
    ranges = [
        (r.tags["dagster/asset_partition_range_start"], r.tags["dagster/asset_partition_range_end"]) for r in requests
    ]
    assert ranges == [("d0", "d0"), ("d1", "d2")]
    assert [r.run_key for r in requests] == ["2025-03-30-d0", "2025-03-30-d1"]
    for request in requests:
        assert fresh_since(request.tags) == start
        assert int(request.tags["dagster/priority"]) < 0, "people come first"
        assert request.tags["grandlivre/night"] == "verocount"


def test_what_runs_by_itself_never_fills_the_queue() -> None:
    config = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
    runs, pools = config["concurrency"]["runs"], config["concurrency"]["pools"]
    limits = {(each["key"], str(each.get("value"))): each["limit"] for each in runs["tag_concurrency_limits"]}
    per_package = limits.pop(("grandlivre/night", "{'applyLimitPerUniqueValue': True}"))
    others = sum(limit for (key, _), limit in limits.items() if key == TRIGGER_TAG)
    assert {value for key, value in limits if key == TRIGGER_TAG} == {"link", "arrived", "retry", "resume"}
    assert per_package + others < pools["default_limit"]
    assert limits["grandlivre/night", "None"] + others < runs["max_concurrent_runs"]
    assert config["run_retries"]["retry_on_asset_or_op_failure"] is False
