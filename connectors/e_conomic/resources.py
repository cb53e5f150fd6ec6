"""What is landed of an agreement, under the vendor's own field names.

``year`` is ours where the vendor tells it by the address alone: the accounting year that the rows belong to. Text and
dates are landed as they came, amounts are rounded to four decimals; normalize.sql reads them.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from connectors.contract import FiscalYear, Resource
from connectors.json_pages import MONEY
from foundation.errors import ReportABug


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "", **nested: pa.DataType) -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()] + list(nested.items()))


def _object(text: str = "", integers: str = "") -> pa.DataType:
    return pa.struct(_schema(text, integers))


_YEAR = pa.field("year", pa.string())

SELF = _schema(
    integers="agreementNumber",
    company=_object("name companyIdentificationNumber vatNumber country"),
    settings=_object("baseCurrency"),
    agreementType=_object("name"),
)
YEAR_LINKS = _schema(text="year fromDate toDate entries periods totals", flags="closed")
YEARS = _schema(text="year fromDate toDate", flags="closed")
PERIODS = _schema(text="fromDate toDate", integers="periodNumber", flags="closed barred")
ACCOUNTS = _schema(text="name accountType debitCredit", integers="accountNumber", flags="barred")
CUSTOMERS = _schema(text="name vatNumber corporateIdentificationNumber country", integers="customerNumber")
SUPPLIERS = _schema(text="name corporateIdentificationNumber country", integers="supplierNumber")
ENTRIES = _schema(
    text="date dueDate entryType currency text invoiceNumber supplierInvoiceNumber",
    integers="entryNumber voucherNumber",
    money="amount amountInBaseCurrency",
    account=_object(integers="accountNumber"),
    customer=_object(integers="customerNumber"),
    supplier=_object(integers="supplierNumber"),
    vatAccount=_object("vatCode"),
)
TOTALS = _schema(money="totalInBaseCurrency", account=_object(integers="accountNumber"))
# A column of our own: the first day that the link asks for.
AGREEMENT = SELF.append(pa.field("since", pa.date32()))

RESOURCES = (
    Resource("agreement", AGREEMENT),
    Resource("accounting_years", YEARS),
    Resource("periods", PERIODS.append(_YEAR)),
    Resource("accounts", ACCOUNTS),
    Resource("customers", CUSTOMERS),
    Resource("suppliers", SUPPLIERS),
    Resource("entries", ENTRIES.append(_YEAR), key=("entryNumber",)),
    Resource("totals", TOTALS.append(_YEAR)),
)


def of_year(rows: pa.RecordBatch | pa.Table, year: str) -> pa.RecordBatch | pa.Table:
    """``rows`` with the accounting year that they belong to."""
    named = pa.repeat(pa.scalar(year, pa.string()), rows.num_rows)
    return type(rows).from_arrays([*rows.columns, named], schema=rows.schema.append(_YEAR))


def civil_date(wire: str | None) -> date:
    """The day that ``yyyy-MM-dd`` means, with or without a time behind it. Raises ReportABug for anything else."""
    try:
        return date.fromisoformat((wire or "")[:10])
    except ValueError:
        raise ReportABug(f"e-conomic sent {wire!r} for a date") from None


def fiscal_years_of(years: pa.Table) -> list[FiscalYear]:
    """The accounting years, oldest first. ``closed`` is left out by the vendor where it is false."""
    found = [
        FiscalYear(row["year"], civil_date(row["fromDate"]), civil_date(row["toDate"]), bool(row["closed"]))
        for row in years.to_pylist()
    ]
    return sorted(found, key=lambda year: year.start)
