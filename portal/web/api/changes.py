"""What moved between syncs, over the JSON API."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from portal.operations import changes
from portal.operations.figures import figures_of
from portal.web.of_dossier import is_client_list
from portal.web.visitor import Viewer

router = APIRouter()


class SyncSeen(BaseModel):
    """A sync that saw something move."""

    sync_id: str
    seen_at: datetime


class Change(BaseModel):
    """A balance or a line that moved, debit positive; ``old`` null: the line was not there, ``new`` null: it is gone.

    A line that went to another account, day or year is told twice: where it left, and where it went."""

    seen_at: datetime
    sync_id: str
    cause: Literal["package", "correction", "moved"]
    what: str
    fiscal_year: str | None
    year_closed: bool | None
    account: str | None
    old: Decimal | None
    new: Decimal | None
    difference: Decimal
    line: str | None
    date: date | None
    document: str | None
    description: str | None


class ClientChange(BaseModel):
    """A field of a client that changed; ``field`` null for a client that was added."""

    seen_at: datetime
    sync_id: str
    cause: str | None
    change: Literal["added", "changed", "removed", "returned"]
    client_id: str
    client_code: str | None
    client: str | None
    field: str | None
    old: str | None
    new: str | None


class Tombstone(BaseModel):
    """A line that the package once told and no longer does; totals are without it."""

    fiscal_year: str | None
    year_closed: bool | None
    date: date | None
    journal: str | None
    document: str | None
    account: str | None
    description: str | None
    amount: Decimal | None
    line: str
    seen_at: datetime
    sync_id: str


class Changes(BaseModel):
    """What the syncs of ``told`` saw move, the latest first, closed years first. ``seen_by`` are all that can be asked
    for, the latest first."""

    dossier_id: str
    seen_by: list[SyncSeen]
    told: list[str]
    changes: list[Change]
    clients: list[ClientChange]
    deleted_lines: list[Tombstone]


@router.get("/dossiers/{dossier_id}/changes")
def get_changes(
    visitor: Viewer,
    dossier_id: str,
    sync: str = "",
    show: Literal["balances", "lines", "deleted"] = "balances",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Changes:
    """What moved: as the latest sync that changed anything saw it, as ``sync`` did, or with ``all`` as all did.

    ``show``: balances, the lines of it, or all lines that are gone (whatever the sync)."""
    clients = is_client_list(visitor.link(dossier_id))
    place = {"limit": limit, "offset": offset}
    with figures_of(visitor.portal.house, dossier_id) as db:
        seen = changes.syncs_that_changed(db, dossier_id, clients=clients)
        told = changes.wanted_syncs(seen, sync)
        moved_clients = changes.moved_clients(db, dossier_id, told, **place) if clients else []
        gone = changes.tombstones(db, dossier_id, **place) if show == "deleted" and not clients else []
        moved = []
        if show != "deleted" and not clients:
            lines = show == "lines"
            moved = changes.moved(db, dossier_id, told, balances=not lines, lines=lines, limit=limit, offset=offset)
    return Changes(
        dossier_id=dossier_id,
        seen_by=[SyncSeen(**each) for each in reversed(seen)],
        told=told,
        changes=[Change(**row) for row in moved],
        clients=[ClientChange(**row) for row in moved_clients],
        deleted_lines=[Tombstone(**row) for row in gone],
    )
