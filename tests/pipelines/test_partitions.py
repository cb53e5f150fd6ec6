from __future__ import annotations

from typing import cast

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from assets.partitions import CHUNK, add_missing, chunks, dossiers_per_run
from foundation.errors import WrongInput
from sensors.new_links import arrivals

KEYS = st.lists(st.from_regex(r"[a-z0-9_-]{1,8}", fullmatch=True), unique=True, max_size=60)


@given(KEYS, st.data(), st.integers(1, 7))
def test_chunks_cover_exactly_the_linked_partitions_in_contiguous_runs(
    partitions: list[str], data: st.DataObject, size: int
) -> None:
    linked = set(data.draw(st.lists(st.sampled_from(partitions), unique=True))) if partitions else set()
    covered: list[str] = []
    for first, last in chunks(partitions, linked, size):
        run = partitions[partitions.index(first) : partitions.index(last) + 1]
        assert 1 <= len(run) <= size
        assert set(run) <= linked
        covered += run
    assert covered == [key for key in partitions if key in linked]


def test_a_chunk_stays_below_what_makes_planned_events_time_out() -> None:
    assert 100 <= CHUNK <= 250


def test_a_firm_with_several_workers_may_have_smaller_runs_and_nobody_larger_ones() -> None:
    assert dossiers_per_run({}) == CHUNK
    assert dossiers_per_run({"GRANDLIVRE_DOSSIERS_PER_RUN": "25"}) == 25
    for wrong in ("0", str(CHUNK + 1), "-5", "many"):
        with pytest.raises(WrongInput, match="Give a number from 1 to 200"):
            dossiers_per_run({"GRANDLIVRE_DOSSIERS_PER_RUN": wrong})


def test_partitions_are_added_once_and_in_the_order_of_the_links() -> None:
    import dagster as dg

    with dg.DagsterInstance.ephemeral() as instance:
        assert add_missing(instance, "winbooks", ["b", "a"]) == ["b", "a"]
        many = [f"d{n}" for n in range(1500)]
        assert add_missing(instance, "winbooks", ["a", *many]) == many
        assert list(instance.get_dynamic_partitions("winbooks_dossiers")) == ["b", "a", *many]


def test_arrivals_are_dossiers_without_a_partition_and_links_that_wait_for_a_first_sync() -> None:
    waiting = [object(), object()]
    found = arrivals(["new", "synced", "waiting"], {"synced", "waiting"}, waiting)  # type: ignore[arg-type]
    assert found.keys == ["new"]
    assert found.first_syncs == waiting


class Overtaken:
    """An instance in which somebody else adds ``theirs`` between our look and our insert, of which SQLite complains."""

    def __init__(self, instance: dg.DagsterInstance, theirs: list[str]) -> None:
        self._instance, self._theirs, self._first = instance, theirs, True

    def get_dynamic_partitions(self, name: str) -> list[str]:
        return list(self._instance.get_dynamic_partitions(name))

    def add_dynamic_partitions(self, name: str, keys: list[str]) -> None:
        if self._first:
            self._first = False
            self._instance.add_dynamic_partitions(name, self._theirs)
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
        self._instance.add_dynamic_partitions(name, keys)


@pytest.mark.parametrize("theirs", [["a", "b", "c"], ["b"]])
def test_who_is_overtaken_adds_what_is_left(instance: dg.DagsterInstance, theirs: list[str]) -> None:
    add_missing(cast(dg.DagsterInstance, Overtaken(instance, theirs)), "yuki", ["a", "b", "c"])
    assert sorted(instance.get_dynamic_partitions("yuki_dossiers")) == ["a", "b", "c"]


def test_a_refusal_that_nobody_else_explains_is_told(instance: dg.DagsterInstance) -> None:
    with pytest.raises(IntegrityError):
        add_missing(cast(dg.DagsterInstance, Overtaken(instance, [])), "yuki", ["a"])
