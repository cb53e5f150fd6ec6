"""The sandbox company laid out as schema ``books``: what a room's normalize would make of it."""

from __future__ import annotations

from dataclasses import asdict

import duckdb
import pyarrow as pa

from connectors import books
from connectors.sandbox.company import Company

_COLUMN_KINDS = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(20,4)": pa.decimal128(20, 4),
}


def tell(db: duckdb.DuckDBPyConnection, company: Company, *, package_balances: bool = True) -> None:
    """Fills schema ``books`` of ``db`` with the company."""
    rows: dict[str, list[dict[str, object]]] = {
        "dossier": [
            {
                "name": company.name,
                "code": company.code,
                "country": company.country,
                "currency": "EUR",
                "vat_number": company.vat_number,
            }
        ],
        "fiscal_years": [
            {"label": y.label, "start_date": y.start, "end_date": y.end, "closed": y.closed} for y in company.years
        ],
        "periods": [
            {"fiscal_year": year, "period": number, "start_date": first, "end_date": last, "kind": "normal"}
            for year, number, first, last in company.periods
        ],
        "accounts": [
            {
                "number": a.number,
                "name": a.name,
                "type": a.kind,
                "statement": "balance" if a.on_balance_sheet else "result",
                "package_type": None,
                "explicit_code": a.rgs if company.country == "NL" else None,
                "currency": "EUR",
                "active": a.active,
            }
            for a in company.accounts
        ],
        "journals": [{"code": j.code, "name": j.name, "type": j.kind} for j in company.journals],
        "counterparties": [asdict(p) | {"control_account": None} for p in company.parties],
        "journal_lines": [
            {
                "line_key": str(line.number),
                "entry_key": str(line.entry),
                "line_no": line.line_no,
                "fiscal_year": line.year,
                "period": line.period,
                "period_kind": line.kind,
                "date": line.date,
                "journal": line.journal,
                "document": line.document,
                "account": line.account,
                "counterparty": line.party,
                "description": line.description,
                "debit": line.debit,
                "credit": line.credit,
                "currency": line.currency,
                "amount_currency": line.amount_currency,
                "vat_code": line.vat_code,
                "due_date": line.due_date,
                "modified_at": line.modified_at,
            }
            for line in company.lines
        ],
        "trial_balances": [
            {"fiscal_year": year, "period": None, "account": account} | row
            for (year, account), row in company.balances().items()
        ]
        if package_balances
        else [],
    }
    for name, columns in books.TABLES.items():
        schema = pa.schema([(column, _COLUMN_KINDS[kind]) for column, kind in columns])
        table = pa.Table.from_pylist(rows[name], schema=schema)
        db.register("told_rows", table)
        db.execute(f"CREATE TABLE books.{name} AS FROM told_rows")
        db.unregister("told_rows")
