"""What a business of the sandbox holds: ledger entries that stay when they are deleted, with a flag that says so.

Nothing is booked at a year's end. What the books begin with is a transaction of its own type, dated the day before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from connectors.sandbox.company import Company, Line

_TYPES = {
    "sales": "SALES_INVOICE",
    "sales_credit": "SALES_CREDIT_NOTE",
    "purchase": "PURCHASE_INVOICE",
    "general": "JOURNAL",
    "opening": "GENERAL_LEDGER_OPENING_BALANCE",
}
_SEEN_AGO = timedelta(seconds=30)
_ONE_DAY = timedelta(days=1)


def key(kind: str, name: object) -> str:
    """A stable id, as the vendor writes them: without hyphens."""
    return uuid5(NAMESPACE_URL, f"sage {kind} {name}").hex


@dataclass(frozen=True)
class Transaction:
    id: str
    day: date
    reference: str
    kind: str
    party: str | None
    created: datetime
    updated: datetime
    deleted: bool = False


@dataclass(frozen=True)
class Entry:
    """A ledger entry; ``role`` is the company's account, ``amount`` debit positive."""

    id: str
    transaction: str
    day: date
    role: str
    amount: Decimal
    description: str
    party: str | None
    vat_code: str | None
    created: datetime
    updated: datetime
    deleted: bool = False
    journal_code: str | None = None


class Books:
    """One business's ledger. ``version`` grows with every change, so that answers can be kept until then."""

    def __init__(self, told: Company, now: Callable[[], datetime]) -> None:
        self.company = told
        self.now = now
        self.entries: dict[str, Entry] = {}
        self.transactions: dict[str, Transaction] = {}
        self.version = 0
        self.year_end = told.years[-1].end
        self.lockdown: date | None = max(year.end for year in told.years if year.closed)
        self.starts: date | None = told.years[0].start
        self.opening_day = told.years[0].start - _ONE_DAY
        self._shown: dict[int, Line] = {}
        self.show(told)

    def show(self, told: Company) -> None:
        """From now on these are the books; what is new or other than before was changed half a minute ago."""
        stamp = self.now().replace(microsecond=0) - _SEEN_AGO if self._shown else None
        lines = {line.number: replace(line, version=1) for line in _told(told)}
        for number in self._shown.keys() - lines.keys():
            self.delete(key("entry", number), stamp)
        for number, line in lines.items():
            if self._shown.get(number) != line:
                self._put(line, stamp or replace(line, number=line.entry).modified_at.replace(tzinfo=UTC))
        standing = {entry.transaction for entry in self.entries.values() if not entry.deleted}
        for transaction in list(self.transactions.values()):
            if stamp and transaction.id not in standing and not transaction.deleted:
                self.transactions[transaction.id] = replace(transaction, deleted=True, updated=stamp)
        self.company, self._shown, self.version = told, lines, self.version + 1

    def post(
        self,
        day: date,
        rows: Iterable[tuple[str, str]],
        *,
        kind: str = "JOURNAL",
        reference: str = "",
        party: str | None = None,
        at: datetime | None = None,
        journal_code: str | None = None,
    ) -> Sequence[str]:
        """Books a transaction now (or ``at``); ``rows`` are pairs of role and amount. Returns the entries' ids."""
        stamp, number = at or self.now().replace(microsecond=0), f"more {len(self.transactions)}"
        transaction = key("transaction", number)
        self.transactions[transaction] = Transaction(transaction, day, reference, kind, party, stamp, stamp)
        found = []
        for position, (role, amount) in enumerate(rows):
            name = key("entry", f"{number} {position}")
            entry = Entry(name, transaction, day, role, Decimal(amount), "", party, None, stamp, stamp)
            self.entries[name] = replace(entry, journal_code=journal_code)
            found.append(name)
        self.version += 1
        return found

    def delete(self, entry: str, at: datetime | None = None) -> None:
        """Marks an entry as deleted."""
        stamp = at or self.now().replace(microsecond=0)
        self.entries[entry] = replace(self.entries[entry], deleted=True, updated=stamp)
        self.version += 1

    def balances(self, first: date, last: date, upto: datetime) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
        """Role to opening, debit and credit of the days from ``first`` to ``last``, of what was booked by ``upto``."""
        found: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
        for entry in self.entries.values():
            if entry.day > last or entry.created > upto or (entry.deleted and entry.updated <= upto):
                continue
            if entry.day < first:
                found[entry.role][0] += entry.amount
            else:
                found[entry.role][1 if entry.amount > 0 else 2] += abs(entry.amount)
        return {role: (opening, debit, credit) for role, (opening, debit, credit) in found.items()}

    def results_before(self, first: date, upto: datetime) -> dict[str, Decimal]:
        """Role to result of the years before the one that contains ``first``."""
        start = self.year_end.replace(year=first.year)
        start = (start if start < first else self.year_end.replace(year=first.year - 1)) + _ONE_DAY
        on_balance = {account.role for account in self.company.accounts if account.on_balance_sheet}
        earlier = self.balances(start, start, upto)
        return {role: opening for role, (opening, _, _) in earlier.items() if role not in on_balance and opening}

    def _put(self, line: Line, stamp: datetime) -> None:
        name, transaction = key("entry", line.number), key("transaction", line.entry)
        known = self.entries.get(name)
        created = known.created if known else stamp
        day = self.opening_day if line.kind == "opening" else line.date
        self.entries[name] = Entry(
            name, transaction, day, line.role, line.amount, line.description, line.party, line.vat_code, created, stamp
        )
        before = self.transactions.get(transaction)
        self.transactions[transaction] = Transaction(
            transaction,
            day,
            line.document,
            self._type(line),
            line.party or (before.party if before else None),
            before.created if before else stamp,
            max(before.updated, stamp) if before else stamp,
        )

    def _type(self, line: Line) -> str:
        kind = {journal.code: journal.kind for journal in self.company.journals}[line.journal]
        if kind == "bank":
            return "CUSTOMER_RECEIPT" if line.description == "Paiement client" else "OTHER_PAYMENT"
        return _TYPES[kind]


def _told(company: Company) -> list[Line]:
    """The company's lines but for those that the vendor does not book: closing entries, and later openings."""
    first = company.years[0].label
    return [line for line in company.lines if line.kind == "normal" or (line.kind == "opening" and line.year == first)]
