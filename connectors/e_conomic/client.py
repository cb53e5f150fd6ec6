"""The connector to e-conomic: the agreement behind a pair of tokens, its fiscal years, its books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.signers import HeaderSigner

from . import resources as r
from .countries import COUNTRIES, country_code, danish_vat_number
from .reading import AgreementReader, agreement_of
from .wire import VENDOR, WAYS, EconomicWire


class Economic:
    """One grant at e-conomic, which is one agreement. ``calls`` counts every request."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        base = access.setting("base_url").rstrip("/")
        signer = HeaderSigner(
            VENDOR,
            {
                "X-AppSecretToken": access.secret("app_secret_token"),
                "X-AgreementGrantToken": access.secret("agreement_grant_token"),
            },
        )
        budget = access.budgets.budget(base, now=self._now, sleep=sleep, vendor=VENDOR)
        self._client = HttpClient(WAYS, self._session, budget, signer=signer, now=self._now, sleep=sleep)
        self._wire = EconomicWire(base, self._client)

    @property
    def calls(self) -> int:
        return self._client.calls

    def verify(self) -> None:
        agreement_of(self._wire)

    def discover(self) -> Iterator[DossierRef]:
        row = agreement_of(self._wire).to_pylist()[0]
        company, number = row["company"] or {}, str(row["agreementNumber"])
        country = country_code(company.get("country") or (row["agreementType"] or {}).get("name"))
        yield DossierRef(
            external_id=number,
            code=number,
            name=(company.get("name") or "").strip(),
            vat_number=company.get("vatNumber") or danish_vat_number(company, country),
            currency=(row["settings"] or {}).get("baseCurrency"),
            country=country,
        )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        agreement_of(self._wire, external_id)
        return r.fiscal_years_of(self._wire.table("accounting-years", r.YEARS))

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        return AgreementReader(self._wire, request, self._now, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql).

    Trial balances are the package's totals of each year, compared with closing balances where they hold the year's
    opening entries, and with movements where they do not.
    """
    db.execute("CREATE OR REPLACE TABLE economic_countries (word VARCHAR, code VARCHAR)")
    db.executemany("INSERT INTO economic_countries VALUES (?, ?)", list(COUNTRIES.items()))
    db.execute(files("connectors.e_conomic").joinpath("normalize.sql").read_text(encoding="utf-8"))
