"""The connector to Venice's WebConnect gateway: the dossiers that are named, their years, their books."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import duckdb
import requests

from connectors.contract import Access, Connector, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.signers import HeaderSigner
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .books_sql import normalize
from .dumped import VeniceFolders
from .inferred import DESCRIPTIONS
from .masters import MasterReader
from .reading import DossierReader
from .wire import VENDOR, WAYS, WebConnect, basic, root_of

_log = logging.getLogger(__name__)


class Venice:
    """One gateway and user. ``calls`` counts every request."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        self._base = root_of(access.setting("base_url"))
        self._user = access.setting("username")
        self._signer = HeaderSigner(VENDOR, basic(self._user, access.secret("password")))
        self._dossiers = named_dossiers(access.settings.get("dossiers") or "")
        self._language = _language(access)
        self._clients: dict[str, HttpClient] = {}

    @property
    def calls(self) -> int:
        return sum(client.calls for client in self._clients.values())

    def verify(self) -> None:
        """Asks for the first dossier that is named. Without any, for one that is none: a user who is not known is
        refused first."""
        reference = next(iter(self._dossiers), None)
        if reference:
            self._masters(reference).dossier()
            return
        try:
            self._wire("-").dossier()
        except WrongInput:
            return

    def discover(self) -> Iterator[DossierRef]:
        """The dossiers that the setting names, for there is no call that lists them; those that can be opened."""
        for reference in self._dossiers:
            try:
                told = self._masters(reference).dossier()
            except (AskForAccess, WrongInput) as refusal:
                _log.warning("%s", refusal)
                continue
            name = told.get("Name") or reference
            yield DossierRef(reference, reference, name, currency=told.get("Currency") or None, country="BE")

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        masters = self._masters(external_id)
        return masters.years(masters.dossier())

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        access, wire = self._access, self._wire(request.external_id)
        return DossierReader(wire, request, self._language, self._now, access.report, access.scratch).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _masters(self, reference: str) -> MasterReader:
        return MasterReader(self._wire(reference), reference, self._language, self._now)

    def _wire(self, reference: str) -> WebConnect:
        if not reference.strip():
            raise WrongInput("no dossier is named", next_step="Name it by its directory, as it stands in Venice.")
        dossier_id = self._dossiers.get(reference, reference)
        if dossier_id not in self._clients:
            app = f"{self._base} {self._user}"
            budget = self._access.budgets.budget(app, dossier_id, now=self._now, sleep=self._sleep, vendor=VENDOR)
            self._clients[dossier_id] = HttpClient(
                WAYS, self._session, budget, signer=self._signer, now=self._now, sleep=self._sleep
            )
        return WebConnect(self._base, dossier_id, self._clients[dossier_id])


def route_of(access: Access) -> Connector:
    """The route that the settings name. Raises WrongInput where they name both."""
    root, base = access.settings.get("root"), access.settings.get("base_url")
    if root and base:
        raise WrongInput(
            f"{VENDOR} is read from one place",
            next_step="Give --set base_url=ADDRESS (the gateway), or --set root=FOLDER (dumped files).",
        )
    return VeniceFolders(access) if root else Venice(access)


def named_dossiers(told: str) -> dict[str, str]:
    """Reference to DossierId of a setting like ``KORENBLOEM=korenbloem-wc; PARFI``, in its order."""
    pairs = (each.partition("=") for each in told.split(";"))
    return {name.strip(): (given.strip() or name.strip()) for name, _, given in pairs if name.strip()}


def _language(access: Access) -> str:
    found = (access.settings.get("language") or "nld").lower()
    if found not in DESCRIPTIONS:
        raise WrongInput(f"the setting language is {found!r}", next_step=f"Set it to {' or '.join(DESCRIPTIONS)}.")
    return found
