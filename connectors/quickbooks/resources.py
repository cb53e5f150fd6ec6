"""What is landed of a QuickBooks company, under the vendor's own field names.

Text is landed as it came, amounts with four decimals; normalize.sql reads them. Ledger lines are read a half-year at a
time: a line carries the first day of its ``HalfYear`` and the number of the reading (``Read``) that brought it, and
``readings`` tells which reading stands for a window. What an earlier reading brought and a later one did not is gone.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY


def _fields(text: str = "", flags: str = "", days: str = "", money: str = "") -> list[pa.Field]:
    kinds = ((text, pa.string()), (flags, pa.bool_()), (days, pa.date32()), (money, MONEY))
    return [pa.field(name, kind) for names, kind in kinds for name in names.split()]


# ``RetainedEarnings`` (the id of that account) and ``Since`` (the first day that the link asks for) are ours.
DOSSIER = pa.schema(
    _fields("RealmId CompanyName LegalName Country HomeCurrency RetainedEarnings", days="BookCloseDate Since")
)
YEARS = pa.schema(_fields("label", flags="closed", days="start_date end_date"))
_REF = pa.struct(_fields("value"))
ACCOUNTS = pa.schema(
    [
        *_fields("Id Name FullyQualifiedName AcctNum Classification AccountType AccountSubType", flags="Active"),
        pa.field("CurrencyRef", _REF),
    ]
)
_ADDRESS = pa.field("BillAddr", pa.struct(_fields("Country")))
CUSTOMERS = pa.schema([*_fields("Id DisplayName PrimaryTaxIdentifier", flags="Active"), _ADDRESS])
VENDORS = pa.schema([*_fields("Id DisplayName TaxIdentifier", flags="Active"), _ADDRESS])

# A row of the general ledger report: the account of its section, its cells, and the ids that cells tell.
TOLD_LINES = pa.schema(
    _fields(
        "AccountId AccountName tx_date txn_type TxnId doc_num name NameId memo tax_code currency",
        money="Debit Credit Foreign",
    )
)
LINES = pa.schema([("HalfYear", pa.date32()), ("RowNo", pa.int64()), ("Read", pa.int64()), *TOLD_LINES])
READINGS = pa.schema([("HalfYear", pa.date32()), ("Read", pa.int64())])
TRIAL_BALANCES = pa.schema(
    [("Date", pa.date32()), ("AccountId", pa.string()), ("Name", pa.string()), ("Balance", MONEY)]
)

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("years", YEARS),
    Resource("accounts", ACCOUNTS),
    Resource("customers", CUSTOMERS),
    Resource("vendors", VENDORS),
    Resource("lines", LINES, key=("HalfYear", "RowNo"), version="Read"),
    Resource("readings", READINGS),
    Resource("trial_balances", TRIAL_BALANCES),
)
