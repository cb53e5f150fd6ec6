"""The accounts of a dossier, their codes of the common chart, and giving one with a click."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from foundation.errors import WrongInput
from portal.operations import accounts
from portal.operations.figures import NoFigures, figures_of
from portal.operations.mapping import code_name, rules_in_force
from portal.web.correcting import map_account, take_back_account
from portal.web.errors import NotFound
from portal.web.of_dossier import ROWS, dossier_page, is_client_list, open_paging
from portal.web.render import see
from portal.web.visitor import Mapper, Viewer, Visitor
from registry.store import Link

router = APIRouter()
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


@router.get("/dossiers/{dossier_id}/accounts")
def accounts_page(
    request: Request,
    visitor: Viewer,
    dossier_id: str,
    show: str = "all",
    search: str = "",
    account: str | None = None,
    number: PageNumber = 1,
) -> Response:
    return _page(request, visitor, visitor.link(dossier_id), show, search, account, number)


@router.post("/dossiers/{dossier_id}/accounts")
def give_account_a_code(
    request: Request,
    visitor: Mapper,
    dossier_id: str,
    account: Annotated[str, Form(max_length=100)],
    code: Annotated[str, Form(max_length=200)],
    firm: Annotated[bool, Form()] = False,
    why: Annotated[str, Form(max_length=500)] = "",
    closed_years: Annotated[bool, Form()] = False,
    show: Annotated[str, Form()] = "all",
    search: Annotated[str, Form()] = "",
) -> Response:
    link = visitor.link(dossier_id)
    chosen = code.split()[0] if code.split() else ""  # what a browser lets people choose is the code; they may type on
    try:
        made = map_account(visitor, link, account, chosen, firm=firm, why=why, closed_years=closed_years)
    except WrongInput as error:
        typed = {"account": account, "code": code, "firm": firm, "why": why, "closed_years": closed_years}
        return _page(request, visitor, link, show, search, account, 1, status=422, problem=error, typed=typed)
    return _back(link, show, search, made)


@router.post("/dossiers/{dossier_id}/accounts/take-back")
def take_back_a_code(
    visitor: Mapper,
    dossier_id: str,
    account: Annotated[str, Form(max_length=100)],
    firm: Annotated[bool, Form()] = False,
) -> Response:
    link = visitor.link(dossier_id)
    return _back(link, "all", "", take_back_account(visitor, link, account, firm=firm))


def _back(link: Link, show: str, search: str, made: bool) -> Response:
    asked = urlencode({name: value for name, value in (("show", show), ("search", search)) if value})
    return see(f"/dossiers/{link.dossier_id}/accounts?{asked}", said="made_again" if made else "kept")


def _page(
    request: Request,
    visitor: Visitor,
    link: Link,
    show: str,
    search: str,
    account: str | None,
    number: int,
    *,
    status: int = 200,
    problem: WrongInput | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    if show not in accounts.WHICH:
        raise NotFound(f"there is no list {show!r} of accounts", next_step="Choose one of the lists.")
    if is_client_list(link):
        return dossier_page(visitor, request, "no_figures.html", link, status, heading="accounts.title", failed=None)
    wanted = {"unmapped": show == "unmapped", "doubtful": show == "doubtful"}
    try:
        with figures_of(visitor.portal.house, link.dossier_id) as db:
            counts = accounts.counts(db, link.dossier_id)
            asked = {**wanted, "search": search, "limit": ROWS + 1, "offset": (number - 1) * ROWS}
            rows = accounts.mapped_accounts(db, link.dossier_id, **asked)
            chosen = account and accounts.mapped_accounts(db, link.dossier_id, number=account)
            doubted = [*(row for row in rows if accounts.is_doubtful(row)), *(chosen or [])]
            proposed = accounts.proposals(db, link.dossier_id, doubted, link.country)
    except NoFigures:
        return dossier_page(visitor, request, "no_figures.html", link, status, heading="accounts.title", failed=None)
    language = visitor.texts.language
    values = typed or ({"account": account, "code": "", "firm": False, "why": "", "closed_years": False})
    return dossier_page(
        visitor,
        request,
        "accounts.html",
        link,
        status,
        rows=rows[:ROWS],
        counts=counts,
        show=show,
        search=search,
        paging=open_paging(request, number, len(rows)),
        proposed=proposed,
        chosen=chosen[0] if chosen else None,
        editing=account is not None and visitor.may("map"),
        typed=values,
        problem=problem,
        codes=accounts.chart_codes(language),
        name_of=lambda code: code_name(code, language),
        rules=rules_in_force(visitor.portal.house, link.dossier_id),
    )
