"""What the JSON API tells of dossiers and their syncs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from portal.web.dossier_list import Row
from portal.web.dossier_state import DossierState
from portal.web.sync_view import Underway, underway
from registry.store import SyncRun

Status = Literal["linked", "asked", "running", "synced", "unchanged", "parked", "failed"]
Mode = Literal["replace", "from_date", "totals"]


class Run(BaseModel):
    """A sync of a dossier. Moments are UTC; ``next_retry_at`` is when a parked one goes on by itself."""

    sync_id: str
    trigger: str
    status: Literal["running", "synced", "unchanged", "parked", "failed"]
    started_at: datetime
    finished_at: datetime | None
    rows_read: int
    rows_loaded: int
    rows_deleted: int
    vendor_calls: int
    error_kind: str | None
    error_message: str | None
    next_retry_at: datetime | None
    dagster_run_id: str | None

    @classmethod
    def of(cls, run: SyncRun) -> Run:
        return cls(**{name: getattr(run, name) for name in cls.model_fields})


class Dossier(BaseModel):
    """A linked dossier. ``figures_as_of`` is when the figures that stand were read, None without any; ``stale`` says
    that they are too old. ``last`` is the latest sync, which may be going on. ``kind`` is ``administrative`` for the
    client list of an administrative package."""

    dossier_id: str
    name: str
    code: str
    software: str
    kind: Literal["ledger", "totals", "administrative"]
    connection_id: str
    external_id: str
    vat_number: str | None
    country: str | None
    currency: str | None
    mode: Mode
    transfer_date: date | None
    status: Status
    figures_as_of: datetime | None
    stale: bool
    last: Run | None

    @classmethod
    def of(cls, row: Row) -> Dossier:
        state, link = row.state, row.state.link
        return cls(
            **{name: getattr(link, name) for name in cls.model_fields if hasattr(link, name)},
            kind=row.package.kind,
            status=state.status,  # type: ignore[arg-type]
            figures_as_of=state.figures_as_of,
            stale=row.stale,
            last=Run.of(state.last) if state.last else None,
        )


class Dossiers(BaseModel):
    """A page of dossiers; ``total`` counts those on all ``pages``."""

    dossiers: list[Dossier]
    total: int
    page: int
    pages: int


class Progress(BaseModel):
    """How far a dossier's sync is. ``stage`` is None when nothing goes on; then ``last`` tells what it came to.
    ``rows`` counts within the stage, ``since`` is when it was asked for or began, ``waits_until`` when a wait for the
    package's limit ends."""

    dossier_id: str
    status: Status
    stage: str | None = None
    rows: int = 0
    since: datetime | None = None
    waits_until: datetime | None = None
    dagster_run_id: str | None = None
    last: Run | None = None

    @classmethod
    def of(cls, state: DossierState) -> Progress:
        goes_on: Underway | None = underway(state)
        return cls(
            dossier_id=state.link.dossier_id,
            status=state.status,  # type: ignore[arg-type]
            last=Run.of(state.last) if state.last else None,
            **(vars(goes_on) if goes_on else {}),
        )


class Refresh(BaseModel):
    """``accept_empty`` confirms a dossier that became empty or lost half of its lines."""

    accept_empty: bool = False


class RefreshMany(BaseModel):
    """Dossiers to refresh, by id."""

    dossier_ids: list[str] = Field(min_length=1, max_length=200)


class Refreshed(BaseModel):
    """The dossiers whose sync was asked for, and those that were being synced already."""

    started: list[str]
    busy: list[str]


class Listed(BaseModel):
    """A dossier as its package lists it; ``linked_as`` is the dossier that it is linked as already."""

    external_id: str
    code: str
    name: str
    vat_number: str | None
    currency: str | None
    country: str | None
    linked_as: str | None


class DossierListing(BaseModel):
    """The dossiers that a connection could see at ``listed_at``, 50 at most of the ``total`` that match."""

    dossiers: list[Listed]
    total: int
    listed_at: datetime


class FiscalYear(BaseModel):
    """A fiscal year as the package states it, ``end_date`` inclusive."""

    label: str
    start_date: date
    end_date: date
    closed: bool | None


class LinkWanted(BaseModel):
    """What to link, and how: ``since`` is the first day of a fiscal year and goes with the mode ``from_date``. Without
    ``mode`` it is the package's usual one; without ``dossier_id`` the dossier gets an id of its code and name."""

    connection_id: str
    external_id: str
    mode: Mode | None = None
    since: date | None = None
    dossier_id: str | None = None


class LinkChanged(BaseModel):
    """How the dossier is synchronised from now on, and where from: without ``connection_id`` and ``external_id`` its
    place stays."""

    mode: Mode
    since: date | None = None
    connection_id: str | None = None
    external_id: str | None = None


class DossierLinked(BaseModel):
    """The linked dossier and its fiscal years. ``first_sync_asked`` is false where Dagster does not answer: the first
    sync then starts by itself once it is back."""

    dossier: Dossier
    fiscal_years: list[FiscalYear]
    first_sync_asked: bool
