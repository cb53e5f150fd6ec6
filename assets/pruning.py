"""Partitions of dossiers that are no longer linked: which may go, which must wait, and which a person must look at.

Removing a partition while a run covers it makes that run fail at its end, and a registry that was lost or put back
from an old backup looks as if everything had been unlinked. So:

* what a run or a backfill covers, queued or at work, waits;
* what the registry has never heard of goes only by a person's word;
* more than 5 % of a package's partitions (and more than 5 of them) at once go only by a person's word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus

from assets.ledgers import ledger_key
from assets.partitions import covered
from registry.store import Registry

FEW = 5  # partitions that may go without a person, however few there are
SHARE = 20  # or one in twenty

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Removals:
    """The partitions of a package without a link, in partition order: ``now`` may go, ``busy`` wait for a run to end,
    ``held`` wait for a person, because of ``why``."""

    now: list[str]
    busy: list[str]
    held: list[str]
    why: str = ""


def removals(
    partitions: Sequence[str], linked: Collection[str], known: Collection[str], busy: Collection[str]
) -> Removals:
    """Decides. ``linked`` are the dossiers of the package now, ``known`` those that it ever had, ``busy`` the
    partitions that an unfinished run covers."""
    linked, known, busy = set(linked), set(known), set(busy)
    orphans = [key for key in partitions if key not in linked]
    unknown = [key for key in orphans if key not in known]
    waiting = [key for key in orphans if key in known and key in busy]
    free = [key for key in orphans if key in known and key not in busy]
    if len(waiting) + len(free) > max(FEW, len(partitions) // SHARE):
        held = [key for key in orphans if key not in busy or key not in known]
        why = f"{len(orphans)} of {len(partitions)} partitions have no link" if held else ""
        return Removals([], waiting, held, why)
    return Removals(free, waiting, unknown, "the registry has never known this dossier" if unknown else "")


def removals_of(registry: Registry, instance: dg.DagsterInstance, software: str) -> Removals:
    """What may go of one package, as registry and instance stand. The registry is read in one question, and a
    registry that does not answer raises: it is never taken for an empty one."""
    links = registry.links(software, active=None)
    partitions = instance.get_dynamic_partitions(f"{software}_dossiers")
    linked = {link.dossier_id for link in links if link.active}
    known = {link.dossier_id for link in links}
    if linked.issuperset(partitions):
        return Removals([], [], [])  # as nearly always: runs need not be looked at
    return removals(partitions, linked, known, busy_partitions(instance, software, partitions))


def busy_partitions(instance: dg.DagsterInstance, software: str, partitions: Sequence[str]) -> set[str]:
    """The partitions of a package that an unfinished run covers; all of them while a backfill of it is under way."""
    key, job = ledger_key(software), f"{software}_ledgers"
    if any(key in backfill.asset_selection for backfill in _unfinished_backfills(instance) if backfill.asset_selection):
        return set(partitions)
    busy: set[str] = set()
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        if run.job_name == job or key in (run.asset_selection or ()):
            busy.update(covered(partitions, run.tags))
    return busy


def remove_partitions(instance: dg.DagsterInstance, software: str, keys: Sequence[str]) -> None:
    """Takes partitions away. Their history stays, and shows again should the dossier come back."""
    for key in keys:
        instance.delete_dynamic_partition(f"{software}_dossiers", key)


def _unfinished_backfills(instance: dg.DagsterInstance):  # type: ignore[no-untyped-def] # dagster keeps the class to itself
    found = []
    for status in (BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING):
        found += instance.get_backfills(status=status)
    return found
