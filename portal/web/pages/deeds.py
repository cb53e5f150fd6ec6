"""The audit trail of the firm: who did what, to what, and when."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from portal.web.audit import as_csv, deeds, details_in_words, in_words
from portal.web.render import page
from portal.web.visitor import Manager

router = APIRouter()
Subject = Annotated[str, Query(max_length=200)]


@router.get("/deeds")
def deeds_page(
    request: Request,
    visitor: Manager,
    subject: Subject = "",
    before: Annotated[int | None, Query(ge=1, lt=1 << 62)] = None,
) -> Response:
    found, more = deeds(visitor, subject.strip(), before)
    rows = [(deed, in_words(visitor, deed), details_in_words(visitor, deed)) for deed in found]
    return page(visitor, request, "deeds.html", rows=rows, more=more, subject=subject.strip(), before=before)


@router.get("/deeds.csv")
def deeds_csv(visitor: Manager, subject: Subject = "") -> Response:
    named = {"Content-Disposition": 'attachment; filename="deeds.csv"'}
    return StreamingResponse(as_csv(visitor, subject.strip()), media_type="text/csv; charset=utf-8", headers=named)
