"""What moved between the syncs of a dossier: closed years first, lines and tombstones on demand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal.operations import changes
from portal.operations.figures import NoFigures, account_names, figures_of
from portal.web.errors import NotFound
from portal.web.of_dossier import ROWS, dossier_page, is_client_list, open_paging
from portal.web.visitor import Viewer
from warehouse.contract import Reader

router = APIRouter()
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
SHOWN = ("balances", "lines", "deleted")
_OFFERED = 100
"""Syncs that can be chosen; of older ones, everything is told together."""


@router.get("/dossiers/{dossier_id}/changes")
def changes_page(
    request: Request,
    visitor: Viewer,
    dossier_id: str,
    sync: str = "",
    show: str = "balances",
    number: PageNumber = 1,
) -> Response:
    link = visitor.link(dossier_id)
    if show not in SHOWN:
        raise NotFound(f"there is no list {show!r} of changes", next_step="Choose one of the lists.")
    clients = is_client_list(link)
    try:
        with figures_of(visitor.portal.house, dossier_id) as db:
            seen = changes.syncs_that_changed(db, dossier_id, clients=clients)
            wanted = changes.wanted_syncs(seen, sync)
            tell = _told_clients if clients else _told
            values = tell(db, request, dossier_id, wanted, show, number)
    except NoFigures:
        return dossier_page(visitor, request, "no_figures.html", link, heading="changes.title", failed=None)
    return dossier_page(
        visitor,
        request,
        "changes_clients.html" if clients else "changes.html",
        link,
        seen=list(reversed(seen))[:_OFFERED],
        sync=sync or (wanted[0] if wanted else ""),
        show=show,
        **values,
    )


def _told(db: Reader, request: Request, dossier: str, syncs: list[str], show: str, number: int) -> dict[str, Any]:
    counts = changes.counts(db, dossier, syncs)
    lines = counts["added"] + counts["changed"] + counts["deleted"]
    asked = {"limit": ROWS + 1, "offset": (number - 1) * ROWS}
    if show == "deleted":
        rows = changes.tombstones(db, dossier, **asked)
    else:
        rows = changes.moved(db, dossier, syncs, balances=show == "balances", lines=show == "lines", **asked)
    place = open_paging(request, number, len(rows))
    names = account_names(db, dossier, [row["account"] for row in rows])
    return {"counts": counts, "lines": lines, "rows": rows[:ROWS], "names": names, "paging": place}


def _told_clients(
    db: Reader, request: Request, dossier: str, syncs: list[str], show: str, number: int
) -> dict[str, Any]:
    rows = changes.moved_clients(db, dossier, syncs, limit=ROWS + 1, offset=(number - 1) * ROWS)
    return {"rows": rows[:ROWS], "paging": open_paging(request, number, len(rows))}
