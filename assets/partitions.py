"""Dossiers as partitions: one dynamic partitions definition per package, keys are our own dossier ids."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import dagster as dg
from sqlalchemy.exc import IntegrityError

from foundation.errors import WrongInput

CHUNK = 200  # dossiers of one run at most: planned events of a larger one can time out
PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
CHUNK_VARIABLE = "GRANDLIVRE_DOSSIERS_PER_RUN"
_BLOCK = 1000  # one SQL statement names every key of a block


def dossiers_of(software: str) -> dg.DynamicPartitionsDefinition:
    """The partitions ``<software>_dossiers``."""
    return dg.DynamicPartitionsDefinition(name=f"{software}_dossiers")


def missing_keys(instance: dg.DagsterInstance, software: str, dossier_ids: Iterable[str]) -> list[str]:
    """The dossiers that have no partition yet, in the order given."""
    present = set(instance.get_dynamic_partitions(f"{software}_dossiers"))
    return [dossier_id for dossier_id in dossier_ids if dossier_id not in present]


def add_missing(instance: dg.DagsterInstance, software: str, dossier_ids: Iterable[str]) -> list[str]:
    """Adds partitions for dossiers that have none, in blocks; returns the added keys."""
    missing = missing_keys(instance, software, dossier_ids)
    for start in range(0, len(missing), _BLOCK):
        _add(instance, software, missing[start : start + _BLOCK])
    return missing


def _add(instance: dg.DagsterInstance, software: str, keys: list[str]) -> None:
    """Adds keys that had no partition a moment ago: a sensor, or somebody else, may add them at the same time."""
    try:
        instance.add_dynamic_partitions(f"{software}_dossiers", keys)
    except IntegrityError:
        left = missing_keys(instance, software, keys)
        if left == keys:
            raise
        if left:
            _add(instance, software, left)


def dossiers_per_run(environment: Mapping[str, str] = os.environ) -> int:
    """How many dossiers one run of the night covers: 200, or fewer where the environment says so, because several
    workers share smaller runs better. Raises WrongInput for what is no such number."""
    told = environment.get(CHUNK_VARIABLE, "").strip() or str(CHUNK)
    if not told.isdecimal() or not 1 <= int(told) <= CHUNK:
        raise WrongInput(f"{CHUNK_VARIABLE} is {told!r}", next_step=f"Give a number from 1 to {CHUNK}.")
    return int(told)


def chunks(partitions: Sequence[str], linked: Collection[str], size: int = CHUNK) -> Iterator[tuple[str, str]]:
    """First and last key of each run, in partition order. A run covers contiguous keys and never an unlinked one,
    because every key of a range must end as materialized or it shows as failed."""
    active = set(linked)
    run: list[str] = []
    for key in partitions:
        if key in active:
            run.append(key)
        if run and (key not in active or len(run) == size):
            yield run[0], run[-1]
            run = []
    if run:
        yield run[0], run[-1]


def covered(partitions: Sequence[str], tags: Mapping[str, str]) -> list[str]:
    """The partitions that a run with these tags covers, in partition order.

    A range of which an edge is not (or no longer) a partition cannot be told: it covers them all.
    """
    if PARTITION_TAG in tags:
        return [key for key in partitions if key == tags[PARTITION_TAG]]
    first, last = tags.get(RANGE_START_TAG), tags.get(RANGE_END_TAG)
    if first is None or last is None:
        return []
    if first not in partitions or last not in partitions:
        return list(partitions)
    return list(partitions[partitions.index(first) : partitions.index(last) + 1])


def range_tags(first: str, last: str) -> dict[str, str]:
    """The run tags that make a run cover the partitions from ``first`` to ``last``."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}
