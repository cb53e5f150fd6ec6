"""The vendor's answers, without the socket: sign-in, rights, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.vendor import Answer, Request

from .books import BLOCKED, CURRENT, DIVISION, FIRST_SMALL, FOREIGN, Books
from .entities import ENDPOINTS, Endpoint
from .knobs import Knobs
from .limits import Limits, window_headers
from .odata import Refused
from .queries import ENCODER, Pager, parameters_of
from .tables import Row, division
from .tokens import RULES

_ME = "current/Me"
_TIMESTAMP = "read/sync/Sync/SyncTimestamp"


class Forbidden(Exception):
    """No right to what was asked; the text is the ``Reason``."""


class Vendor(vendor.Vendor):
    """One region's Exact Online with one firm on it. All state behind one lock; ``requests`` lists what was asked."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self._small = [
            division(code, f"S{code}", f"{company.name} {code}", company.country)
            for code in range(FIRST_SMALL, FIRST_SMALL + knobs.small_divisions)
        ]
        self.books = Books(company, now, self._small)
        self.pager = Pager(self.books, knobs)
        self._pagers = {str(code): self.pager for code in (DIVISION, *(row["Code"] for row in self._small))}
        self.desk = TokenDesk("0b1c2d3e-app", "sandbox-app-secret", now, RULES)
        self.desk.grant()
        self.limits = Limits(knobs, now)
        self.current_division = CURRENT
        self.over_limit = 0
        self.requests: list[str] = []

    def answer(self, request: Request) -> Answer:
        self.pager.base_url = self.base_url
        if request.method == "GET":
            return self.get(request.target, request.headers)
        return self.post(request.target, request.headers, request.body)

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def refuse(self, kind: str) -> Answer:
        match kind:
            case "500":
                return Answer(500, _error("Internal error"))
            case "429_minute":
                resets = self.now() + timedelta(seconds=20)
                return Answer(429, headers=window_headers("X-RateLimit-Minutely-", 60, 0, resets))
            case "429_day":
                return Answer(429, headers=window_headers("X-RateLimit-", 5000, 0, self.now() + timedelta(hours=7)))
            case _:
                return super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        return Answer(200, b'{"d":{"results":[]}}', headers=answer.headers)

    def show_small(self, divisions: Iterable[str], company: Company) -> None:
        """These small divisions tell ``company`` from now on, again all from one set of rows."""
        pager = Pager(Books(company, self.now, self._small), self.knobs)
        pager.base_url = self.pager.base_url
        with self.lock:
            self._pagers |= dict.fromkeys(divisions, pager)

    def get(self, target: str, headers: Mapping[str, str]) -> Answer:
        """Answers a GET of ``target`` (path and query)."""
        with self.lock:
            self.requests.append(target)
            path, _, query = target.partition("?")
            if path == "/api/oauth2/auth":
                status, told, page = self.desk.authorize(query)
                return Answer(status, page, "text/html", told)
            company, endpoint = _split(path)
            if self.limits.blocked(company, endpoint):
                return Answer(403, _error("Forbidden - too many errors"), headers={"Reason": "BlockedCustomer"})
            allowed, rate = self.limits.count(company)
            if not allowed:
                self.over_limit += 1
                return Answer(429, headers=rate)
            answer = self._answer(company, endpoint, query, headers)
            if 400 <= answer.status < 500:
                self.limits.refuse(company, endpoint)
            answer.headers = {**(answer.headers or {}), **rate}
            return answer

    def post(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answers the token call, the only POST that a reader makes."""
        with self.lock:
            self.requests.append(target)
            if target != "/api/oauth2/token":
                return Answer(404, _error("Resource not found"))
            status, told = self.desk.token(headers.get("content-type", ""), headers, body)
            return Answer(status, told)

    def _answer(self, company: str, endpoint: str, query: str, headers: Mapping[str, str]) -> Answer:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.desk.accepts(token):
            return Answer(401)
        if "application/json" not in headers.get("accept", ""):
            return Answer(415, _error("Only application/json is supported here"))
        try:
            parameters = parameters_of(query)
            if company == "" and endpoint == _ME:
                return self.pager.page("", endpoint, _ME_ENDPOINT, ([self._me()], [0]), query)
            self._admit(company, endpoint)
            if endpoint == _TIMESTAMP and endpoint not in self.knobs.absent:
                return self._timestamp(parameters)
            name, counting = endpoint.removesuffix("/$count"), endpoint.endswith("/$count")
            known = ENDPOINTS.get(name)
            if known is None or name in self.knobs.absent or (counting and not known.counts):
                return Answer(404, _error("Resource not found for the segment"))
            pager = self._pagers.get(company, self.pager)
            found = pager.rows(str(DIVISION) if company in self._pagers else company, known, parameters)
            if name in self.knobs.unfiltered and "$filter" in parameters:
                raise Refused("Filtering is not supported here")
            if counting:
                return Answer(200, str(len(found[0])).encode(), "text/plain")
            return pager.page(company, name, known, found, query)
        except Refused as refusal:
            return Answer(400, _error(str(refusal)))
        except TypeError:
            return Answer(400, _error("A binary operator with incompatible types was detected"))
        except Forbidden as refusal:
            return Answer(403, _error(f"Forbidden - {refusal}"), headers={"Reason": str(refusal)})

    def _admit(self, company: str, endpoint: str) -> None:
        if endpoint.removesuffix("/$count") in self.knobs.forbidden or endpoint in self.knobs.forbidden:
            raise Forbidden("Your license does not include this feature")
        if company == str(BLOCKED):
            raise Forbidden("DivisionBlocked")
        known = company in self._pagers or any(str(row["Code"]) == company for row in self.books.divisions())
        if not known or company == str(FOREIGN):
            raise Forbidden("NoDivisionAccess")

    def _me(self) -> Row:
        return {
            "CurrentDivision": self.current_division,
            "FullName": "An Accountant",
            "UserName": "an.accountant",
            "DivisionCustomerName": "Fiduciaire du Parc",
            "Legislation": 2,
        }

    def _timestamp(self, parameters: dict[str, str]) -> Answer:
        if set(parameters) != {"modified", "endPoint"}:
            raise Refused("The parameters modified and endPoint are mandatory")
        if parameters["endPoint"] != "'FinancialTransactionLines'":
            raise Refused("Unknown endpoint")
        found = re.fullmatch(r"datetime'([^']+)'", parameters["modified"])
        if found is None:
            raise Refused("modified is not a date")
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        row = {
            "Modified": f"/Date({int(moment.timestamp() * 1000)})/",
            "API": "FinancialTransactionLines",
            "TimeStampAsBigInt": str(self.books.timestamp_at(moment)),
        }
        return Answer(200, ENCODER.encode({"d": {"results": [row]}}))


_ME_ENDPOINT = Endpoint(
    "me", frozenset({"CurrentDivision", "FullName", "UserName", "DivisionCustomerName", "Legislation"}), key="#"
)


def _split(path: str) -> tuple[str, str]:
    """(division, endpoint) of a path; the division is empty for ``current/Me`` and for what is no API address."""
    rest = path.removeprefix("/api/v1/")
    if rest in (path, _ME):
        return "", rest
    company, _, endpoint = rest.partition("/")
    return company, endpoint


def _error(message: str) -> bytes:
    return json.dumps({"error": {"code": "", "message": {"lang": "", "value": message}}}).encode()
