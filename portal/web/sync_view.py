"""A dossier's sync as people follow it: where it is while it goes on, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.catalog import package
from foundation.errors import WrongInput
from portal.operations.figures import figures_of, query
from portal.web.dossier_state import DossierState
from portal.web.errors import Told, told_kind
from portal.web.visitor import Visitor
from registry.store import Link
from resources.house import House
from warehouse.contract import Reader

_RECORDED = ("asked", "link", "extract", "land", "normalize", "map", "check", "load", "publish", "tell")


@dataclass(frozen=True)
class Underway:
    """A sync that is awaited or goes on. ``stage`` is a key of texts ``states.stage``; ``rows`` counts within it;
    ``since`` is when it was asked for, or began; ``waits_until`` is when a wait for the package's limit ends."""

    stage: str
    rows: int
    since: datetime
    waits_until: datetime | None
    dagster_run_id: str | None


@dataclass(frozen=True)
class Brought:
    """What a sync changed: lines (or clients) added, changed and deleted, and balances of accounts that moved."""

    added: int
    changed: int
    deleted: int
    balances: int

    @property
    def anything(self) -> bool:
        return bool(self.added or self.changed or self.deleted or self.balances)


def underway(state: DossierState) -> Underway | None:
    """How far the sync is; None when nothing goes on."""
    if not state.busy:
        return None
    progress, run = state.progress, state.last if state.status == "running" else None
    asked_at = progress.asked_at if progress else None
    since = asked_at if run is None or (asked_at and asked_at <= run.started_at) else run.started_at
    begun = since or state.link.linked_at
    run_id = (run and run.dagster_run_id) or (progress.dagster_run_id if progress else None)
    if progress is None:
        return Underway("link", 0, begun, None, run_id)
    return Underway(stage_of(progress.stage), progress.rows, begun, progress.waits_until, run_id)


def stage_of(noted: str) -> str:
    """The stage as texts know it. Packages tell stages of their own ("lines") while they are read."""
    if noted.startswith("waiting"):
        return "service"
    return noted if noted in _RECORDED else "extract"


def brought(house: House, link: Link, sync_id: str) -> Brought | None:
    """What a sync changed in the published figures; None where that cannot be asked."""
    clients = package(link.software).kind == "administrative"
    try:
        with figures_of(house, link.dossier_id) as db:
            return _brought(db, _CLIENTS if clients else _LINES, {"dossier": link.dossier_id, "sync": sync_id})
    except WrongInput:
        return None


def trouble(visitor: Visitor, state: DossierState) -> Told | None:
    """Why the latest sync left figures of before standing, in people's words; None where it did not."""
    run = state.last
    if run is None or run.status not in ("failed", "parked") or state.busy:
        return None
    return told_kind(run.error_kind, run.error_message, visitor.texts, resume_at=run.next_retry_at)


def _brought(db: Reader, sql: str, parameters: Mapping[str, Any]) -> Brought:
    (row,) = query(db, sql, parameters)
    return Brought(**row)


_LINES = """
SELECT count(*) FILTER (WHERE change = 'added') AS added, count(*) FILTER (WHERE change = 'changed') AS changed,
    count(*) FILTER (WHERE change = 'deleted') AS deleted,
    (SELECT count(*) FROM ledger.balance_changes WHERE dossier_id = $dossier AND sync_id = $sync
        AND old_closing <> new_closing) AS balances
FROM ledger.line_changes WHERE dossier_id = $dossier AND sync_id = $sync
"""
_CLIENTS = """
SELECT count(DISTINCT client_id) FILTER (WHERE change = 'added') AS added,
    count(DISTINCT client_id) FILTER (WHERE change NOT IN ('added', 'removed')) AS changed,
    count(DISTINCT client_id) FILTER (WHERE change = 'removed') AS deleted, 0 AS balances
FROM ledger.client_changes WHERE list_id = $dossier AND sync_id = $sync
"""
