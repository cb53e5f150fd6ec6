"""What the sandbox's environment holds: rows by GetConnector, and the ways in which a bookkeeper changes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors.sandbox.company import Company

from . import tables
from .tables import HOLDING, UNIT, Key, Row, wire_date, wire_moment

_DUTCH = ZoneInfo("Europe/Amsterdam")


class Books:
    """One environment: the company's administration and a holding's. ``changed_days`` is what AFAS keeps of changes:
    booking days with the moment of the last change, deletions included, of all administrations alike."""

    def __init__(self, company: Company, now: Callable[[], datetime]) -> None:
        self._now = now
        self._added = 0
        self.company = company
        self.lines: dict[Key, Row] = tables.transactions(company)
        for row in _of_the_holding(list(self.lines.values())[:40]):
            self.lines[_key(row)] = row
        self.changed_days: dict[str, str] = {}
        self._fixed: dict[str, list[Row]] = {}
        self._balances: list[Row] | None = None

    def rows(self, connector: str) -> list[Row]:
        """The rows of a GetConnector."""
        if connector == "Profit_Transactions":
            return list(self.lines.values())
        if connector == "Profit_Fin_ChangedEntrydate":
            return [{"EntryDate": day, "Modified": moment} for day, moment in self.changed_days.items()]
        if connector == "Profit_Period_balance":
            if self._balances is None:
                self._balances = self._period_balances()
            return self._balances
        if connector not in self._fixed:
            self._fixed[connector] = _MADE[connector](self.company)
        return self._fixed[connector]

    def show(self, company: Company) -> None:
        """The company at a later revision: what is new, changed or gone is stamped now."""
        before, after = self.lines, tables.transactions(company)
        self.company, self._fixed = company, {}
        self.lines = {key: row for key, row in before.items() if row["UnitId"] != UNIT}
        for key, row in after.items():
            old = before.get(key)
            if old is not None and _plain(old) == _plain(row):
                self.lines[key] = old
                continue
            self.lines[key] = row | {"Modified": self._stamp(row, old)}
        for key, row in before.items():
            if row["UnitId"] == UNIT and key not in after:
                self._stamp(row)
        self._balances = None

    def add_entry(
        self, year: int, period: int, day: date, amounts: list[tuple[str, str]], journal: str = "DIV", unit: int = UNIT
    ) -> list[Key]:
        """Books an entry now; ``amounts`` are (account, signed amount)."""
        self._added += 1
        keys = []
        for position, (account, text) in enumerate(amounts, start=1):
            amount = Decimal(text)
            row = dict(next(iter(self.lines.values())))
            row |= {"UnitId": unit, "JournalId": journal, "Year": year, "Period": period, "SeqNo": position}
            row |= {"EntryNo": 90_000_000 + self._added, "AccountNo": account, "EntryDate": wire_date(day)}
            row |= {"AmtDebit": max(amount, Decimal(0)), "AmtCredit": max(-amount, Decimal(0)), "InvoiceId": None}
            row["Modified"] = row["Created"] = self._stamp(row)
            self.lines[_key(row)] = row
            keys.append(_key(row))
        self._balances = None
        return keys

    def delete(self, *keys: Key) -> None:
        """Deletes lines for good."""
        for key in keys:
            self._stamp(self.lines.pop(key))
        self._balances = None

    def move(self, key: Key, day: date) -> None:
        """Gives a line another booking day."""
        old = self.lines[key]
        self.lines[key] = old | {"EntryDate": wire_date(day)}
        self.lines[key]["Modified"] = self._stamp(self.lines[key], old)

    def describe(self, key: Key, text: str) -> None:
        """Gives a line another description, which no balance tells."""
        self.lines[key] = self.lines[key] | {"Description": text, "Modified": self._stamp(self.lines[key])}

    def _stamp(self, *rows: Row | None) -> str:
        moment = wire_moment(self._now().astimezone(_DUTCH))
        for row in rows:
            if row is not None:
                self.changed_days[row["EntryDate"]] = moment
        return moment

    def _period_balances(self) -> list[Row]:
        numbers = self.company.numbers
        controls = {
            party.code: numbers["customers" if party.kind == "customer" else "suppliers"]
            for party in self.company.parties
        }
        names = {account.number: account.name for account in self.company.accounts}
        return tables.period_balances(self.lines.values(), controls, names)


def _key(row: Row) -> Key:
    return (row["UnitId"], row["JournalId"], row["Year"], row["EntryNo"], row["SeqNo"])


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("Created", "Modified")}


def _of_the_holding(rows: list[Row]) -> list[Row]:
    return [row | {"UnitId": HOLDING} for row in rows]


_MADE: dict[str, Callable[[Company], list[Row]]] = {
    "Profit_Administrations": tables.administrations,
    "Profit_periods_per_administration": tables.periods,
    "Profit_Accounts": tables.accounts,
    "Profit_Journals": tables.journals,
    "Profit_Debtor": tables.debtors,
    "Profit_Creditor": tables.creditors,
    "Profit_Debtor_Invoices": lambda company: tables.invoices(company, "customers"),
    "Profit_Creditor_Invoices": lambda company: tables.invoices(company, "suppliers"),
}
CONNECTORS = (*_MADE, "Profit_Transactions", "Profit_Fin_ChangedEntrydate", "Profit_Period_balance")
