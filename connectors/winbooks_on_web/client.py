"""The connector to WinBooks on Web: the folders of a licence that are known, their book years, their books."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.budgets import LocalBudget
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.oauth import OAuthApp
from foundation.errors import WrongInput

from . import resources as r
from .criteria import SELECT, Criteria
from .inferred import OBJECTS
from .masters import MasterReader
from .reading import FolderReader
from .signing import ExchangeSigner
from .wire import REFUSALS, VENDOR, WowWire, ways

_log = logging.getLogger(__name__)


class WinBooksOnWeb:
    """One licence. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        self._base = access.setting("base_url").rstrip("/")
        self._email = access.setting("email")
        app = OAuthApp(VENDOR, f"{self._base}/OAuth20/Token", self._email, access.secret("exchange_token"))
        budget = LocalBudget(VENDOR, self._now, self._sleep)
        self._desk = HttpClient(ways(), self._session, budget, now=self._now, sleep=self._sleep)
        self._signer = ExchangeSigner(app, access.tokens, self._desk, now=self._now, sleep=self._sleep)
        self._clients: dict[str, HttpClient] = {}

    @property
    def calls(self) -> int:
        return self._desk.calls + sum(client.calls for client in self._clients.values())

    def verify(self) -> None:
        """Opens the first folder that is known; without any, has an access token given."""
        folder = next(iter(self._folders()), "")
        if folder:
            _open(self._wire(folder))
            return
        signed = self._signer.headers()
        if not self._signer.given:  # one that was kept proves nothing
            self._signer.renew(signed)

    def discover(self) -> Iterator[DossierRef]:
        """The folders that the setting lists, for there is no call that does; those that open."""
        for folder, label in self._folders().items():
            try:
                _open(self._wire(folder))
            except REFUSALS as refusal:
                _log.warning("%s", refusal)
                continue
            currency, country = self._currency_and_country()
            yield DossierRef(folder, folder, label or folder, currency=currency, country=country)

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        return [each.year for each in MasterReader(self._wire(external_id)).book_years()]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        folder, settings = request.external_id, self._access.settings
        currency, country = self._currency_and_country()
        facts = {
            "Folder": folder,
            "Label": self._folders().get(folder) or None,
            "Country": country,
            "Currency": currency,
        }
        name = settings.get("account_name") or ""
        return FolderReader(self._wire(folder), request, facts, name, self._now, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _folders(self) -> dict[str, str]:
        """Code to label of the folders in the setting, in its order."""
        told = (self._access.settings.get("folders") or "").split(";")
        pairs = (each.partition("=") for each in told)
        return {code.strip(): label.strip() for code, _, label in pairs if code.strip()}

    def _currency_and_country(self) -> tuple[str, str]:
        """Neither is told of a folder."""
        settings = self._access.settings
        return settings.get("currency") or "EUR", settings.get("country") or "BE"

    def _wire(self, folder: str) -> WowWire:
        if not folder.strip():
            raise WrongInput("no folder is named", next_step="Name it by its code, as it stands in WinBooks on Web.")
        if folder not in self._clients:
            app = f"{self._base} {self._email}"
            budget = self._access.budgets.budget(app, folder, now=self._now, sleep=self._sleep, vendor=VENDOR)
            self._clients[folder] = HttpClient(
                ways(folder), self._session, budget, signer=self._signer, now=self._now, sleep=self._sleep
            )
        lines = self._access.settings.get("gltrans")
        names = OBJECTS | ({"GLTrans": lines} if lines else {})
        return WowWire(self._base, folder, self._clients[folder], self._signer, names)


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql). Trial balances are the package's own sums: an opening
    and a movement per account and year."""
    db.execute(files("connectors.winbooks_on_web").joinpath("normalize.sql").read_text(encoding="utf-8"))


def _open(wire: WowWire) -> None:
    """The least costly question about a folder."""
    wire.values(Criteria("BookYear", select=(("Id", SELECT), ("Code", SELECT)), most=1))
