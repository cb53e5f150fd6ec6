"""Connects to the WinBooks on Web sandbox, and tells what is booked in it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.sandbox.company import Company
from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox
from tests import landed
from tests.landed import Clock, Landed, access, books

Amounts = dict[tuple[str, str, str, Decimal], int]


def connect(sandbox: WinBooksOnWebSandbox, clock: Clock, *, exchange_token: str = "", **given: Any) -> WinBooksOnWeb:
    """A connector for the sandbox, with the clock's time and sleep."""
    secrets = {"exchange_token": exchange_token} if exchange_token else None
    return WinBooksOnWeb(access("winbooks_on_web", sandbox, clock, secrets=secrets, **given))


def read(
    connector: WinBooksOnWeb,
    previous: Landed | None = None,
    kept: Landed | None = None,
    folder: str = "ATELIER É/1",
    **request: Any,
) -> Landed:
    """One sync: with ``previous`` from its cursor on, with ``kept`` from where that was cut short."""
    return landed.read(connector, folder, previous, kept, **request)


def told(connector: WinBooksOnWeb, found: Landed) -> Amounts:
    """(year, document, account, amount) to how often."""
    rows = books(connector, found).execute(
        "SELECT fiscal_year, document, account, debit - credit, count(*) FROM books.journal_lines GROUP BY ALL"
    )
    return {(year, document, account, amount): count for year, document, account, amount, count in rows.fetchall()}


def expected(company: Company) -> Amounts:
    """The same of the company."""
    found: Amounts = {}
    for line in company.lines:
        key = (line.year, line.document, line.account, line.amount)
        found[key] = found.get(key, 0) + 1
    return found


def asked(sandbox: WinBooksOnWebSandbox, part: str) -> Callable[[], int]:
    """How many calls whose address or body has ``part`` were made since."""
    before = len(sandbox.vendor.requests)
    return lambda: sum(part in request for request in sandbox.vendor.requests[before:])
