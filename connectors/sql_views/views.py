"""The views that a customer's database shows us, as data: names, columns, and which of them a view must have.

Names and meanings are those of the drop folder's files (docs/packages/sql-views.md); a package's own names stay inside
its views. Money is base currency, ``closing`` debit +. Lines whose ``finalised`` is 0 are not final and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

_TEXT, _DATE, _MONEY, _WHOLE = pa.string(), pa.date32(), pa.decimal128(20, 4), pa.int32()


@dataclass(frozen=True)
class View:
    """A view, named after the connection's prefix (``sync_``). ``columns`` maps a column to its Arrow type; those that
    are not ``required`` may be missing."""

    name: str
    columns: dict[str, pa.DataType]
    required: frozenset[str]
    optional: bool = False

    def schema(self, found: frozenset[str]) -> pa.Schema:
        """The columns that a database has, in our order."""
        return pa.schema([(name, kind) for name, kind in self.columns.items() if name in found])


def _view(name: str, required: str, /, *, optional: bool = False, **columns: pa.DataType) -> View:
    return View(name, columns, frozenset(required.split()), optional)


DOSSIERS = _view(
    "dossiers", "code name", code=_TEXT, name=_TEXT, vat_number=_TEXT, country=_TEXT, currency=_TEXT, folder=_TEXT
)
FISCAL_YEARS = _view(
    "fiscal_years",
    "dossier label start_date end_date",
    dossier=_TEXT,
    label=_TEXT,
    start_date=_DATE,
    end_date=_DATE,
    closed=_WHOLE,
)
ACCOUNTS = _view(
    "accounts",
    "dossier number name",
    dossier=_TEXT,
    number=_TEXT,
    name=_TEXT,
    name_2=_TEXT,
    type=_TEXT,
    currency=_TEXT,
    active=_WHOLE,
)
JOURNALS = _view("journals", "dossier code", optional=True, dossier=_TEXT, code=_TEXT, name=_TEXT, type=_TEXT)
PARTIES = _view(
    "parties",
    "dossier code kind name",
    optional=True,
    dossier=_TEXT,
    code=_TEXT,
    kind=_TEXT,
    name=_TEXT,
    vat_number=_TEXT,
    country=_TEXT,
    control_account=_TEXT,
)
LINES = _view(
    "lines",
    "dossier label journal document date account debit credit",
    dossier=_TEXT,
    label=_TEXT,
    journal=_TEXT,
    document=_TEXT,
    line_no=_TEXT,
    date=_DATE,
    period=_WHOLE,
    account=_TEXT,
    description=_TEXT,
    debit=_MONEY,
    credit=_MONEY,
    currency=_TEXT,
    amount_currency=_MONEY,
    counterparty=_TEXT,
    due_date=_DATE,
    vat_code=_TEXT,
    modified_at=pa.timestamp("us"),
    finalised=_WHOLE,
)
BALANCES = _view(
    "trial_balance",
    "dossier label account closing",
    optional=True,
    dossier=_TEXT,
    label=_TEXT,
    account=_TEXT,
    opening=_MONEY,
    debit=_MONEY,
    credit=_MONEY,
    closing=_MONEY,
)
