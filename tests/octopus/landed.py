"""Connects to the Octopus sandbox, and tells what is booked in it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.budgets import LocalBudgets
from connectors.catalog import package
from connectors.octopus import Octopus
from connectors.octopus.sandbox import OctopusSandbox
from connectors.sandbox.company import Company
from tests import landed
from tests.landed import Clock, Landed, access, books

DOSSIER = "70112"
Amounts = dict[tuple[str, str, str], tuple[Decimal, str]]


def connect(sandbox: OctopusSandbox, clock: Clock, *, password: str = "", **given: Any) -> Octopus:
    """A connector for the sandbox, with the clock's time and sleep."""
    given["budgets"] = given.get("budgets") or LocalBudgets(package("octopus").limits)
    return Octopus(access("octopus", sandbox, clock, secrets={"password": password} if password else None, **given))


def read(connector: Octopus, previous: Landed | None = None, kept: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous`` from its cursor on, with ``kept`` from where that was cut short."""
    return landed.read(connector, DOSSIER, previous, kept, **request)


def told(connector: Octopus, found: Landed) -> Amounts:
    """(year, document, line) to amount and account."""
    rows = books(connector, found).execute(
        "SELECT fiscal_year, document, line_no::VARCHAR, debit - credit, account FROM books.journal_lines"
    )
    return {(year, document, line): (amount, account) for year, document, line, amount, account in rows.fetchall()}


def expected(company: Company) -> Amounts:
    """The same of the company: without closing entries and later openings."""
    first = company.years[0].label
    return {
        (line.year, line.document, str(line.line_no)): (line.amount, line.account)
        for line in company.lines
        if line.kind == "normal" or (line.kind == "opening" and line.year == first)
    }


def asked(sandbox: OctopusSandbox, part: str) -> Callable[[], int]:
    """How many calls whose address has ``part`` were made since."""
    before = len(sandbox.vendor.requests)
    return lambda: sum(part in request for request in sandbox.vendor.requests[before:])
