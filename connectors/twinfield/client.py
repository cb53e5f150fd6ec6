"""The connector to Twinfield: which offices there are, their fiscal years, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.budgets import LocalBudget
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.oauth import OAuthSigner
from foundation.errors import AskForAccess, WrongInput

from . import frames
from . import resources as r
from .faults import VENDOR, WAYS
from .reading import OfficeReader
from .sign_in import Clusters, oauth_app
from .wire import TwinfieldWire
from .years import fiscal_years_of, read_periods


class Twinfield:
    """One consent at Twinfield. ``calls`` counts every request, those of the sign-in included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._base = access.setting("base_url").rstrip("/")
        self._session = session or requests.Session()
        apart = LocalBudget(VENDOR, self._now, self._sleep)  # the sign-in host counts no credits
        self._sign_in = HttpClient(WAYS, self._session, apart, now=self._now, sleep=self._sleep)
        self._signer = OAuthSigner(
            oauth_app(access),
            access.tokens,
            self._sign_in,
            now=self._now,
            sleep=self._sleep,
            consent=access.secrets.get("refresh_token"),
        )
        self._clusters = Clusters(self._base, self._sign_in)
        self._clients: dict[str, HttpClient] = {}

    @property
    def calls(self) -> int:
        return self._sign_in.calls + sum(client.calls for client in self._clients.values())

    def verify(self) -> None:
        self._wire("").document(frames.list_offices())

    def discover(self) -> Iterator[DossierRef]:
        """The offices of the list, which tells no more than code and name."""
        for office in self._wire("").document(frames.list_offices()).iter("office"):
            code = (office.text or "").strip()
            if code:
                yield DossierRef(external_id=code, code=code, name=(office.get("name") or code).strip())

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        try:
            return fiscal_years_of(read_periods(self._wire(external_id)))
        except AskForAccess:
            self._require_known(external_id)
            raise

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        reader = OfficeReader(self._wire(request.external_id), request, self._now, self._access.report)
        try:
            yield from reader.events()
        except AskForAccess:
            self._require_known(request.external_id)
            raise

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _require_known(self, office: str) -> None:
        """Raises WrongInput when the list of offices has no such code."""
        if all(found.external_id != office for found in self.discover()):
            raise WrongInput(
                f"{VENDOR} has no office {office!r} for this connection",
                next_step="See `grandlivre discover CONNECTION` for the offices that it can see.",
            )

    def _wire(self, office: str) -> TwinfieldWire:
        """The wire to an office; credits are counted per app and organisation, whichever office asks."""
        app = f"{self._base} {self._access.setting('client_id')}"
        budget = self._access.budgets.budget(app, office, now=self._now, sleep=self._sleep, vendor=VENDOR)
        client = self._clients.get(office)
        if client is None:
            client = HttpClient(WAYS, self._session, budget, now=self._now, sleep=self._sleep)
            self._clients[office] = client
        return TwinfieldWire(client, self._signer, self._clusters, budget, office)


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql).

    Trial balances are the movements of browse 040_1: per period without opening (00) and closing (55); and per year
    with opening and closing balance for years that have lines in period 00.
    """
    db.execute(files("connectors.twinfield").joinpath("normalize.sql").read_text(encoding="utf-8"))
