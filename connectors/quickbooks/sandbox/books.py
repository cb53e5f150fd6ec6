"""What a company of the sandbox holds: transactions that people change and delete, and the balances that follow.

Nothing is booked at a year's end: a report shows the result of earlier years on retained earnings by itself. What the
books begin with is a journal entry of the first day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from connectors.sandbox.chart import Account
from connectors.sandbox.company import Company, Line

RETAINED = "result_brought_forward"
PARENT, CHILD = "equipment", "equipment_depreciation"
_FIRST_ACCOUNT, _FIRST_PARTY, _FIRST_POSTED = 33, 7, 900_000_000
# Type of the ledger, and the entity behind it, by the company's journal.
_KINDS = {
    "OPN": ("Journal Entry", "JournalEntry"),
    "VEN": ("Invoice", "Invoice"),
    "NCV": ("Credit Memo", "CreditMemo"),
    "ACH": ("Bill", "Bill"),
    "BNK": ("Payment", "Payment"),
    "DIV": ("Journal Entry", "JournalEntry"),
}


@dataclass(frozen=True)
class Posting:
    """A line of a transaction; ``role`` is the company's account, ``foreign`` the amount in the currency."""

    role: str
    amount: Decimal
    memo: str = ""
    party: str | None = None
    tax_code: str = ""
    currency: str = "EUR"
    foreign: Decimal | None = None


@dataclass(frozen=True)
class Transaction:
    id: str
    kind: str
    entity: str
    day: date
    number: str
    postings: tuple[Posting, ...]
    updated: datetime


@dataclass(frozen=True)
class Removed:
    """What change data capture tells of a deleted transaction: neither its day nor its amounts."""

    id: str
    entity: str
    updated: datetime


class Books:
    """One company's transactions. ``first_month`` is that in which its years begin."""

    def __init__(self, told: Company, now: datetime) -> None:
        self.company = told
        self.first_month = told.years[0].start.month
        self.closed_until: date | None = max(year.end for year in told.years if year.closed)
        self.transactions: dict[str, Transaction] = {}
        self.removed: list[Removed] = []
        self._entries: set[int] = set()
        self.show(told, now - timedelta(days=400))

    def show(self, told: Company, now: datetime) -> None:
        """The company at its revision; what differs from before was changed, added or deleted ``now``."""
        entries: dict[int, list[Line]] = defaultdict(list)
        first = told.years[0].label
        for line in told.lines:
            if line.kind == "normal" or (line.kind == "opening" and line.year == first):
                entries[line.entry].append(line)
        for entry in self._entries - entries.keys():
            self.delete(str(entry), now)
        for entry, lines in sorted(entries.items()):
            known = self.transactions.get(str(entry))
            postings = tuple(_posting(line) for line in lines)
            if known is None or known.postings != postings:
                head = lines[0]
                kind, entity = _KINDS[head.journal]
                made = Transaction(str(entry), kind, entity, head.date, head.document, postings, now)
                self.transactions[made.id] = made
        self.company, self._entries = told, set(entries)

    def post(self, day: date, rows: Iterable[tuple[str, str]], now: datetime, *, number: str = "", at: str = "") -> str:
        """Books a journal entry, or writes the one ``at`` anew; ``rows`` are pairs of role and amount."""
        postings = tuple(Posting(role, Decimal(amount)) for role, amount in rows)
        made = at or str(_FIRST_POSTED + len(self.transactions) + len(self.removed))
        self.transactions[made] = Transaction(made, "Journal Entry", "JournalEntry", day, number, postings, now)
        return made

    def delete(self, transaction: str, now: datetime) -> None:
        gone = self.transactions.pop(transaction)
        self.removed.append(Removed(gone.id, gone.entity, now))

    def between(self, start: date, end: date) -> Iterator[Transaction]:
        return (each for each in self.transactions.values() if start <= each.day <= end)

    def balances(self, day: date) -> dict[str, Decimal]:
        """Role to balance at the end of ``day``: results since the year began, those of earlier years on retained
        earnings. Zero ones are left out."""
        start = self.year_start(day)
        on_balance = {account.role for account in self.company.accounts if account.on_balance_sheet}
        found: dict[str, Decimal] = defaultdict(Decimal)
        for each in self.between(date.min, day):
            for posting in each.postings:
                earlier = each.day < start and posting.role not in on_balance
                found[RETAINED if earlier else posting.role] += posting.amount
        return {role: amount for role, amount in found.items() if amount}

    def year_start(self, day: date) -> date:
        return date(day.year if day.month >= self.first_month else day.year - 1, self.first_month, 1)

    def account_id(self, role: str) -> str:
        return str(_FIRST_ACCOUNT + [account.role for account in self.company.accounts].index(role))

    def account_of(self, account_id: str) -> Account | None:
        place = int(account_id) - _FIRST_ACCOUNT if account_id.isdigit() else -1
        return self.company.accounts[place] if 0 <= place < len(self.company.accounts) else None

    def party_id(self, code: str) -> str:
        return str(_FIRST_PARTY + [party.code for party in self.company.parties].index(code))


def _posting(line: Line) -> Posting:
    foreign = line.amount_currency
    return Posting(line.role, line.amount, line.description, line.party, line.vat_code or "", line.currency, foreign)
