"""Partitions of dossiers that are no longer linked: removed with care, and never because a registry is lost."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.health import unlinked, verdict
from assets.ledgers import ledger_asset
from assets.partitions import add_missing, covered, range_tags
from assets.pruning import FEW, SHARE, busy_partitions, removals, removals_of, remove_partitions
from foundation.errors import WrongInput
from resources.house import House
from resources.warehouse import WarehouseResource
from sensors.unlinked import unlinked_dossiers_sensor
from tests.pipelines.firm import KEY, ROW, small_house
from tests.portal.cli import Cli

PARTITIONS = f"{ROW.slug}_dossiers"
# Of each partition: is it linked, did the registry ever know it, does a run cover it?
STATES = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=150)


@given(STATES)
def test_only_what_the_registry_let_go_and_no_run_needs_goes_and_never_much_at_once(
    states: list[tuple[bool, bool, bool]],
) -> None:
    partitions = [f"d{number}" for number in range(len(states))]
    of = dict(zip(partitions, states, strict=True))
    linked = {key for key in partitions if of[key][0]}
    known = linked | {key for key in partitions if of[key][1]}
    busy = {key for key in partitions if of[key][2]}
    found = removals(partitions, linked, known, busy)
    limit = max(FEW, len(partitions) // SHARE)
    assert set(found.now) <= known - linked - busy
    assert len(found.now) <= limit
    assert sorted([*found.now, *found.busy, *found.held]) == sorted(set(partitions) - linked), "each is told once"
    assert bool(found.why) == bool(found.held)
    if len(known - linked) <= limit:
        assert found.now == [key for key in partitions if key in known - linked - busy]
        assert set(found.held).isdisjoint(known)
    else:
        assert found.now == []


@given(st.integers(1, 150))
def test_an_empty_registry_takes_nothing_away(count: int) -> None:
    partitions = [f"d{number}" for number in range(count)]
    found = removals(partitions, [], [], [])
    assert (found.now, found.held) == ([], partitions)


def test_a_run_covers_its_partition_or_its_range_and_everything_when_the_range_cannot_be_told() -> None:
    keys = ["a", "b", "c", "d"]
    assert covered(keys, {"dagster/partition": "b"}) == ["b"]
    assert covered(keys, range_tags("b", "d")) == ["b", "c", "d"]
    assert covered(keys, range_tags("b", "gone")) == keys
    assert covered(keys, {}) == []


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = small_house(tmp_path, [f"d{n}" for n in range(8)])
    return house


def leave(house: House, *dossiers: str) -> None:
    """The dossiers move to another package, the only way out of one."""
    firm = house.registry.firms()[0].firm_id
    elsewhere = house.registry.add_connection("wings", firm, settings={"root": "/srv"})
    for dossier in dossiers:
        house.registry.relink(dossier, elsewhere.id, dossier)


def tick(house: House, instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    resources = {"warehouse": WarehouseResource(home=str(house.home.root))}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        found = unlinked_dossiers_sensor(context)
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def removed(found: dg.SensorResult | dg.SkipReason) -> list[str]:
    assert isinstance(found, dg.SensorResult)
    return [key for request in found.dynamic_partitions_requests or [] for key in request.partition_keys]


def asked_for(instance: dg.DagsterInstance, **tags: str) -> str:
    """A run of the package that has not begun."""
    here = dg.Definitions(assets=[ledger_asset(ROW)], resources={ROW.slug: WarehouseResource()})
    job = here.resolve_implicit_global_asset_job_def()
    run = instance.create_run_for_job(
        job, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED, asset_selection=frozenset([KEY])
    )
    return run.run_id


def test_a_dossier_that_left_loses_its_partition_and_no_other(house: House, instance: dg.DagsterInstance) -> None:
    add_missing(instance, ROW.slug, [f"d{n}" for n in range(8)])
    assert isinstance(tick(house, instance), dg.SkipReason)
    leave(house, "d3")
    assert removed(tick(house, instance)) == ["d3"]


def test_a_partition_that_an_unfinished_run_covers_waits(house: House, instance: dg.DagsterInstance) -> None:
    add_missing(instance, ROW.slug, [f"d{n}" for n in range(8)])
    leave(house, "d3", "d7")
    run_id = asked_for(instance, **range_tags("d1", "d4"))
    assert removed(tick(house, instance)) == ["d7"]
    instance.delete_run(run_id)
    asked_for(instance, **{"dagster/partition": "d7"})
    assert removed(tick(house, instance)) == ["d3"]
    assert busy_partitions(instance, "wings", ["d7"]) == set(), "a run of another package covers nothing of this one"


def test_many_at_once_wait_for_a_person_who_is_told_how(house: House, instance: dg.DagsterInstance) -> None:
    gone = [f"d{n}" for n in range(FEW + 1)]
    add_missing(instance, ROW.slug, [f"d{n}" for n in range(8)])
    leave(house, *gone)
    skipped = tick(house, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "6 of 8 partitions have no link" in (skipped.skip_message or "")
    assert f"grandlivre prune-partitions {ROW.slug} --yes" in (skipped.skip_message or "")
    inventory = verdict(KEY, "unlinked", unlinked(house, instance, ROW.slug))
    assert not inventory.passed
    assert inventory.metadata["count"].value == 6
    assert f"grandlivre prune-partitions {ROW.slug} --yes" in (inventory.description or "")
    remove_partitions(instance, ROW.slug, gone)
    assert verdict(KEY, "unlinked", unlinked(house, instance, ROW.slug)).passed


def test_a_registry_that_cannot_be_read_removes_nothing(house: House, instance: dg.DagsterInstance) -> None:
    add_missing(instance, ROW.slug, ["d1"])
    house.registry.close()
    house.home.registry.write_bytes(b"this is no database " * 100)
    with pytest.raises(WrongInput, match="cannot be used"):
        tick(house, instance)
    assert list(instance.get_dynamic_partitions(PARTITIONS)) == ["d1"]


def test_the_command_lists_first_and_removes_when_told_to(house: House) -> None:
    cli = Cli(house.home.root)
    cli("init")
    with dg.DagsterInstance.from_config(str(house.home.dagster)) as instance:
        add_missing(instance, ROW.slug, [*(f"d{n}" for n in range(8)), "never-known"])
        leave(house, "d1", "d2")
        asked_for(instance, **{"dagster/partition": "d2"})
        rows = [
            {"dossier_id": "d1", "state": "not linked"},
            {"dossier_id": "never-known", "state": "not linked"},
            {"dossier_id": "d2", "state": "a run covers it"},
        ]
        assert cli("prune-partitions", ROW.slug, "--json").json == rows
        assert removals_of(house.registry, instance, ROW.slug).held == ["never-known"]
        cli("prune-partitions", ROW.slug, "--yes")
        left = [*(f"d{n}" for n in range(8) if n != 1)]
        assert list(instance.get_dynamic_partitions(PARTITIONS)) == left
