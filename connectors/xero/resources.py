"""What is landed of a Xero organisation, under the vendor's own field names.

Text is landed as it came (``/Date(ms+0000)/``), amounts are rounded to four decimals; normalize.sql reads them. A
journal is a row with its lines in it, a trial balance a row with its accounts in it.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY


def _fields(text: str = "", integers: str = "", flags: str = "", money: str = "") -> list[pa.Field]:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY))
    return [pa.field(name, kind) for names, kind in kinds for name in names.split()]


ORGANISATION = pa.schema(
    _fields(
        text="OrganisationID Name LegalName ShortCode BaseCurrency CountryCode TaxNumber EndOfYearLockDate"
        " CreatedDateUTC",
        integers="FinancialYearEndDay FinancialYearEndMonth",
    )
)
# Columns of our own: the first day that the link asks for, whether there are no lines but totals, and the day at whose
# end the conversion balances stand.
DOSSIER = pa.schema(
    [
        *ORGANISATION,
        pa.field("Since", pa.date32()),
        pa.field("TotalsOnly", pa.bool_()),
        pa.field("Conversion", pa.date32()),
    ]
)
# Xero has no fiscal years; these follow from the organisation's rule. ``whole`` is false for a first year that a
# conversion cut short.
YEARS = pa.schema(
    [
        pa.field("label", pa.string()),
        pa.field("start_date", pa.date32()),
        pa.field("end_date", pa.date32()),
        pa.field("closed", pa.bool_()),
        pa.field("whole", pa.bool_()),
    ]
)
ACCOUNTS = pa.schema(_fields("AccountID Code Name Type Class Status CurrencyCode SystemAccount"))
CONTACTS = pa.schema(
    [
        *_fields("ContactID AccountNumber ContactNumber Name TaxNumber", flags="IsCustomer IsSupplier"),
        pa.field("Addresses", pa.list_(pa.struct(_fields("AddressType Country")))),
    ]
)
JOURNAL_LINE = pa.struct(
    _fields("JournalLineID AccountID AccountCode AccountName Description TaxType", money="NetAmount")
)
JOURNALS = pa.schema(
    [
        *_fields("JournalID JournalDate CreatedDateUTC Reference SourceID SourceType", integers="JournalNumber"),
        pa.field("JournalLines", pa.list_(JOURNAL_LINE)),
    ]
)
BALANCE = pa.struct(_fields("AccountID Name Section", money="Debit Credit YTDDebit YTDCredit"))
TRIAL_BALANCES = pa.schema([pa.field("Date", pa.date32()), pa.field("Balances", pa.list_(BALANCE))])

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("years", YEARS),
    Resource("accounts", ACCOUNTS),
    Resource("contacts", CONTACTS, key=("ContactID",)),
    Resource("journals", JOURNALS, key=("JournalID",)),
    Resource("trial_balances", TRIAL_BALANCES, key=("Date",)),
)
