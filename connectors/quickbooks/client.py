"""The connector to QuickBooks Online: the company of a consent, its fiscal years, its books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import duckdb
import requests

from connectors.budgets import LocalBudget
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.oauth import OAuthApp, OAuthSigner
from foundation.errors import WrongInput

from . import resources as r
from .balances import Balances, Chart
from .calendar import told_year
from .ledger import LedgerReader
from .reading import CompanyReader
from .wire import VENDOR, WAYS, QuickBooksWire
from .years import find_years

SCOPE = "com.intuit.quickbooks.accounting"
CONSENT_LIFETIME = timedelta(days=100)


class QuickBooks:
    """One consent at QuickBooks, which is one company. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        sleep = access.sleep or time.sleep
        base, self._realm = access.setting("base_url").rstrip("/"), access.setting("realm_id")
        self._session = session or requests.Session()
        apart = LocalBudget(VENDOR, now, sleep)  # token calls are not counted with the others
        self._tokens = HttpClient(WAYS, self._session, apart, now=now, sleep=sleep)
        signer = OAuthSigner(
            oauth_app(access),
            access.tokens,
            self._tokens,
            now=now,
            sleep=sleep,
            consent=access.secrets.get("refresh_token"),
        )
        app = f"{base} {access.setting('client_id')}"
        budget = access.budgets.budget(app, self._realm, now=now, sleep=sleep, vendor=VENDOR)
        self._client = HttpClient(WAYS, self._session, budget, signer=signer, now=now, sleep=sleep)
        self._wire = QuickBooksWire(base, self._client, self._realm)

    @property
    def calls(self) -> int:
        return self._tokens.calls + self._client.calls

    def verify(self) -> None:
        self._wire.company_info()

    def discover(self) -> Iterator[DossierRef]:
        company = self._wire.company()
        info = company.info
        yield DossierRef(
            external_id=self._realm,
            code=self._realm,
            name=info.get("CompanyName") or info.get("LegalName") or self._realm,
            currency=company.currency,
            country=info.get("Country") or None,
        )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        self._refuse_other(external_id)
        company, chart = self._wire.company(), Chart.of(self._wire.accounts())
        balances = Balances(self._wire, chart, company.rule)
        years = find_years(company, LedgerReader(self._wire, balances, chart, company.multi_currency), balances)
        return [told_year(year, company.closed_until) for year in years]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        self._refuse_other(request.external_id)
        yield from CompanyReader(self._wire, request, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        """The books of what is landed in ``db`` (see normalize.sql)."""
        db.execute(files("connectors.quickbooks").joinpath("normalize.sql").read_text(encoding="utf-8"))

    def close(self) -> None:
        self._session.close()

    def _refuse_other(self, external_id: str) -> None:
        if external_id != self._realm:
            raise WrongInput(
                f"this connection is that of company {self._realm}, not of {external_id}",
                next_step="A consent is for one company: connect the other one, and link it there.",
            )


def oauth_app(access: Access) -> OAuthApp:
    """The app that a connection signs in with. The way back from the consent tells the company, which is told nowhere
    else."""
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.setting("token_url"),
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        authorize_url=access.setting("authorize_url"),
        scope=SCOPE,
        basic=True,
        consent_lifetime=CONSENT_LIFETIME,
        callback_settings={"realmId": "realm_id"},
    )
