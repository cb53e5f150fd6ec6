"""Accounts over the JSON API: their codes of the common chart, the rules of people, and the chart itself."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from portal.operations import accounts
from portal.operations.figures import figures_of
from portal.operations.mapping import codes, rules_in_force
from portal.web.correcting import map_account, take_back_account
from portal.web.visitor import Mapper, Viewer

router = APIRouter()
AccountNumber = Annotated[str, Path(max_length=100)]


class Proposal(BaseModel):
    """A code that an account could have. ``why``: ``number`` (accounts that start with ``like`` have it), ``name`` (the
    account ``like`` is called alike), ``chart`` (the country's chart gives it to ``like``)."""

    code: str
    why: Literal["number", "name", "chart"]
    like: str


class Account(BaseModel):
    """An account and what became of it. ``confidence`` null: it has no real code. ``closing``: of the latest year,
    before closing entries, debit positive."""

    number: str
    name: str | None
    type: str | None
    common_code: str | None
    code_name: str | None
    mapping_rule: str | None
    confidence: Literal["high", "medium", "low"] | None
    closing: Decimal
    proposals: list[Proposal]


class Rule(BaseModel):
    """A code that a person gave to an account, or to all that start alike (``613*``)."""

    account: str
    code: str
    scope: Literal["dossier", "firm"]
    why: str | None
    who: str | None
    at: datetime
    closed_years: bool
    stale: bool | None


class Accounts(BaseModel):
    """The accounts of a dossier; ``counts`` by what can be asked to be shown."""

    dossier_id: str
    counts: dict[str, int]
    accounts: list[Account]
    rules: list[Rule]


class GivenCode(BaseModel):
    """A code for an account. ``scope`` ``firm``: in all dossiers of the firm (administrators and support)."""

    code: str = Field(min_length=1, max_length=20)
    scope: Literal["dossier", "firm"] = "dossier"
    why: str = Field("", max_length=500)
    closed_years: bool = False


class Kept(BaseModel):
    """A correction was kept. ``being_made``: the figures are made again now, without asking the package; otherwise they
    follow at the next sync."""

    dossier_id: str
    being_made: bool


class Code(BaseModel):
    """A code of the common chart. Accounts can have those for ``posting``."""

    code: str
    parent: str | None
    use: Literal["heading", "posting"]
    account_class: str
    name: str


@router.get("/dossiers/{dossier_id}/accounts")
def get_accounts(
    visitor: Viewer,
    dossier_id: str,
    show: Literal["all", "unmapped", "doubtful"] = "all",
    search: str = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Accounts:
    """The accounts of a dossier; with codes proposed for those that have none, or a doubtful one."""
    link = visitor.link(dossier_id)
    wanted = {"unmapped": show == "unmapped", "doubtful": show == "doubtful", "search": search}
    with figures_of(visitor.portal.house, dossier_id) as db:
        counts = accounts.counts(db, dossier_id)
        rows = accounts.mapped_accounts(db, dossier_id, **wanted, limit=limit, offset=offset)
        proposed = accounts.proposals(db, dossier_id, [row for row in rows if accounts.is_doubtful(row)], link.country)
    return Accounts(
        dossier_id=dossier_id,
        counts=counts,
        accounts=[
            Account(**row, proposals=[Proposal(**vars(each)) for each in proposed.get(row["number"], [])])
            for row in rows
        ],
        rules=[Rule(**rule) for rule in rules_in_force(visitor.portal.house, dossier_id)],
    )


@router.put("/dossiers/{dossier_id}/accounts/{number:path}/code")
def put_code(visitor: Mapper, dossier_id: str, number: AccountNumber, given: GivenCode) -> Kept:
    """Gives an account (``613200``), or all that start alike (``613*``), a code before whatever rules find."""
    firm = given.scope == "firm"
    link = visitor.link(dossier_id)
    made = map_account(visitor, link, number, given.code, firm=firm, why=given.why, closed_years=given.closed_years)
    return Kept(dossier_id=dossier_id, being_made=made)


@router.delete("/dossiers/{dossier_id}/accounts/{number:path}/code")
def delete_code(
    visitor: Mapper, dossier_id: str, number: AccountNumber, scope: Literal["dossier", "firm"] = "dossier"
) -> Kept:
    """Takes back the code that a person gave to exactly this account, or to all that start so."""
    made = take_back_account(visitor, visitor.link(dossier_id), number, firm=scope == "firm")
    return Kept(dossier_id=dossier_id, being_made=made)


@router.get("/chart")
def get_chart(visitor: Viewer) -> list[Code]:
    """The common chart of accounts, in the caller's language."""
    name = f"name_{visitor.texts.language}"
    return [
        Code(code=code, parent=row["parent"], use=row["use"], account_class=row["class"], name=row[name])
        for code, row in codes().items()
    ]
