"""What is landed of an administration of AFAS SB, under the vendor's own field names; normalize.sql reads it.

Text is landed as it came (dates as moments at midnight), amounts are rounded to four decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from connectors.contract import FiscalYear, Resource
from connectors.json_pages import MONEY


def _schema(text: str, *, flags: str = "", money: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (flags, pa.bool_()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


@dataclass(frozen=True)
class Source:
    """An endpoint: the version that is asked for, the fields that are read, and the field of a stable order."""

    endpoint: str
    version: str
    schema: pa.Schema
    order: str


ADMINISTRATIONS = Source("administrations", "1", _schema("Id Description"), "Id")
YEARS = Source("accountingyear", "2.0", _schema("Id Description StartDate EndDate"), "Id")
PERIODS = Source("accountingperiod", "2.0", _schema("Id AccountingYear StartDate EndDate", money="PeriodNumber"), "Id")
ACCOUNTS = Source("ledgeraccounts", "1", _schema("Id LedgerAccountNumber Description TypeId"), "Id")
TOTALS = Source(
    "ledgerperiodtotals",
    "1",
    _schema(
        "AccountingYearId AccountingPeriodId LedgerAccountId LedgerAccount RgsCode",
        flags="IsOpeningBalance",
        money="Total",
    ),
    "InstanceId",
)
ENTRIES = Source(
    "journalentries",
    "1.1",
    _schema(
        "LineId HeaderId AccountingYearId AccountingPeriodId LedgerAccountId Number PostingDate Description "
        "DocumentIdentification AuditCreatedOnDate",
        money="AmountDebit AmountCredit VatPercentage",
    ),
    "LineId",
)

# Columns of our own. Read numbers the passes over a year's lines: what a later pass did not find again is gone.
_READ = pa.field("Read", pa.int64())
LINES = ENTRIES.schema.append(_READ)
YEARS_READ = pa.schema([("AccountingYearId", pa.string()), _READ])
_OURS = [(name, pa.string()) for name in ("Environment", "Country", "Currency")]
DOSSIER = pa.schema([*ADMINISTRATIONS.schema, *_OURS, ("Since", pa.date32())])

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("years", YEARS.schema),
    Resource("periods", PERIODS.schema),
    Resource("accounts", ACCOUNTS.schema),
    Resource("totals", TOTALS.schema),
    Resource("lines", LINES, key=("LineId",), version="Read"),
    Resource("years_read", YEARS_READ, key=("AccountingYearId",), version="Read"),
)


def fiscal_years_of(years: pa.Table) -> list[FiscalYear]:
    """The fiscal years, oldest first; whether they are closed is not told."""
    rows = years.to_pylist()
    found = [FiscalYear(row["Description"], _day(row["StartDate"]), _day(row["EndDate"])) for row in rows]
    return sorted(found, key=lambda year: year.start)


def ending_from(years: pa.Table, since: date | None) -> list[str]:
    """The ids of the years that end at or after ``since``, oldest first."""
    rows = sorted(years.to_pylist(), key=lambda row: row["StartDate"])
    return [row["Id"] for row in rows if since is None or _day(row["EndDate"]) >= since]


def _day(wire: str) -> date:
    """The day of ``YYYY-MM-DDT00:00:00Z``."""
    return date.fromisoformat(wire[:10])
