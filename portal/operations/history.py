"""The syncs of a dossier as people look back on them: who asked, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.errors import WrongInput
from portal.operations.changes import per_sync
from portal.operations.figures import figures_of
from registry.store import Link, SyncRun
from resources.house import House

_SOON = timedelta(hours=1)
"""A run that begins within this after a person's deed on the dossier is what they asked for."""
_ASKED = ("manual", "from_landing", "link")


@dataclass(frozen=True)
class ToldRun:
    """A sync. ``asked_by`` is the person whose deed it followed, None where nobody in the portal asked; ``moved`` how
    many balances and lines (fields of clients) it saw move."""

    run: SyncRun
    asked_by: str | None
    moved: int

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        ended = self.run.finished_at
        return (ended - self.run.started_at).total_seconds() if ended else None


def told_runs(house: House, link: Link, *, clients: bool = False, limit: int = 50, offset: int = 0) -> list[ToldRun]:
    """The runs of a dossier, the latest first."""
    runs = house.registry.runs(link.dossier_id, limit=offset + limit)[offset:]
    deeds = [(deed.at, deed.who) for deed in house.registry.deeds(link.firm_id, subject=link.dossier_id, limit=500)]
    moved: dict[str, int] = {}
    try:
        with figures_of(house, link.dossier_id) as db:
            moved = per_sync(db, link.dossier_id, [run.sync_id for run in runs], clients=clients)
    except WrongInput:
        pass  # nothing is published yet: then nothing has moved either
    before = [*(run.started_at for run in runs[1:]), None][: len(runs)]
    return [
        ToldRun(run, _asked_by(run, deeds, earlier), moved.get(run.sync_id, 0))
        for run, earlier in zip(runs, before, strict=True)
    ]


def _asked_by(run: SyncRun, deeds: list[tuple[datetime, str]], earlier: datetime | None) -> str | None:
    """Who did something to the dossier last before the run, since the run before it."""
    if run.trigger not in _ASKED:
        return None
    since = max(run.started_at - _SOON, earlier or run.started_at - _SOON)
    return next((who for at, who in deeds if since <= at <= run.started_at), None)
