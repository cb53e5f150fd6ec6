"""The connector to Xero: which organisations a consent reaches, their fiscal years, their books."""

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
from foundation.errors import AskForAccess, ReportABug, WrongInput
from foundation.secrets import Secret

from . import resources as r
from .balances import TrialBalances
from .reading import OrganisationReader
from .wire import VENDOR, WAYS, XeroWire

CONSENT_LIFETIME = timedelta(days=60)
TOTALS = "xero_tb"
_SCOPES = (
    "offline_access accounting.settings.read accounting.reports.trialbalance.read",
    "accounting.contacts.read accounting.journals.read",
)


class Xero:
    """One consent at Xero. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._base = access.setting("base_url").rstrip("/")
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
        self._wire().connections()

    def discover(self) -> Iterator[DossierRef]:
        for tenant in self._tenants():
            name = (tenant.get("tenantName") or "").strip()
            try:
                row = self._wire(tenant["tenantId"]).organisation().row
            except (AskForAccess, ReportABug):
                # Listed, but not to be opened: the person sees it, and linking it will say why.
                yield DossierRef(tenant["tenantId"], tenant["tenantId"], name or tenant["tenantId"])
                continue
            yield DossierRef(
                external_id=tenant["tenantId"],
                code=row["ShortCode"] or tenant["tenantId"],
                name=name or row["Name"] or row["LegalName"] or tenant["tenantId"],
                vat_number=row["TaxNumber"] or None,
                currency=row["BaseCurrency"] or None,
                country=row["CountryCode"] or None,
            )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        wire = self._wire(external_id)
        try:
            organisation = wire.organisation()
        except AskForAccess:
            if not any(tenant["tenantId"] == external_id for tenant in self._tenants()):
                raise WrongInput(
                    f"{VENDOR} has no organisation {external_id} for this connection",
                    next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
                ) from None
            raise
        rule, today = organisation.year_end, organisation.moment.date()
        years = TrialBalances(wire).years(rule, today, organisation.created)
        return [year.told(organisation.locked) for year in years]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        totals = self._access.software == TOTALS
        return OrganisationReader(self._wire(request.external_id), request, totals, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _tenants(self) -> list[dict[str, str]]:
        found = self._wire().connections()
        return [dict(row) for row in found if row.get("tenantType") == "ORGANISATION" and row.get("tenantId")]

    def _wire(self, tenant: str = "") -> XeroWire:
        """The wire to a tenant; each has its own allowance of calls, counted per app."""
        client = self._clients.get(tenant)
        if client is None:
            app = f"{self._base} {self._access.setting('client_id')}"
            budget = self._access.budgets.budget(app, tenant, now=self._now, sleep=self._sleep, vendor=VENDOR)
            client = HttpClient(WAYS, self._session, budget, signer=self._signer, now=self._now, sleep=self._sleep)
            self._clients[tenant] = client
        return XeroWire(self._base, client, tenant)


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql).

    Trial balances are per year, and in totals mode per month besides. Movements are what lies between two balances:
    their debit or credit side alone is told.
    """
    db.execute(files("connectors.xero").joinpath("normalize.sql").read_text(encoding="utf-8"))


def oauth_app(access: Access) -> OAuthApp:
    """The app that a connection signs in with: one with a secret, or a public one, whose consents PKCE protects.

    Journals are only asked for by the package that reads them; ``scope`` replaces what is asked for.
    """
    scopes = _SCOPES[:1] if access.software == TOTALS else _SCOPES
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.setting("token_url"),
        client_id=access.setting("client_id"),
        client_secret=access.secrets.get("client_secret") or Secret(""),
        authorize_url=access.setting("authorize_url"),
        scope=access.settings.get("scope") or " ".join(scopes),
        basic=True,
        pkce=True,
        consent_lifetime=CONSENT_LIFETIME,
    )
