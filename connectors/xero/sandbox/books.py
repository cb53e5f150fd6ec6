"""What an organisation of the sandbox holds: journals that are never changed, and the balances that follow from them.

An entry that the company changed or deleted later is reversed by a journal of its own, with a higher number; what it
became is another journal still.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors.sandbox.company import Company, Line

Row = dict[str, Any]
FOUNDED = datetime(2023, 12, 4, 9, 30, tzinfo=UTC)
_SOURCES = {"sales": "ACCREC", "sales_credit": "ACCRECCREDIT", "purchase": "ACCPAY", "bank": "CASHREC"}


def guid(kind: str, name: object) -> str:
    """A stable id."""
    return str(uuid5(NAMESPACE_URL, f"xero {kind} {name}"))


@dataclass(frozen=True)
class Posting:
    """A line of a journal; ``role`` is the company's account."""

    role: str
    amount: Decimal
    description: str = ""
    tax_type: str | None = None


@dataclass(frozen=True)
class Journal:
    number: int
    day: date
    created: datetime
    reference: str
    source: str | None
    """``SourceType``; None for the journal of the conversion balances."""
    source_id: str
    postings: tuple[Posting, ...]


class Books:
    """One organisation's journals, by their numbers. ``year_end`` is the last (month, day) of its years."""

    def __init__(self, told: Company) -> None:
        self.company = told
        self.journals: list[Journal] = []
        self.year_end = (12, 31)
        self.lock_date: date | None = max(year.end for year in told.years if year.closed)
        self._shown: dict[int, tuple[Line, ...]] = {}
        self._revision = -1
        self.show(told)

    def show(self, told: Company) -> None:
        """The company at its revision, by way of those between: corrections appear as journals of their own."""
        for revision in range(self._revision + 1, told.revision + 1):
            self._step(_at(told, revision))
        self.company, self._revision = told, max(self._revision, told.revision)

    def post(
        self,
        day: date,
        postings: Iterable[tuple[str, str]],
        *,
        source: str | None = "MANJOURNAL",
        reference: str = "",
        source_id: str = "",
    ) -> Journal:
        """Books a journal now, with the next number; ``postings`` are pairs of role and amount."""
        rows = tuple(Posting(role, Decimal(amount)) for role, amount in postings)
        return self._append(day, reference, source, source_id or f"manual {len(self.journals)}", rows)

    def balances(self, day: date) -> dict[str, tuple[Decimal, Decimal]]:
        """Role to balance at ``day`` and movement of its month, as a trial balance tells them: results since the
        year began, those of earlier years on the account that they are carried to."""
        year_start, month_start = self._year_start(day), day.replace(day=1)
        on_balance = {account.role for account in self.company.accounts if account.on_balance_sheet}
        ended: dict[str, Decimal] = defaultdict(Decimal)
        moved: dict[str, Decimal] = defaultdict(Decimal)
        for journal in self.journals:
            if journal.day > day:
                continue
            earlier = journal.day < year_start
            for posting in journal.postings:
                role = posting.role
                ended["result_brought_forward" if earlier and role not in on_balance else role] += posting.amount
                if journal.day >= month_start:
                    moved[role] += posting.amount
        return {role: (ended[role], moved[role]) for role in {*ended, *moved} if ended[role] or moved[role]}

    def _year_start(self, day: date) -> date:
        month, last = self.year_end

        def end_in(year: int) -> date:
            return date(year, month, min(last, calendar.monthrange(year, month)[1]))

        before = end_in(day.year) if end_in(day.year) < day else end_in(day.year - 1)
        return before + timedelta(days=1)

    def _step(self, told: Company) -> None:
        """Posts what is new in ``told``, and reverses what is gone or changed."""
        first = told.years[0]
        entries: dict[int, list[Line]] = defaultdict(list)
        for line in told.lines:
            if line.kind == "normal" or (line.kind == "opening" and line.year == first.label):
                entries[line.entry].append(replace(line, version=1))
        for entry, before in sorted(self._shown.items()):
            if tuple(entries.get(entry, ())) != before:
                self._post(told, before, -1)
        for entry, lines in sorted(entries.items()):
            if self._shown.get(entry) != tuple(lines):
                self._post(told, lines, 1)
        self._shown = {entry: tuple(lines) for entry, lines in entries.items()}

    def _post(self, told: Company, lines: Sequence[Line], sign: int) -> None:
        head = lines[0]
        kinds = {journal.code: journal.kind for journal in told.journals}
        opening = head.kind == "opening"
        postings = tuple(Posting(x.role, sign * x.amount, x.description, x.vat_code) for x in lines)
        self._append(
            # Conversion balances are those at the end of the day before the books begin.
            head.date - timedelta(days=1) if opening else head.date,
            head.document,
            None if opening else _SOURCES.get(kinds[head.journal], "MANJOURNAL"),
            f"entry {head.entry}",
            postings,
        )

    def _append(
        self, day: date, reference: str, source: str | None, source_id: str, postings: tuple[Posting, ...]
    ) -> Journal:
        count = len(self.journals) + 1
        number = count + count // 40  # numbers have gaps
        journal = Journal(
            number, day, FOUNDED + timedelta(minutes=number), reference, source, guid("source", source_id), postings
        )
        self.journals.append(journal)
        return journal


def _at(told: Company, revision: int) -> Company:
    return replace(told, revision=revision)
