"""UK companies for tests, and what our reader makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from connectors.contract import Access
from connectors.sage50.client import Sage50
from connectors.sage50.sandbox import write_csv
from connectors.sage50.sandbox_tables import TRAIL_HEADINGS, Cell
from tests.winbooks.dossiers import extract, next_cursor, normalized, notes

__all__ = ["connect", "extract", "next_cursor", "normalized", "notes", "read", "row", "write_company"]

CHART = [
    ("0020", "Plant"), ("1100", "Debtors"), ("1200", "Bank"), ("1230", "Petty cash"), ("2100", "Creditors"),
    ("2200", "Sales tax"), ("2201", "Purchase tax"), ("3200", "Retained"), ("4000", "Sales"), ("4009", "Discounts"),
    ("5000", "Purchases"), ("7500", "Telephone"),
]  # fmt: skip


def row(
    kind: str,
    ref: str | None,
    nominal: str,
    net: str,
    tax: str = "0.00",
    *,
    day: str = "15/02/2024",
    reference: str = "R1",
    code: str = "T1",
    rate: str = "1",
    details: str = "Details",
) -> list[Cell]:
    """A row of the audit trail."""
    return [kind, ref, nominal, 1, day, reference, details, net, code, tax, rate, "", "MANAGER", "", ""]


def write_company(
    folder: Path,
    trail: Iterable[Sequence[Cell]],
    *,
    heading: bool = True,
    nominal: Sequence[tuple[Cell, ...]] = CHART,
    nominal_columns: Sequence[str] = ("ACCOUNT_REF", "NAME"),
    company: dict[str, Cell] | None = None,
) -> Path:
    """A company of the fiscal year 2024 with the default chart."""
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, Cell] = {"NAME": "Demo Ltd", "START_MONTH": 1, "FINANCIAL_YEAR": 2024, "COUNTRY_CODE": "GB"}
    told |= company or {}
    write_csv(folder / "COMPANY.csv", (list(told), [list(told.values())]))
    write_csv(folder / "NOMINAL_LEDGER.csv", (nominal_columns, nominal))
    write_csv(folder / "Audit Trail.csv", (TRAIL_HEADINGS, list(trail)), heading=heading)
    return folder


def connect(root: Path, **settings: str) -> Sage50:
    return Sage50(Access("sage50", {"root": str(root), **settings}, {}, sleep=lambda seconds: None))


def read(root: Path, external_id: str = "DEMO", since: date | None = None) -> duckdb.DuckDBPyConnection:
    """Extracts and normalizes in one go."""
    connector = connect(root)
    return normalized(connector, extract(connector, external_id, since=since))


def lines(db: duckdb.DuckDBPyConnection, columns: str = "account, (debit - credit)::DOUBLE") -> list[tuple[Any, ...]]:
    return db.execute(f"SELECT {columns} FROM books.journal_lines ORDER BY entry_key, line_no").fetchall()
