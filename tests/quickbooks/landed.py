"""Connects to the QuickBooks sandbox, and tells what it was asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import TokenStore
from connectors.quickbooks import QuickBooks
from connectors.quickbooks.sandbox import QuickBooksSandbox
from connectors.sandbox.company import Company
from tests.landed import Clock, access
from tests.reader import booked


def told(revision: int = 0, entries_per_month: int = 6) -> Company:
    """The company as QuickBooks can tell it."""
    return Company("BE", revision, entries_per_month, long_first_year=False)


def connect(sandbox: QuickBooksSandbox, clock: Clock, tokens: TokenStore | None = None, **settings: str) -> QuickBooks:
    """A connector for the sandbox, with the clock's time and sleep."""
    budgets = LocalBudgets(package("quickbooks").limits)
    return QuickBooks(access("quickbooks", sandbox, clock, tokens=tokens, budgets=budgets, **settings))


def company_sums(company: Company, start: date = date.min, end: date = date.max) -> dict[str, Decimal]:
    """The same of the company, as far as QuickBooks is told of it: no closing entries and later openings."""
    found: dict[str, Decimal] = {}
    for line in booked(company):
        if start <= line.date <= end:
            found[line.account] = found.get(line.account, Decimal(0)) + line.amount
    return {account: amount for account, amount in found.items() if amount}


def asked(sandbox: QuickBooksSandbox, since: int = 0) -> list[str]:
    """What was asked: endpoints of the API, reports with their last day."""
    found = []
    for target in sandbox.vendor.requests[since:]:
        path, _, query = target.partition("?")
        name = path.rpartition("/")[2] if "companyinfo" not in path else "companyinfo"
        fields = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        if name == "query":
            name = fields["query"].split("+")[3]
        found.append(f"{name} {fields['end_date']}" if "end_date" in fields else name)
    return found
