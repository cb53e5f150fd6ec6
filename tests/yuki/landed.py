"""Connects to the Yuki sandbox, and tells what a sync asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.budgets import Budgets, LocalBudgets
from connectors.catalog import package
from connectors.contract import Deleted, Event
from connectors.sandbox.company import Company, Line
from connectors.yuki import Yuki
from connectors.yuki.sandbox import YukiSandbox
from resources.landing import Snapshot
from tests.landed import Clock, access
from tests.reader import Reader

SOFTWARE = "yuki"
Balances = dict[tuple[str, str], tuple[Decimal, Decimal]]


def connect(
    sandbox: YukiSandbox, clock: Clock, *, budgets: Budgets | None = None, key: str | None = None, **given: Any
) -> Yuki:
    """A connector for the sandbox, with the clock's time and sleep."""
    secrets = {"access_key": key} if key else None
    budgets = budgets or LocalBudgets(package(SOFTWARE).limits)
    return Yuki(access(SOFTWARE, sandbox, clock, secrets=secrets, budgets=budgets, **given))


@dataclass
class Dossier(Reader):
    """The sandbox's dossier, synced step by step. ``asked`` holds what the last sync asked for, and ``deleted`` what it
    said is gone."""

    sandbox: YukiSandbox = field(kw_only=True)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def read(self, *, afresh: bool = False, **request: Any) -> Snapshot:
        before = len(self.sandbox.vendor.asked)
        self.deleted = []
        try:
            return super().read(afresh=afresh, **request)
        finally:
            self.asked = self.sandbox.vendor.asked[before:]

    def heard(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Deleted):
                self.deleted += event.keys.column("id").to_pylist()
            yield event

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def months(self) -> list[tuple[str, str]]:
        """First and last day of each read of lines."""
        return [(a["StartDate"], a["EndDate"]) for o, a in self.asked if o == "GetTransactionDetails"]


def balances(dossier: Reader) -> Balances:
    """(year, account) to opening and movement; what is zero is left out."""
    rows = dossier.rows(
        "SELECT fiscal_year, account, coalesce(sum(debit - credit) FILTER (period_kind = 'opening'), 0), "
        "coalesce(sum(debit - credit) FILTER (period_kind <> 'opening'), 0) FROM books.journal_lines GROUP BY ALL"
    )
    return {(year, account): (opening, moved) for year, account, opening, moved in rows if opening or moved}


def told(company: Company, first: str = "") -> Balances:
    found = {
        key: (row["opening"], row["debit"] - row["credit"])
        for key, row in company.balances().items()
        if key[0] >= first
    }
    return {key: value for key, value in found.items() if any(value)}


def line_of(sandbox: YukiSandbox, **wanted: Any) -> Line:
    """Some line with those attributes."""
    return next(line for line in sandbox.vendor.books.lines if all(getattr(line, k) == v for k, v in wanted.items()))
