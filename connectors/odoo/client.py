"""The connector to Odoo: which companies there are, their fiscal years, their books."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import duckdb
import msgspec
import requests

from connectors.contract import Access, DossierRef, Event, ExtractRequest, FiscalYear
from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.signers import HeaderSigner
from foundation.errors import WrongInput

from . import inferred, json2
from . import resources as r
from .faults import VENDOR
from .json2 import Json2
from .json_rpc import JsonRpc
from .ledger import span
from .masters import company_record, locked_until, year_records
from .reading import CompanyReader
from .transport import PROTOCOLS, Database, Transport
from .wire import OdooWire, PageSizes
from .xml_rpc import XmlRpc
from .years import fiscal_years

WAYS = VendorWays(VENDOR, explain=json2.explain, refusal=json2.refusal)
_JSON2_FROM = 19
_NO_VERSION = (301, 302, 303, 404, 405)


class _Version(msgspec.Struct):
    version_info: list[Any]


class Odoo:
    """One user of one Odoo database. ``calls`` counts every request."""

    resources = r.RESOURCES

    def __init__(
        self, access: Access, *, session: requests.Session | None = None, sizes: PageSizes | None = None
    ) -> None:
        self._access = access
        self._now: Callable[[], datetime] = access.now or (lambda: datetime.now(UTC))
        self._sleep = access.sleep or time.sleep
        self._session = session or requests.Session()
        self._database = Database(
            access.setting("base_url").rstrip("/"),
            access.setting("database"),
            access.setting("username"),
            access.secret("api_key"),
        )
        self._protocol = _choice(access)
        self._sizes = sizes or PageSizes()
        self._clients: list[HttpClient] = []
        self._opened: Transport | None = None
        self._language: str | None = None

    @property
    def calls(self) -> int:
        return sum(client.calls for client in self._clients)

    def verify(self) -> None:
        self._user_language()
        self._keep_expiry()

    def discover(self) -> Iterator[DossierRef]:
        wire = self._wire()
        names = wire.fields("res.company", r.COMPANY.names)
        currencies = {row["id"]: row["name"] for row in wire.table("res.currency", [], r.CURRENCIES).to_pylist()}
        for rows in wire.rows("res.company", [], r.COMPANY, names):
            for row in rows.to_pylist():
                yield DossierRef(
                    external_id=str(row["id"]),
                    code=str(row["id"]),
                    name=(row["name"] or "").strip(),
                    vat_number=row["vat"],
                    currency=currencies.get(row["currency_id"]),
                    country=row["country_code"],
                )

    def fiscal_years(self, external_id: str) -> list[FiscalYear]:
        company = _company(external_id)
        record = company_record(self._wire(), company)
        wire = self._wire(company)
        books = span(wire, record, self._now().date())
        records = year_records(wire, company)
        return fiscal_years(record, records, books.first, books.last, locked_until(record))

    def extract(self, request: ExtractRequest) -> Iterator[Event]:
        company = _company(request.external_id)
        record = company_record(self._wire(), company)
        self._keep_expiry()
        reader = CompanyReader(self._wire(company), record, request, self._now, self._access.report)
        return reader.events()

    def normalize(self, db: duckdb.DuckDBPyConnection) -> None:
        normalize(db)

    def close(self) -> None:
        self._session.close()

    def _keep_expiry(self) -> None:
        """Keeps the day on which the key lapses, as it was told with the connection: people are warned ahead of it."""
        told, store = self._access.settings.get("api_key_expires"), self._access.tokens
        if not told or store is None:
            return
        try:
            moment = datetime.combine(date.fromisoformat(told), datetime.min.time(), UTC).isoformat()
        except ValueError:
            raise WrongInput(
                f"api_key_expires is {told!r}, which is no day", next_step="Give --set api_key_expires=YYYY-MM-DD."
            ) from None
        if store.read().get("consent_expires_at") != moment:
            with store.exclusive():
                store.save({"consent_expires_at": moment})

    def _wire(self, company: int | None = None) -> OdooWire:
        """Questions about one company; without it, about the companies themselves."""
        context: dict[str, Any] = {"active_test": False, "lang": self._user_language()}
        if company is not None:
            context["allowed_company_ids"] = [company]
        return OdooWire(self._transport(), context, self._sizes)

    def _user_language(self) -> str:
        """The language in which names are told: the one set, or the user's own."""
        if not self._language:
            context = self._transport().call("res.users", "context_get", None, {})
            self._language = self._access.settings.get("lang") or str(context.get("lang") or "en_US")
        return self._language

    def _transport(self) -> Transport:
        if self._opened is None:
            protocol = self._protocol
            if protocol == "auto":
                protocol = "json-2" if self._version() >= _JSON2_FROM else "json-rpc"
            match protocol:
                case "json-2":
                    self._opened = Json2(self._database, self._client(signed=True))
                case "xml-rpc":
                    self._opened = XmlRpc(self._database, self._client())
                case _:
                    self._opened = JsonRpc(self._database, self._client())
        return self._opened

    def _version(self) -> int:
        """The server's version where it tells it without a sign-in, as 19 and later do; else 0."""
        url = f"{self._database.base_url}/web/version"
        reply = self._client().call("GET", url, check=_check_version, allow=_NO_VERSION)
        return 0 if reply.status in _NO_VERSION else _told_version(reply)

    def _client(self, *, signed: bool = False) -> HttpClient:
        app = f"{self._database.base_url} {self._database.name}"
        budget = self._access.budgets.budget(app, now=self._now, sleep=self._sleep, vendor=VENDOR)
        signer = None
        if signed:
            signer = HeaderSigner(VENDOR, {"Authorization": f"bearer {self._database.api_key.reveal()}"})
        client = HttpClient(WAYS, self._session, budget, signer=signer, now=self._now, sleep=self._sleep)
        self._clients.append(client)
        return client


def normalize(db: duckdb.DuckDBPyConnection) -> None:
    """The books of what is landed in ``db`` (see normalize.sql). Trial balances are the database's own sums: movements
    per account and period, and per year with opening and closing balance."""
    db.execute("SET VARIABLE odoo_undistributed = ?", [inferred.UNDISTRIBUTED])
    db.execute(files("connectors.odoo").joinpath("normalize.sql").read_text(encoding="utf-8"))


def _choice(access: Access) -> str:
    value = access.settings.get("protocol") or "auto"
    if value not in PROTOCOLS:
        raise WrongInput(f"protocol is {value!r}", next_step=f"Give --set protocol={' or '.join(PROTOCOLS)}.")
    return value


def _company(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise WrongInput(
            f"{text!r} is no company of {VENDOR}",
            next_step="A company is a number, as `grandlivre discover` shows it.",
        )
    return int(text)


def _told_version(reply: Reply) -> int:
    """19 of [19, 0, ...]; of the versions between, told as "saas~18.2", the number behind the tilde."""
    major = msgspec.json.decode(reply.body, type=_Version).version_info[0]
    return int(str(major).rpartition("~")[2].partition(".")[0])


def _check_version(reply: Reply) -> None:
    try:
        _told_version(reply)
    except (msgspec.MsgspecError, ValueError, IndexError):
        raise NotAnAnswer("no version") from None
