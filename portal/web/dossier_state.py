"""What people see of a dossier's sync: how old its figures are, what the last sync came to, what goes on now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.store import Link, Registry, SyncProgress, SyncRun

_FORGOTTEN = timedelta(hours=1)
"""A sync that was asked for and never began is no longer awaited after this: what should have started it is gone."""


@dataclass(frozen=True)
class DossierState:
    """A dossier and its sync. ``status`` is linked, asked, running, synced, unchanged, parked or failed (texts
    states.sync); ``figures_as_of`` is when the figures that stand were read, None without any; ``last`` is the latest
    run, which may be going on; ``progress`` is there while something is awaited."""

    link: Link
    status: str
    figures_as_of: datetime | None
    last: SyncRun | None
    progress: SyncProgress | None

    @property
    def busy(self) -> bool:
        return self.status in ("asked", "running")


def states(registry: Registry, links: Sequence[Link], firm_id: str) -> list[DossierState]:
    """The state of each of a firm's dossiers, in the order given; another firm's are left out."""
    links = [link for link in links if link.firm_id == firm_id]
    runs = registry.runs_of([link.dossier_id for link in links])
    progress = registry.progress([link.dossier_id for link in links])
    now = registry.now()
    return [
        _state(link, *runs.get(link.dossier_id, (None, None)), progress.get(link.dossier_id), now) for link in links
    ]


def _state(
    link: Link, last: SyncRun | None, good: SyncRun | None, progress: SyncProgress | None, now: datetime
) -> DossierState:
    as_of = good.started_at if good else None
    if last is not None and last.status == "running":
        ours = progress if progress and progress.sync_id == last.sync_id else None
        return DossierState(link, "running", as_of, last, ours)
    awaited = (
        progress is not None
        and progress.asked_at is not None
        and (last is None or last.started_at < progress.asked_at)
        and now - progress.asked_at < _FORGOTTEN
    )
    if awaited:
        return DossierState(link, "asked", as_of, last, progress)
    return DossierState(link, last.status if last else "linked", as_of, last, None)
