"""Connects to the Odoo sandbox, and tells the lines that stand in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from connectors.odoo import Odoo
from connectors.odoo.sandbox import OdooSandbox
from connectors.odoo.wire import PageSizes
from tests import landed
from tests.landed import Clock, Landed, access


def connect(
    sandbox: OdooSandbox, clock: Clock, *, sizes: PageSizes | None = None, api_key: str = "", **given: Any
) -> Odoo:
    """A connector for the sandbox, with the clock's time and sleep."""
    return Odoo(access("odoo", sandbox, clock, secrets={"api_key": api_key} if api_key else None, **given), sizes=sizes)


def read(connector: Odoo, previous: Landed | None = None, **request: Any) -> Landed:
    """One sync: with ``previous``, from its cursor on."""
    return landed.read(connector, "4", previous, **request)


def amounts(found: Landed) -> dict[int, Decimal]:
    """Line id to amount as landed; of a line told twice, the later telling."""
    rows = sorted(found.tables["lines"].to_pylist(), key=lambda row: (row["write_date"], row["Reading"]))
    return {row["id"]: row["debit"] - row["credit"] for row in rows}


def told_lines(db: duckdb.DuckDBPyConnection) -> dict[int, Decimal]:
    """Key to amount of the lines of the books, without openings that we made."""
    rows = db.execute("SELECT line_key, debit - credit FROM books.journal_lines").fetchall()
    return {int(key): amount for key, amount in rows if key.isdigit()}


def standing_lines(sandbox: OdooSandbox) -> dict[int, Decimal]:
    """The same as the database holds it: the company's posted lines that have an account."""
    return {
        key: row["balance"]
        for key, row in sandbox.vendor.books.lines.items()
        if row["company_id"] == 4 and row["parent_state"] == "posted" and not row["display_type"]
    }
