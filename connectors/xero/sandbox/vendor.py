"""The vendor's answers, without the socket: sign-in, tenants, rights, limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.vendor import Allowances, Answer, Request, Told

from . import tables
from .books import FOUNDED, Books, guid
from .knobs import Knobs
from .tables import ENCODER

TENANT, WITHDRAWN, PRACTICE, EMPTY = (guid("tenant", name) for name in ("company", "withdrawn", "practice", "empty"))
SCOPES = frozenset(
    {
        "offline_access",
        "accounting.settings.read",
        "accounting.contacts.read",
        "accounting.reports.trialbalance.read",
        "accounting.journals.read",
        "accounting.manualjournals.read",
    }
)
RULES = DeskRules(
    lifetime=timedelta(minutes=30),
    grace=timedelta(minutes=30),
    consent_lifetime=timedelta(days=60),
    code_lifetime=timedelta(minutes=5),
    basic=True,
    pkce=True,
    scopes=SCOPES,
    offline="offline_access",
)
_API = "/api.xro/2.0/"
_PARAMETERS = {
    "Organisation": frozenset[str](),
    "Accounts": frozenset({"where", "order"}),
    "Journals": frozenset({"offset", "paymentsOnly"}),
    "Contacts": frozenset(
        {"page", "pageSize", "includeArchived", "where", "order", "IDs", "summaryOnly", "searchTerm"}
    ),
    "Reports/TrialBalance": frozenset({"date", "paymentsOnly"}),
}
_PAGE = 100


class Vendor(vendor.Vendor):
    """Xero with the organisations of one consent. ``requests`` lists what was asked.

    For tests: accounts that are told besides (``more_accounts``) or not at all (``hidden_accounts``), journals that are
    in the balances alone (``unlisted``), and rows that reports leave out (``lost_rows``; a negative number: from their
    end).
    """

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company)
        self.desk = TokenDesk("5A6B7C8D-app", "sandbox-app-secret", now, RULES)
        self.desk.grant()
        minute, day = timedelta(minutes=1), timedelta(days=1)
        self.limits = Allowances({"minute": (knobs.minute_limit, minute), "day": (knobs.day_limit, day)}, now)
        self.app_limit = Allowances({"appminute": (knobs.app_minute_limit, minute)}, now)
        self.requests: list[str] = []
        self.more_accounts: list[dict[str, Any]] = []
        self.hidden_accounts: set[str] = set()
        self.unlisted: set[int] = set()
        self.lost_rows = 0

    def today(self) -> date:
        """The company's books are looked at before its last year ends, whenever that is."""
        return min(self.now().date(), self.books.company.years[-1].end)

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            match request.method, request.path:
                case "GET", "/identity/connect/authorize":
                    status, told, page = self.desk.authorize(request.target.partition("?")[2])
                    return Answer(status, page, "text/html", told)
                case "POST", "/connect/token":
                    content_type = request.headers.get("content-type", "")
                    return Answer(*self.desk.token(content_type, request.headers, request.body))
                case "GET", _:
                    return self._get(request)
                case _:
                    return Answer(405, b"Method not allowed", "text/plain")

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def refuse(self, kind: str) -> Answer:
        match kind:
            case "429_minute":
                return Answer(429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "20"})
            case "429_day":
                return Answer(429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": str(7 * 3600)})
            case "429_bare":
                return Answer(429, headers={"X-Rate-Limit-Problem": "concurrent"})
            case "500":
                return Answer(500, _problem("An error occurred in Xero", 500, "Server error"))
            case _:
                return super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        body = re.sub(rb'"(Journals|Accounts|Contacts|Rows)":\[.*\]', rb'"\1":[]', answer.body)
        return Answer(200, body, headers=answer.headers)

    def _get(self, request: Request) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.desk.accepts(token):
            told = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return Answer(401, _problem("Unauthorized", 401, "TokenExpired: token expired"), headers=told)
        if request.path == "/connections":
            return self._connections(request)
        endpoint = request.path.removeprefix(_API)
        if endpoint == request.path or endpoint not in _PARAMETERS:
            return Answer(404, b"The resource you're looking for cannot be found", "text/plain")
        if "application/json" not in request.headers.get("accept", ""):
            return Answer(200, b"<Response><Status>OK</Status></Response>", "text/xml")
        tenant = request.headers.get("xero-tenant-id", "")
        if tenant not in (TENANT, EMPTY):
            return Answer(403, _problem("Forbidden", 403, "AuthenticationUnsuccessful"))
        problem, told = self._count(tenant)
        if problem:
            return problem
        answer = self._answer(endpoint, request, tenant)
        answer.headers = {**(answer.headers or {}), **told}
        return answer

    def _count(self, tenant: str) -> tuple[Answer | None, dict[str, str]]:
        """The refusal of a call over a limit; else what is left, as headers."""
        in_app, app = self.app_limit.count()
        allowed, own = self.limits.count(tenant) if in_app else (True, ())
        left = {told.name: told for told in (*app, *own)}
        if in_app and allowed:
            names = {"day": "X-DayLimit-Remaining", "minute": "X-MinLimit-Remaining"}
            names |= {"appminute": "X-AppMinLimit-Remaining"}
            headers = {header: str(left[name].remaining) for name, header in names.items()}
            return None, headers if self.knobs.rate_headers else {}
        spent = [told for told in left.values() if told.remaining == 0]
        return self._over(max(spent, key=lambda told: told.resets)), {}

    def _over(self, told: Told) -> Answer:
        headers = {"X-Rate-Limit-Problem": told.name}
        if told.name != "appminute":
            headers["Retry-After"] = str(int((told.resets - self.now()).total_seconds()) + 1)
        return Answer(429, headers=headers)

    def _connections(self, request: Request) -> Answer:
        if set(request.query) - {"authEventId"}:
            return Answer(400, _problem("Bad Request", 400, "Unknown parameter"))
        rows = [
            _connection(PRACTICE, "PRACTICE", "Fiduciaire du Parc"),
            _connection(TENANT, "ORGANISATION", self.books.company.name),
            _connection(WITHDRAWN, "ORGANISATION", "Holding Zonder Toegang NV"),
            _connection(EMPTY, "ORGANISATION", "Nieuwe Zaak BV"),
        ]
        return Answer(200, ENCODER.encode(rows))

    def _answer(self, endpoint: str, request: Request, tenant: str) -> Answer:
        query = request.query
        if endpoint in self.knobs.ungranted:
            told = {"WWW-Authenticate": "insufficient_scope"} if endpoint == "Journals" else {}  # seen with and without
            return Answer(401, _problem("Unauthorized", 401, "AuthorizationUnsuccessful"), headers=told)
        if endpoint in self.knobs.refused:
            return Answer(403, _problem("Forbidden", 403, "You are not permitted to access this resource"))
        if set(query) - _PARAMETERS[endpoint]:
            return _invalid("Unknown parameter")
        knobs, company = self.knobs, self.books.company
        match endpoint:
            case "Organisation":
                row = tables.organisation(self.books, tenant, knobs)
                if tenant == EMPTY:
                    row |= {"Name": "Nieuwe Zaak BV", "ShortCode": "!new1", "TaxNumber": ""}
                return self._told("Organisations", [row])
            case "Accounts":
                rows = [row for row in tables.accounts(company, knobs) if row["Code"] not in self.hidden_accounts]
                return self._told("Accounts", [*rows, *self.more_accounts])
            case "Contacts":
                return self._contacts(query, request.headers)
            case "Journals":
                return self._journals(query, tenant)
            case _:
                return self._trial_balance(query, tenant)

    def _contacts(self, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        if not (query.get("page", "1").isdigit() and query.get("pageSize", "100").isdigit()):
            return _invalid("page is not a number")
        rows = tables.contacts(self.books.company, self.knobs)
        since = headers.get("if-modified-since")
        if since and datetime.fromisoformat(since).replace(tzinfo=UTC) > FOUNDED:
            rows = []
        page, size = int(query.get("page", "1")), int(query.get("pageSize", "100"))
        return self._told("Contacts", rows[(page - 1) * size : page * size])

    def _journals(self, query: Mapping[str, str], tenant: str) -> Answer:
        if not query.get("offset", "0").isdigit() or query.get("paymentsOnly", "false") not in ("true", "false"):
            return _invalid("offset is not a number")
        offset = int(query.get("offset", "0"))
        later = [
            entry
            for entry in self.books.journals
            if entry.number > offset and tenant == TENANT and entry.number not in self.unlisted
        ]
        page = later[: self.knobs.journals_per_page]
        rows = [tables.journal(entry, self.books.company, self.knobs) for entry in page]
        answer = self._told("Journals", rows)
        if self.knobs.while_paging and rows:
            self.knobs.while_paging(offset)
        return answer

    def _trial_balance(self, query: Mapping[str, str], tenant: str) -> Answer:
        try:
            day = date.fromisoformat(query["date"]) if "date" in query else self.today()
        except ValueError:
            return _invalid("The date is not valid")
        report = tables.trial_balance(self.books if tenant == TENANT else _NOTHING, day, self.knobs)
        if self.lost_rows and len(report["Rows"]) > 2:
            lost = report["Rows"][1]["Rows"] if self.lost_rows > 0 else report["Rows"]
            del lost[slice(self.lost_rows) if self.lost_rows > 0 else slice(self.lost_rows, None)]
        return self._told("Reports", [report])

    def _told(self, name: str, rows: list[dict[str, Any]]) -> Answer:
        moment = datetime.combine(self.today(), self.now().time(), UTC)
        document = {
            "Id": guid("answer", len(self.requests)),
            "Status": "OK",
            "ProviderName": "sandbox",
            "DateTimeUTC": f"/Date({int(moment.timestamp() * 1000)})/",
            name: rows,
        }
        body = ENCODER.encode(document)
        return Answer(200, body.replace(b'"/Date(', b'"\\/Date(').replace(b')/"', b')\\/"'))


class _Nothing(Books):
    """The books of an organisation that was made today."""

    def __init__(self) -> None:
        self.journals = []
        self.year_end = (12, 31)
        self.company = Company()


_NOTHING = _Nothing()


def _connection(tenant: str, kind: str, name: str) -> dict[str, Any]:
    made = "2026-03-03T09:10:11.1234560"
    return {
        "id": guid("connection", tenant),
        "authEventId": guid("event", 1),
        "tenantId": tenant,
        "tenantType": kind,
        "tenantName": name,
        "createdDateUtc": made,
        "updatedDateUtc": made,
    }


def _problem(title: str, status: int, detail: str) -> bytes:
    instance = guid("problem", detail)
    return ENCODER.encode(
        {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": instance, "Extensions": {}}
    )


def _invalid(message: str) -> Answer:
    told = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred"}
    return Answer(400, ENCODER.encode({**told, "Elements": [{"ValidationErrors": [{"Message": message}]}]}))
