"""The vendor's answers, without the socket: two tokens, roles, the price of calls, collections and their links."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Allowances, Answer, Request

from .books import Books, Row
from .knobs import Knobs
from .queries import Query, Refused

OWN_HOST = "https://restapi.e-conomic.com"
APP_TOKEN = "stampAPP.0001"
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_MINUTE = timedelta(minutes=1)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIELDS = {
    "accounting-years": _names("year fromDate toDate"),
    "periods": _names("periodNumber fromDate toDate"),
    "entries": _names("amount amountInBaseCurrency currency date dueDate entryNumber entryType text voucherNumber"),
    "totals": frozenset[str](),
    "accounts": _names("accountNumber accountType balance barred blockDirectEntries debitCredit name"),
    "customers": _names("customerNumber name currency country lastUpdated"),
    "suppliers": _names("supplierNumber name currency country"),
}


@dataclass
class Agreement:
    """A customer's administration and the token that its owner gave the app; ``roles`` are what the app may do."""

    number: int
    name: str
    token: str
    books: Books | None = None
    roles: tuple[str, ...] = ("Bookkeeping",)


class Vendor(vendor.Vendor):
    """The vendor with several agreements on it; ``requests`` lists what was asked."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company)
        self.agreements = [
            Agreement(700123, company.name, "stampGRANT.0001", self.books),
            Agreement(700124, "Fjordens Cykler ApS", "stampGRANT.0002"),
            Agreement(700125, "Kun Salg A/S", "stampGRANT.0003", roles=("Sales",)),
        ]
        self.self_fields: Row = {}
        """What `/self` tells besides, or instead."""
        self.withdrawn: set[str] = set()
        self.requests: list[str] = []
        self._allowances = Allowances({"minute": (knobs.bucket, _MINUTE)}, now)
        self._kept: dict[tuple[object, ...], tuple[int, list[Row], int]] = {}

    @property
    def over_limit(self) -> int:
        """How many calls were one too many."""
        return self._allowances.refused

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            agreement = self._signed(request.headers)
            if agreement is None:
                hint = "Check the X-AppSecretToken and X-AgreementGrantToken headers."
                return self._error(401, "Unauthorized access (Unauthorized).", hint)
            if request.method != "GET":
                return self._error(405, "The method is not allowed here.")
            if request.headers.get("content-type", "").partition(";")[0] != "application/json":
                return self._error(415, "Set the header Content-Type to application/json.")
            try:
                cost = 1 + int(request.query.get("pagesize", 0)) // 100
                allowed, told = self._allowances.count(agreement.token, cost)
                if not allowed:
                    wait = max(1, int((told[0].resets - self.now()).total_seconds()) + 1)
                    answer = self._error(429, "Too many requests.")
                    return Answer(429, answer.body, headers={"Retry-After": str(wait)})
                answer = self._find(agreement, request)
            except (Refused, ValueError) as refusal:
                answer = self._error(400, str(refusal))
                cost = 1
            answer.headers = {"x-callcost": str(cost)}
            return answer

    def forget_sign_in(self) -> None:
        self.withdrawn |= {agreement.token for agreement in self.agreements}

    def refuse(self, kind: str) -> Answer:
        if kind == "500":
            return self._error(500, "An unexpected error occurred.")
        answer = super().refuse(kind)
        if answer.status == 429:
            answer.body = self._error(429, "Too many requests.").body
        return answer

    def emptied(self, answer: Answer) -> Answer:
        page = Query(0, 1000, "", "").pagination(self._host, 0, 0)
        return Answer(200, _ENCODER.encode({"collection": [], "pagination": page, "self": self._host}))

    @property
    def _host(self) -> str:
        return OWN_HOST if self.knobs.own_host else self.base_url

    def _signed(self, headers: Mapping[str, str]) -> Agreement | None:
        if headers.get("x-appsecrettoken") != APP_TOKEN:
            return None
        token = headers.get("x-agreementgranttoken", "")
        return next((a for a in self.agreements if a.token == token and token not in self.withdrawn), None)

    def _find(self, agreement: Agreement, request: Request) -> Answer:
        path = request.path.strip("/")
        parts = path.split("/")
        if path == "self":
            if request.query:
                raise Refused("No query parameters are known here.")
            return Answer(200, _ENCODER.encode(self._self(agreement)))
        if parts[-1] in self.knobs.absent:
            return self._error(404, "The requested resource was not found.")
        ledger = parts[0] in ("accounting-years", "accounts")
        if parts[0] in self.knobs.forbidden or (ledger and "Bookkeeping" not in agreement.roles):
            hint = "The app lacks a role, or the agreement a module."
            return self._error(403, "Access to this resource is forbidden.", hint)
        table = self._table(agreement.books, parts)
        if table is None:
            return self._error(404, "The requested resource was not found.")
        query = Query.of(request.query)
        return self._page(agreement, path, query, table)

    def _table(self, books: Books | None, parts: list[str]) -> Callable[[], list[Row]] | None:
        """What makes the rows at a path; None where there is nothing."""
        match parts:
            case [("accounting-years" | "accounts" | "customers" | "suppliers") as name]:
                if books is None:
                    return list
                made = books.years if name == "accounting-years" else getattr(books, name)
                return lambda: [self._linked(name, row) for row in made()]
            case ["accounting-years", place, ("entries" | "periods" | "totals") as name] if books:
                year = next((year for year in books.names.values() if _place(year) == place), None)
                if year is None:
                    return None
                if name == "totals":
                    return lambda: books.totals(year, with_openings=self.knobs.openings_in_totals)
                made = books.entries if name == "entries" else books.periods
                return lambda: [self._linked(name, row) for row in made(year)]
        return None

    def _page(self, agreement: Agreement, path: str, query: Query, table: Callable[[], list[Row]]) -> Answer:
        name, version = path.rpartition("/")[2], agreement.books.version if agreement.books else 0
        key = (agreement.number, path, query.filter, query.sort)
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            unfiltered = table()
            kept = version, query.rows(unfiltered, _FIELDS[name]), len(unfiltered)
            self._kept = {other: value for other, value in self._kept.items() if value[0] == version} | {key: kept}
        _, rows, everything = kept
        size = min(query.size, self.knobs.largest_page)
        query = Query(query.skip, size, query.filter, query.sort)
        page = rows[query.skip * size : (query.skip + 1) * size]
        if name == "entries":
            if self.knobs.repeated_entries and query.skip:
                page = [rows[query.skip * size - 1], *page[:-1]]
            page = page[: len(page) - self.knobs.hidden_entries]
        place = f"{self._host}/{path}"
        document = {
            "collection": [self._noisy(row) for row in page] if self._deviates else page,
            "metaData": {"create": {"href": place, "httpMethod": "post"}},
            "pagination": query.pagination(place, len(rows), everything),
            "self": query.address(place, query.skip),
        }
        return Answer(200, _ENCODER.encode(document))

    @property
    def _deviates(self) -> bool:
        return self.knobs.text_numbers or self.knobs.float_noise

    def _noisy(self, row: Row) -> Row:
        changed = dict(row)
        if self.knobs.text_numbers and "invoiceNumber" in row:
            changed["invoiceNumber"] = str(row["invoiceNumber"])
        if self.knobs.float_noise:
            noise = Decimal("0.00000000000001")
            changed |= {name: value + noise for name, value in row.items() if isinstance(value, Decimal)}
        return changed

    def _linked(self, name: str, row: Row) -> Row:
        """The row with the links that the vendor adds."""
        match name:
            case "accounting-years":
                here = f"{self._host}/accounting-years/{_place(row['year'])}"
                return row | {link: f"{here}/{link}" for link in ("periods", "entries", "totals")} | {"self": here}
            case "periods":
                here = f"{self._host}/accounting-years/{_place(row['accountingYear']['year'])}"
                return row | {"self": f"{here}/periods/{row['periodNumber']}"}
            case "entries":
                account = row["account"]["accountNumber"]
                linked = {"accountNumber": account, "self": f"{self._host}/accounts/{account}"}
                return row | {"account": linked, "self": f"{self._host}/entries/{row['entryNumber']}"}
            case _:
                return row | {"self": f"{self._host}/{name}/{row[next(iter(row))]}"}

    def _self(self, agreement: Agreement) -> Row:
        books = agreement.books
        company: Row = {"name": agreement.name, "city": "Aarhus", "country": books.country_word if books else "Danmark"}
        if books:
            company |= {"vatNumber": books.company.vat_number, "companyIdentificationNumber": "0403019261"}
        return {
            "agreementNumber": agreement.number,
            "agreementType": {"agreementTypeNumber": 1, "name": "denmark"},
            "userName": "adm",
            "signupDate": "2021-05-04",
            "company": company,
            "settings": {"baseCurrency": books.company.currency if books else "DKK", "internationalLedger": False},
            "modules": [],
            "application": {"appNumber": 9, "name": "Grandlivre", "requiredRoles": _roles(agreement)},
            "self": f"{self._host}/self",
        } | self.self_fields

    def _error(self, status: int, message: str, hint: str = "") -> Answer:
        document: dict[str, Any] = {
            "message": message,
            "developerHint": hint,
            "logId": "20261124-1",
            "httpStatusCode": status,
            "logTime": self.now().strftime("%Y-%m-%dT%H:%M:%S"),
        }
        return Answer(status, json.dumps(document).encode())


def _roles(agreement: Agreement) -> list[Row]:
    return [{"roleNumber": number, "name": name} for number, name in enumerate(agreement.roles, start=1)]


def _place(year: str) -> str:
    """How a year is written in an address, where its slash cannot stand."""
    return year.replace("/", "_6_")
