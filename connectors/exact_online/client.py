"""The connector to Exact Online: which dossiers there are, their fiscal years, their books."""

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

from . import resources as r
from .reading import DivisionReader
from .wire import VENDOR, WAYS, ExactWire

NOT_BEFORE, CONSENT_LIFETIME = timedelta(seconds=570), timedelta(days=30)
AUTHORIZE_PATH, TOKEN_PATH = "/api/oauth2/auth", "/api/oauth2/token"


class ExactOnline:
    """One consent at one region's Exact Online. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._base = access.setting("base_url").rstrip("/")
        self._session = session or requests.Session()
        self._country = access.software.rpartition("_")[2].upper()
        app = oauth_app(access)
        apart = LocalBudget(VENDOR, self._now, self._sleep)  # token calls are not counted with the others
        self._tokens = HttpClient(WAYS, self._session, apart, now=self._now, sleep=self._sleep)
        self._signer = OAuthSigner(
            app,
            access.tokens,
            self._tokens,
            now=self._now,
            sleep=self._sleep,
            consent=access.secrets.get("refresh_token"),
        )
        self._clients: dict[int | None, HttpClient] = {}

    @property
    def calls(self) -> int:
        return self._tokens.calls + sum(client.calls for client in self._clients.values())

    def verify(self) -> None:
        self._current_division()

    def discover(self) -> Iterator[DossierRef]:
        start = self._access.settings.get("division")
        division = _division(start) if start else self._current_division()
        try:
            for batch in self._wire(division).rows("system/AllDivisions", r.DIVISION):
                for row in batch.to_pylist():
                    yield DossierRef(
                        external_id=str(row["Code"]),
                        code=(row["Hid"] or row["CustomerCode"] or str(row["Code"])).strip(),
                        name=(row["Description"] or row["CustomerName"] or "").strip(),
                        vat_number=row["VATNumber"] or None,
                        currency=(row["Currency"] or "").strip() or None,
                        country=(row["Country"] or "").strip() or None,
                    )
        except AskForAccess as refusal:
            raise AskForAccess(
                f"{refusal.cause}; the list of dossiers is asked of division {division}",
                next_step="Give a division that the app may open with --set division=CODE.",
            ) from refusal

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        wire = self._wire(_division(external_id))
        try:
            periods = wire.table("financial/FinancialPeriods", r.PERIODS)
        except (AskForAccess, WrongInput):
            self._require_known(external_id)
            raise
        try:
            statuses = wire.table("read/financial/JournalStatusByFinancialPeriod", r.JOURNAL_STATUSES)
        except (AskForAccess, WrongInput):
            statuses = r.JOURNAL_STATUSES.empty_table()
        return r.fiscal_years_of(periods, statuses)

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        wire = self._wire(_division(request.external_id))
        reader = DivisionReader(wire, request, self._country, self._now, self._access.report)
        return reader.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _current_division(self) -> int:
        found = self._wire(None).table("current/Me", r.ME).to_pylist()
        if not found or found[0]["CurrentDivision"] is None:
            raise ReportABug(f"{VENDOR} does not tell the user's current division")
        return found[0]["CurrentDivision"]

    def _require_known(self, external_id: str) -> None:
        """Raises WrongInput when no division of that code is in the list; says nothing where the list is refused."""
        try:
            known = any(found.external_id == external_id for found in self.discover())
        except (AskForAccess, WrongInput):
            return
        if not known:
            raise WrongInput(
                f"{VENDOR} has no division {external_id} for this connection",
                next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
            )

    def _wire(self, division: int | None) -> ExactWire:
        """The wire to a division; each has its own allowance of calls, counted per app."""
        client = self._clients.get(division)
        if client is None:
            app, dossier = f"{self._base} {self._access.setting('client_id')}", str(division or "")
            budget = self._access.budgets.budget(app, dossier, now=self._now, sleep=self._sleep, vendor=VENDOR)
            client = HttpClient(WAYS, self._session, budget, signer=self._signer, now=self._now, sleep=self._sleep)
            self._clients[division] = client
        return ExactWire(self._base, client, division)


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql).

    Trial balances are the movements of ReportingBalance: per period without opening (types 10 and 328) and closing
    (320 to 327), so that they compare with lines of kind normal; and per year with opening and closing balance for
    years that the package opened.
    """
    db.execute(files("connectors.exact_online").joinpath("normalize.sql").read_text(encoding="utf-8"))


def oauth_app(access: Access) -> OAuthApp:
    """The app that a connection signs in with, at its region's token address unless another is set."""
    base = access.setting("base_url").rstrip("/")
    return OAuthApp(
        vendor=VENDOR,
        token_url=access.settings.get("token_url") or base + TOKEN_PATH,
        client_id=access.setting("client_id"),
        client_secret=access.secret("client_secret"),
        not_before=NOT_BEFORE,
        authorize_url=access.settings.get("authorize_url") or base + AUTHORIZE_PATH,
        consent_lifetime=CONSENT_LIFETIME,
    )


def _division(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise WrongInput(
            f"{text!r} is not a division code of {VENDOR}",
            next_step="A division code is a number, as `grandlivre discover` shows it.",
        )
    return int(text)
