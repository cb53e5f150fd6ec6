"""What is landed of a business, under the vendor's own field names.

Text and dates are landed as they came, amounts are rounded to four decimals; normalize.sql reads them. Deleted entries
and transactions are rows like others: their flag tells.
"""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "", **nested: pa.DataType) -> pa.Schema:
    kinds = ((text, pa.string()), (integers, pa.int64()), (flags, pa.bool_()), (money, MONEY))
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()] + list(nested.items()))


_ID = pa.struct(_schema("id"))
_NAMED = pa.struct(_schema("id displayed_as"))

ACCOUNTS = _schema(
    text="id displayed_as name control_name",
    integers="nominal_code",
    flags="included_in_chart is_control_account",
    ledger_account_type=_ID,
    ledger_account_group=_NAMED,
)
CONTACTS = _schema(text="id displayed_as name reference tax_number deleted_at updated_at", contact_types=pa.list_(_ID))
ENTRIES = _schema(
    text="id date description created_at updated_at",
    flags="deleted",
    money="debit credit",
    ledger_account=_NAMED,
    transaction=_ID,
    contact=_NAMED,
    tax_rate=_ID,
    journal_code=_NAMED,
)
TRANSACTIONS = _schema(text="id reference updated_at", flags="deleted", transaction_type=_NAMED)
JOURNAL_CODES = _schema(text="id displayed_as name code", journal_code_type=_NAMED)

# Business and financial settings in one row. Ours besides: the first day that the link asks for.
DOSSIER = _schema(
    text="id name country currency tax_number year_end_date accounts_start_date year_end_lockdown_date",
    since=pa.date32(),
)
# Ours: the years that follow from the year end. ``whole`` is false for a first one that begins within a year.
YEARS = _schema(text="label", flags="closed whole", start_date=pa.date32(), end_date=pa.date32())
# A row of the report; opening and closing balance are pairs of sides on the wire.
BALANCE = pa.struct(
    _schema("id displayed_as", money="opening_debit opening_credit debit credit closing_debit closing_credit")
)
TRIAL_BALANCES = pa.schema(
    [("from_date", pa.date32()), ("to_date", pa.date32()), ("ledger_accounts", pa.list_(BALANCE))]
)

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("years", YEARS),
    Resource("ledger_accounts", ACCOUNTS),
    Resource("journal_codes", JOURNAL_CODES),
    Resource("contacts", CONTACTS, key=("id",), version="updated_at"),
    Resource("transactions", TRANSACTIONS, key=("id",), version="updated_at"),
    Resource("ledger_entries", ENTRIES, key=("id",), version="updated_at"),
    Resource("trial_balances", TRIAL_BALANCES, key=("from_date", "to_date")),
)
SCHEMAS = {resource.name: resource.schema for resource in RESOURCES}
