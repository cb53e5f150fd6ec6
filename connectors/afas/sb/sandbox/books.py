"""What the sandbox's environments hold: rows by endpoint, and the ways in which a bookkeeper changes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from connectors.sandbox.company import Company, company

from . import tables
from .tables import Row, guid, moment

_HOLDING = company("NL", 0, 1)
_OURS, _OTHER, _BARE = (tables.administration(name) for name in (Company.name, "Houdstermaatschappij", "Zonder boeken"))
OURS: str = _OURS["Id"]
HOLDING: str = _OTHER["Id"]
EMPTY: str = _BARE["Id"]
ENVIRONMENTS = {"atelier": (OURS, HOLDING), "leeg": (EMPTY,)}
"""The administrations of each customer environment."""


class Books:
    """The firm's administrations. Lines by id, in no order that means anything; nothing tells what was deleted."""

    def __init__(self, told: Company, now: Callable[[], datetime]) -> None:
        self._now = now
        self._added = 0
        self._made: dict[str, list[Row]] = {}
        self.lines: dict[str, Row] = {}
        for line in _HOLDING.lines:
            if line.kind == "normal":
                row = tables.entry_line(line, HOLDING)
                self.lines[row["LineId"]] = row
        self.show(told)

    def rows(self, endpoint: str) -> list[Row]:
        """The rows of an endpoint, of all administrations."""
        if endpoint == "journalentries":
            return list(self.lines.values())
        if endpoint not in self._made:
            self._made[endpoint] = self._make(endpoint)
        return self._made[endpoint]

    def show(self, told: Company) -> None:
        """The company at a later revision: what is new, changed or gone is so from now on."""
        self.company = told
        shown = [tables.entry_line(line, OURS) for line in told.lines if line.kind == "normal"]
        others = {key: row for key, row in self.lines.items() if row["AdministrationId"] != OURS}
        self.lines = others | {row["LineId"]: row for row in shown}
        self._made = {}

    def post(self, year: str, period: int, day: date, amounts: list[tuple[str, str]]) -> list[str]:
        """Books an entry of the company now; ``amounts`` are (role, signed amount). Returns the ids of its lines."""
        self._added += 1
        keys = []
        for position, (role, text) in enumerate(amounts):
            amount = Decimal(text)
            row = dict(next(iter(self.lines.values()))) | {
                "LineId": guid("added", self._added, position),
                "HeaderId": guid("added", self._added),
                "AdministrationId": OURS,
                "AmountDebit": max(amount, Decimal(0)),
                "AmountCredit": max(-amount, Decimal(0)),
                "AmountTotal": amount,
                "Number": f"A{self._added}",
                "PostingDate": moment(day),
                "AccountingPeriodId": guid("period", OURS, year, period),
                "AccountingYearId": guid("year", OURS, year),
                "LedgerAccountId": guid("account", OURS, self.company.numbers[role]),
                "AuditCreatedOnDate": f"{self._now():%Y-%m-%dT%H:%M:%SZ}",
            }
            self.lines[row["LineId"]] = row
            keys.append(row["LineId"])
        self._made.pop("ledgerperiodtotals", None)
        return keys

    def delete(self, *keys: str) -> None:
        """Deletes lines for good."""
        for key in keys:
            del self.lines[key]
        self._made.pop("ledgerperiodtotals", None)

    def _make(self, endpoint: str) -> list[Row]:
        both = ((self.company, OURS), (_HOLDING, HOLDING))
        match endpoint:
            case "administrations":
                return [_OURS, _OTHER, _BARE]
            case "accountingyear":
                return [row for told, each in both for row in tables.years(told, each)]
            case "accountingperiod":
                return [row for told, each in both for row in tables.periods(told, each)]
            case "ledgeraccounts":
                return [row for told, each in both for row in tables.accounts(told, each)]
            case _:
                return [
                    row
                    for told, each in both
                    for row in tables.period_totals(
                        told, each, [line for line in self.lines.values() if line["AdministrationId"] == each]
                    )
                ]
