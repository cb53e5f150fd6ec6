"""The firm's answers, without the socket: sign-in, environments, rows, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from connectors.sandbox import odata, vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Answer, Request, json_answer

from .books import ENVIRONMENTS, Books
from .knobs import Knobs
from .tables import Row

TOKEN, ADMIN_TOKEN = "Zz2vnlNd_kyOoQ-atelier", "Qq7wmkLc_pzTaR-admin"
VERSIONS = {
    "administrations": "1",
    "accountingyear": "2.0",
    "accountingperiod": "2.0",
    "ledgeraccounts": "1",
    "ledgerperiodtotals": "1",
    "journalentries": "1.1",
}
"""The version that each endpoint is asked for in ``Accept-Version``."""
_KNOWN = {"skip", "take", "sort", "sortField", "filter"}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Vendor(vendor.Vendor):
    """One firm's server. All state behind one lock; ``requests`` lists what was asked."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, now)
        self.requests: list[str] = []
        self.app_tokens = {TOKEN: {"atelier"}, ADMIN_TOKEN: {"admin", *ENVIRONMENTS}}
        self._given: dict[str, tuple[str, datetime]] = {}

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(f"{request.method} {request.target}")
            environment, _, place = request.path.lstrip("/").partition("/")
            if environment not in ("admin", *ENVIRONMENTS):
                return _error(404, "Niet gevonden.", "NotFoundException")
            if place == "authentication/getaccesstoken" and request.method == "POST":
                return self._sign_in(environment, request.body)
            if not self._admits(environment, request):
                return _error(401, "Er is geen ingelogde gebruiker.", "NotAuthenticatedException")
            if place == "authentication/getscopes" and request.method == "POST" and environment == "admin":
                scopes = [{"Name": "Beheer", "Path": "admin"}]
                return json_answer(200, scopes + [{"Name": name.title(), "Path": name} for name in ENVIRONMENTS])
            endpoint = place.removeprefix("api/")
            if endpoint == place or request.method != "GET" or endpoint not in VERSIONS:
                return _error(404, "Niet gevonden.", "NotFoundException")
            if environment == "admin" or endpoint in self.knobs.forbidden:
                return _error(403, "De ingelogde gebruiker heeft niet voldoende rechten.", "NotAuthorizedException")
            return self._rows(environment, endpoint, request)

    def forget_sign_in(self) -> None:
        self._given = {}

    def refuse(self, kind: str) -> Answer:
        return _error(500, "Er is een fout opgetreden.", "Exception") if kind == "500" else super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        return Answer(200, b"[]")

    def _sign_in(self, environment: str, body: bytes) -> Answer:
        try:
            given = json.loads(body)
        except ValueError:
            given = None
        if not isinstance(given, dict) or set(given) - {"apptoken", "scope"} or not given.get("apptoken"):
            return _error(400, "Invalid JSON request Required properties are missing", "DeserializationException")
        if (
            environment not in self.app_tokens.get(given["apptoken"], ())
            or given.get("scope", environment) != environment
        ):
            return _error(401, "Er is geen ingelogde gebruiker.", "NotAuthenticatedException")
        if (
            self.knobs.scope_needed
            and given["apptoken"] == ADMIN_TOKEN
            and environment not in ("admin", given.get("scope"))
        ):
            return _error(400, "Invalid JSON request Required properties are missing: scope", "AntaUserException")
        token = f"eyJhbGciOiJSU0EtT0.{environment}.{len(self.requests)}"
        self._given[token] = (environment, self.now() + timedelta(seconds=self.knobs.lifetime))
        document = {"access_token": token, "expires_in": str(self.knobs.lifetime), "token_type": "bearer"}
        return json_answer(200, document)

    def _admits(self, environment: str, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        place, until = self._given.get(token, ("", self.now()))
        return scheme.lower() == "bearer" and place == environment and self.now() < until

    def _rows(self, environment: str, endpoint: str, request: Request) -> Answer:
        query = request.query
        if request.headers.get("accept-version") != VERSIONS[endpoint]:
            return _error(400, "Accept-Version ontbreekt of is onbekend.", "AntaUserException")
        if unknown := set(query) - _KNOWN:
            return _error(400, f"Onbekend: {sorted(unknown)}", "AntaUserException")
        own = "Id" if endpoint == "administrations" else "AdministrationId"
        table = [row for row in self.books.rows(endpoint) if row[own] in ENVIRONMENTS[environment]]
        fields = frozenset(self.books.rows(endpoint)[0])
        try:
            if query.get("filter"):
                accepts = odata.compile_filter(query["filter"], fields, lambda row, name: row[name])
                table = [row for row in table if accepts(row)]
            table = self._sorted(table, query.get("sort") or query.get("sortField") or "", fields)
            skip, take = int(query.get("skip", "0")), int(query.get("take", "100"))
        except (odata.Refused, ValueError):
            return _error(400, "Ongeldig gebruikersfilter.", "AntaUserException")
        if skip < 0 or take < 1:
            return _error(400, "Ongeldig gebruikersfilter.", "AntaUserException")
        page = table[skip : skip + min(take, self.knobs.most or take)]
        body = _ENCODER.encode(self._told(page))
        if len(page) == min(take, self.knobs.most or take) and self.knobs.while_paging:
            self.knobs.while_paging(endpoint, skip)
        return Answer(200, body)

    def _sorted(self, rows: list[Row], order: str, fields: frozenset[str]) -> list[Row]:
        """``rows`` in the order of ``Field`` or ``Field Ascending``; without one, as they please."""
        name, _, way = order.partition(" ")
        if not name:
            turn = len(self.requests) * 7919 % max(len(rows), 1)
            return rows[turn:] + rows[:turn]
        if name not in fields or way.lower() not in ("", "ascending", "descending"):
            raise ValueError(order)
        return sorted(rows, key=lambda row: (row[name] is not None, row[name]), reverse=way.lower() == "descending")

    def _told(self, rows: list[Row]) -> Any:
        if self.knobs.amounts_as_text:
            rows = [
                {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}
                for row in rows
            ]
        return {"TrackingToken": "202611240745010", "Result": rows} if self.knobs.tracked else rows


def _error(status: int, message: str, kind: str) -> Answer:
    document = {"StatusCode": status, "Message": message, "TraceId": "8f420503372945bb933f6d5fbf0ab1e2"}
    return json_answer(status, document | {"AdditionalInfo": {"ExceptionType": kind}})
