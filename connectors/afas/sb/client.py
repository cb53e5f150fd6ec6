"""The connector to AFAS SB: which administrations there are, their fiscal years, their books."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

import duckdb
import requests

from connectors.afas.inferred import COUNTRY, CURRENCY
from connectors.books import create_empty
from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient, NotAnAnswer, Reply, Signer
from foundation.errors import WrongInput

from . import resources as r
from .reading import AdministrationReader, MasterReader
from .signing import environment_signer
from .wire import ADMIN, VENDOR, WAYS, Place, SbWire

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class _Environment:
    signer: Signer
    client: HttpClient
    wire: SbWire


class AfasSb:
    """One app token, of a customer's environment or of a firm's accounting centre. A dossier is an administration of an
    environment: ``environment/guid``. ``calls`` counts every request, those for tokens included."""

    resources = r.RESOURCES

    def __init__(self, access: Access, *, session: requests.Session | None = None) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        self._place = Place.of(access.setting("base_url"))
        self._country = access.settings.get("country") or COUNTRY
        self._currency = access.settings.get("currency") or CURRENCY
        self._budget = access.budgets.budget(self._place.server, now=self._now, sleep=self._sleep, vendor=VENDOR)
        self._sign_ins = self._client(None)
        self._open: dict[str, _Environment] = {}

    @property
    def calls(self) -> int:
        return self._sign_ins.calls + sum(each.client.calls for each in self._open.values())

    def verify(self) -> None:
        if self._place.environment == ADMIN:
            self._scopes()
        else:
            self._environment(self._place.environment).wire.first(r.ADMINISTRATIONS)

    def discover(self) -> Iterator[DossierRef]:
        for name in self._scopes() if self._place.environment == ADMIN else [self._place.environment]:
            for row in self._environment(name).wire.table(r.ADMINISTRATIONS).to_pylist():
                yield DossierRef(
                    external_id=f"{name}/{row['Id']}",
                    code=name,
                    name=(row["Description"] or "").strip(),
                    currency=self._currency,
                    country=self._country,
                )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        small = self._small(external_id)
        small.dossier(None)
        return r.fiscal_years_of(small.years(small.totals()))

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        small = self._small(request.external_id)
        return AdministrationReader(small, request, self._now, self._access.report).events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _scopes(self) -> list[str]:
        """The environments of the accounting centre. (The specification wants the token in a header of its own, the
        guide as on other calls: both are given.)"""
        centre = self._environment(ADMIN)
        found: list[str] = []

        def check(reply: Reply) -> None:
            try:
                found[:] = [str(each["Path"]) for each in json.loads(reply.body)]
            except (ValueError, TypeError, KeyError):
                raise NotAnAnswer("no list of environments") from None

        token = centre.signer.headers()["Authorization"].rpartition(" ")[2]
        address = f"{self._place.root}/authentication/getscopes"
        centre.client.call("POST", address, headers={"Accept": "application/json", "IdentityToken": token}, check=check)
        return [name for name in found if name != ADMIN]

    def _small(self, external_id: str) -> MasterReader:
        name, _, administration = external_id.partition("/")
        if not _GUID.fullmatch(administration.lower()) or self._place.environment not in (ADMIN, name):
            raise WrongInput(
                f"{external_id!r} is not an administration of {VENDOR} for this connection",
                next_step="An administration is ENVIRONMENT/ID, as `grandlivre discover` shows it.",
            )
        return MasterReader(self._environment(name).wire, name, administration, self._country, self._currency)

    def _environment(self, name: str) -> _Environment:
        """An environment, signed in to when it is first asked something. The connection keeps the token of its own."""
        if name not in self._open:
            place, own = self._place.at(name), name == self._place.environment
            signer = environment_signer(
                place,
                self._access.secret("token"),
                self._sign_ins,
                self._access.tokens if own else None,
                by_scope=not own,
                now=self._now,
                sleep=self._sleep,
            )
            client = self._client(signer)
            self._open[name] = _Environment(signer, client, SbWire(place, client))
        return self._open[name]

    def _client(self, signer: Signer | None) -> HttpClient:
        return HttpClient(WAYS, self._session, self._budget, signer=signer, now=self._now, sleep=self._sleep)


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql). Entries name no journal and no counterparty.

    Trial balances are the package's own sums: movements per period, and the year with opening and closing balance.
    """
    create_empty(db, "journals", "counterparties")
    db.execute(files("connectors.afas.sb").joinpath("normalize.sql").read_text(encoding="utf-8"))
