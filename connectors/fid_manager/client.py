"""The connector to Fid-Manager: the firm's client list, by the partner interface or from a file."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Protocol

import duckdb
import pyarrow as pa

from connectors.client_lists import require_whole, whole_list
from connectors.client_lists.reading import events
from connectors.client_lists.records import CLIENTS
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from foundation.errors import WrongInput

from .file_route import FileRoute
from .inferred import INACTIVE_WORDS
from .partner_route import VENDOR, PartnerRoute


class Route(Protocol):
    """A way to the list. ``mark`` stands for how it is read."""

    mark: str

    @property
    def calls(self) -> int: ...

    def probe(self) -> None: ...

    def table(self) -> pa.Table: ...

    def close(self) -> None: ...


class FidManager:
    """One firm at Fid-Manager. ``calls`` counts requests, or files copied."""

    resources = (CLIENTS,)

    def __init__(self, access: Access) -> None:
        self._route = route_of(access)

    @property
    def calls(self) -> int:
        return self._route.calls

    def verify(self) -> None:
        self._route.probe()

    def discover(self) -> Iterator[DossierRef]:
        self._route.probe()
        yield whole_list("fid_manager")

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        require_whole(external_id)
        return []

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        return events(request, self._route.table, self._route.mark)

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        db.execute("SET VARIABLE inactive_words = ?", [list(INACTIVE_WORDS)])
        db.execute(files("connectors.fid_manager").joinpath("normalize.sql").read_text(encoding="utf-8"))

    def close(self) -> None:
        self._route.close()


def route_of(access: Access) -> Route:
    """The route that the settings name: ``root`` the file's, ``base_url`` the interface's. Raises WrongInput where they
    name both, or none."""
    root, base = access.settings.get("root"), access.settings.get("base_url")
    if bool(root) == bool(base):
        raise WrongInput(
            f"{VENDOR} is read from one place",
            next_step="Give --set root=FOLDER (a file), or --set base_url=ADDRESS with the keys of the interface.",
        )
    return FileRoute(access) if root else PartnerRoute(access)
