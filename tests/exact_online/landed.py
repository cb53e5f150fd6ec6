"""Connects to the Exact Online sandbox, and sums what lines tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from connectors.contract import Connector
from connectors.exact_online import ExactOnline
from connectors.exact_online.sandbox import ExactSandbox
from tests import landed
from tests.landed import Clock, Landed, access

SOFTWARE = "exact_online_be"
Balances = dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]


def connect(sandbox: ExactSandbox, clock: Clock, *, software: str = SOFTWARE, **given: Any) -> ExactOnline:
    """A connector for the sandbox, with the clock's time and sleep."""
    return ExactOnline(access(software, sandbox, clock, **given))


def read(connector: Connector, previous: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    return landed.read(connector, "900101", previous, **request)


def line_amounts(found: Landed) -> dict[str, Decimal]:
    """Line id to amount as landed; of a line told twice, the later."""
    rows = found.tables["lines"].select(["Timestamp", "ID", "AmountDC"]).to_pydict()
    ordered = sorted(zip(rows["Timestamp"], rows["ID"], rows["AmountDC"], strict=True))
    return {key: amount for _, key, amount in ordered}


def balances(db: duckdb.DuckDBPyConnection) -> Balances:
    """(year, account) to opening, movement and closing before closing entries; zero rows left out."""
    rows = db.execute(
        "SELECT fiscal_year, account, sum(CASE WHEN period_kind = 'opening' THEN debit - credit ELSE 0 END), "
        "sum(CASE WHEN period_kind = 'normal' THEN debit - credit ELSE 0 END), sum(debit - credit) "
        "FROM books.journal_lines WHERE period_kind <> 'closing' GROUP BY ALL"
    ).fetchall()
    return {(year, account): tuple(sums) for year, account, *sums in rows if any(sums)}  # type: ignore[misc]


def company_balances(company: Any, first: str = "") -> Balances:
    found = {
        key: (row["opening"], row["debit"] - row["credit"], row["closing"])
        for key, row in company.balances().items()
        if key[0] >= first
    }
    return {key: value for key, value in found.items() if any(value)}
