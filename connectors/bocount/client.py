"""The connector to Business Central with BoCount: which companies there are, their fiscal years, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from uuid import UUID

import duckdb
import requests

from connectors.budgets import LocalBudget
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from foundation.errors import WrongInput

from . import resources as r
from .masters import MasterReader
from .reading import CompanyReader
from .signing import signer_of
from .wire import VENDOR, WAYS, Routes


class BoCount:
    """One app (or one person's consent) in one environment. ``calls`` counts every request, those for tokens too."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        base, tenant = access.setting("base_url").rstrip("/"), access.setting("tenant_id")
        apart = LocalBudget(VENDOR, self._now, self._sleep)  # token calls are not counted with the others
        self._tokens = HttpClient(WAYS, self._session, apart, now=self._now, sleep=self._sleep)
        signer = signer_of(access, self._tokens, now=self._now, sleep=self._sleep)
        app = f"{base} {access.setting('client_id')}"
        budget = access.budgets.budget(app, now=self._now, sleep=self._sleep, vendor=VENDOR)
        self._client = HttpClient(WAYS, self._session, budget, signer=signer, now=self._now, sleep=self._sleep)
        self._routes = Routes(base, tenant, access.setting("environment"), self._client)

    @property
    def calls(self) -> int:
        return self._tokens.calls + self._client.calls

    def verify(self) -> None:
        self._routes.environment.count("companies", "id")

    def discover(self) -> Iterator[DossierRef]:
        for batch in self._routes.environment.rows("companies", r.COMPANIES):
            for row in batch.to_pylist():
                name = (row["name"] or "").strip()
                yield DossierRef(external_id=row["id"], code=name, name=(row["displayName"] or "").strip() or name)

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        reader = MasterReader(self._routes, _company(external_id), self._now)
        return r.fiscal_years_of(reader.periods())

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        _company(request.external_id)
        service = self._access.settings.get("entries_service", "").strip()
        return CompanyReader(self._routes, request, service, self._now, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        db.execute(files("connectors.bocount").joinpath("normalize.sql").read_text(encoding="utf-8"))

    def close(self) -> None:
        self._session.close()


def _company(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise WrongInput(
            f"{text!r} is not the id of a company of {VENDOR}",
            next_step="It is the external_id that `grandlivre discover` shows.",
        ) from None
