"""The fiscal years of a dossier, and how support corrects them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from portal.operations.years import moved_with, year_rows
from portal.web.correcting import correct, take_back
from portal.web.of_dossier import dossier_page, is_client_list
from portal.web.render import see
from portal.web.visitor import Corrector, Viewer, Visitor
from registry.store import Link

router = APIRouter()


@router.get("/dossiers/{dossier_id}/years")
def years_page(request: Request, visitor: Viewer, dossier_id: str, year: str | None = None) -> Response:
    return _page(request, visitor, visitor.link(dossier_id), year)


@router.post("/dossiers/{dossier_id}/years")
def correct_a_year(
    request: Request,
    visitor: Corrector,
    dossier_id: str,
    label: Annotated[str, Form(max_length=50)],
    start: Annotated[str, Form()] = "",
    end: Annotated[str, Form()] = "",
    why: Annotated[str, Form(max_length=500)] = "",
    move_neighbours: Annotated[bool, Form()] = False,
) -> Response:
    link = visitor.link(dossier_id)
    try:
        made = correct(visitor, link, label, _day(start), _day(end), why=why, move_neighbours=move_neighbours)
    except WrongInput as error:
        typed = {"start": start, "end": end, "why": why, "move_neighbours": move_neighbours}
        return _page(request, visitor, link, label, status=422, problem=error, typed=typed)
    return see(f"/dossiers/{dossier_id}/years", said="made_again" if made else "kept")


@router.post("/dossiers/{dossier_id}/years/take-back")
def take_back_a_year(visitor: Corrector, dossier_id: str, label: Annotated[str, Form(max_length=50)]) -> Response:
    made = take_back(visitor, visitor.link(dossier_id), label)
    return see(f"/dossiers/{dossier_id}/years", said="made_again" if made else "kept")


def _page(
    request: Request,
    visitor: Visitor,
    link: Link,
    year: str | None,
    *,
    status: int = 200,
    problem: WrongInput | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    if is_client_list(link):
        return dossier_page(visitor, request, "no_figures.html", link, status, heading="years.title", failed=None)
    rows = year_rows(visitor.portal.house, link.dossier_id)
    editing = next((row for row in rows if row["label"] == year), None) if visitor.may("correct") else None
    values = typed or (
        editing and {"start": editing["start_date"], "end": editing["end_date"], "why": "", "move_neighbours": False}
    )
    return dossier_page(
        visitor,
        request,
        "years.html",
        link,
        status,
        rows=rows,
        moved=moved_with(visitor.portal.house, link.dossier_id),
        editing=editing,
        typed=values,
        problem=problem,
        history=visitor.portal.registry.override_history(link.dossier_id),
    )


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise WrongInput(f"{typed!r} is not a date", next_step="Give a day such as 2025-01-31.") from None
