"""What is landed of a Business Central company, under the vendor's own field names.

Text is landed as it came (``_x0020_`` for a space in captions, amounts of trial balances as texts); normalize.sql reads
it. Every schema is also the ``$select`` of its call, but for columns of our own, which are in capitals, and for the
years, which are ours.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from connectors.contract import FiscalYear, Resource
from connectors.json_pages import MONEY
from foundation.errors import ReportABug

from .inferred import year_end


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "") -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


COMPANIES = _schema(text="id name displayName")
INFORMATION = _schema(text="displayName country taxRegistrationNumber currencyCode currentFiscalYearStartDate")
SETUP = _schema(text="localCurrencyCode additionalReportingCurrency")
PERIODS = _schema(text="startingDate name", flags="newFiscalYear closed")
ACCOUNTS = _schema(text="number displayName category accountType", flags="blocked")
BOCOUNT_ACCOUNTS = _schema(text="no incomeBalance accountCategory")
PARTIES = _schema(text="number displayName country taxRegistrationNumber")
ENTRIES = _schema(
    integers="entryNumber",
    text="postingDate documentNumber documentType accountNumber description lastModifiedDateTime",
    money="debitAmount creditAmount additionalCurrencyDebitAmount additionalCurrencyCreditAmount",
)
DETAILS = _schema(
    integers="Entry_No Transaction_No",
    text="Source_Code Source_Type Source_No Journal_Templ_Name VAT_Bus_Posting_Group VAT_Prod_Posting_Group"
    " Source_Currency_Code",
    money="Source_Currency_Amount",
)
CLOSING = _schema(integers="entryNumber")
TRIAL_BALANCES = _schema(text="number accountType totalDebit totalCredit balanceAtDateDebit balanceAtDateCredit")
YEARS = pa.schema(
    [("label", pa.string()), ("start_date", pa.date32()), ("end_date", pa.date32()), ("closed", pa.bool_())]
)
# Columns of our own: the first day that the link asks for, and the first day of the year that a balance is of.
COMPANY = COMPANIES.append(pa.field("SINCE", pa.date32()))
YEARLY_BALANCES = TRIAL_BALANCES.append(pa.field("YEAR_START", pa.date32()))

RESOURCES = (
    Resource("company", COMPANY),
    Resource("companyInformation", INFORMATION),
    Resource("generalLedgerSetup", SETUP),
    Resource("accountingPeriods", PERIODS),
    Resource("years", YEARS),
    Resource("accounts", ACCOUNTS),
    Resource("glaccounts", BOCOUNT_ACCOUNTS),
    Resource("customers", PARTIES),
    Resource("vendors", PARTIES),
    Resource("generalLedgerEntries", ENTRIES, key=("entryNumber",)),
    Resource("details", DETAILS, key=("Entry_No",)),
    Resource("closing", CLOSING),
    Resource("trialBalances", YEARLY_BALANCES),
)


def day_of(told: str | None) -> date | None:
    """The day of a date as it is told; the year 1 stands for none. Raises ReportABug for what is no date."""
    if not told or told.startswith("0001-"):
        return None
    try:
        return date.fromisoformat(told[:10])
    except ValueError:
        raise ReportABug(f"Business Central sent {told!r} for a date") from None


def fiscal_years_of(periods: pa.Table) -> list[FiscalYear]:
    """Fiscal years from the accounting periods, oldest first. A year is called by the calendar year in which it ends;
    of two that end in one, the later keeps the name and the other is called by its bounds."""
    found = [(day_of(row["startingDate"]), row["closed"]) for row in periods.to_pylist() if row["newFiscalYear"]]
    starts = sorted((start, closed) for start, closed in found if start)
    ends = [following - timedelta(days=1) for following, _ in starts[1:]]
    if starts:
        ends.append(year_end(starts[-1][0]))
    last_of = {end.year: end for end in ends}
    return [
        FiscalYear(
            str(end.year) if last_of[end.year] == end else f"{start.isoformat()}/{end.isoformat()}", start, end, closed
        )
        for (start, closed), end in zip(starts, ends, strict=True)
    ]
