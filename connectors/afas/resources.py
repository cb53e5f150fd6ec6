"""What is landed of an AFAS administration, under the vendor's own field names.

Text is landed as it came (dates with their meaningless Z), amounts are rounded to four decimals; normalize.sql reads
them.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from connectors.contract import FiscalYear, Resource
from connectors.json_pages import MONEY


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


ADMINISTRATIONS = _schema(text="AdminNm AdminCd", integers="AdminId")
PERIODS = _schema(text="DateFrom DateTo", integers="Unit Year Period", flags="Blocked")
ACCOUNTS = _schema(text="Account Description Type CollectAccountType", flags="Blocked CollectAccount")
JOURNALS = _schema(text="JournalId Description JournalType", integers="UnitId")
DEBTORS = _schema(text="DebtorId DebtorName VatNr CollectAccount")
CREDITORS = _schema(text="CreditorId CreditorName Btw-nummer")
PERIOD_BALANCE = _schema(text="AccountNr", integers="UnitId Year Period", money="Debit Credit")
DEBTOR_INVOICES = _schema(text="DebtorId InvoiceNr ExpDate", integers="UnitId")
CREDITOR_INVOICES = _schema(text="CreditorId InvoiceNr ExpDate", integers="UnitId")
CHANGED_DAYS = _schema(text="EntryDate Modified")
TRANSACTIONS = _schema(
    text="JournalId AccountNo EntryDate InvoiceId VoucherNo VatCode Description Modified",
    integers="UnitId EntryNo SeqNo Year Period",
    money="AmtDebit AmtCredit",
)

# Columns of our own. Read numbers the passes over the lines: what a later pass over a booking day did not find again is
# gone. Since is the first day that the link asks for.
READ = pa.field("Read", pa.int64())
LINES = TRANSACTIONS.append(READ)
DAYS = pa.schema([("EntryDate", pa.string()), READ])
DOSSIER = pa.schema([*ADMINISTRATIONS, ("Country", pa.string()), ("Currency", pa.string()), ("Since", pa.date32())])

LINE_KEY = ("JournalId", "Year", "EntryNo", "SeqNo")
RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("periods", PERIODS),
    Resource("accounts", ACCOUNTS),
    Resource("journals", JOURNALS),
    Resource("debtors", DEBTORS),
    Resource("creditors", CREDITORS),
    Resource("debtor_invoices", DEBTOR_INVOICES),
    Resource("creditor_invoices", CREDITOR_INVOICES),
    Resource("period_balance", PERIOD_BALANCE),
    Resource("lines", LINES, key=LINE_KEY, version="Read"),
    Resource("days", DAYS, key=("EntryDate",), version="Read"),
)


def civil_date(wire: str) -> date:
    """The day of ``YYYY-MM-DDT00:00:00Z``: local time, whatever the Z says."""
    return date.fromisoformat(wire[:10])


def fiscal_years_of(periods: pa.Table) -> list[FiscalYear]:
    """Fiscal years from their periods, oldest first; closed when every period is blocked, None where that is untold."""
    rows: dict[int, list[dict[str, object]]] = {}
    for row in periods.to_pylist():
        rows.setdefault(row["Year"], []).append(row)
    years = [
        FiscalYear(
            str(year),
            min(civil_date(str(row["DateFrom"])) for row in found),
            max(civil_date(str(row["DateTo"])) for row in found),
            None if any(row["Blocked"] is None for row in found) else all(row["Blocked"] for row in found),
        )
        for year, found in rows.items()
    ]
    return sorted(years, key=lambda year: year.start)


def wanted_years(periods: pa.Table, since: date | None) -> tuple[list[int], int | None]:
    """The years that end at or after ``since``, and the first of them when there are earlier ones, else None."""
    years = fiscal_years_of(periods)
    wanted = [int(year.label) for year in years if since is None or year.end >= since]
    return wanted, wanted[0] if wanted and len(wanted) < len(years) else None
