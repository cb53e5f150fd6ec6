"""The connector to Yuki: which administrations a key opens, their book years, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.budgets import Budget, Window
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient
from connectors.tokens import MemoryTokenStore
from foundation.errors import WrongInput

from . import resources as r
from .directory import Administration, Directory
from .masters import MasterReader
from .reading import AdministrationReader, day
from .sessions import domain_session
from .wire import VENDOR, YukiWire, ways


class Yuki:
    """One access key at one country's Yuki. ``calls`` counts every request, those for sessions included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._base = access.setting("base_url").rstrip("/")
        self._allowed = _calls_a_day(access.settings.get("calls_per_day"))
        self._country = "NL" if self._base.endswith(".nl") else "BE"
        self._key = access.secret("access_key")
        self._tokens = access.tokens or MemoryTokenStore()
        self._session = session or requests.Session()
        self._clients: list[HttpClient] = []
        self._wires: dict[str, YukiWire] = {}
        self._directory = Directory(self._wire)

    @property
    def calls(self) -> int:
        return sum(client.calls for client in self._clients)

    def verify(self) -> None:
        self._directory.verify()

    def discover(self) -> Iterator[DossierRef]:
        for found in self._directory.all():
            row = found.row
            name = (row["Name"] or "").strip()
            yield DossierRef(
                external_id=found.id,
                code=(row["InternalCustomerCode"] or "").strip() or found.id.partition("-")[0],
                name=name or found.id,
                vat_number=row["VATNumber"],
                currency="EUR",  # no administration tells another, inferred
                country=row["Country"] or self._country,
            )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        found = self._directory.find(external_id)
        masters = MasterReader(self._wire(found.session), found.id, found.row["DomainID"] or "")
        years = masters.years(day(found.row["StartDate"]), self._now().date())
        return [FiscalYear(year.label, year.start, year.end) for year in years]

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        def find(domain: str | None) -> Administration:
            return self._directory.find(request.external_id, domain)

        reader = AdministrationReader(request, find, self._wire, self._country, self._now, self._access.report)
        return reader.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        """The books of what is landed in ``db`` (see normalize.sql). Trial balances are of whole years: what an account
        starts a year with and stands at when it ends, before any transfer of the result."""
        db.execute(files("connectors.yuki").joinpath("normalize.sql").read_text(encoding="utf-8"))

    def close(self) -> None:
        self._session.close()

    def _wire(self, domain: str) -> YukiWire:
        """The wire to a domain ("": where a session of the key begins), with a session of its own there."""
        if domain not in self._wires:
            budget = self._budget(domain)
            client = HttpClient(ways(self._now), self._session, budget, now=self._now, sleep=self._sleep)
            self._clients.append(client)
            unsigned = YukiWire(self._base, client, budget)
            session = domain_session(unsigned, self._key, self._tokens, domain, now=self._now, sleep=self._sleep)
            self._wires[domain] = YukiWire(self._base, client, budget, session)
        return self._wires[domain]

    def _budget(self, domain: str) -> Budget:
        """The calls that a domain has, whoever makes them; those of the connection where the domain is not known."""
        counted = domain or f"connection {self._access.budgets.connection}"
        budget = self._access.budgets.budget(self._base, counted, now=self._now, sleep=self._sleep, vendor=VENDOR)
        if self._allowed:
            budget.learn([Window("day", limit=self._allowed)])
        return budget


def _calls_a_day(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text)):
        raise WrongInput(f"calls_per_day is {text!r}", next_step="Give a number, such as --set calls_per_day=5000.")
    return int(text)
