"""Fiscal years and syncs of a dossier over the JSON API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from portal.operations.history import told_runs
from portal.operations.years import year_rows
from portal.web.api.accounts import Kept
from portal.web.correcting import correct, take_back
from portal.web.errors import told_kind
from portal.web.of_dossier import is_client_list
from portal.web.visitor import Corrector, Viewer

router = APIRouter()
Label = Annotated[str, Path(max_length=50)]


class FiscalYear(BaseModel):
    """A fiscal year in force, ``end_date`` inclusive, with what the package states beside it (null: nothing)."""

    label: str
    start_date: date
    end_date: date
    closed: bool | None
    source: Literal["package", "override"]
    package_start_date: date | None
    package_end_date: date | None
    mapping: Literal["as closed", "current"] | None


class Correction(BaseModel):
    """A correction of a fiscal year that a person made; ``moved_for`` names the year that it was moved with."""

    label: str
    start_date: date
    end_date: date
    why: str | None
    who: str | None
    at: datetime
    moved_for: str | None
    active: bool
    ended_at: datetime | None
    ended_by: str | None


class Years(BaseModel):
    """The fiscal years of a dossier, oldest first, and every correction ever made, the latest first."""

    dossier_id: str
    years: list[FiscalYear]
    corrections: list[Correction]


class CorrectedYear(BaseModel):
    """Other dates for a year, ``end_date`` inclusive, and why. ``move_neighbours``: the years beside it end and start
    next to it."""

    start_date: date
    end_date: date
    why: str = Field(min_length=1, max_length=500)
    move_neighbours: bool = False


class SyncTrouble(BaseModel):
    """What went wrong, in the caller's language; ``detail`` is what was said at the source, in English."""

    kind: str
    what: str
    why: str
    who: str
    detail: str


class Sync(BaseModel):
    """A sync. ``asked_by`` is who asked for it in the portal; ``moved`` how many balances and lines it saw move."""

    sync_id: str
    trigger: str
    asked_by: str | None
    mode: str
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    status: str
    rows_read: int
    rows_loaded: int
    rows_deleted: int
    vendor_calls: int
    moved: int
    trouble: SyncTrouble | None
    next_retry_at: datetime | None
    dagster_run_id: str | None


@router.get("/dossiers/{dossier_id}/years")
def get_years(visitor: Viewer, dossier_id: str) -> Years:
    """The fiscal years: what the package states, what is in force, and who corrected what and why."""
    visitor.link(dossier_id)
    history = visitor.portal.registry.override_history(dossier_id)
    return Years(
        dossier_id=dossier_id,
        years=[FiscalYear(**row) for row in year_rows(visitor.portal.house, dossier_id)],
        corrections=[Correction.model_validate(vars(each)) for each in history],
    )


@router.put("/dossiers/{dossier_id}/years/{label:path}")
def put_year(visitor: Corrector, dossier_id: str, label: Label, year: CorrectedYear) -> Kept:
    """Corrects a fiscal year; the package's value stays beside it. The package is not asked."""
    link = visitor.link(dossier_id)
    moved = year.move_neighbours
    made = correct(visitor, link, label, year.start_date, year.end_date, why=year.why, move_neighbours=moved)
    return Kept(dossier_id=dossier_id, being_made=made)


@router.delete("/dossiers/{dossier_id}/years/{label:path}")
def delete_year(visitor: Corrector, dossier_id: str, label: Label) -> Kept:
    """Lets the package's own dates of a year stand again."""
    return Kept(dossier_id=dossier_id, being_made=take_back(visitor, visitor.link(dossier_id), label))


@router.get("/dossiers/{dossier_id}/syncs")
def get_syncs(
    visitor: Viewer,
    dossier_id: str,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> list[Sync]:
    """The syncs of a dossier, the latest first."""
    link = visitor.link(dossier_id)
    rows = told_runs(visitor.portal.house, link, clients=is_client_list(link), limit=limit, offset=offset)
    found = []
    for row in rows:
        run, trouble = row.run, None
        if run.status in ("failed", "parked"):
            told = told_kind(run.error_kind, run.error_message, visitor.texts, resume_at=run.next_retry_at)
            trouble = SyncTrouble.model_validate({name: getattr(told, name) for name in SyncTrouble.model_fields})
        own = {name: getattr(run, name) for name in Sync.model_fields if hasattr(run, name)}
        found.append(Sync(**own, asked_by=row.asked_by, seconds=row.seconds, moved=row.moved, trouble=trouble))
    return found
