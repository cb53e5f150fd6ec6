"""The Wings Web Service as the place kept free for it: five lists, signed with user and password, of one root path.

Nothing of it is public but the parameters of a connection; all else is a proposal of ours.
"""

from __future__ import annotations

import base64
from typing import Any

from connectors.sandbox.company import Line
from connectors.sandbox.vendor import Request

from .rest import Refused, RestVendor, Row

USERNAME, PASSWORD = "WINGSCLOUD\\wings0999", "sandbox-wings-password"
ROOT_PATH = "\\\\wings-srv-02\\wingsdata\\Kantoor Peeters"
FOLDER = "GRANDLIVRE"
TELLS = frozenset(
    {"closing", "party", "due_date", "vat_code", "currency", "sides", "period", "document", "description"}
    | {"empty_accounts", "openings", "first_opening", "closed_years", "lasting_keys"}
)
SETTINGS = {"journal_types": "OPN=opening CLO=closing"}
_COUNTRIES = {"BE": "B", "FR": "F", "NL": "NL", "GB": "GB", "US": "USA"}
_PAIR = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


class Wings(RestVendor):
    """One firm's server."""

    def sign_in(self, request: Request) -> None:
        if self.withdrawn or request.headers.get("authorization") != f"Basic {_PAIR}":
            raise Refused(401, "Unknown user or wrong password")

    def found(self, request: Request) -> Any:
        parts = request.path.strip("/").split("/")
        more = ("year",) if parts[-1] == "entries" else ()
        told = self.asked(request, "home", *more)
        if told["home"] != ROOT_PATH:
            raise Refused(404, "No such home directory")
        match parts:
            case ["dossiers"]:
                return {"dossiers": self._dossiers()}
            case ["dossiers", folder, ("years" | "accounts" | "relations") as name] if folder == FOLDER:
                return {name: getattr(self, f"_{name}")()}
            case ["dossiers", folder, "entries"] if folder == FOLDER:
                return {"entries": [self._entry(line) for line in self.company.lines if line.year == told["year"]]}
        raise Refused(404, "Not found")

    def _dossiers(self) -> list[Row]:
        company = self.company
        ours = {"folder": FOLDER, "number": 412, "name": company.name, "vat": company.vat_number}
        return [ours | {"currency": company.currency, "country": "B"}]

    def _years(self) -> list[Row]:
        return [
            {"year": int(y.label), "from": f"{y.start:%d/%m/%Y}", "to": f"{y.end:%d/%m/%Y}", "closed": y.closed}
            for y in self.company.years
        ]

    def _accounts(self) -> list[Row]:
        return [{"account": account.number, "name": account.name} for account in self.company.accounts]

    def _relations(self) -> list[Row]:
        return [
            {
                "code": party.code,
                "name": party.name,
                "type": "K" if party.kind == "customer" else "L",
                "vat": party.vat_number,
                "country": _COUNTRIES[party.country],
            }
            for party in self.company.parties
        ]

    def _entry(self, line: Line) -> Row:
        on_debit = bool(line.debit) or not line.credit
        return {
            "key": f"{line.year}-{line.entry}",
            "line": line.line_no,
            "journal": line.journal,
            "document": line.document,
            "date": f"{line.date:%d/%m/%Y}",
            "period": line.period,
            "account": line.account,
            "text": line.description,
            "amount": line.debit if on_debit else line.credit,
            "dc": "D" if on_debit else "C",
            "currency": line.currency,
            "amountCurrency": abs(line.in_currency),
            "relation": line.party or "",
            "dueDate": f"{line.due_date:%d/%m/%Y}" if line.due_date else "",
            "vatCode": line.vat_code or "",
        }
