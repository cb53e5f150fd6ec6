"""The connector to Sage Accounting: which businesses a consent reaches, their fiscal years, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import duckdb
import requests

from connectors.budgets import LocalBudget, Window
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.oauth import OAuthApp, OAuthSigner
from foundation.errors import WrongInput

from . import resources as r
from .masters import REFUSALS
from .reading import BusinessReader
from .wire import VENDOR, WAYS, SageWire
from .years import years_of

CONSENT_LIFETIME = timedelta(days=31)
SCOPE = "readonly"


class SageAccounting:
    """One user's consent at Sage. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._base = access.setting("base_url").rstrip("/")
        self._allowed = _allowed(access)
        self._session = session or requests.Session()
        apart = LocalBudget(VENDOR, self._now, self._sleep)  # token calls are not counted with the others
        self._tokens = HttpClient(WAYS, self._session, apart, now=self._now, sleep=self._sleep)
        self._signer = OAuthSigner(
            oauth_app(access),
            access.tokens,
            self._tokens,
            now=self._now,
            sleep=self._sleep,
            consent=access.secrets.get("refresh_token"),
        )
        self._clients: dict[str, HttpClient] = {}

    @property
    def calls(self) -> int:
        return self._tokens.calls + sum(client.calls for client in self._clients.values())

    def verify(self) -> None:
        next(self._wire().businesses(), None)

    def discover(self) -> Iterator[DossierRef]:
        """Names repeat; a business has no code but its id. Currency and VAT number would take a call per business."""
        for row in self._wire().businesses():
            yield DossierRef(row["id"], row["id"], (row.get("displayed_as") or row.get("name") or row["id"]).strip())

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        wire = self._wire(external_id)
        try:
            settings = wire.settings()
        except REFUSALS:
            self._require_known(external_id)
            raise
        years = years_of(wire, settings.year_end, settings.begins, wire.moment.date())
        return [year.told(settings.locked) for year in years]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        wire = self._wire(request.external_id)
        return BusinessReader(wire, request, self._sleep, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _require_known(self, external_id: str) -> None:
        if not any(row["id"] == external_id for row in self._wire().businesses()):
            raise WrongInput(
                f"{VENDOR} has no business {external_id} for this connection",
                next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
            )

    def _wire(self, business: str = "") -> SageWire:
        """The wire to a business; each has its own allowance of calls, counted per app."""
        client = self._clients.get(business)
        if client is None:
            app = f"{self._base} {self._access.setting('client_id')}"
            budget = self._access.budgets.budget(app, business, now=self._now, sleep=self._sleep, vendor=VENDOR)
            budget.learn(self._allowed)
            client = HttpClient(WAYS, self._session, budget, signer=self._signer, now=self._now, sleep=self._sleep)
            self._clients[business] = client
        return SageWire(self._base, client, self._now, business)


def _allowed(access: Access) -> list[Window]:
    """The calls that a business is allowed, where a person knows it better: no answer tells what is left."""
    found = []
    for window, name in (("minute", "calls_per_minute"), ("day", "calls_per_day")):
        text = access.settings.get(name)
        if text and not (text.isascii() and text.isdigit() and int(text)):
            raise WrongInput(f"{name} is {text!r}", next_step=f"Give a number, such as --set {name}=500.")
        found += [Window(window, limit=int(text))] if text else []
    return found


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql).

    Trial balances are the package's own of each year, in totals mode of each month besides. The result of earlier years
    stands in them on the account to which the package carries it, however its report tells that.
    """
    db.execute(files("connectors.sage_accounting").joinpath("normalize.sql").read_text(encoding="utf-8"))


def oauth_app(access: Access) -> OAuthApp:
    """The app that a connection signs in with. ``country`` preselects the consent page of one country."""
    country = access.settings.get("country", "").strip().lower()
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.setting("token_url"),
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        authorize_url=access.setting("authorize_url"),
        authorize_more={"country": country} if country else {},
        scope=SCOPE,
        consent_lifetime=CONSENT_LIFETIME,
    )
