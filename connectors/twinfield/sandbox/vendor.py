"""The vendor's answers, without the socket: sign-in host and cluster in one, services, credits, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl

from lxml import etree

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.vendor import Allowances, Answer, Request, json_answer

from . import frames
from .books import OFFICE, Books
from .documents import Documents
from .frames import CONTRACTS, TWINFIELD, Fault, tag
from .knobs import Knobs

CONNECT = "/auth/authentication/connect/"
SERVICES = "/webservices/"
SCOPES = ("openid", "twf.user", "twf.organisation", "twf.organisationUser", "offline_access")
RULES = DeskRules(
    lifetime=timedelta(hours=1), rotates_after=None, basic=True, scopes=frozenset(SCOPES), offline="offline_access"
)
_MINUTE = timedelta(minutes=1)
_ROWS = re.compile(rb"(total=&quot;|total=\")\d+|&lt;tr&gt;.*&lt;/tr&gt;", re.DOTALL)


class Vendor(vendor.Vendor):
    """One organisation at Twinfield: an accounting firm with four offices. ``requests`` lists what was asked."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, now)
        self.documents = Documents(self.books, knobs)
        self.desk = TokenDesk("sandbox-app", "sandbox-app-secret", now, RULES)
        self.desk.grant()
        self.requests: list[str] = []
        self.credits_used = 0
        self._allowances: tuple[int, Allowances] = (0, Allowances({}, now))

    def answer(self, request: Request) -> Answer:
        with self.lock:
            if request.path.startswith(CONNECT):
                self.requests.append(request.path)
                return self._sign_in(request, request.path.removeprefix(CONNECT))
            return self._serve(request)

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def refuse(self, kind: str) -> Answer:
        if kind == "500":
            return frames.fault(Fault(500, "Internal error"), self.base_url)
        return super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        return replace(answer, body=_ROWS.sub(lambda m: m[1] + b"0" if m[1] else b"", answer.body))

    def _sign_in(self, request: Request, what: str) -> Answer:
        match request.method, what:
            case "GET", "authorize":
                query = request.target.partition("?")[2]
                if not dict(parse_qsl(query)).get("nonce"):
                    return Answer(400, b"<html>The nonce is missing</html>", "text/html")
                status, told, page = self.desk.authorize(_without_nonce(query))
                return Answer(status, page, "text/html", told)
            case "POST", "token":
                status, body = self.desk.token(request.headers.get("content-type", ""), request.headers, request.body)
                return Answer(status, body)
            case "GET", "accesstokenvalidation":
                if set(request.query) != {"token"} or not self.desk.accepts(request.query["token"]):
                    return json_answer(400, {"error": "invalid_token"})
                self.knobs.wrong_cluster = False
                told = {
                    "iss": f"{self.base_url}/auth/authentication",
                    "client_id": self.desk.client_id,
                    "scope": list(SCOPES),
                    "twf.organisationCode": "FIRM01",
                    "twf.organisationUserCode": "BOEKER",
                    "twf.clusterUrl": self.base_url,
                }
                return json_answer(200, told)
            case _:
                return Answer(404)

    def _serve(self, request: Request) -> Answer:
        service, asked = request.path.removeprefix(SERVICES), request.body
        self.requests.append(_subject(service, asked))
        allowed, headers = self._count(3 if service == "finder.asmx" else 1)
        if not allowed:
            return Answer(429, headers=headers | {"Retry-After": "20"})
        try:
            if request.method != "POST" or request.path == service:
                return Answer(404)
            if any(part in service for part in self.knobs.refused_services):
                raise Fault(352, "No access to this web service")
            answer = self._call(service, request)
        except Fault as refusal:
            answer = frames.fault(refusal, self.base_url + request.path)
        answer.headers = headers
        return answer

    def _call(self, service: str, request: Request) -> Answer:
        shared = CONTRACTS + "Shared"
        match service:
            case "processxml.asmx":
                call = self._proved(frames.opened(request, TWINFIELD + "ProcessXmlString", "Header", TWINFIELD))
                text = call.body.findtext(f"{{{TWINFIELD}}}xmlRequest")
                if call.body.tag != f"{{{TWINFIELD}}}ProcessXmlString" or not text:
                    raise Fault(187, "No request")
                answer = frames.process_answer(self.documents.answer(text, call.company))
                if text.startswith("<columns") and self.knobs.while_reading:
                    self.knobs.while_reading(etree.fromstring(text).get("code", ""))
                return answer
            case "finder.asmx":
                call = self._proved(frames.opened(request, TWINFIELD + "Search", "Header", TWINFIELD))
                return self._search(call)
            case "PeriodService.svc" | "DeletedTransactionsService.svc":
                name = service.removesuffix(".svc")
                call = self._proved(frames.opened(request, f"{TWINFIELD}{name}/Query", "Authentication", shared))
                kind, fields = frames.query_of(call, name)
                return self._periods(call, kind, fields) if name == "PeriodService" else self._deleted(kind, fields)
            case _:
                return Answer(404)

    def _proved(self, call: frames.Call) -> frames.Call:
        if not self.desk.accepts(call.token):
            raise Fault(354, "Access denied. Token invalid.")
        if self.knobs.wrong_cluster:
            raise Fault(108, "Invalid cluster")
        return call

    def _search(self, call: frames.Call) -> Answer:
        self.documents.require_office(call.company)
        asked = {etree.QName(child).localname: child.text or "" for child in call.body}
        if asked.get("type") != "TRS" or set(asked) != {"type", "pattern", "field", "firstRow", "maxRows", "options"}:
            raise Fault(187, "The search is not well formed")
        return frames.finder_answer(self.documents.journals() if call.company == OFFICE else [])

    def _periods(self, call: frames.Call, kind: str, fields: Mapping[str, str]) -> Answer:
        told = self.books.company if self.documents.require_office(call.company) == OFFICE else None
        years = told.years if told else ()
        if kind == "GetYears" and not fields:
            space = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
            rows = "".join(tag("a:int", year.label) for year in years)
            return frames.service_answer("PeriodService", "Years", f'<b:Years xmlns:a="{space}">{rows}</b:Years>')
        if kind != "GetPeriods" or set(fields) != {"Year"}:
            raise Fault(187, "Unknown query")
        closed = {year.label: year.closed for year in years}
        if told is None or fields["Year"] not in closed:
            raise Fault(187, "YearNotFound")
        rows = "".join(
            "<b:Period>"
            + tag("b:EndDate", f"{last}T00:00:00")
            + tag("b:Name", f"Periode {number}")
            + tag("b:Number", number)
            + tag("b:Open", "false" if closed[year] else "true")
            + "</b:Period>"
            for year, number, _, last in told.periods
            if year == fields["Year"] and (year, number) not in self.books.hidden_periods
        )
        return frames.service_answer("PeriodService", "Periods", f"<b:Periods>{rows}</b:Periods>")

    def _deleted(self, kind: str, fields: Mapping[str, str]) -> Answer:
        if kind != "GetDeletedTransactions" or not set(fields) <= {"CompanyCode", "Daybook", "DateFrom", "DateTo"}:
            raise Fault(187, "Unknown query")
        self.documents.require_office(fields.get("CompanyCode", ""))
        try:
            since = date.fromisoformat(fields["DateFrom"][:10]) if fields.get("DateFrom") else date.min
        except ValueError:
            raise Fault(187, "InvalidDates") from None
        rows = "".join(
            "<b:DeletedTransaction>"
            + tag("b:Daybook", each.daybook)
            + tag("b:DeletionDate", each.moment.strftime("%Y-%m-%dT%H:%M:%S"))
            + tag("b:ReasonForDeletion", "")
            + tag("b:TransactionDate", f"{each.day}T00:00:00")
            + tag("b:TransactionNumber", each.number)
            + tag("b:User", "BOEKER")
            + "</b:DeletedTransaction>"
            for each in self.books.deletions
            if each.moment.date() >= since and fields["CompanyCode"] == OFFICE
        )
        inside = f"<b:DeletedTransactions>{rows}</b:DeletedTransactions>"
        return frames.service_answer("DeletedTransactionsService", "DeletedTransactions", inside)

    def _count(self, cost: int) -> tuple[bool, dict[str, str]]:
        limit = self.knobs.credits
        if self._allowances[0] != limit:
            windows = {"app": (2 * limit, _MINUTE), "organisation": (limit, _MINUTE)}
            self._allowances = (limit, Allowances(windows, self.now))
        allowed, told = self._allowances[1].count(cost=cost)
        self.credits_used += cost if allowed else 0
        left = next(window.remaining for window in told if window.name == "organisation")
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Credited": str(cost),
        }
        return allowed, headers if self.knobs.rate_headers else {}

    @property
    def over_limit(self) -> int:
        """How many calls were refused because the credits were used up."""
        return self._allowances[1].refused


def _without_nonce(query: str) -> str:
    return "&".join(part for part in query.split("&") if not part.startswith("nonce="))


def _subject(service: str, body: bytes) -> str:
    """What a call asked for, in a word: for tests that count."""
    found = re.search(rb"code=(?:&quot;|\")(\d{3}(?:_\d)?)|&lt;type&gt;(\w+)&lt;|type=\"\w:(\w+)\"", body)
    word = next((part.decode() for part in found.groups() if part), "") if found else ""
    return f"{service} {word}".strip()
