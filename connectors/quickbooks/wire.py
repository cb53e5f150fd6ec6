"""QuickBooks' REST interface: addresses, queries, reports, changes, limits and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape, Row, numbered_pages
from foundation.errors import AskForAccess, GrandlivreError, ReportABug

from . import resources as r
from .calendar import Span, YearRule
from .inferred import CDC_AT_MOST, CDC_ENTITIES

VENDOR = "QuickBooks"
_MINOR_VERSION = "75"
_PAGE = 1000
_TOO_MUCH = 504
_JSON = {"Accept": "application/json"}
_NO_RIGHT = frozenset({"3100", "3201", "5020"})


@dataclass(frozen=True)
class Company:
    """A company with its preferences, as QuickBooks tells them, and the moment of its answer by the vendor's clock."""

    info: Mapping[str, Any]
    preferences: Mapping[str, Any]
    moment: datetime

    @property
    def rule(self) -> YearRule:
        return YearRule.of(self._accounting.get("FirstMonthOfFiscalYear") or self.info.get("FiscalYearStartMonth"))

    @property
    def multi_currency(self) -> bool:
        return bool(self._currencies.get("MultiCurrencyEnabled"))

    @property
    def currency(self) -> str | None:
        return (self._currencies.get("HomeCurrency") or {}).get("value") or None

    @property
    def closed_until(self) -> date | None:
        """The day up to which the books are closed."""
        return _day(self._accounting.get("BookCloseDate"))

    @property
    def started(self) -> date:
        created = (self.info.get("MetaData") or {}).get("CreateTime")
        return _day(self.info.get("CompanyStartDate")) or _day(created) or self.moment.date()

    @property
    def _accounting(self) -> Mapping[str, Any]:
        return self.preferences.get("AccountingInfoPrefs") or {}

    @property
    def _currencies(self) -> Mapping[str, Any]:
        return self.preferences.get("CurrencyPrefs") or {}


@dataclass(frozen=True)
class Change:
    """A transaction that was changed (``day`` is its day now) or deleted (then no day is told). ``mark`` is the same
    for the same change."""

    mark: str
    day: date | None
    deleted: bool


class QuickBooksWire:
    """Reads one company (``realm``)."""

    def __init__(self, base_url: str, client: HttpClient, realm: str) -> None:
        self._base = f"{base_url}/v3/company/{realm}"
        self._client = client
        self.realm = realm

    def company_info(self) -> tuple[Row, datetime]:
        told = _document(self._fetch(f"companyinfo/{self.realm}"))
        return _object(told, "CompanyInfo"), _moment(told.get("time"))

    def company(self) -> Company:
        info, moment = self.company_info()
        return Company(info, _object(_document(self._fetch("preferences")), "Preferences"), moment)

    def accounts(self) -> pa.Table:
        """Every account; without being asked for, inactive ones would be left out."""
        return self._every("Account", r.ACCOUNTS)

    def customers(self) -> pa.Table:
        return self._every("Customer", r.CUSTOMERS)

    def vendors(self) -> pa.Table:
        return self._every("Vendor", r.VENDORS)

    def general_ledger(self, span: Span, columns: Sequence[str], accounts: Sequence[str] = ()) -> bytes | None:
        """The report for ``span``, of all accounts or of some; None where it takes the vendor too long."""
        asked = {
            "start_date": span.start.isoformat(),
            "end_date": span.end.isoformat(),
            "accounting_method": "Accrual",
            "sort_by": "tx_date",
            "sort_order": "ascend",
            "columns": ",".join(columns),
            **({"account": ",".join(accounts)} if accounts else {}),
        }
        reply = self._call(self._address("reports/GeneralLedger", **asked), allow=(_TOO_MUCH,))
        return None if reply.status == _TOO_MUCH else reply.body

    def trial_balance(self, span: Span) -> Mapping[str, Any]:
        """The report as of the end of ``span``; it should begin where results begin, should the vendor look at that."""
        days = {"start_date": span.start.isoformat(), "end_date": span.end.isoformat()}
        return _document(self._fetch("reports/TrialBalance", **days, accounting_method="Accrual"))

    def changes(self, since: datetime) -> list[Change] | None:
        """Transactions that were changed or deleted since; None where these are too many to be told."""
        told = _document(self._fetch("cdc", entities=",".join(CDC_ENTITIES), changedSince=since.isoformat()))
        found: list[Change] = []
        for response in told.get("CDCResponse") or []:
            for group in response.get("QueryResponse") or []:
                for entity in CDC_ENTITIES:
                    found += [_change(entity, row) for row in group.get(entity) or []]
        return None if len(found) >= CDC_AT_MOST else found

    def _every(self, entity: str, schema: pa.Schema) -> pa.Table:
        def page(number: int) -> str:
            place = f"startposition {(number - 1) * _PAGE + 1} maxresults {_PAGE}"
            query = f"select * from {entity} where Active in (true,false) orderby Id {place}"
            return self._address("query", query=query)

        def unwrap(document: Any) -> tuple[list[Row], str | None]:
            found = document.get("QueryResponse") if isinstance(document, dict) else None
            if not isinstance(found, dict):
                raise ValueError("no rows in the answer")
            return found.get(entity) or [], None

        decoder = PageDecoder(schema, PageShape(f"QueryResponse/{entity}", unwrap=unwrap))
        pages = numbered_pages(lambda url: self._call(url).body, page, decoder, _PAGE)
        return pa.Table.from_batches(list(pages), schema=schema)

    def _fetch(self, path: str, **parameters: str) -> bytes:
        return self._call(self._address(path, **parameters)).body

    def _call(self, url: str, allow: Sequence[int] = ()) -> Reply:
        return self._client.call("GET", url, headers=_JSON, check=_check, allow=allow)

    def _address(self, path: str, **parameters: str) -> str:
        return f"{self._base}/{path}?{urlencode({**parameters, 'minorversion': _MINOR_VERSION})}"


