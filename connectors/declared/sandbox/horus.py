"""Horus as its contract page proposes it: folders, and in each years, accounts, daybooks, companies, histories.

Besides the company there is a folder without books, and one to which the user has no right.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from email import message_from_bytes
from typing import Any
from urllib.parse import urlencode

from connectors.sandbox.company import Company, Line
from connectors.sandbox.consent import TokenDesk
from connectors.sandbox.desk_rules import DeskRules
from connectors.sandbox.vendor import Answer, Request

from .knobs import Knobs
from .rest import Refused, RestVendor, Row, number

FOLDER = "1b0c0a52-2d35-4c0e-9b11-0b54e3a6f001"
EMPTY, FORBIDDEN = FOLDER[:-1] + "2", FOLDER[:-1] + "3"
RULES = DeskRules(
    lifetime=timedelta(hours=1),
    rotates_after=timedelta(0),
    consent_lifetime=timedelta(days=30),
    consent_lifetime_told="refresh_token_expires_in",
    scopes=frozenset({"myhorus", "billing", "falco", "oclaf"}),
    token_more={"scope": "myhorus"},
)
_TYPES = {"sales": "Sale", "sales_credit": "Sale", "purchase": "Purchase", "bank": "Financial"}
TELLS = frozenset(
    {"closing", "party", "due_date", "vat_code", "currency", "sides", "period", "document", "description"}
    | {"empty_accounts", "openings", "first_opening", "closed_years", "lasting_keys"}
)
SETTINGS = {"journal_types": "OPN=opening CLO=closing"}
"""What the package does not tell and a person does."""


class Horus(RestVendor):
    """One firm's database, and the sign-in of the vendor."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(company, knobs, now)
        self.desk = TokenDesk("horus-app", "sandbox-horus-secret", now, RULES)
        self.desk.grant()
        self._kept: tuple[tuple[Company, date, date], list[Row]] | None = None

    def answer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/oauth2/authorize":
                status, told, page = self.desk.authorize(request.target.partition("?")[2])
                return Answer(status, page, "text/html", told)
            case "POST", "/oauth2/token":
                self.requests.append(request.target)
                form = _multipart(request)
                kind = "application/x-www-form-urlencoded" if form is not None else "unknown"
                return Answer(*self.desk.token(kind, request.headers, urlencode(form or {}).encode()))
        return super().answer(request)

    def forget_sign_in(self) -> None:
        self.desk.void_access_token()

    def sign_in(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self.desk.accepts(token):
            raise Refused(401, "The access token is missing or has expired")

    def found(self, request: Request) -> Any:
        version = "v2" if self.knobs.otherwise else "v1"
        match request.path.strip("/").split("/"):
            case ["api", told, "folders"] if told == version:
                self.asked(request)
                return self._folders()
            case ["api", told, "folders", folder, name] if told == version:
                if folder == FORBIDDEN:
                    raise Refused(403, "No right to this folder")
                if folder not in (FOLDER, EMPTY):
                    raise Refused(404, "No such folder")
                return self._list(request, name, folder == EMPTY)
        raise Refused(404, "Not found")

    def _list(self, request: Request, name: str, empty: bool) -> Any:
        if name in self.knobs.forbidden:
            raise Refused(403, f"No right to {name}")
        if name == "fiscal-years":
            self.asked(request)
            return [] if empty else self._years()
        lists = {"accounts": self._accounts, "daybooks": self._daybooks, "companies": self._companies}
        if name in lists:
            told = self.asked(request, "page", "pageSize", optional=("code",))
            rows = lists[name]()
            rows = [row for row in rows if told.get("code") in (None, row.get("code"))]
        elif name == "account-histories" and not self.knobs.otherwise:
            told = self.asked(request, "from", "to", "page", "pageSize")
            rows = self._histories(date.fromisoformat(told["from"]), date.fromisoformat(told["to"]))
        elif name == "ledger" and self.knobs.otherwise:
            told = self.asked(request, "from", "to", "page", "pageSize")
            rows = self._histories(date.fromisoformat(told["from"]), date.fromisoformat(told["to"]))
            rows = [_otherwise(row) for row in rows]
        else:
            raise Refused(404, "Not found")
        place, size = number(told["page"], 1), number(told["pageSize"], 1)
        start = (place - 1) * min(size, self.knobs.largest_page)
        page = self.page([] if empty else rows, start, size)
        if self.knobs.repeats_a_line and name == "account-histories" and start and page:
            page = [rows[start - 1], *page[:-1]]
        return {"data": {"items": page}} if name == "ledger" else page

    def _folders(self) -> list[Row]:
        ours = {
            "id": FOLDER,
            "code": self.company.code,
            "name": self.company.name,
            "vatNumber": self.company.vat_number,
            "currency": self.company.currency,
            "language": "fr",
        }
        empty = {"id": EMPTY, "code": "LEEG", "name": "Nieuw dossier", "vatNumber": None, "currency": "EUR"}
        return [ours, empty, {"id": FORBIDDEN, "code": "DICHT", "name": "Gesloten BV", "currency": "EUR"}]

    def _years(self) -> list[Row]:
        return [
            {
                "id": f"fy-{year.label}",
                "code": year.label,
                "startDate": year.start.isoformat(),
                "endDate": year.end.isoformat(),
                "closed": year.closed,
            }
            for year in self.company.years
        ]

    def _accounts(self) -> list[Row]:
        return [
            {"id": f"a-{a.number}", "number": a.number, "name": a.name, "type": "General", "isActive": a.active}
            for a in self.company.accounts
        ]

    def _daybooks(self) -> list[Row]:
        return [
            {"id": f"d-{journal.code}", "code": journal.code, "name": journal.name}
            | {"type": _TYPES.get(journal.kind, "Misc")}
            for journal in self.company.journals
        ]

    def _companies(self) -> list[Row]:
        return [
            {
                "id": _company_id(party.code),
                "code": party.code,
                "name": party.name,
                "vatNumber": party.vat_number or None,
                "countryCode": party.country,
            }
            for party in self.company.parties
        ]

    def _histories(self, first: date, last: date) -> list[Row]:
        """The lines of a span of days, made once for all its pages."""
        key = (self.company, first, last)
        if self._kept is None or self._kept[0] != key:
            everything = self.knobs.heedless_of_days
            rows = [self._history(line) for line in self.company.lines if everything or first <= line.date <= last]
            self._kept = key, rows
        return self._kept[1]

    def _history(self, line: Line) -> Row:
        return {
            "entryId": f"e{line.entry}",
            "lineNumber": line.line_no,
            "journalCode": line.journal,
            "documentNumber": int(line.document),
            "date": line.date.isoformat() + self.knobs.hour,
            "period": line.period or self.knobs.period_of_openings,
            "accountNumber": line.account,
            "description": line.description,
            "debit": line.debit,
            "credit": line.credit,
            "currency": line.currency,
            "currencyAmount": line.in_currency,
            "companyId": _company_id(line.party) if line.party else None,
            "dueDate": line.due_date.isoformat() if line.due_date else None,
            "taxCode": line.vat_code,
        }


def _otherwise(row: Row) -> Row:
    """The same line as another interface might tell it: other names, one amount, a credit positive."""
    told = {key: value for key, value in row.items() if key not in ("debit", "credit", "date", "accountNumber")}
    account = {"account": {"code": row["accountNumber"]}}
    return told | account | {"balance": row["credit"] - row["debit"], "bookingDate": f"{row['date']}T00:00:00Z"}


def _company_id(code: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, code))


def _multipart(request: Request) -> dict[str, str] | None:
    """The fields of a multipart form; None where the body is none."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return None
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    fields: dict[str, str] = {}
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            fields[str(part.get_param("name", header="content-disposition"))] = payload.decode()
    return fields
