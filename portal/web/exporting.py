"""A dossier's books as a file to keep: written beside, sent, and taken away."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Literal

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from foundation.errors import WrongInput
from portal.export import write
from portal.operations.figures import facts, figures_of
from portal.web.of_dossier import is_client_list
from portal.web.visitor import Visitor
from registry.store import Link

Format = Literal["fec", "xaf", "csv", "xlsx", "parquet"]
KINDS = {
    "fec": ("txt", "text/plain"),
    "xaf": ("xaf", "application/xml"),
    "csv": ("csv", "text/csv"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
}
"""How the name of a file ends, and its media type, by format."""


def exported(visitor: Visitor, link: Link, format: Format, year: str | None) -> Response:
    """The file. Raises WrongInput for an unknown year, and where there are no figures, or none with lines."""
    if is_client_list(link):
        raise WrongInput(f"{link.name} is a client list", next_step="It has no books to export.")
    ending, media_type = KINDS[format]
    visitor.portal.house.home.create()
    folder = Path(tempfile.mkdtemp(dir=visitor.portal.house.home.scratch))
    out = folder / f"books.{ending}"
    try:
        with figures_of(visitor.portal.house, link.dossier_id) as db:
            if facts(db, link.dossier_id)["sync_mode"] == "totals":
                raise WrongInput(f"{link.name} is synced as totals", next_step="It has no lines to export.")
            write(db, link.dossier_id, format, year or None, out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    label = "".join(c if c.isalnum() else "-" for c in year or "")
    name = "-".join(filter(None, (link.dossier_id, label, "fec" if format == "fec" else "")))
    gone = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(out, media_type=media_type, filename=f"{name}.{ending}", background=gone)
