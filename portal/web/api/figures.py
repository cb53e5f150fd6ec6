"""Figures over the JSON API: trial balances, checks, and the books as a file."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import FileResponse, Response

from portal.operations import figures, trial_balance
from portal.web.api import accounts, changes, years
from portal.web.exporting import KINDS, Format, exported
from portal.web.visitor import Viewer

router = APIRouter(tags=["figures"])
for _room in (accounts, changes, years):
    router.include_router(_room.router)


class Year(BaseModel):
    """A fiscal year that has figures, ``end_date`` inclusive; ``closed`` null where the package does not tell."""

    label: str
    start_date: date
    end_date: date
    closed: bool | None
    source: Literal["package", "override"]


class Balance(BaseModel):
    """An account before closing entries, debit positive. ``package_closing`` is what the package says itself, null
    where it says nothing to compare with; ``cause`` is there where it differs."""

    account: str
    name: str | None
    common_code: str | None
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal
    package_closing: Decimal | None
    difference: Decimal | None
    cause: str | None


class Sums(BaseModel):
    """The sums over all accounts, whatever part of them is listed."""

    accounts: int
    differing: int
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal
    package_closing: Decimal | None
    difference: Decimal | None


class TrialBalance(BaseModel):
    """A trial balance. ``sync_mode`` ``totals``: the package's own balances, without lines behind them."""

    dossier_id: str
    sync_mode: str
    currency: str | None
    as_of: datetime
    year: Year | None
    accounts: list[Balance]
    totals: Sums


class Check(BaseModel):
    """A check. ``value`` is what is off, or how many; null where nothing was measured. ``detail`` is in English."""

    check_name: str
    state: Literal["failed", "warning", "no evidence", "proven"]
    sentence: str | None
    value: Decimal | None
    detail: str | None


class Difference(BaseModel):
    """Where a balance of the package and the computed one differ; ``period`` null: in the whole year."""

    fiscal_year: str
    period: int | None
    account: str
    what: str
    package: Decimal
    computed: Decimal
    difference: Decimal
    cause: Literal["revaluation", "unexplained"]


class Proof(BaseModel):
    """How far the figures that stand prove themselves."""

    dossier_id: str
    software: str
    sync_mode: str
    as_of: datetime
    verdict: figures.Verdict
    checks: list[Check]
    differences: list[Difference]


@router.get("/dossiers/{dossier_id}/trial-balance")
def get_trial_balance(
    visitor: Viewer,
    dossier_id: str,
    year: str | None = None,
    only_differences: bool = False,
    search: str = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> TrialBalance:
    """The trial balance of a year (the latest, where none is named), the package's figure beside the computed one."""
    visitor.link(dossier_id)
    with figures.figures_of(visitor.portal.house, dossier_id) as db:
        facts = figures.facts(db, dossier_id)
        found = trial_balance.year_of(trial_balance.years(db, dossier_id), year)
        label = found["label"] if found else ""
        listed = {"differing": only_differences, "search": search}
        totals = trial_balance.totals(db, dossier_id, label, **listed)
        rows = trial_balance.trial_balance(db, dossier_id, label, **listed, limit=limit, offset=offset)
    return TrialBalance(
        dossier_id=dossier_id,
        sync_mode=facts["sync_mode"],
        currency=facts["currency"],
        as_of=facts["last_synced_at"],
        year=Year(**found) if found else None,
        accounts=[Balance(**row) for row in rows],
        totals=Sums(**totals),
    )


@router.get("/dossiers/{dossier_id}/checks")
def get_checks(visitor: Viewer, dossier_id: str) -> Proof:
    """The checks of the figures that stand, the worst first, each with a sentence in the caller's language."""
    visitor.link(dossier_id)
    with figures.figures_of(visitor.portal.house, dossier_id) as db:
        facts, checks = figures.facts(db, dossier_id), figures.checks(db, dossier_id)
        differing = figures.differences(db, dossier_id)
    names = {check["check_name"]: f"checks.{check['check_name']}" for check in checks}
    text = visitor.texts
    return Proof(
        dossier_id=dossier_id,
        software=facts["software"],
        sync_mode=facts["sync_mode"],
        as_of=facts["last_synced_at"],
        verdict=figures.verdict(facts, checks),
        checks=[
            Check(**check, sentence=text(names[check["check_name"]]) if text.has(names[check["check_name"]]) else None)
            for check in checks
        ],
        differences=[Difference(**row) for row in differing],
    )


@router.get(
    "/dossiers/{dossier_id}/export",
    response_class=FileResponse,
    responses={200: {"description": "The file.", "content": {kind: {} for _, kind in KINDS.values()}}},
)
def get_export(visitor: Viewer, dossier_id: str, format: Format, year: str | None = None) -> Response:
    """The books of a dossier as a file: of one year, or (csv, xlsx, parquet) of all."""
    return exported(visitor, visitor.link(dossier_id), format, year)
