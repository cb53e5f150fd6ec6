"""The syncs of a dossier: when, why, what they read and changed, and what went wrong in people's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal.operations.history import told_runs
from portal.web.charts import Chart, age_chart
from portal.web.errors import told_kind
from portal.web.of_dossier import dossier_page, is_client_list
from portal.web.visitor import Viewer, Visitor
from registry.models import GOOD
from registry.store import Link

router = APIRouter()
_AT_ONCE = 50
_DRAWN = timedelta(days=60)


@router.get("/dossiers/{dossier_id}/history")
def history_page(
    request: Request, visitor: Viewer, dossier_id: str, number: Annotated[int, Query(alias="page", ge=1, le=200)] = 1
) -> Response:
    link = visitor.link(dossier_id)
    rows = told_runs(
        visitor.portal.house, link, clients=is_client_list(link), limit=_AT_ONCE + 1, offset=(number - 1) * _AT_ONCE
    )
    troubles = {
        row.run.sync_id: told_kind(
            row.run.error_kind, row.run.error_message, visitor.texts, resume_at=row.run.next_retry_at
        )
        for row in rows
        if row.run.status in ("failed", "parked")
    }
    return dossier_page(
        visitor,
        request,
        "history.html",
        link,
        rows=rows[:_AT_ONCE],
        more=len(rows) > _AT_ONCE,
        number=number,
        troubles=troubles,
        chart=_ages(visitor, link),
        dagster_url=visitor.portal.settings.dagster_url,
    )


def _ages(visitor: Visitor, link: Link) -> Chart | None:
    """How old the figures were, since two months ago."""
    now = visitor.portal.house.now()
    runs = visitor.portal.registry.runs(link.dossier_id, since=now - _DRAWN, limit=None)
    read = sorted(run.started_at for run in runs if run.status in GOOD and run.trigger != "from_landing")
    if len(read) < 2:
        return None
    told = visitor.formats.duration
    oldest = max((later - earlier).total_seconds() for earlier, later in zip(read, [*read[1:], now], strict=True))
    words = visitor.texts(
        "history.ages",
        count=visitor.formats.number(len(read)),
        oldest=told(oldest),
        since=visitor.formats.moment(read[0]),
    )
    return age_chart("ages", visitor.texts("history.chart"), words, read, now)
