"""What is landed of a Yuki administration, under the vendor's own field names.

Text is landed as it came (``TRM`` terms, times, padded names), amounts are rounded to four decimals; normalize.sql
reads them. What is read in parts carries ``Read``, the number of the reading, and ``readings`` tells which one stands
for a part: what an earlier reading brought of it, and a later one no longer did, is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY

from .years import BookYear


def _schema(text: str = "", integers: str = "", money: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


DOMAIN = _schema(text="ID Name")
ADMINISTRATION = _schema(
    text="ID Name InternalCustomerCode Country CoCNumber VATNumber StartDate Active DomainID",
)
ACCOUNTS = _schema(text="code descripton descriptionNL descriptionFR descriptionEN isEnabled", integers="type subtype")
PERIOD = _schema(text="wholePeriod")
RGS = _schema(text="YukiCode RgsReferenceCode")
CONTACTS = _schema(text="ID Code Name Type Country VATNumber CoCNumber Modified IsSupplier IsCustomer")
ITEMS = _schema(text="ID DocumentID ContactID DueDate Side", money="OriginalAmount")
TOLD_LINES = _schema(
    text="id hID transactionDate description currency taxCodeDescription fullName contactID contactCode VATNumber"
    " contactCountry glAccountCode documentID documentReference documentType documentFolder periodId",
    money="transactionAmount transactionAmountForeignCurrency",
)
LINES = TOLD_LINES.append(pa.field("Read", pa.int64()))
UPDATED = _schema(text="id transactionDate updated deleted")
DELETED = pa.schema([("id", pa.string()), ("Read", pa.int64())])
TOLD_START = _schema(text="accountID", money="startBalance")
TOLD_BALANCES = _schema(text="Code BalanceType", money="Amount")

# Columns of our own: the first day that the link asks for; the book years as concluded from the periods that were told
# (Assumed: none was); and which reading of which year or month a row is of.
DOSSIER = ADMINISTRATION.append(pa.field("Since", pa.date32()))
YEARS = pa.schema(
    [("YearID", pa.int64()), ("StartDate", pa.date32()), ("EndDate", pa.date32()), ("Assumed", pa.bool_())]
)
START_BALANCES = pa.schema([("YearID", pa.int64()), *TOLD_START, ("Read", pa.int64())])
BALANCES = pa.schema([("YearID", pa.int64()), *TOLD_BALANCES, ("Read", pa.int64())])
READINGS = pa.schema([("What", pa.string()), ("Part", pa.string()), ("Read", pa.int64())])

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("years", YEARS),
    Resource("accounts", ACCOUNTS),
    Resource("rgs", RGS),
    Resource("contacts", CONTACTS, key=("ID",)),
    Resource("items", ITEMS),
    Resource("lines", LINES, key=("id",), version="Read"),
    Resource("start_balances", START_BALANCES, key=("YearID", "accountID"), version="Read"),
    Resource("balances", BALANCES, key=("YearID", "Code"), version="Read"),
    Resource("readings", READINGS, key=("What", "Part"), version="Read"),
)
IN_PARTS = frozenset({"contacts", "lines", "start_balances", "balances", "readings"})
"""What an incremental sync sends as changes."""


def with_columns(rows: pa.Table | pa.RecordBatch, schema: pa.Schema, **fixed: object) -> pa.Table:
    """``rows`` in ``schema``, with columns that hold one value throughout."""
    columns = [
        pa.repeat(pa.scalar(fixed[field.name], field.type), rows.num_rows)
        if field.name in fixed
        else rows.column(field.name)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def readings(what: str, parts: Sequence[str], read: int) -> pa.Table:
    """Word that ``parts`` of ``what`` stand as reading number ``read`` brought them."""
    rows = [{"What": what, "Part": part, "Read": read} for part in parts]
    return pa.Table.from_pylist(rows, schema=READINGS)


def years_table(years: Iterable[BookYear]) -> pa.Table:
    rows = [
        {"YearID": year.number, "StartDate": year.start, "EndDate": year.end, "Assumed": year.assumed} for year in years
    ]
    return pa.Table.from_pylist(rows, schema=YEARS)
