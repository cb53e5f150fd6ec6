"""Connects to the Xero sandbox."""

from __future__ import annotations

from connectors.contract import TokenStore
from connectors.sandbox.company import Company
from connectors.xero import Xero
from connectors.xero.sandbox import XeroSandbox
from tests.landed import Clock, access


def told(revision: int = 0, entries_per_month: int = 6, *, by_entries: bool = True) -> Company:
    """The company as Xero can tell it; without ``by_entries`` it changes and deletes what it booked."""
    return Company("BE", revision, entries_per_month, long_first_year=False, corrects_by_entries=by_entries)


def connect(
    sandbox: XeroSandbox, clock: Clock, software: str = "xero", tokens: TokenStore | None = None, **settings: str
) -> Xero:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Xero(access(software, sandbox, clock, tokens=tokens, **settings))
