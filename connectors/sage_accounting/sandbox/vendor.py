"""The vendor's answers, without the socket: sign-in, businesses, rights, limits, lists."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.vendor import Allowances, Answer, Request

from . import tables
from .books import Books, Entry, Transaction, key
from .knobs import Knobs
from .queries import PARAMETERS, Refused, Wanted, answer, day_of
from .tables import Renderer, Row

ROOT = "/v3.1"
LEAD, COMPANY, TWIN, LAPSED, EMPTY = (key("business", name) for name in ("lead", "us", "twin", "lapsed", "empty"))
RULES = DeskRules(
    lifetime=timedelta(minutes=5),
    consent_lifetime=timedelta(days=31),
    consent_lifetime_told="refresh_token_expires_in",
    code_lifetime=timedelta(seconds=60),
    scopes=frozenset({"full_access", "readonly"}),
    authorize_more={"filter": "apiv3.1"},
)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_WITHOUT_BUSINESS = ("/businesses", "/user")


@dataclass(frozen=True)
class Business:
    row: Row
    books: Books | None = None


class Vendor(vendor.Vendor):
    """Sage with the businesses of one user, a bookkeeper: its own one comes first, and two have the same
    name.

    ``requests`` lists what was asked. For tests: rows of accounts that are told besides (``more_accounts``) or not at
    all (``hidden_accounts``, by number), contacts besides (``more_contacts``), and day-books (``journal_codes``).
    """

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, lambda: self.now())
        self.desk = TokenDesk("9c1d-app", "sandbox-app-secret", now, RULES)
        self.desk.grant()
        self.country = company.country
        business = tables.business
        self.businesses = {
            LEAD: Business(business(LEAD, "Fiduciaire du Parc", "BE")),
            COMPANY: Business(business(COMPANY, company.name, company.country), self.books),
            TWIN: Business(business(TWIN, "Nieuwe Zaak BV", "GB")),
            LAPSED: Business(business(LAPSED, "Zonder Abonnement NV", "BE", active=False)),
            EMPTY: Business(business(EMPTY, "Nieuwe Zaak BV", "BE")),
        }
        minute, day = timedelta(minutes=1), timedelta(days=1)
        self.limits = Allowances({"minute": (knobs.minute_limit, minute), "day": (knobs.day_limit, day)}, now)
        self.requests: list[str] = []
        self.more_accounts: list[Row] = []
        self.hidden_accounts: set[str] = set()
        self.more_contacts: list[Row] = []
        self.journal_codes: list[Row] = []
        self._kept: dict[object, tuple[int, list[Any]]] = {}

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            match request.method, request.path:
                case "GET", "/oauth2/auth/central":
                    return self._authorize(request)
                case "POST", "/token":
                    content_type = request.headers.get("content-type", "")
                    return Answer(*self.desk.token(content_type, request.headers, request.body))
                case "GET", path if path.startswith(f"{ROOT}/"):
                    return self._get(path.removeprefix(ROOT), request)
                case "GET", _:
                    return _problem(404, "NotFound", "The path does not exist")
                case _:
                    return _problem(405, "MethodNotAllowed", "Only reading is told here")

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def refuse(self, kind: str) -> Answer:
        return (
            _problem(500, "UnexpectedError", "An unexpected error occurred") if kind == "500" else super().refuse(kind)
        )

    def emptied(self, answer: Answer) -> Answer:
        body = re.sub(rb'"(\$items|ledger_accounts)":\[.*\]', rb'"\1":[]', answer.body)
        return Answer(200, body, headers=answer.headers)

    def _authorize(self, request: Request) -> Answer:
        asked = request.query
        if asked.get("country", self.country.lower()) != self.country.lower():  # the user is one of another country
            told = {"error": "Invalid request", "reason": "Email already in use", "state": asked.get("state", "")}
            return Answer(302, headers={"Location": f"{asked.get('redirect_uri', '')}?{urlencode(told)}"})
        status, headers, page = self.desk.authorize(request.target.partition("?")[2])
        return Answer(status, page, "text/html", headers)

    def _get(self, path: str, request: Request) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.desk.accepts(token):
            return _problem(401, "AuthorizationFailure", "The token is invalid")
        if "application/json" not in request.headers.get("accept", ""):
            return _problem(415, "UnsupportedMediaType", "Only application/json is told")
        name = request.headers.get("x-business", LEAD)  # the lead business stands in for one that is not named
        apart = path.startswith(_WITHOUT_BUSINESS)
        allowed, told = self.limits.count("" if apart else name)
        if not allowed:
            resets = max(each.resets for each in told if each.remaining == 0)
            seconds = int((resets - self.now()).total_seconds()) + 1
            return Answer(429, headers={"Retry-After": str(seconds)})
        try:
            return self._businesses(path, request) if apart else self._of_business(path, request, name)
        except Refused as refusal:
            return _problem(422, "ValidationError", str(refusal))

    def _businesses(self, path: str, request: Request) -> Answer:
        if request.query:
            raise Refused("Unknown parameter")
        if path == "/businesses":
            rows = [
                {name: business.row[name] for name in ("id", "displayed_as", "$path")}
                for business in self.businesses.values()
            ]
            paging = {"$total": len(rows), "$page": None, "$next": None, "$back": None, "$items_per_page": 2**31 - 1}
            return Answer(200, _ENCODER.encode({**paging, "$items": rows}))
        name = path.removeprefix("/businesses/")
        found = self.businesses.get(LEAD if name == "lead" else name)
        return Answer(200, _ENCODER.encode(found.row)) if found else _problem(404, "NotFound", "Not found")

    def _of_business(self, path: str, request: Request, name: str) -> Answer:
        business = self.businesses.get(name)
        if business is None:
            return _problem(404, "NotFound", "The business does not exist")
        if not business.row["subscriptions"][0]["active"]:
            return _problem(401, "AuthorizationFailure", "No active subscription. (MSE)")
        if path in self.knobs.refused:
            return _problem(403, "Forbidden", "The user has no role in this area")
        if path not in PARAMETERS or path in self.knobs.missing:
            return _problem(404, "NotFound", "The path does not exist")
        wanted, books = Wanted.of(path, request.query), business.books
        if path == "/financial_settings":
            settings = tables.financial_settings(self.books)
            return Answer(200, _ENCODER.encode(settings if books else settings | {"accounts_start_date": None}))
        if path == "/trial_balance":
            return self._trial_balance(request.query, wanted, books)
        return self._list(path, request, wanted, books)

    def _trial_balance(self, query: Mapping[str, str], wanted: Wanted, books: Books | None) -> Answer:
        if set(query) != PARAMETERS["/trial_balance"]:
            raise Refused("from_date and to_date are required")
        if books is None:
            told: Row = {"from_date": query["from_date"], "to_date": query["to_date"], "ledger_accounts": []}
        else:
            render = Renderer(books.company, self.knobs)
            told = render.trial_balance(books, wanted.first, day_of(query["to_date"]), self.now())
        return Answer(200, _ENCODER.encode(told))

    def _list(self, path: str, request: Request, wanted: Wanted, books: Books | None) -> Answer:
        query = request.query
        found, render = self._rows(path, wanted, books) if books is not None else ([], _as_it_is)
        if self.knobs.poisoned and wanted.whole and wanted.size > 1:
            page = found[(wanted.page - 1) * wanted.size : wanted.page * wanted.size]
            if any((row["id"] if isinstance(row, dict) else row.id) in self.knobs.poisoned for row in page):
                return self.refuse("500")
        told = answer(path, wanted, query, found, render, tell_next=self.knobs.tell_next)
        body = _ENCODER.encode(told)
        if self.knobs.while_paging:
            self.knobs.while_paging(path, told["$page"])
        return Answer(200, body)

    def _rows(self, path: str, wanted: Wanted, books: Books) -> tuple[list[Any], Callable[[Any], Row]]:
        """The rows that are wanted, and how one is told."""
        company = books.company
        match path:
            case "/ledger_accounts":
                rows = [tables.account(told) for told in company.accounts if told.number not in self.hidden_accounts]
                return [*rows, *self.more_accounts], _as_it_is
            case "/contacts":
                rows = [*(tables.contact(party) for party in company.parties), *self.more_contacts]
                return [row for row in rows if row["updated_at"] >= wanted.since], _as_it_is
            case "/ledger_entries":
                render = Renderer(company, self.knobs)
                told = books.transactions
                found = self._filtered(path, wanted, books.entries, books.version)
                return found, lambda entry: render.entry(entry, told[entry.transaction])
            case "/transactions":
                render, totals = Renderer(company, self.knobs), self._totals(books)
                found = self._filtered(path, wanted, books.transactions, books.version)
                return found, lambda told: render.transaction(told, totals[told.id])
            case _:
                return self.journal_codes, _as_it_is

    def _filtered(
        self, path: str, wanted: Wanted, rows: Mapping[str, Entry] | Mapping[str, Transaction], version: int
    ) -> list[Any]:
        """By date, the latest first, so that what is booked meanwhile moves the others. Kept until books change."""
        name = (path, wanted.since, wanted.first, wanted.last, self.knobs.hides_deleted)
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            found = [
                row
                for row in rows.values()
                if wanted.first <= row.day <= wanted.last
                and tables.moment(row.updated) >= wanted.since
                and not (row.deleted and self.knobs.hides_deleted and not wanted.since)
            ]
            found.sort(key=lambda row: (row.day, row.id), reverse=True)
            kept = self._kept[name] = (version, found)
        return kept[1]

    def _totals(self, books: Books) -> Mapping[str, Decimal]:
        kept = self._kept.get("totals")
        if kept is None or kept[0] != books.version:
            totals: dict[str, Decimal] = defaultdict(Decimal)
            for entry in books.entries.values():
                totals[entry.transaction] += max(entry.amount, Decimal(0))
            kept = self._kept["totals"] = (books.version, [totals])
        return kept[1][0]


def _as_it_is(row: Row) -> Row:
    return row


def _problem(status: int, code: str, message: str) -> Answer:
    told = [{"$severity": "error", "$dataCode": code, "$message": message, "$source": ""}]
    return Answer(status, _ENCODER.encode(told))
