"""What is landed of a folder, under the vendor's own property names; ``ThirdX`` is the vendor's ``Third.X``.

Amounts are signed, debit positive. ``Modified`` is in milliseconds since 1970 (UTC). Columns of our own: what a book
year and its periods come to; ``Reading``, the number of the reading that told a row, of which the greatest stands;
``Sweep``, the reading in which an id was seen to stand. A year is swept whenever one of its lines was told as changed:
of a year that was ever swept those lines stand whose ids its last sweep saw.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY

from .dates import days, milliseconds


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "", dates: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY), (dates, pa.date32()))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


WIRE_HEADERS = _schema(
    text="Id BookPeriod_Id JournalCode Journal_Id DocNumber BookDate DueDate Modified",
    flags="IsTemp",
)
WIRE_LINES = _schema(
    text="Id GLTransHeader_Id BookPeriod_Id GLAccountCode GLAccount_Id CurrencyCode CustomerCode Customer_Id"
    " SupplierCode Supplier_Id VatCode CommentBooking CommentExternal Reference ValueDate Modified",
    integers="LineOrder",
    money="Amount CurrencyAmount",
)
_DAYS = ("BookDate", "DueDate", "ValueDate")
_KINDS = {"Modified": pa.int64()} | dict.fromkeys(_DAYS, pa.date32())


def _landed(wire: pa.Schema) -> pa.Schema:
    fields = [pa.field(field.name, _KINDS.get(field.name, field.type)) for field in wire]
    return pa.schema([*fields, ("Reading", pa.int64())])


HEADERS, LINES = _landed(WIRE_HEADERS), _landed(WIRE_LINES)

# Ours: the first day that the link asks for.
DOSSIER = _schema(text="Folder Label Country Currency", dates="Since")
BOOK_YEARS = _schema(text="Id label", dates="start_date end_date")
BOOK_PERIODS = _schema(text="Id BookYear_Id kind", integers="Number", dates="start_date end_date")
ACCOUNTS = _schema(text="Id Code Name", flags="IsLocked IsHidden")
JOURNALS = _schema(text="Id Code Name BookYear_Id")
PARTIES = _schema(
    text="Id Code GLAccountCentralCode ThirdCode ThirdName ThirdVatNumber ThirdVatCountryCode AddressCountryCode"
)
TOTALS = _schema(text="BookYear_Id kind GLAccountCode", money="Amount")
STANDING = _schema(text="Id", integers="Sweep")
SWEPT = _schema(text="BookYear_Id", integers="Sweep")

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("book_years", BOOK_YEARS),
    Resource("book_periods", BOOK_PERIODS),
    Resource("accounts", ACCOUNTS),
    Resource("journals", JOURNALS),
    Resource("customers", PARTIES),
    Resource("suppliers", PARTIES),
    Resource("headers", HEADERS, key=("Id",), version="Reading"),
    Resource("lines", LINES, key=("Id",), version="Reading"),
    Resource("standing", STANDING, key=("Id",), version="Sweep"),
    Resource("swept", SWEPT, key=("BookYear_Id",), version="Sweep"),
    Resource("totals", TOTALS),  # what accounts sum up to, in the opening, ordinary and closing periods of a year
)


def landed(rows: pa.RecordBatch, schema: pa.Schema, reading: int) -> pa.RecordBatch:
    """Rows as they came, with dates read, and the number of the reading that told them."""
    columns = []
    for field in rows.schema:
        column = rows.column(field.name)
        if field.name in _DAYS:
            column = days(column, field.name)
        elif field.name == "Modified":
            column = milliseconds(column, field.name)
        columns.append(column)
    columns.append(pa.repeat(pa.scalar(reading, pa.int64()), rows.num_rows))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
