"""The assets in a real Dagster instance: what a run tells about each dossier."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import dagster as dg

from assets.health import OF_FIGURES, figures, health_checks, reconciliation, without_evidence
from assets.ledgers import FROM_LANDING_TAG, in_parallel, ledger_asset
from assets.published import published_snapshot
from assets.sync import Outcome
from foundation.secrets import Secret
from resources.warehouse import WarehouseResource
from sensors.new_links import new_links_sensor
from tests.contract.dossier import linked, told_by
from tests.pipelines.firm import KEY, ROW, Firm


def spoil(firm: Firm, name: str) -> None:
    shutil.rmtree(firm.root / name)


def test_one_partition_is_materialized_with_metadata_that_plots(firm: Firm) -> None:
    result = firm.materialize(firm.ids[0])
    assert result.success
    told = firm.materialized()[firm.ids[0]]
    assert told["status"] == "synced"
    assert told["lines"] > 0
    assert told["difference"] == 0
    assert told["seconds"] > 0
    assert len(firm.instance.fetch_materializations(KEY, limit=10).records) == 1


def test_in_a_range_exactly_the_bad_dossier_fails_and_says_why(firm: Firm) -> None:
    spoil(firm, "second")
    result = firm.materialize(firm.ids[0], "third")
    assert not result.success
    good = firm.materialized()
    assert set(good) == {firm.ids[0], "third"}
    bad = firm.observed()
    assert set(bad) == {"second"}
    assert "second" in bad["second"]["message"]
    assert firm.statuses() == {firm.ids[0]: "MATERIALIZED", "second": "FAILED", "third": "MATERIALIZED"}


def test_a_mended_dossier_turns_green_again(firm: Firm) -> None:
    shutil.move(firm.root / "second", firm.root / ".away")
    firm.materialize("second")
    assert firm.statuses()["second"] == "FAILED"
    shutil.move(firm.root / ".away", firm.root / "second")
    assert firm.materialize("second").success
    assert firm.statuses()["second"] == "MATERIALIZED"


def test_a_tag_makes_a_run_go_from_landing(firm: Firm) -> None:
    firm.materialize(firm.ids[0])
    spoil(firm, firm.dossier.sandbox.external_id)
    assert not firm.materialize(firm.ids[0]).success
    assert firm.materialize(firm.ids[0], **{FROM_LANDING_TAG: "true"}).success


def test_health_checks_count_what_is_wrong_now(firm: Firm) -> None:
    spoil(firm, "second")
    firm.materialize(firm.ids[0], "third")
    result = dg.materialize(
        [ledger_asset(ROW), health_checks(ROW)],
        instance=firm.instance,
        resources={ROW.slug: firm.resource},
        selection=dg.AssetSelection.checks(health_checks(ROW)),
    )
    found = {e.check_name: e for e in result.get_asset_check_evaluations()}
    assert not found["failed_now"].passed
    assert found["failed_now"].metadata["count"].value == 1
    assert list(found["failed_now"].metadata["sample"].value) == ["second"]
    assert found["unbalanced"].passed
    assert found["stale"].passed


def test_inventories_of_figures_tell_which_dossiers_and_why(firm: Firm) -> None:
    first, *_ = firm.ids
    firm.materialize(first)
    assert figures(reconciliation(firm.house, ROW.slug)) == {name: {} for name in OF_FIGURES}
    firm.dossier.sandbox.show(told_by(ROW, 2))
    firm.materialize(first)
    doubts = reconciliation(firm.house, ROW.slug)
    found = figures(doubts)
    assert found["changed_behind"][first].startswith("closed_years_stand: ")
    assert {name for name, dossiers in found.items() if dossiers} == {"changed_behind"}
    assert without_evidence(doubts) == 0


def test_the_sensor_turns_a_new_link_into_a_partition_and_a_first_sync(firm: Firm) -> None:
    resources = {"warehouse": WarehouseResource(home=str(firm.house.home.root))}
    with dg.build_sensor_context(instance=firm.instance, resources=resources) as context:
        first = new_links_sensor(context)
    assert isinstance(first, dg.SensorResult)
    assert sorted(r.partition_key or "" for r in first.run_requests or []) == sorted(firm.ids)
    assert {r.job_name for r in first.run_requests or []} == {"verocount_ledgers"}
    added = [key for request in first.dynamic_partitions_requests or [] for key in request.partition_keys]
    assert sorted(added) == sorted(firm.ids)
    firm.materialize(*sorted([firm.ids[0], "third"]))
    with dg.build_sensor_context(instance=firm.instance, resources=resources) as context:
        later = new_links_sensor(context)
    assert isinstance(later, dg.SkipReason)


def test_the_snapshot_asset_publishes_and_tells_its_size(firm: Firm) -> None:
    firm.materialize(firm.ids[0])
    result = dg.materialize(
        [published_snapshot], resources={"warehouse": WarehouseResource(home=str(firm.house.home.root))}
    )
    told = result.asset_materializations_for_node("warehouse__published_snapshot")[0].metadata
    assert told["dossiers"].value == 1
    assert told["lines"].value > 0


def test_what_has_not_begun_when_a_run_is_cancelled_never_does() -> None:
    begun: list[str] = []

    def work(key: str) -> Outcome:
        begun.append(key)
        time.sleep(0.01)
        return Outcome(key, "synced")

    outcomes = in_parallel(work, [f"d{number}" for number in range(300)], 2)
    next(outcomes)
    outcomes.close()
    at_the_end = len(begun)
    assert at_the_end < 300
    time.sleep(0.05)
    assert len(begun) == at_the_end, "what was at work has ended"


def test_no_secret_reaches_dagster(tmp_path: Path) -> None:
    hidden = "correct-horse-battery-staple"
    (tmp_path / "dagster").mkdir()
    with (
        linked(ROW, tmp_path) as dossier,
        dg.DagsterInstance.local_temp(
            str(tmp_path / "dagster"), overrides={"telemetry": {"enabled": False}}
        ) as instance,
    ):
        connection = dossier.house.registry.link(dossier.dossier_id).connection_id
        dossier.house.registry.replace_secrets(connection, {"client_secret": Secret(hidden)})
        firm = Firm(dossier, tmp_path, instance)
        spoil(firm, "second")
        firm.materialize(firm.ids[0], "third")
    everywhere = b"".join(Path(folder, name).read_bytes() for folder, _, names in os.walk(tmp_path) for name in names)
    assert hidden.encode() not in everywhere
