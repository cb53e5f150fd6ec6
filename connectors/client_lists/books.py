"""The table that the ``normalize`` of an administrative package leaves: ``books.clients``, one row per client.

All columns are text, NULL where nothing is told. Numbers, countries, languages and year ends stand as the package
writes them (the warehouse brings them into one form). ``status`` is ``active`` or ``inactive``; ``officers``,
``shareholders`` and ``extra`` are JSON; ``dossier_code`` is the client's code in the bookkeeping package.
"""

from __future__ import annotations

import duckdb

from foundation.errors import ReportABug

COLUMNS = (
    "external_id",
    "code",
    "name",
    "commercial_name",
    "client_type",
    "legal_form",
    "enterprise_number",
    "vat_number",
    "address_line_1",
    "address_line_2",
    "postcode",
    "city",
    "country",
    "email",
    "phone",
    "language",
    "fiscal_year_end",
    "responsible",
    "status",
    "client_group",
    "office",
    "dossier_code",
    "officers",
    "shareholders",
    "extra",
)


def require_clients(db: duckdb.DuckDBPyConnection) -> None:
    """Raises ReportABug when ``normalize`` left a column out, or another one in."""
    found = db.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'books' AND table_name = 'clients'"
    ).fetchall()
    if sorted(found) != sorted((name, "VARCHAR") for name in COLUMNS):
        off = {name for name, _ in found} ^ set(COLUMNS)
        raise ReportABug(f"normalize left books.clients otherwise than promised ({', '.join(sorted(off)) or 'types'})")