def _change(entity: str, row: Mapping[str, Any]) -> Change:
    updated = (row.get("MetaData") or {}).get("LastUpdatedTime")
    deleted = row.get("status") == "Deleted"
    mark = f"{entity} {row.get('Id')} {updated}{' gone' if deleted else ''}"
    return Change(mark, None if deleted else _day(row.get("TxnDate")), deleted)


def _document(body: bytes) -> dict[str, Any]:
    """A decoded answer whose numbers, if any, are not used as amounts."""
    return msgspec.json.decode(body)


def _object(document: Mapping[str, Any], name: str) -> Row:
    found = document.get(name)
    if not isinstance(found, dict):
        raise ReportABug(f"{VENDOR} tells no {name}")
    return found


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10]) if text else None
    except ValueError:
        raise ReportABug(f"{VENDOR} sent {str(text)[:40]!r} for a date") from None


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ReportABug(f"{VENDOR} sent {str(text)[:40]!r} for the time of its answer")
    return found


def _errors(reply: Reply) -> list[Mapping[str, Any]]:
    """The errors of a fault, by field names in lower case: a refused token has such, anything else capitals."""
    try:
        told = msgspec.json.decode(reply.body)
        fault = told.get("Fault") or told.get("fault") or {}
        errors = fault.get("Error") or fault.get("error") or []
        return [{str(name).lower(): value for name, value in error.items()} for error in errors]
    except (msgspec.MsgspecError, AttributeError):
        return []


def _explain(reply: Reply) -> str:
    """The vendor's own words, and the id under which its support finds the call."""
    texts = [str(error.get("detail") or error.get("message") or "") for error in _errors(reply)]
    told = "; ".join(filter(None, texts))
    trace = reply.headers.get("intuit_tid", "")
    return f"{told}, intuit_tid {trace}" if told and trace else told


def _refusal(reply: Reply) -> GrandlivreError | None:
    codes = {str(error.get("code", "")).lstrip("0") for error in _errors(reply)}
    if codes & _NO_RIGHT and reply.status != 429:
        return AskForAccess(
            f"{VENDOR} gives this consent no access to it ({_explain(reply)})",
            next_step="Sign in again, as a user who may see the company's reports: grandlivre reconnect CONNECTION.",
        )
    return None


def _check(reply: Reply) -> None:
    try:
        msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        raise NotAnAnswer("not a whole JSON document") from None


WAYS = VendorWays(VENDOR, explain=_explain, refusal=_refusal)
