"""What is landed of an Exact Online division, under the vendor's own field names.

Text is landed as it came (padded codes, ``/Date(ms)/``), amounts are rounded to four decimals; normalize.sql reads
them. Every schema is also the ``$select`` of its call.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from connectors.contract import FiscalYear, Resource
from connectors.json_pages import MONEY
from foundation.errors import ReportABug

_DAY_MS = 86_400_000


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


ME = _schema(integers="CurrentDivision")
DIVISION = _schema(
    text="Hid Description CustomerCode CustomerName VATNumber Currency Country"
    " DivisionMoveDate DivisionHRLinkUnlinkDate",
    integers="Code Status BlockingStatus",
)
PERIODS = _schema(text="StartDate EndDate", integers="FinYear FinPeriod")
JOURNAL_STATUSES = _schema(text="Journal", integers="Year Period Status")
ACCOUNTS = _schema(text="ID Code Description BalanceSide BalanceType", integers="Type", flags="IsBlocked")
CLASSIFICATIONS = _schema(text="GLAccountCode GLSchemeCode ClassificationCode")
JOURNALS = _schema(text="Code Description", integers="Type")
RELATIONS = _schema(text="ID Code Name Status VATNumber Country", flags="IsSupplier")
LINES = _schema(
    text="ID EntryID JournalCode Date GLAccountCode Description Currency VATCode AccountCode AccountName DueDate"
    " Modified",
    integers="EntryNumber LineNumber FinancialYear FinancialPeriod Status Type",
    money="AmountDC AmountFC",
)
CHANGED_LINES = LINES.append(pa.field("Timestamp", pa.int64()))
DELETED = _schema(text="EntityKey", integers="EntityType Timestamp")
DELETED_LINES = pa.schema([("ID", pa.string()), ("Timestamp", pa.int64())])
START_OF_FEED = _schema(integers="TimeStampAsBigInt")
REPORTING_BALANCE = _schema(
    text="GLAccountCode CostCenterCode CostUnitCode",
    integers="ReportingYear ReportingPeriod Status Type Count",
    money="Amount AmountDebit AmountCredit",
)
# Two columns of our own: the first day that the link asks for, and whether earlier lines were read to tell the
# opening balance at that day.
DOSSIER = DIVISION.append(pa.field("Since", pa.date32())).append(pa.field("HasHistory", pa.bool_()))

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("periods", PERIODS),
    Resource("journal_statuses", JOURNAL_STATUSES),
    Resource("accounts", ACCOUNTS),
    Resource("classifications", CLASSIFICATIONS),
    Resource("journals", JOURNALS),
    Resource("relations", RELATIONS),
    Resource("lines", CHANGED_LINES, key=("ID",), version="Timestamp"),
    Resource("deletions", DELETED_LINES, key=("ID",), version="Timestamp"),
    Resource("reporting_balance", REPORTING_BALANCE),
)


# Where the entities come from; the second source stands in where the first is not in the licence.
ACCOUNT_SOURCES = ("sync/Financial/GLAccounts", "bulk/Financial/GLAccounts")
RELATION_SOURCES = ("sync/CRM/Accounts", "bulk/CRM/Accounts")
SYNC_LINES, BULK_LINES = "sync/Financial/TransactionLines", "bulk/Financial/TransactionLines"


def civil_date(wire: str) -> date:
    """The day that ``/Date(ms)/`` means: the UTC day of midnight, or the local day where an offset is told.

    Raises ReportABug for anything else.
    """
    digits = wire.removeprefix("/Date(").removesuffix(")/")
    sign = max(digits.rfind("+"), digits.rfind("-"))
    offset = digits[sign:] if sign > 0 else ""
    try:
        milliseconds = int(digits[: -len(offset)] if offset else digits)
        if offset and milliseconds % _DAY_MS:
            minutes = int(offset[1:3]) * 60 + int(offset[3:5])
            milliseconds += (minutes if offset[0] == "+" else -minutes) * 60_000
    except ValueError:
        raise ReportABug(f"Exact Online sent {wire!r} for a date") from None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).date()


def fiscal_years_of(periods: pa.Table, statuses: pa.Table) -> list[FiscalYear]:
    """Fiscal years from their periods, oldest first; closed when every journal is closed in every period."""
    starts: dict[int, list[date]] = {}
    ends: dict[int, list[date]] = {}
    for row in periods.to_pylist():
        starts.setdefault(row["FinYear"], []).append(civil_date(row["StartDate"]))
        ends.setdefault(row["FinYear"], []).append(civil_date(row["EndDate"]))
    closed: dict[int, bool] = {}
    for row in statuses.to_pylist():
        closed[row["Year"]] = closed.get(row["Year"], True) and row["Status"] == 1
    years = [FiscalYear(str(year), min(starts[year]), max(ends[year]), closed.get(year)) for year in starts]
    return sorted(years, key=lambda year: year.start)


def year_numbers(periods: pa.Table, since: date | None) -> tuple[list[int], int | None]:
    """The FinYears that end at or after ``since``, and the first of them when there are earlier ones, else None."""
    years = fiscal_years_of(periods, JOURNAL_STATUSES.empty_table())
    wanted = [int(year.label) for year in years if since is None or year.end >= since]
    first = wanted[0] if wanted and len(wanted) < len(years) else None
    return wanted, first


def select(schema: pa.Schema) -> str:
    """The ``$select`` that asks for every field of ``schema``."""
    return ",".join(schema.names)
