"""The connector to Octopus: which dossiers a login sees, their bookyears, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.budgets import LocalBudget
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient, Signer
from connectors.json_pages import Row
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .masters import MasterReader
from .reading import DossierReader
from .signing import dossier_signer, user_signer
from .wire import JSON, VENDOR, WAYS, OctopusWire, dossiers_of, require_json


@dataclass
class _Dossier:
    """What is open of one dossier: who signs for it, and a client for each endpoint that counts its own calls."""

    signer: Signer
    clients: dict[str, HttpClient] = field(default_factory=dict)


class Octopus:
    """One login. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._base = access.setting("base_url").rstrip("/")
        self._session = session or requests.Session()
        self._unlimited = LocalBudget(VENDOR, self._now, self._sleep)  # calls without a limit that the vendor names
        self._logins = self._client(None)
        self._user = self._client(user_signer(access, self._base, self._logins, now=self._now, sleep=self._sleep))
        self._dossiers: dict[int, _Dossier] = {}

    @property
    def calls(self) -> int:
        opened = sum(client.calls for dossier in self._dossiers.values() for client in dossier.clients.values())
        return self._logins.calls + self._user.calls + opened

    def verify(self) -> None:
        self._user.call("GET", f"{self._base}/authentication", headers=JSON)

    def discover(self) -> Iterator[DossierRef]:
        for row in self._listed():
            number = str(row["dossierKey"]["id"])
            yield DossierRef(
                external_id=number,
                code=number,
                name=(row.get("dossierDescription") or "").strip(),
                vat_number=row.get("vatNr") or None,
                currency="EUR",  # inferred: a dossier tells no currency
                country=row.get("country") or None,
            )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        wire = self._wire(self._number(external_id))
        return [bookyear.year for bookyear in MasterReader(wire).bookyears()]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        number = self._number(request.external_id)
        row = next((row for row in self._listed() if row["dossierKey"]["id"] == number), None)
        if row is None:
            raise AskForAccess(
                f"the login no longer sees dossier {number} of {VENDOR}",
                next_step="Ask the office to give the user access to it.",
            )
        return DossierReader(self._wire(number), request, row, self._now, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db, self._access.settings.get("locale_id") or "0")

    def close(self) -> None:
        self._session.close()

    def _listed(self) -> list[Row]:
        reply = self._user.call("GET", f"{self._base}/dossiers", headers=JSON, check=require_json)
        return dossiers_of(reply)

    def _number(self, external_id: str) -> int:
        if not (external_id.isascii() and external_id.isdigit()):
            raise WrongInput(
                f"{external_id!r} is not a dossier of {VENDOR}",
                next_step="A dossier is named by its number, as `grandlivre discover` shows it.",
            )
        return int(external_id)

    def _wire(self, number: int) -> OctopusWire:
        if number not in self._dossiers:
            locale = self._access.settings.get("locale_id") or "0"
            signer = dossier_signer(self._base, number, locale, self._user, now=self._now, sleep=self._sleep)
            self._dossiers[number] = _Dossier(signer)
        opened = self._dossiers[number]

        def client_for(endpoint: str) -> HttpClient:
            if endpoint not in opened.clients:
                opened.clients[endpoint] = self._client(opened.signer, endpoint, str(number))
            return opened.clients[endpoint]

        return OctopusWire(self._base, number, client_for)

    def _client(self, signer: Signer | None, endpoint: str = "", dossier: str = "") -> HttpClient:
        """A client of an endpoint: the vendor counts the calls of each by itself."""
        budget = self._unlimited
        if endpoint:
            app = f"{self._base} {self._access.setting('software_house_uuid')} {endpoint}"
            budget = self._access.budgets.budget(app, dossier, now=self._now, sleep=self._sleep, vendor=VENDOR)
        return HttpClient(WAYS, self._session, budget, signer=signer, now=self._now, sleep=self._sleep)


def normalize(db: duckdb.DuckDBPyConnection, locale: str = "0") -> None:
    """The books of what is landed in ``db`` (see normalize.sql), with names in the language of ``locale``."""
    db.execute("SET VARIABLE octopus_french = ?", [locale == "1"])
    db.execute(files("connectors.octopus").joinpath("normalize.sql").read_text(encoding="utf-8"))
