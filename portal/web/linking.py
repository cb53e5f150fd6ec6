"""Linking a dossier, moving it and letting it go, with all that goes with it: the deed, the first sync."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from foundation.errors import Wait, WrongInput
from portal.operations.dossiers import link_dossier, unlink_dossier
from portal.web.syncs import ask
from portal.web.visitor import Visitor
from registry.store import Connection, Link


@dataclass(frozen=True)
class Linked:
    """A dossier that was linked; ``started`` tells whether its first sync was asked for, or is left to the sensor."""

    link: Link
    started: bool


class Taken(WrongInput):
    """Another dossier has the id."""


def link(
    visitor: Visitor,
    connection: Connection,
    external_id: str,
    *,
    mode: str | None,
    since: date | None,
    dossier_id: str | None,
) -> Linked:
    """Links a dossier and has it synced. Without ``dossier_id`` the one that was unlinked from there comes back, or it
    gets a new id.

    Raises Taken for an id that another dossier has, and what :func:`link_dossier` raises. Where Dagster does not
    answer the link stays: the sensor makes the first sync once it is back.
    """
    _refuse_taken(visitor, dossier_id)
    house = visitor.portal.house
    wanted = dossier_id or house.registry.unlinked_from(connection.id, external_id)
    made, _ = link_dossier(house, connection.id, external_id, mode=mode, since=since, dossier=wanted)
    visitor.note("linked", made.dossier_id, connection=connection.id, mode=_told(made))
    return Linked(made, _first_sync(visitor, made))


def relink(
    visitor: Visitor, old: Link, connection: Connection, external_id: str, *, mode: str | None, since: date | None
) -> Linked:
    """Moves a linked dossier to another place or mode, and has it synced from there. Raises as :func:`link` does."""
    made, _ = link_dossier(
        visitor.portal.house, connection.id, external_id, mode=mode, since=since, dossier=old.dossier_id
    )
    visitor.note("relinked", made.dossier_id, connection=connection.id, mode=_told(made))
    return Linked(made, _first_sync(visitor, made))


def unlink(visitor: Visitor, old: Link) -> None:
    """Ends the link; the figures stay."""
    unlink_dossier(visitor.portal.house, old.dossier_id)
    visitor.portal.registry.forget_progress(old.dossier_id)
    visitor.note("unlinked", old.dossier_id)


def _refuse_taken(visitor: Visitor, dossier_id: str | None) -> None:
    """Raises Taken for the id of a dossier that is linked, or another firm's: linking would move it here."""
    last = visitor.portal.registry.last_link(dossier_id) if dossier_id else None
    if last is not None and (last.active or last.firm_id != visitor.firm_id):
        raise Taken(
            f"there is a dossier {dossier_id} already",
            next_step="Choose another id; to move that dossier here, change how it is synchronised.",
        )


def _first_sync(visitor: Visitor, made: Link) -> bool:
    try:
        return bool(ask(visitor, [made]).started)
    except Wait:
        return False


def _told(made: Link) -> str:
    return f"{made.mode} {made.transfer_date}" if made.transfer_date else made.mode
