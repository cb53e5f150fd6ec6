"""What the office holds: the company's entries as transactions, when each was modified, and those that were deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.sandbox.company import Company, Line

OFFICE, FIRM, OLD, FOREIGN = "1042", "FIRM01", "NLA007", "NLA060"
OPENING, CLOSING = 0, 55
_DAYBOOK_TYPES = {
    "sales": "SALESINVOICE",
    "sales_credit": "SALESINVOICE",
    "purchase": "PURCHASEINVOICE",
    "bank": "BANK",
}

Key = tuple[str, int]
"""Daybook and number of a transaction."""


@dataclass(frozen=True)
class Deletion:
    daybook: str
    number: int
    day: date
    moment: datetime


class Books:
    """One office's transactions. ``modified`` is the moment (UTC, whole seconds) of a transaction's last change."""

    def __init__(self, company: Company, now: Callable[[], datetime]) -> None:
        self._now = now
        self._added = 0
        self.company = company
        self.transactions = _transactions(company)
        self.modified = {
            key: max(line.modified_at for line in lines).replace(tzinfo=UTC) for key, lines in self.transactions.items()
        }
        self.deletions: list[Deletion] = []
        self.accounts = {account.number: account for account in company.accounts}
        self.daybook_types = {journal.code: _DAYBOOK_TYPES.get(journal.kind, "JOURNAL") for journal in company.journals}
        self.renamed: dict[str, str] = {}
        self.hidden_periods: set[tuple[str, int]] = set()

    def show(self, company: Company) -> None:
        """The company at a later revision: what changed is modified now, what is gone was deleted now."""
        before, self.company = self.transactions, company
        self.transactions = _transactions(company)
        for key, lines in self.transactions.items():
            if before.get(key) != lines:
                self.modified[key] = self._moment()
        for key in before.keys() - self.transactions.keys():
            self._log(key, before[key][0].date)

    def add(self, year: str, period: int, day: date, amounts: list[tuple[str, str]], number: int | None = None) -> Key:
        """Books a transaction now; its number may be one that was free again."""
        self._added += 1
        key = ("DIV", number or 99_000_000 + self._added)
        model = self.company.lines[0]
        lines = [
            replace(
                model,
                number=key[1] * 10 + position,
                entry=key[1],
                line_no=position,
                year=year,
                period=period,
                kind="normal",
                date=day,
                journal="DIV",
                document=str(key[1]),
                account=account,
                debit=max(Decimal(amount), Decimal(0)),
                credit=max(-Decimal(amount), Decimal(0)),
                description="Booked by hand",
            )
            for position, (account, amount) in enumerate(amounts, start=1)
        ]
        self.transactions[key] = lines
        self.modified[key] = self._moment()
        return key

    def delete(self, key: Key) -> None:
        self._log(key, self.transactions.pop(key)[0].date)
        del self.modified[key]

    def change(self, key: Key, lines: list[Line]) -> None:
        self.transactions[key] = lines
        self.modified[key] = self._moment()

    def _log(self, key: Key, day: date) -> None:
        self.deletions.append(Deletion(*key, day, self._now()))

    def _moment(self) -> datetime:
        return self._now().astimezone(UTC).replace(microsecond=0)


def period_of(line: Line) -> int:
    """The period as the ledger names it: 00 opens a year, 55 closes it."""
    return {"opening": OPENING, "closing": CLOSING}.get(line.kind, line.period)


def _transactions(company: Company) -> dict[Key, list[Line]]:
    found: dict[Key, list[Line]] = defaultdict(list)
    for line in company.lines:
        found[line.journal, line.entry].append(line)
    return dict(found)
