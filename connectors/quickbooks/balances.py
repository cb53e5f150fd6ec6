"""The trial balances of a company, each asked for once; and what they say moved between two days."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain

import pyarrow as pa

from connectors.report_tables import lines_of_columns
from foundation.errors import Incomplete, ReportABug

from . import resources as r
from .calendar import Span, YearRule
from .wire import VENDOR, QuickBooksWire

Sums = dict[str, Decimal]
"""Account id to amount, debit positive; zero ones may be there."""
_RESULT_TYPES = frozenset({"Income", "Other Income", "Cost of Goods Sold", "Expense", "Other Expense"})


@dataclass(frozen=True)
class Chart:
    """What reading needs of the accounts: ``ids`` in order, ids by ``names``, those of ``results``, and the one that
    results of earlier years stand on (None where it is not told)."""

    ids: tuple[str, ...]
    names: Mapping[str, str]
    results: frozenset[str]
    retained: str | None

    @classmethod
    def of(cls, accounts: pa.Table) -> Chart:
        rows = accounts.to_pylist()
        equity = [row for row in rows if row["AccountType"] == "Equity"]
        by_type = (row["Id"] for row in equity if row["AccountSubType"] == "RetainedEarnings")
        by_name = (row["Id"] for row in equity if row["Name"] == "Retained Earnings")
        return cls(
            ids=tuple(row["Id"] for row in rows if row["AccountType"] != "Non-Posting"),
            names={row[name]: row["Id"] for name in ("Name", "FullyQualifiedName") for row in rows if row[name]},
            results=frozenset(row["Id"] for row in rows if row["AccountType"] in _RESULT_TYPES),
            retained=next(chain(by_type, by_name), None),
        )


class Balances:
    """Reads trial balances by day."""

    def __init__(self, wire: QuickBooksWire, chart: Chart, rule: YearRule) -> None:
        self._wire = wire
        self._chart = chart
        self._rule = rule
        self._read: dict[date, tuple[Sums, dict[str, str]]] = {}

    def at(self, day: date) -> Sums:
        """The balances at the end of ``day``. Raises Incomplete when they are not what the report sums them up to."""
        if day not in self._read:
            self._read[day] = self._fetch(day)
        return self._read[day][0]

    def any_at(self, day: date) -> bool:
        return any(self.at(day).values())

    def forget(self, span: Span) -> None:
        """The balances before and at the end of ``span`` are asked for again when they are needed."""
        for day in (span.eve, span.end):
            self._read.pop(day, None)

    def moved(self, span: Span) -> Sums:
        """What was booked within ``span`` (days of one fiscal year) on each account, as the balances tell."""
        before = dict(self.at(span.eve))
        if span.start == self._rule.year(span.start).start:
            carried = sum((before.pop(account, Decimal(0)) for account in self._chart.results), Decimal(0))
            if self._chart.retained:
                before[self._chart.retained] = before.get(self._chart.retained, Decimal(0)) + carried
        after = self.at(span.end)
        found = {
            account: after.get(account, Decimal(0)) - before.get(account, Decimal(0)) for account in after | before
        }
        return {account: amount for account, amount in found.items() if amount}

    def digest(self, span: Span) -> str:
        """A short text that differs when what was booked within ``span`` does."""
        told = "\n".join(f"{account} {amount:f}" for account, amount in sorted(self.moved(span).items()))
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def adds_up(self, span: Span, booked: Sums, accounts: Iterable[str] = ()) -> bool:
        """Whether ``booked`` is what the balances say was booked within ``span``, on every account or on ``accounts``.

        Accounts that are in no list may be accounts of results, which begin a year at zero: at the start of a year
        they are compared together with that to which results are carried.
        """
        told, asked = self.moved(span), set(accounts)
        every = asked or {*told, *booked}
        off = {account: booked.get(account, Decimal(0)) - told.get(account, Decimal(0)) for account in every}
        off = {account: amount for account, amount in off.items() if amount}
        if span.start == self._rule.year(span.start).start and not asked:
            known = set(self._chart.ids) - {self._chart.retained}
            vague = [off.pop(account) for account in list(off) if account not in known]
            return not off and not sum(vague, Decimal(0))
        return not off

    def table(self, days: Iterable[date]) -> pa.Table:
        """The balances at ``days``, to be landed."""
        rows = [
            {"Date": day, "AccountId": account, "Name": self._read[day][1][account], "Balance": amount}
            for day in sorted(set(days))
            for account, amount in self.at(day).items()
        ]
        return pa.Table.from_pylist(rows, schema=r.TRIAL_BALANCES)

    def _fetch(self, day: date) -> tuple[Sums, dict[str, str]]:
        found: Sums = {}
        names: dict[str, str] = {}
        sides, summed = [Decimal(0), Decimal(0)], False
        since = Span(self._rule.year(day).start, day)
        for line in lines_of_columns(self._wire.trial_balance(since).get("Rows") or {}):
            if line.kind == "summary" and line.path:  # a parent with its sub-accounts, which are told one by one
                continue
            if len(line.cells) != 3:
                if line.kind == "header":
                    continue
                raise ReportABug(f"{VENDOR} sent a trial balance with {len(line.cells)} columns")
            debit, credit = line.cells[1].amount, line.cells[2].amount
            if line.kind == "summary":
                summed = sides == [debit, credit]
                continue
            name = line.cells[0].text
            account = line.cells[0].about.get("id") or self._chart.names.get(name) or name
            found[account] = found.get(account, Decimal(0)) + debit - credit
            names[account] = name
            sides = [sides[0] + debit, sides[1] + credit]
        if found and not summed:
            raise Incomplete(f"the accounts of {VENDOR}'s trial balance are not what it says they sum up to")
        return found, names
