"""The vendor's answers, without the socket: sign-in, routes, queries, pages, limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.odata import Refused, compile_filter
from connectors.sandbox.vendor import Allowances, Answer, Request

from .books import FOUNDED, Books, guid
from .entities import BOCOUNT_SETS, COMPANY_SET, SERVICE, SETS, EntitySet, Row, known_fields, on_the_wire

TENANT, ENVIRONMENT = "1111aaaa-0000-4000-8000-000000000001", "production"
COMPANY, EMPTY, FOREIGN, DEMO = guid(1, 1), guid(2, 1), guid(3, 1), guid(4, 1)
SCOPE = "https://api.businesscentral.dynamics.com/.default"
RULES = DeskRules(
    lifetime=timedelta(seconds=3599),
    client_credentials=True,
    scopes=frozenset({SCOPE, "offline_access"}),
    offline="offline_access",
    grace=timedelta(days=1),
)
_LARGEST_PAGE = 20_000
_PARAMETERS = {"$select", "$filter", "$orderby", "$top", "$count", "$skiptoken"}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DATES = re.compile(r"dateFilter ge (\d{4}-\d\d-\d\d) and dateFilter le (\d{4}-\d\d-\d\d)")
_HEAD = re.compile(
    r"/v2\.0/(?P<tenant>[^/]+)/(?P<environment>[^/]+)/"
    r"(?:api/(?P<api>v2\.0|christiaens/bocountdynamics/v2\.0)/companies(?:\((?P<id>[^)]*)\)/(?P<set>\w+))?"
    r"|ODataV4/Company\(Id=(?P<company>[^)]*)\)/(?P<service>\w+))"
)


@dataclass
class Knobs(vendor.Knobs):
    """Sizes, limits and deviations. The defaults are a healthy vendor with the documented limits."""

    page_size: int = _LARGEST_PAGE
    calls_in_five_minutes: int = 6000
    absent: set[str] = field(default_factory=set)
    """Entity sets and services that answer 404: an older version, no extension, not published."""
    forbidden: set[str] = field(default_factory=set)
    """Entity sets that the app has no permission for."""
    without: set[str] = field(default_factory=set)
    """Fields that an older version does not have; asking for them is refused."""
    retry_after: bool = True
    while_paging: Callable[[str], None] | None = None
    """Called after each page that has a next one."""


class Vendor(vendor.Vendor):
    """One tenant with one environment. ``requests`` lists what was asked, decoded."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime], service: str) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company)
        self.service = service
        self.desk = TokenDesk("7f3c-app", "sandbox-app-secret", now, RULES)
        self.allowances = Allowances({"five_minutes": (knobs.calls_in_five_minutes, timedelta(minutes=5))}, now)
        self.requests: list[str] = []

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(unquote(request.target))
            if request.path == f"/{TENANT}/oauth2/v2.0/authorize":
                status, told, page = self.desk.authorize(request.target.partition("?")[2])
                return Answer(status, page, "text/html", told)
            if request.path == f"/{TENANT}/oauth2/v2.0/token" and request.method == "POST":
                content = request.headers.get("content-type", "")
                return Answer(*self.desk.token(content, request.headers, request.body))
            if request.method != "GET":
                return _error(405, "BadRequest_MethodNotAllowed", "The method is not allowed.")
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self.desk.accepts(token):
                told = "The server has rejected the client credentials."
                return _error(401, "Authentication_InvalidCredentials", told)
            allowed, _ = self.allowances.count()
            if not allowed:
                return self.refuse("429_minute" if self.knobs.retry_after else "429_bare")
            try:
                return self._routed(request)
            except Refused as refusal:
                return _error(400, "BadRequest", str(refusal))

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def refuse(self, kind: str) -> Answer:
        if kind == "500":
            return _error(500, "Internal_ServerError", "An unexpected error occurred.")
        return super().refuse(kind)

    def emptied(self, answer: Answer) -> Answer:
        return Answer(200, b'{"value":[]}', headers=answer.headers)

    def _routed(self, request: Request) -> Answer:
        path = unquote(request.path)
        found = _HEAD.fullmatch(path)
        if found is None or (found["tenant"], found["environment"]) != (TENANT, ENVIRONMENT):
            return _not_found(path.rpartition("/")[2])
        standard = found["api"] == "v2.0"
        if found["service"]:
            return self._of_company(request, found["company"], found["service"], {self.service: SERVICE})
        if found["set"]:
            return self._of_company(request, found["id"], found["set"], SETS if standard else BOCOUNT_SETS)
        if not standard and "glaccounts" in self.knobs.absent:
            return _not_found("companies")
        return self._page(request, "companies", COMPANY_SET, self._companies())

    def _of_company(self, request: Request, company: str, name: str, known: Mapping[str, EntitySet]) -> Answer:
        if company not in (COMPANY, EMPTY, FOREIGN, DEMO):
            return _error(404, "Internal_CompanyNotFound", "Cannot find company.")
        if company == FOREIGN or name in self.knobs.forbidden:
            return _error(403, "Authorization_RequestDenied", "Your credentials do not give access.")
        if name not in known or name in self.knobs.absent:
            return _not_found(name)
        if name == "trialBalances":
            return self._trial_balances(request, company)
        return self._page(request, name, known[name], self._rows(name) if company == COMPANY else [])

    def _rows(self, name: str) -> list[Row]:
        books = self.books
        tables: dict[str, Callable[[], list[Row]]] = {
            "companyInformation": books.information,
            "generalLedgerSetup": books.setup,
            "accountingPeriods": books.periods,
            "accounts": books.accounts,
            "glaccounts": books.bocount_accounts,
            "customers": lambda: books.parties("customer"),
            "vendors": lambda: books.parties("supplier"),
            "generalLedgerEntries": books.entries,
            self.service: books.page_20,
        }
        return tables[name]()

    def _trial_balances(self, request: Request, company: str) -> Answer:
        found = _DATES.fullmatch(request.query.get("$filter", ""))
        if found is None:
            raise Refused("A filter on dateFilter (ge, le) is needed.")
        if not request.headers.get("accept-language", "").startswith("en-US"):
            raise Refused("The sandbox formats amounts in US English only.")
        start, end = (datetime.fromisoformat(text) for text in found.groups())
        rows = self.books.trial_balances(start, end) if company == COMPANY else []
        return self._page(request, "trialBalances", SETS["trialBalances"], rows, filtered=True)

    def _page(
        self, request: Request, name: str, known: EntitySet, rows: list[Row], *, filtered: bool = False
    ) -> Answer:
        if "application/json" not in request.headers.get("accept", ""):
            return _error(406, "BadRequest", "Only JSON is told.")
        asked = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
        options = dict(asked)
        if len(options) < len(asked) or set(options) - _PARAMETERS:
            raise Refused(f"The query parameters '{', '.join(name for name, _ in asked)}' are not supported.")
        known = EntitySet({n: k for n, k in known.kinds.items() if n not in self.knobs.without}, known.key)
        fields = known_fields(options.get("$select", ""), known)
        order = options.get("$orderby", known.key)
        if order not in known.kinds:
            raise Refused(f"Could not find a property named '{order}'.")
        if "$filter" in options and not filtered:
            test = compile_filter(options["$filter"], frozenset(known.kinds), lambda row, name: row[name])
            rows = [row for row in rows if test(row)]
        rows = sorted(rows, key=lambda row: (row[order], row[known.key]))
        document: dict[str, Any] = {"@odata.context": f"{self.base_url}/$metadata#{name}"}
        if options.get("$count") == "true":
            document["@odata.count"] = len(rows)
        start = int(options.get("$skiptoken", "0"))
        size = self._page_size(request)
        left = int(options["$top"]) if "$top" in options else len(rows)
        page = rows[start : start + min(size, left)]
        document["value"] = [
            {"@odata.etag": 'W/"JzE5"', **{field: on_the_wire(row[field], known.kinds[field]) for field in fields}}
            for row in page
        ]
        more = start + len(page) < len(rows) and len(page) < left
        if more:
            kept = [(key, value) for key, value in asked if key not in ("$skiptoken", "$top")]
            query = "&".join(f"{key}={quote(value, safe=',()')}" for key, value in kept)
            top = f"&$top={left - len(page)}" if "$top" in options else ""
            token = f"{'&' if query else ''}$skiptoken={start + len(page)}"
            document["@odata.nextLink"] = f"{self.base_url}{request.path}?{query}{token}{top}"
        answer = Answer(200, _ENCODER.encode(document), "application/json; odata.metadata=minimal")
        if more and self.knobs.while_paging:
            self.knobs.while_paging(name)
        return answer

    def _page_size(self, request: Request) -> int:
        wanted = re.search(r"odata\.maxpagesize=(\d+)", request.headers.get("prefer", ""))
        return min(self.knobs.page_size, _LARGEST_PAGE, int(wanted[1]) if wanted else _LARGEST_PAGE)

    def _companies(self) -> list[Row]:
        shown = (
            (COMPANY, f"{self.books.company.code} Atelier", self.books.company.name),
            (EMPTY, "1007 Oude Bakkerij", ""),
            (FOREIGN, "1060 Zonder Toegang", "Holding Zonder Toegang NV"),
            (DEMO, "CRONUS BE", "CRONUS België NV"),
        )
        day = FOUNDED
        return [
            {
                "id": company,
                "businessProfileId": "00000000-0000-0000-0000-000000000000",
                "systemVersion": "25.0.1.0",
                "name": name,
                "displayName": display,
                "timestamp": position,
                "systemCreatedAt": day,
                "systemModifiedAt": day,
            }
            for position, (company, name, display) in enumerate(shown, start=1)
        ]


def _error(status: int, code: str, message: str) -> Answer:
    told = {"error": {"code": code, "message": f"{message}  CorrelationId:  3f0c0000-0000-4000-8000-000000000000."}}
    return Answer(status, msgspec.json.encode(told))


def _not_found(name: str) -> Answer:
    return _error(404, "BadRequest_ResourceNotFound", f"Resource not found for the segment '{name}'.")
