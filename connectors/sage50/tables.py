"""What is landed of a Sage 50 company: the tables by Sage's own names, its years read out; of a French one the FEC.

Either the resources of a UK company hold rows, or those of :mod:`connectors.drop_folder.resources`. The ledger of a UK
company is ``audit_journal`` with ``audit_header`` (one row per posting), or ``audit_trail`` (one row per transaction,
whose control and VAT sides are not rows).
"""

from __future__ import annotations

import pyarrow as pa

from connectors.columns import TYPES, Kind
from connectors.contract import Resource
from connectors.drop_folder import resources as french

MONTHS = range(1, 13)

COMPANY: dict[str, Kind] = {
    "name": "text",
    "country_code": "text",
    "vat_reg_number": "text",
    "start_month": "whole",
    "financial_year": "whole",
    "nom_debtors": "text",
    "nom_creditors": "text",
    "nom_tax_sales": "text",
    "nom_tax_purchase": "text",
    "nom_retained_earnings": "text",
    "default_chart": "whole",
}
CURRENCY: dict[str, Kind] = {"number": "whole", "code": "text", "base_currency": "flag"}
NOMINAL_LEDGER: dict[str, Kind] = {
    "account_ref": "text",
    "name": "text",
    "balance_bf": "money",
    "balance": "money",
    **{f"{side}_mth{month}": "money" for side in ("debit", "credit") for month in MONTHS},
    "inactive_flag": "flag",
    "record_deleted": "flag",
}
CATEGORY: dict[str, Kind] = {"chart": "whole", "category": "whole", "low": "text", "high": "text"}
PARTY: dict[str, Kind] = {
    "account_ref": "text",
    "name": "text",
    "vat_reg_number": "text",
    "country_code": "text",
    "record_deleted": "flag",
}
AUDIT_JOURNAL: dict[str, Kind] = {
    "tran_number": "whole",
    "header_number": "whole",
    "split_number": "whole",
    "type": "text",
    "date": "day",
    "account_ref": "text",
    "nominal_code": "text",
    "tax_code": "text",
    "inv_ref": "text",
    "details": "text",
    "amount": "money",
    "foreign_amount": "money",
    "deleted_flag": "flag",
    "record_deleted": "flag",
    "record_modify_date": "moment",
}
AUDIT_HEADER: dict[str, Kind] = {"header_number": "whole", "due_date": "day", "currency": "whole"}
AUDIT_TRAIL: dict[str, Kind] = {
    "type": "text",
    "account_ref": "text",
    "nominal_code": "text",
    "date": "day",
    "reference": "text",
    "details": "text",
    "net_amount": "money",
    "tax_code": "text",
    "tax_amount": "money",
    "exchange_rate": "text",
    "extra_ref": "text",
}
NEEDED = {
    "company": ("start_month", "financial_year"),
    "currency": ("number", "code", "base_currency"),
    "nominal_ledger": ("account_ref", "name"),
    "category": ("chart", "category", "low", "high"),
    "sales_ledger": ("account_ref",),
    "purchase_ledger": ("account_ref",),
    "audit_journal": ("header_number", "type", "date", "nominal_code", "amount"),
    "audit_history_journal": ("header_number", "type", "date", "nominal_code", "amount"),
    "audit_header": ("header_number",),
    "audit_trail": ("type", "account_ref", "nominal_code", "date", "net_amount", "tax_amount"),
}
"""The columns without which a table cannot be read; all others are null where a version of Sage 50 lacks them."""


def schema_of(columns: dict[str, Kind], *more: pa.Field) -> pa.Schema:
    return pa.schema(
        [*(pa.field(name, TYPES[kind]) for name, kind in columns.items()), pa.field("row", pa.int64()), *more]
    )


YEARS = pa.schema(
    [
        ("label", pa.string()),
        ("start_date", pa.date32()),
        ("end_date", pa.date32()),
        ("closed", pa.bool_()),
        ("current", pa.bool_()),
        # False: only read to tell with what the first year asked for opens.
        ("asked_for", pa.bool_()),
    ]
)
HISTORY = pa.field("history", pa.bool_())
"""True for a posting of AUDIT_HISTORY_JOURNAL: of transactions cleared from the audit trail."""

BRITISH = (
    Resource("company", schema_of(COMPANY, pa.field("currency", pa.string()))),
    Resource("years", YEARS, key=("label",)),
    Resource("currency", schema_of(CURRENCY)),
    Resource("nominal_ledger", schema_of(NOMINAL_LEDGER)),
    Resource("category", schema_of(CATEGORY)),
    Resource("sales_ledger", schema_of(PARTY)),
    Resource("purchase_ledger", schema_of(PARTY)),
    Resource("audit_journal", schema_of(AUDIT_JOURNAL, HISTORY)),
    Resource("audit_header", schema_of(AUDIT_HEADER)),
    Resource("audit_trail", schema_of(AUDIT_TRAIL)),
)
RESOURCES = (*BRITISH, *french.RESOURCES)
