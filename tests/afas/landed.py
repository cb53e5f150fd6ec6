"""Connects to the AFAS sandbox, and tells what stands in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.afas import Afas
from connectors.afas.sandbox import AfasSandbox
from connectors.sandbox.company import Company
from tests import landed
from tests.landed import Clock, Landed, access, books


def connect(sandbox: AfasSandbox, clock: Clock, *, token: str = "", **given: Any) -> Afas:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Afas(access("afas", sandbox, clock, secrets={"token": token} if token else None, **given))


def read(connector: Afas, previous: Landed | None = None, unit: str = "5", **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    return landed.read(connector, unit, previous, **request)


def loaded(connector: Afas, found: Landed) -> dict[str, Decimal]:
    """Line key to amount."""
    rows = books(connector, found).execute("SELECT line_key, debit - credit FROM books.journal_lines").fetchall()
    assert len(rows) == len(dict(rows)), "a line came twice"
    return dict(rows)


def standing(sandbox: AfasSandbox, unit: int = 5) -> dict[str, Decimal]:
    """The same of the lines that stand in the sandbox."""
    lines = sandbox.vendor.books.lines
    return {"-".join(map(str, key)): row["AmtDebit"] - row["AmtCredit"] for key, row in lines.items() if key[0] == unit}


def company_lines(told: Company) -> dict[str, Decimal]:
    return {
        f"5-{line.journal}-{line.year}-{line.entry}-{line.line_no}": line.amount
        for line in told.lines
        if line.kind != "closing"
    }
