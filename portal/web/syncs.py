"""Asking for syncs: from the arrows, from the list, after a dossier was linked, over the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foundation.errors import WrongInput
from portal.web.dossier_state import states
from portal.web.visitor import Visitor
from registry.store import Link

MOST_AT_ONCE = 200
"""How many dossiers one person may ask for at once: scattered ones are a run of Dagster each."""


@dataclass(frozen=True)
class Asked:
    """What became of a wish for syncs: the dossiers that were asked for, and those that were being synced already."""

    started: list[str]
    busy: list[str]

    @property
    def said(self) -> str:
        """The text of texts ``said`` that tells it."""
        return "asked" if self.started else "busy_already"


def ask(visitor: Visitor, links: Sequence[Link], *, accept_empty: bool = False) -> Asked:
    """Has these dossiers synced, and notes who asked. One that is being synced, or waits for it, is left alone.

    Raises Wait when Dagster does not answer; nothing is awaited then. Raises WrongInput for too many.
    """
    if len(links) > MOST_AT_ONCE:
        raise WrongInput(
            f"{len(links)} dossiers are more than the {MOST_AT_ONCE} that can be asked for at once",
            next_step="Choose fewer; the night syncs all of them.",
        )
    registry = visitor.portal.registry
    found = states(registry, links, visitor.firm_id)
    free = [state.link for state in found if not state.busy]
    asked = Asked([link.dossier_id for link in free], [state.link.dossier_id for state in found if state.busy])
    if not free:
        return asked
    launch(visitor, free, accept_empty=accept_empty)
    for link in free:
        if link.wanted_first_sync:
            registry.mark_first_sync_requested(link.dossier_id)
    _note(visitor, free, accept_empty=accept_empty)
    return asked


def launch(visitor: Visitor, links: Sequence[Link], *, accept_empty: bool = False, from_landing: bool = False) -> None:
    """Starts the syncs and notes who asked for them. Raises what the launcher does; nothing is awaited then."""
    registry, ids = visitor.portal.registry, [link.dossier_id for link in links]
    # First the note, then the run: one that has begun by the time it is noted would seem to be awaited still.
    registry.note_asked(ids, visitor.user.name)
    try:
        runs = visitor.portal.launcher.launch(links, accept_empty=accept_empty, from_landing=from_landing)
    except BaseException:
        for dossier_id in ids:
            registry.forget_progress(dossier_id)
        raise
    for run_id in set(runs.values()):
        registry.note_launched([each for each, run in runs.items() if run == run_id], run_id)


def _note(visitor: Visitor, links: Sequence[Link], *, accept_empty: bool) -> None:
    if len(links) == 1:
        visitor.note("accepted_empty" if accept_empty else "refreshed", links[0].dossier_id)
    else:
        visitor.note(
            "refreshed_many", None, count=str(len(links)), dossiers=", ".join(each.dossier_id for each in links)
        )
