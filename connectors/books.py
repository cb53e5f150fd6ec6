"""The common language: the tables that every room's ``normalize`` creates, whatever the package.

``normalize`` runs in a scratch DuckDB where each landed resource is a view ``landed.<resource>``, and leaves one
view or table per entry of :data:`TABLES` in schema ``books``, with at least the columns marked required below. The
columns and their meanings are those of the warehouse's schema ``ledger``; what identifies the dossier and the sync
is added later. Money is DECIMAL(20,4) in base currency, dates are DATE.

``journal_lines``
    fiscal_year (label) and period are the package's booking period; both NULL where the package states none.
    period_kind is ``opening``, ``normal``, ``adjustment`` or ``closing``. Opening lines carry the balances at the
    start of their year; closing lines empty a year at its end (transfers of the result, mirrors of the next
    opening) and are kept apart from the movement. debit and credit as the package tells them.
    line_key is unique in the dossier and stable between syncs.
``trial_balances``
    The package's own balances, source ``package``: for a year and period the opening, debit, credit and closing,
    any of them NULL when not told. period NULL: the whole year. Empty when the package has none. In totals mode they
    are the figures: every year then has its openings or follows one that ends with balances.
``accounts``
    type is the package's own word on the account in our terms, NULL when it does not tell; package_type its
    literal value, prefixed for the chart (``E:20``); explicit_code a national code that the package states (RGS);
    statement is ``balance``, ``result`` or NULL; heading is true for a title or total that should hold no entries.
``carried_result``
    Optional (``CREATE OR REPLACE TABLE books.carried_result AS ...``): the ``account`` to which a package that books no
    closing entries carries the result of earlier years by itself. Without it they are carried to an account of ours.
"""

from __future__ import annotations

import duckdb

from foundation.errors import ReportABug

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "dossier": (
        ("name", "VARCHAR"),
        ("code", "VARCHAR"),
        ("country", "VARCHAR"),
        ("currency", "VARCHAR"),
        ("vat_number", "VARCHAR"),
    ),
    "fiscal_years": (("label", "VARCHAR"), ("start_date", "DATE"), ("end_date", "DATE"), ("closed", "BOOLEAN")),
    "periods": (
        ("fiscal_year", "VARCHAR"),
        ("period", "INTEGER"),
        ("start_date", "DATE"),
        ("end_date", "DATE"),
        ("kind", "VARCHAR"),
    ),
    "accounts": (
        ("number", "VARCHAR"),
        ("name", "VARCHAR"),
        ("type", "VARCHAR"),
        ("statement", "VARCHAR"),
        ("package_type", "VARCHAR"),
        ("explicit_code", "VARCHAR"),
        ("currency", "VARCHAR"),
        ("active", "BOOLEAN"),
        ("heading", "BOOLEAN"),
    ),
    "journals": (("code", "VARCHAR"), ("name", "VARCHAR"), ("type", "VARCHAR")),
    "counterparties": (
        ("code", "VARCHAR"),
        ("name", "VARCHAR"),
        ("kind", "VARCHAR"),
        ("vat_number", "VARCHAR"),
        ("country", "VARCHAR"),
        ("control_account", "VARCHAR"),
    ),
    "journal_lines": (
        ("line_key", "VARCHAR"),
        ("entry_key", "VARCHAR"),
        ("line_no", "INTEGER"),
        ("fiscal_year", "VARCHAR"),
        ("period", "INTEGER"),
        ("period_kind", "VARCHAR"),
        ("date", "DATE"),
        ("journal", "VARCHAR"),
        ("document", "VARCHAR"),
        ("account", "VARCHAR"),
        ("counterparty", "VARCHAR"),
        ("description", "VARCHAR"),
        ("debit", "DECIMAL(20,4)"),
        ("credit", "DECIMAL(20,4)"),
        ("currency", "VARCHAR"),
        ("amount_currency", "DECIMAL(20,4)"),
        ("vat_code", "VARCHAR"),
        ("due_date", "DATE"),
        ("modified_at", "TIMESTAMP"),
    ),
    "trial_balances": (
        ("fiscal_year", "VARCHAR"),
        ("period", "INTEGER"),
        ("account", "VARCHAR"),
        ("opening", "DECIMAL(20,4)"),
        ("debit", "DECIMAL(20,4)"),
        ("credit", "DECIMAL(20,4)"),
        ("closing", "DECIMAL(20,4)"),
    ),
}

JOURNAL_TYPES = (
    "sales",
    "sales_credit",
    "purchase",
    "purchase_credit",
    "bank",
    "cash",
    "general",
    "opening",
    "closing",
    "other",
)
ACCOUNT_TYPES = ("asset", "equity", "liability", "income", "expense", "memo")


def create_empty(db: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Empty tables of schema ``books`` for what a package does not have (``create_empty(db, "trial_balances")``)."""
    for name in names:
        columns = ", ".join(f"{column} {kind}" for column, kind in TABLES[name])
        db.execute(f"CREATE TABLE books.{name} ({columns})")


def require_complete(db: duckdb.DuckDBPyConnection) -> None:
    """Raises ReportABug when ``normalize`` left out a table or column, or gave a column another type."""
    found: dict[str, dict[str, str]] = {}
    rows = db.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'books'"
    ).fetchall()
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    for table, columns in TABLES.items():
        for column, kind in columns:
            seen = found.get(table, {}).get(column)
            if seen != kind:
                raise ReportABug(f"normalize left books.{table}.{column} as {seen or 'nothing'}, promised is {kind}")
