"""What is landed of a company, under the vendor's own field names. A relation is landed as the id that it points to."""

from __future__ import annotations

import pyarrow as pa

from connectors.contract import Resource
from connectors.json_pages import MONEY


def _schema(text: str = "", integers: str = "", flags: str = "", money: str = "", lists: str = "") -> pa.Schema:
    kinds = (
        (text, pa.string()),
        (integers, pa.int64()),
        (flags, pa.bool_()),
        (money, MONEY),
        (lists, pa.list_(pa.int64())),
    )
    return pa.schema([(name, kind) for names, kind in kinds for name in names.split()])


COMPANY = _schema(
    text="name vat company_registry country_code fiscalyear_last_month account_opening_date fiscalyear_lock_date"
    " hard_lock_date",
    integers="id currency_id parent_id root_id fiscalyear_last_day account_opening_move_id",
)
FISCAL_YEAR_RECORDS = _schema(text="name date_from date_to", integers="id")
ACCOUNTS = _schema(
    text="code name account_type internal_group",
    integers="id user_type_id currency_id",
    flags="deprecated active",
)
ACCOUNT_TYPES = _schema(text="name type internal_group", integers="id")
JOURNALS = _schema(text="code name type", integers="id", flags="active")
TAXES = _schema(text="name", integers="id")
CURRENCIES = _schema(text="name", integers="id")
COUNTRIES = _schema(text="code", integers="id")
PARTNERS = _schema(
    text="name ref vat",
    integers="id customer_rank supplier_rank country_id property_account_receivable_id property_account_payable_id",
)
MOVE_LINES = _schema(
    text="move_name date name ref date_maturity parent_state display_type write_date",
    integers="id move_id journal_id account_id currency_id partner_id tax_line_id",
    money="debit credit amount_currency",
    lists="tax_ids",
)
STAMPS = _schema(text="write_date", integers="id")
SUMS = _schema(text="day", integers="account_id", money="debit credit balance")

# Columns of our own. Of a line: 1 when it was told among changes, so that it stands where a full read met it before.
LINES = MOVE_LINES.append(pa.field("Reading", pa.int64()))
# Of the company: the first day that the link asks for; the first day from which ids were swept; the move that opens the
# books, where nothing was booked before it.
DOSSIER = (
    COMPANY.append(pa.field("Since", pa.date32()))
    .append(pa.field("SweptFrom", pa.date32()))
    .append(pa.field("OpeningMove", pa.int64()))
)
FISCAL_YEARS = pa.schema(
    [("label", pa.string()), ("date_from", pa.date32()), ("date_to", pa.date32()), ("closed", pa.bool_())]
)
STANDING = pa.schema([("id", pa.int64())])

RESOURCES = (
    Resource("dossier", DOSSIER),
    Resource("fiscal_years", FISCAL_YEARS),
    Resource("accounts", ACCOUNTS),
    Resource("account_types", ACCOUNT_TYPES),
    Resource("journals", JOURNALS),
    Resource("taxes", TAXES),
    Resource("currencies", CURRENCIES),
    Resource("countries", COUNTRIES),
    Resource("partners", PARTNERS),
    Resource("lines", LINES, key=("id",), version="write_date"),
    Resource("standing", STANDING),  # the ids of the sweep
    Resource("openings", SUMS),  # before the first day that the link asks for, with the move that opens the books
    Resource("movements", SUMS),
    Resource("closings", SUMS),  # everything, whatever its date
)
