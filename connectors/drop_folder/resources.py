"""What is landed from a drop folder: one raw form for its formats (our CSV contract, FEC, XAF, SAF-T).

``lines`` holds the ledger as the files tell it, amounts and dates already typed: ``file`` and ``row`` say where a
line stands (``row`` counts from 1), ``entry`` what keeps the lines of one entry together, ``kind`` is ``opening``
where the format itself says so, NULL otherwise. ``debit`` and ``credit`` keep their signs (base currency),
``amount_currency`` has the sign of debit - credit. ``accounts.type`` and ``journals.type`` are the file's own words.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource

_TEXT = pa.string()
_DATE = pa.date32()
_MONEY = pa.decimal128(20, 4)


def _resource(name: str, /, **columns: pa.DataType) -> Resource:
    return Resource(name, pa.schema(list(columns.items())))


LINES = _resource(
    "lines",
    year=_TEXT,
    file=_TEXT,
    row=pa.int64(),
    journal=_TEXT,
    entry=_TEXT,
    line_no=_TEXT,
    date=_DATE,
    period=pa.int32(),
    kind=_TEXT,
    document=_TEXT,
    account=_TEXT,
    description=_TEXT,
    debit=_MONEY,
    credit=_MONEY,
    currency=_TEXT,
    amount_currency=_MONEY,
    counterparty=_TEXT,
    vat_code=_TEXT,
    due_date=_DATE,
    modified_at=pa.timestamp("us"),
)
ACCOUNTS = _resource(
    "accounts",
    number=_TEXT,
    name=_TEXT,
    name_2=_TEXT,
    type=_TEXT,
    explicit_code=_TEXT,
    currency=_TEXT,
    active=pa.bool_(),
)
FISCAL_YEARS = _resource(
    "fiscal_years",
    label=_TEXT,
    start_date=_DATE,
    end_date=_DATE,
    closed=pa.bool_(),
    periods=pa.int32(),
    source=_TEXT,
)
PERIODS = _resource("periods", fiscal_year=_TEXT, period=pa.int32(), start_date=_DATE, end_date=_DATE)
JOURNALS = _resource("journals", code=_TEXT, name=_TEXT, type=_TEXT)
PARTIES = _resource(
    "parties", code=_TEXT, kind=_TEXT, name=_TEXT, vat_number=_TEXT, country=_TEXT, control_account=_TEXT
)
BALANCES = _resource(
    "balances",
    fiscal_year=_TEXT,
    file=_TEXT,
    account=_TEXT,
    name=_TEXT,
    opening=_MONEY,
    debit=_MONEY,
    credit=_MONEY,
    closing=_MONEY,
)
DOSSIER = _resource("dossier", code=_TEXT, name=_TEXT, vat_number=_TEXT, country=_TEXT, currency=_TEXT, format=_TEXT)

RESOURCES = (DOSSIER, FISCAL_YEARS, PERIODS, ACCOUNTS, JOURNALS, PARTIES, LINES, BALANCES)
