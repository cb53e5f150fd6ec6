"""The vendor's answers, without the socket: sign-in, companies, queries, reports, changes, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.vendor import HTML, Allowances, Answer, Request, json_answer

from . import reports, tables
from .books import Books
from .knobs import Knobs

REALM, OTHER_REALM = "9130357766900956", "9130357766900111"
SCOPE = "com.intuit.quickbooks.accounting"
RULES = DeskRules(
    lifetime=timedelta(hours=1),
    rotates_after=timedelta(hours=24),
    consent_lifetime=timedelta(days=100),
    consent_lifetime_told="x_refresh_token_expires_in",
    code_lifetime=timedelta(minutes=5),
    basic=True,
    scopes=frozenset({SCOPE, "openid"}),
)
_PACIFIC = timezone(timedelta(hours=-8))
_PATH = re.compile(r"/v3/company/(\d+)/(.+)")
_QUERY = re.compile(
    r"select \* from (Account|Customer|Vendor)( where Active in \(true,false\))?( orderby Id)?"
    r"(?: startposition (\d+))?(?: maxresults (\d+))?"
)
ENTITIES = frozenset(
    [
        "Bill",
        "BillPayment",
        "CreditMemo",
        "Deposit",
        "Invoice",
        "JournalEntry",
        "Payment",
        "Purchase",
        "RefundReceipt",
        "SalesReceipt",
        "Transfer",
        "VendorCredit",
        "Estimate",
        "PurchaseOrder",
        "Account",
        "Customer",
        "Vendor",
    ]
)
_ACTION = {"companyinfo": "", "preferences": "", "query": "query", "cdc": "entities changedSince"}
_REPORT = {
    "GeneralLedger": "start_date end_date accounting_method sort_by sort_order columns account date_macro",
    "TrialBalance": "start_date end_date accounting_method date_macro sort_order",
}


class Vendor(vendor.Vendor):
    """QuickBooks with one company. ``requests`` lists what was asked.

    For tests: ``hidden_accounts`` (ids) are in no list, ``refused`` endpoints answer that the user has no right, and
    ``after_report`` is called with the name of each report that was made.
    """

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, min(now(), _end_of(company)))
        self.desk = TokenDesk("ABsandboxApp", "sandbox-app-secret", now, RULES)
        self.desk.callback = {"realmId": REALM}
        self.desk.grant()
        limits = {
            "minute": (knobs.minute_limit, timedelta(minutes=1)),
            "second": (knobs.second_limit, timedelta(seconds=1)),
        }
        self.limits = Allowances(limits, now)
        self.requests: list[str] = []
        self.hidden_accounts: set[str] = set()
        self.refused: set[str] = set()
        self.after_report: Callable[[str], None] = lambda name: None

    def moment(self) -> datetime:
        """The vendor's time. The company's books are looked at before its last year ends, whenever that is."""
        return min(self.now(), _end_of(self.books.company))

    def today(self) -> date:
        return self.moment().date()

    def answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request.target)
            match request.method, request.path:
                case "GET", "/connect/oauth2":
                    status, told, page = self.desk.authorize(request.target.partition("?")[2])
                    return Answer(status, page, "text/html", told)
                case "POST", "/oauth2/v1/tokens/bearer":
                    content_type = request.headers.get("content-type", "")
                    return Answer(*self.desk.token(content_type, request.headers, request.body))
                case "GET", _:
                    return self._get(request)
                case _:
                    return Answer(405, b"Method not allowed", "text/plain")

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def refuse(self, kind: str) -> Answer:
        if kind.startswith("429"):
            text = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
            return fault(429, text, "3001", "THROTTLE", tell_code=True)
        if kind == "500":
            return fault(500, "An application error has occurred while processing your request", "10000", "SystemFault")
        return Answer(503, HTML, "text/html")

    def emptied(self, answer: Answer) -> Answer:
        told = json.loads(answer.body)
        told |= {"QueryResponse": {}} if "QueryResponse" in told else {}
        told |= {"Rows": {}} if "Rows" in told else {}
        return json_answer(200, told)

    def _get(self, request: Request) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self.desk.grant_of(token) if scheme == "Bearer" else None
        if grant is None:
            return _unsigned(self.now())
        found = _PATH.fullmatch(request.path)
        if not found:
            return Answer(404, b"Not found", "text/plain")
        realm, action = found[1], found[2]
        if realm != grant.callback.get("realmId"):
            text = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
            return fault(403, text, "3100", "AuthorizatonFault", tell_code=True)
        if "application/json" not in request.headers.get("accept", ""):
            return Answer(200, b'<?xml version="1.0"?><IntuitResponse/>', "application/xml")
        if not self.limits.count(realm)[0]:
            return self.refuse("429")
        if action.split("/")[-1] in self.refused:
            return fault(400, "You don't have permission", "5020", "ValidationFault")
        told = self._told(action, realm, request.query)
        if isinstance(told, Answer):
            return told
        return json_answer(200, told | {"time": self.moment().astimezone(_PACIFIC).isoformat(timespec="milliseconds")})

    def _told(self, action: str, realm: str, query: Mapping[str, str]) -> dict[str, Any] | Answer:
        name, _, rest = action.partition("/")
        allowed = _REPORT.get(rest) if name == "reports" else _ACTION.get(name)
        if allowed is None or (rest != realm if name == "companyinfo" else rest and name != "reports"):
            return fault(400, "Unsupported Operation", "500", "ValidationFault")
        if unknown := set(query) - {"minorversion", *allowed.split()}:
            return fault(400, f"Unknown parameter {min(unknown)}", "2090", "ValidationFault")
        match name:
            case "companyinfo":
                return tables.company_info(self.books, self.today())
            case "preferences":
                return tables.preferences(self.books, self.knobs)
            case "query":
                return self._query(query.get("query", ""))
            case "cdc":
                return self._changes(query)
            case _:
                return self._report(rest, query)

    def _query(self, text: str) -> dict[str, Any] | Answer:
        found = _QUERY.fullmatch(text)
        if not found or int(found[5] or 100) > 1000:
            return fault(400, "Error parsing query", "4000", "ValidationFault")
        entity, every, start, most = found[1], bool(found[2]), int(found[4] or 1), int(found[5] or 100)
        rows = tables.accounts(self.books, self.knobs) if entity == "Account" else tables.parties(self.books, entity)
        rows = [row for row in rows if (row["Active"] or every) and row["Id"] not in self.hidden_accounts]
        page = rows[start - 1 : start - 1 + most]
        return {
            "QueryResponse": {entity: page, "startPosition": start, "maxResults": len(page)} if page else {},
        }

    def _changes(self, query: Mapping[str, str]) -> dict[str, Any] | Answer:
        wanted = query.get("entities", "").split(",")
        if unknown := set(wanted) - ENTITIES:
            return fault(400, f"Metadata not found for Entity: {min(unknown)}", "2010", "ValidationFault")
        try:
            since = datetime.fromisoformat(query["changedSince"])
        except (KeyError, ValueError):
            return fault(400, "Invalid changedSince", "2030", "ValidationFault")
        if since.tzinfo is None or self.moment() - since > timedelta(days=30):
            return fault(400, "changedSince is older than 30 days", "2030", "ValidationFault")
        every = [*self.books.transactions.values(), *self.books.removed]
        found = sorted((each for each in every if each.updated >= since), key=lambda each: each.updated)
        kept = [each for each in found if each.entity in wanted][: self.knobs.objects]
        told: list[dict[str, Any]] = []
        for entity in wanted:
            rows = [tables.changed(each) for each in kept if each.entity == entity]
            told.append({entity: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
        return {"CDCResponse": [{"QueryResponse": told}]}

    def _report(self, name: str, query: Mapping[str, str]) -> dict[str, Any] | Answer:
        try:
            end = date.fromisoformat(query["end_date"]) if "end_date" in query else self.today()
            start = date.fromisoformat(query["start_date"]) if "start_date" in query else self.books.year_start(end)
        except ValueError:
            return fault(400, "Invalid date", "2030", "ValidationFault")
        if query.get("accounting_method", "Accrual") != "Accrual":
            return fault(400, "Only accrual is told here", "2030", "ValidationFault")
        if name == "TrialBalance":
            told = reports.trial_balance(self.books, self.knobs, end)
        else:
            columns = query["columns"].split(",") if "columns" in query else list(reports.USUAL)
            if unknown := set(columns) - reports.COLUMNS:
                return fault(400, f"Unknown column {min(unknown)}", "2030", "ValidationFault")
            accounts = query.get("account", "").split(",") if query.get("account") else []
            ledger = reports.GeneralLedger(self.books, self.knobs, start, end, columns, accounts)
            told = ledger.document()
            if self.knobs.heavy and ledger.cells > self.knobs.heavy:
                return Answer(504, b"<html>Gateway Time-out</html>", "text/html")
        self.after_report(name)
        return told


def _end_of(company: Company) -> datetime:
    return datetime.combine(company.years[-1].end, time(20), UTC)


def fault(status: int, message: str, code: str, kind: str, *, tell_code: bool = False) -> Answer:
    error = {"Message": message, "Detail": "" if tell_code else message, "code": code, "element": ""}
    told = {"Fault": {"Error": [error], "type": kind}, "time": "2026-02-01T01:00:00.000-08:00"}
    return json_answer(status, told, {"intuit_tid": "1-6780a1b2-sandbox"})


def _unsigned(now: datetime) -> Answer:
    text = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    error = {"message": text, "detail": "Token expired", "code": "3200", "element": None}
    told = {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error], "type": "AUTHENTICATION"},
        "report": None,
        "queryResponse": None,
        "time": int(now.timestamp() * 1000),
    }
    headers = {"WWW-Authenticate": 'Bearer realm="Intuit", error="invalid_token"', "intuit_tid": "1-6780a1b2-sandbox"}
    return json_answer(401, told, headers)
