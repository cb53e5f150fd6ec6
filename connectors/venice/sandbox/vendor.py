"""The gateway's answers, without the socket: WebConnect (REST, JSON) and WebConnect.OData."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, unquote

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import Answer, Request, json_answer

from .books import Books, Row
from .knobs import Knobs

USER, PASSWORD = "sync", "geheim-é-sandbox"
DIRECTORY, DOSSIER_ID = "ATELIER", "atelier-wc"
FORBIDDEN, EMPTY = "gesloten-wc", "leeg-wc"
_KNOWN_ACCOUNT_KEYS = ("Number", "SystemNumber", "SyncReference")
_MONTHS = {str(month) for month in range(26)}


class Refused(Exception):
    """An answer that is no data: its error text stands in the body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(status, text.encode(), "text/plain; charset=utf-8")


class Vendor(vendor.Vendor):
    """A gateway with the dossier that is told, one without a year and one that the user may not see. ``requests``
    lists what was asked, ``most_at_once`` the calls of one dossier that were under way together."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, knobs)
        self.requests: list[str] = []
        self.password = PASSWORD
        self._working: dict[str, int] = {}
        self.most_at_once = 0
        self.directory = DIRECTORY

    def show(self, company: Company) -> None:
        with self.lock:
            self.books = Books(company, self.knobs)

    def forget_sign_in(self) -> None:
        with self.lock:
            self.password = "changed-by-an-administrator"

    def answer(self, request: Request) -> Answer:
        parts = [unquote(part) for part in request.path.split("/")[1:]]
        dossier = parts[2] if len(parts) > 2 else ""
        with self.lock:
            self.requests.append(request.target)
            self._working[dossier] = self._working.get(dossier, 0) + 1
            self.most_at_once = max(self.most_at_once, self._working[dossier])
        try:
            return self._route(request, parts)
        except Refused as refusal:
            return refusal.answer
        finally:
            with self.lock:
                self._working[dossier] -= 1

    def emptied(self, answer: Answer) -> Answer:
        return json_answer(200, {"value": []})

    def _route(self, request: Request, parts: list[str]) -> Answer:
        if request.method != "GET":
            raise Refused(405, "Method not allowed")
        expected = "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        if request.headers.get("authorization") != expected:
            raise Refused(401, "Unauthorized")
        if self.knobs.licences_taken:
            raise Refused(500, "The maximum number of users is exceeded (Btrieve status 161)")
        match parts:
            case ["webconnect", "api", dossier, *rest]:
                if request.headers.get("accept") != "application/json":
                    raise Refused(406, "Ask for application/json or application/xml")
                self._require_seen(dossier)
                return json_answer(200, {"Response": self._rest(dossier, rest, request.query)})
            case ["WebConnect.OData", "odata", dossier, table]:
                self._require_seen(dossier)
                return self._odata(request, dossier, table)
            case _:
                raise Refused(404, "No such address")

    def _require_seen(self, dossier: str) -> None:
        if dossier == FORBIDDEN:
            raise Refused(403, "The user has no right to this dossier")
        if dossier not in (DOSSIER_ID, EMPTY):
            raise Refused(404, f"Dossier '{dossier}' is not activated for WebConnect")

    def _rest(self, dossier: str, rest: list[str], query: Mapping[str, str]) -> Any:
        books = self.books
        match rest:
            case ["Dossier"]:
                _only(query)
                return {"Dossier": self._dossier(dossier)}
            case ["Dossier", "FinancialYear"]:
                _only(query, "Date")
                year = books.year_of(_day(query["Date"])) if dossier == DOSSIER_ID else None
                if year is None:
                    raise Refused(404, "NotFound")
                return {"FinancialYear": year.label}
            case ["GeneralAccount"]:
                return self._accounts(query)
            case [label, "Year"] if label in books.years and dossier == DOSSIER_ID:
                _only(query)
                year = books.years[label]
                told = {"Name": label, "Begin": str(year.start), "End": str(year.end), "LastClosedVatDate": ""}
                return {"Year": told}
            case [label, "Balance", "GetBalance"] if label in books.years and dossier == DOSSIER_ID:
                _only(query, "AccountNumber", "BeginMonth", "EndMonth")
                if not self.knobs.balances:
                    raise Refused(403, "The user has no right to balances")
                if not {query["BeginMonth"], query["EndMonth"]} <= _MONTHS or not query["AccountNumber"]:
                    raise Refused(400, "Months are 1 to 25, or 0 for the complete financial year")
                if query["BeginMonth"] != "0" or query["EndMonth"] != "0":
                    raise Refused(501, "this sandbox tells complete years alone")
                return {"GetBalance": f"{books.balance(label, query['AccountNumber']):.2f}"}
            case _:
                raise Refused(404, "NotFound")

    def _dossier(self, dossier: str) -> Row:
        if dossier == EMPTY:
            return {"Directory": "LEEG", "CabinetName": "Kast1", "Name": "Leeg", "LastYear": "0", "Currency": "EUR"}
        company = self.books.company
        last = self.knobs.last_year or company.years[-1].label
        return {
            "Directory": self.directory,
            "CabinetName": "Kast1",
            "Name": company.name,
            "LastYear": last,
            "Currency": company.currency,
            "Options": "0",
        }

    def _accounts(self, query: Mapping[str, str]) -> Any:
        if set(query) - {*_KNOWN_ACCOUNT_KEYS, "fields"} or len(set(query) & set(_KNOWN_ACCOUNT_KEYS)) != 1:
            raise Refused(400, "One key is needed, and fields")
        if "Number" not in query:
            raise Refused(501, "this sandbox seeks by Number alone")
        numbers = query["Number"].split("\n")
        found = [self.books.accounts[number] for number in numbers if number in self.books.accounts]
        if len(found) < len(numbers):
            raise Refused(404, "NotFound")
        names = query["fields"].split(",") if "fields" in query else list(found[0])
        if unknown := set(names) - set(found[0]):
            raise Refused(400, f"Unknown field {', '.join(sorted(unknown))}")
        rows: list[Any] = [{"Fields": {name: row[name] for name in names}} for row in found]
        told = rows[0] if self.knobs.one_as_object and len(rows) == 1 else rows
        return {"GeneralAccounts": {"GeneralAccount": told}}

    def _odata(self, request: Request, dossier: str, table: str) -> Answer:
        query = request.query
        if set(query) - {"$select", "$top", "$count", "$skiptoken"}:
            raise Refused(400, "A query option is not known")
        if table not in self.books.tables or table in self.knobs.without:
            raise Refused(404, f"No table {table}")
        rows = self.books.tables[table] if dossier == DOSSIER_ID else []
        names = query["$select"].split(",") if "$select" in query else []
        if rows and (unknown := set(names) - set(rows[0])):
            return json_answer(400, {"error": {"code": "", "message": f"No property {sorted(unknown)[0]}"}})
        first = int(query.get("$skiptoken", "0"))
        size = min(self.knobs.page_size, int(query.get("$top", self.knobs.page_size)))
        shown = [{name: row[name] for name in names} if names else row for row in rows[first : first + size]]
        told: dict[str, Any] = {"@odata.context": f"{self.base_url}/$metadata#{table}"}
        if query.get("$count") == "true":
            if not self.knobs.counts:
                return json_answer(400, {"error": {"code": "", "message": "The count is not supported"}})
            told["@odata.count"] = len(rows)
        told["value"] = shown
        if first + size < len(rows) and "$top" not in query:
            path = request.path.replace(" ", "%20")
            select = f"$select={quote(query['$select'], safe=',')}&" if names else ""
            told["@odata.nextLink"] = f"https://inside.example{path}?{select}$skiptoken={first + size}"
        return json_answer(200, told)


def _only(query: Mapping[str, str], *names: str) -> None:
    if set(query) != set(names):
        raise Refused(400, f"The parameters are {', '.join(names) or 'none'}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(400, "Date is no yyyy-MM-dd") from None
