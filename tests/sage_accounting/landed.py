"""Connects to the Sage sandbox, and tells what it was asked."""

from __future__ import annotations

from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.contract import TokenStore
from connectors.sage_accounting import SageAccounting
from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sandbox.company import Company
from tests.landed import Clock, access

SLUG = "sage_business_cloud_accounting"


def told(revision: int = 0, entries_per_month: int = 6) -> Company:
    """The company as Sage can tell it."""
    return Company("BE", revision, entries_per_month, long_first_year=False)


def connect(sandbox: SageSandbox, clock: Clock, tokens: TokenStore | None = None, **settings: str) -> SageAccounting:
    """A connector for the sandbox, with the clock's time and sleep."""
    budgets = LocalBudgets(package(SLUG).limits)
    return SageAccounting(access(SLUG, sandbox, clock, tokens=tokens, budgets=budgets, **settings))


def asked(sandbox: SageSandbox, what: str) -> list[str]:
    """What was asked of the sandbox so far, as far as it names ``what``; without the root of its address."""
    return [each.removeprefix("/v3.1/") for each in sandbox.vendor.requests if what in each]
