"""The firm's audit trail over the JSON API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from portal.web.audit import deeds
from portal.web.visitor import Manager

router = APIRouter(tags=["people"])


class Done(BaseModel):
    """What a person did."""

    id: int
    at: datetime
    who: str
    user_id: str | None = Field(description="None: at the command line, or somebody who is not of the portal.")
    what: str
    subject: str | None = Field(description="The connection, dossier or person that it was done to.")
    details: dict[str, str]


class Deeds(BaseModel):
    """A page of the audit trail, the latest first."""

    deeds: list[Done]
    before: int | None = Field(description="Give it to get the next page; null at the end.")


@router.get("/deeds")
def list_deeds(
    visitor: Manager,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    before: Annotated[int | None, Query(ge=1, lt=1 << 62)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Deeds:
    """What the firm's people did."""
    found, more = deeds(visitor, subject, before, limit)
    told = [
        Done(
            id=deed.id,
            at=deed.at,
            who=deed.who,
            user_id=deed.user_id,
            what=deed.what,
            subject=deed.subject,
            details={name: str(text) for name, text in deed.details.items()},
        )
        for deed in found
    ]
    return Deeds(deeds=told, before=more)
