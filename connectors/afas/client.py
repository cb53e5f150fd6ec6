"""The connector to AFAS Profit: which administrations there are, their fiscal years, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.signers import HeaderSigner
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .inferred import COUNTRY, CURRENCY
from .masters import MasterReader
from .reading import AdministrationReader
from .sources import NEEDED, sources
from .token_xml import authorization
from .wire import VENDOR, WAYS, AfasWire


class Afas:
    """One App Connector of one environment. ``calls`` counts every request."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        base = access.setting("base_url")
        self._sources = sources(access.settings.get("connectors", ""))
        self._country = access.settings.get("country") or COUNTRY
        self._currency = access.settings.get("currency") or CURRENCY
        signer = HeaderSigner(VENDOR, {"Authorization": authorization(access.secret("token"))})
        budget = access.budgets.budget(base.rstrip("/"), now=self._now, sleep=sleep, vendor=VENDOR)
        self._client = HttpClient(WAYS, self._session, budget, signer=signer, now=self._now, sleep=sleep)
        self._wire = AfasWire(base, self._client, access.settings.get("integration_id", ""))

    @property
    def calls(self) -> int:
        return self._client.calls

    def verify(self) -> None:
        held = {connector.lower() for connector in self._wire.connectors()}
        missing = [
            self._sources[role].connector for role in NEEDED if self._sources[role].connector.lower() not in held
        ]
        if missing:
            raise AskForAccess(
                f"the App Connector of {VENDOR} does not hold {', '.join(missing)}",
                next_step="Add them to the App Connector, or name your own: --set connectors=ROLE=CONNECTOR.",
            )

    def discover(self) -> Iterator[DossierRef]:
        for row in self._wire.table(self._sources["administrations"]).to_pylist():
            number = str(row["AdminId"])
            code, name = (row["AdminCd"] or "").strip() or number, (row["AdminNm"] or "").strip()
            yield DossierRef(number, code, name, currency=self._currency, country=self._country)

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        small = self._small(external_id)
        small.require_known()
        return r.fiscal_years_of(small.periods(small.balances()))

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        small = self._small(request.external_id, request.since)
        return AdministrationReader(self._wire, small, request, self._now, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _small(self, external_id: str, since: date | None = None) -> MasterReader:
        return MasterReader(self._wire, self._sources, _unit(external_id), self._country, self._currency, since)


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql).

    Trial balances are the package's own sums: movements per period, and the year with opening and closing balance for
    years that open with entries in period 0.
    """
    db.execute(files("connectors.afas").joinpath("normalize.sql").read_text(encoding="utf-8"))


def _unit(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise WrongInput(
            f"{text!r} is not an administration of {VENDOR}",
            next_step="An administration is a number, as `grandlivre discover` shows it.",
        )
    return int(text)
