"""The trust page of a dossier: its figures, and how far they prove themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from babel import numbers
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal.operations import figures, trial_balance
from portal.operations.changes import clients_listed, moved_clients, syncs_that_changed
from portal.web.charts import Chart, Value, bar_chart
from portal.web.errors import Told, told_kind
from portal.web.exporting import Format, exported
from portal.web.of_dossier import ROWS, dossier_page, is_client_list, paging, state_of
from portal.web.pages import accounts, changes, history, years
from portal.web.render import part
from portal.web.visitor import Viewer, Visitor
from registry.store import Link
from warehouse.contract import Reader

router = APIRouter()
for _room in (accounts, changes, years, history):
    router.include_router(_room.router)
_WHERE = {
    **dict.fromkeys(("accounts_mapped", "mapping_agrees", "controls_mapped", "sides_usual"), "accounts"),
    **dict.fromkeys(("accounts_known", "mapping_rules_apply"), "accounts"),
    **dict.fromkeys(("closed_years_stand", "opening_stands", "clients_remain"), "changes"),
    **dict.fromkeys(("years_continuous", "lines_in_years", "year_labels_unique"), "years"),
}
"""The page of a dossier that shows what a check found."""
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


@router.get("/dossiers/{dossier_id}/trust")
def trust_page(
    request: Request,
    visitor: Viewer,
    dossier_id: str,
    year: str | None = None,
    only: str = "",
    search: str = "",
    number: PageNumber = 1,
) -> Response:
    link = visitor.link(dossier_id)
    failed = failure_since(visitor, link)
    try:
        with figures.figures_of(visitor.portal.house, dossier_id) as db:
            proof = _proof(db, visitor, link)
            if is_client_list(link):
                values = _client_list(db, link)
                return dossier_page(visitor, request, "trust_clients.html", link, failed=failed, **proof, **values)
            values = _balances(db, request, visitor, link, year, only == "differences", search, number)
    except figures.NoFigures:
        return dossier_page(visitor, request, "no_figures.html", link, heading="trust.title", failed=failed)
    return dossier_page(visitor, request, "trust.html", link, failed=failed, search=search, **proof, **values)


@router.get("/dossiers/{dossier_id}/export")
def export(visitor: Viewer, dossier_id: str, format: Format, year: str | None = None) -> Response:
    return exported(visitor, visitor.link(dossier_id), format, year)


@router.get("/dossiers/{dossier_id}/making")
def making(visitor: Viewer, dossier_id: str) -> Response:
    """The word that figures are being made, for the script that waits for its end."""
    return part(visitor, "making.html", {"state": state_of(visitor, visitor.link(dossier_id))})


def failure_since(visitor: Visitor, link: Link) -> Told | None:
    """What kept the latest sync from renewing the figures; None where it did renew them."""
    last = visitor.portal.registry.last_run(link.dossier_id)
    if last is None or last.status not in ("failed", "parked"):
        return None
    return told_kind(last.error_kind, last.error_message, visitor.texts, resume_at=last.next_retry_at)


def _proof(db: Reader, visitor: Visitor, link: Link) -> dict[str, Any]:
    """The facts, the checks with their sentences, and what they come to."""
    facts, found = figures.facts(db, link.dossier_id), figures.checks(db, link.dossier_id)
    text = visitor.texts
    sentences = [
        check
        | {
            "sentence": text.get(f"checks.{check['check_name']}", text("checks.noticed")),
            "look": _WHERE.get(check["check_name"]) if check["state"] in ("failed", "warning") else None,
        }
        for check in found
    ]
    return {
        "facts": facts,
        "checks": sentences,
        "counted": figures.counted(found),
        "verdict": figures.verdict(facts, found),
    }


def _balances(
    db: Reader, request: Request, visitor: Visitor, link: Link, asked: str | None, only: bool, search: str, number: int
) -> dict[str, Any]:
    dossier = link.dossier_id
    known = trial_balance.years(db, dossier)
    year = trial_balance.year_of(known, asked)
    label = year["label"] if year else ""
    totals = trial_balance.totals(db, dossier, label, differing=only, search=search)
    place = paging(request, number, totals["accounts"])
    listed = {"differing": only, "search": search, "limit": ROWS, "offset": place.offset}
    rows = trial_balance.trial_balance(db, dossier, label, **listed)
    differing = figures.differences(db, dossier, label)
    return {
        "years": known,
        "year": year,
        "rows": rows,
        "totals": totals,
        "paging": place,
        "only": only,
        "differing": differing[:ROWS],
        "more_differing": max(0, len(differing) - ROWS),
        "charts": _class_charts(visitor, trial_balance.by_class(db, dossier)),
        "lines_chart": _lines_chart(visitor, label, trial_balance.lines_per_period(db, dossier, label)),
    }


def _client_list(db: Reader, link: Link) -> dict[str, Any]:
    seen = syncs_that_changed(db, link.dossier_id, clients=True)
    latest = [each["sync_id"] for each in seen[-1:]]
    return {
        "clients": clients_listed(db, link.dossier_id),
        "moved": moved_clients(db, link.dossier_id, latest, limit=ROWS),
        "seen_at": seen[-1]["seen_at"] if seen else None,
    }


def _class_charts(visitor: Visitor, sums: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """A chart per class of the common chart, all on one scale."""
    labels = list(dict.fromkeys(row["fiscal_year"] for row in sums))
    found = {(row["class"], row["fiscal_year"]): row["presented"] for row in sums}
    scale = max((abs(amount) for amount in found.values()), default=Decimal(0))
    charts = []
    for each in trial_balance.CLASSES:
        values = [_value(visitor, label, found.get((each, label), Decimal(0))) for label in labels]
        charts.append(bar_chart(f"class-{each}", visitor.texts(f"trust.class.{each}"), values, scale=scale))
    return [chart for chart in charts if chart is not None]


def _lines_chart(visitor: Visitor, year: str, counted: Sequence[Mapping[str, Any]]) -> Chart | None:
    told = visitor.formats.number
    values = [
        Value(str(row["period"]), Decimal(row["lines"]), told(row["lines"]), told(row["lines"])) for row in counted
    ]
    return bar_chart("lines", visitor.texts("trust.lines_per_period", year=year), values)


def _value(visitor: Visitor, label: str, amount: Decimal) -> Value:
    short = numbers.format_compact_decimal(amount, locale=visitor.formats.language, fraction_digits=1)
    return Value(label, amount, short, visitor.formats.money(amount))
