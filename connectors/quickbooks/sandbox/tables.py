"""The sandbox's entities in the vendor's own form: the company, its preferences, accounts, customers and suppliers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from connectors.sandbox.company import Company

from .books import CHILD, PARENT, RETAINED, Books, Removed, Transaction
from .knobs import Knobs
from .reports import name_of

Row = dict[str, Any]
_TYPES = {
    "bank": "Bank",
    "bank_usd": "Bank",
    "customers": "Accounts Receivable",
    "suppliers": "Accounts Payable",
    "vat_recoverable": "Other Current Asset",
    "vat_payable": "Other Current Liability",
    "equipment": "Fixed Asset",
    "equipment_depreciation": "Fixed Asset",
    "stock": "Other Current Asset",
    "bank_loan": "Long Term Liability",
    "purchases": "Cost of Goods Sold",
    "interest": "Other Expense",
    "exchange_loss": "Other Expense",
    "exchange_gain": "Other Income",
}
_BY_KIND = {
    "asset": "Other Asset",
    "liability": "Other Current Liability",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expense",
}
_CLASSES = {"asset": "Asset", "liability": "Liability", "equity": "Equity", "income": "Revenue", "expense": "Expense"}


def company_info(books: Books, today: date) -> Row:
    told = books.company
    return {
        "CompanyInfo": {
            "Id": "1",
            "CompanyName": told.name,
            "LegalName": told.name,
            "CompanyAddr": {"Id": "2", "City": "Namur", "Country": "BE"},
            "Country": told.country,
            "FiscalYearStartMonth": f"{date(2000, books.first_month, 1):%B}",
            "CompanyStartDate": min(told.years[0].start, today).isoformat(),
            "SupportedLanguages": "en",
            "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
            "MetaData": {"CreateTime": "2024-01-02T08:00:00-08:00", "LastUpdatedTime": "2026-01-02T08:00:00-08:00"},
            "domain": "QBO",
            "sparse": False,
            "SyncToken": "4",
        }
    }


def preferences(books: Books, knobs: Knobs) -> Row:
    accounting: Row = {
        "FirstMonthOfFiscalYear": f"{date(2000, books.first_month, 1):%B}",
        "UseAccountNumbers": knobs.numbers,
        "TaxYearMonth": "January",
        "ClassTrackingPerTxn": False,
        "TrackDepartments": False,
        "CustomerTerminology": "Customers",
    }
    if books.closed_until:
        accounting["BookCloseDate"] = books.closed_until.isoformat()
    return {
        "Preferences": {
            "Id": "1",
            "AccountingInfoPrefs": accounting,
            "CurrencyPrefs": {
                "MultiCurrencyEnabled": knobs.multi_currency,
                "HomeCurrency": {"value": books.company.currency},
            },
            "ReportPrefs": {"ReportBasis": "Cash", "CalcAgingReportFromTxnDate": False},
        }
    }


def accounts(books: Books, knobs: Knobs) -> list[Row]:
    rows: list[Row] = []
    names = {account.role: account.name for account in books.company.accounts}
    for account in books.company.accounts:
        below = knobs.nested and account.role == CHILD
        row: Row = {
            "Id": books.account_id(account.role),
            "Name": name_of(account),
            "FullyQualifiedName": f"{names[PARENT]}:{account.name}" if below else name_of(account),
            "SubAccount": below,
            "Active": account.active,
            "Classification": _CLASSES[account.kind],
            "AccountType": _TYPES.get(account.role, _BY_KIND[account.kind]),
            "AccountSubType": "RetainedEarnings" if account.role == RETAINED else "Other",
            "CurrencyRef": {"value": "USD" if account.role == "bank_usd" and knobs.multi_currency else "EUR"},
            "domain": "QBO",
            "sparse": False,
            "SyncToken": "0",
        }
        if below:
            row["ParentRef"] = {"value": books.account_id(PARENT)}
        if knobs.numbers:
            row["AcctNum"] = account.number
        rows.append(row)
    idle = {"Id": "9", "Name": "Estimates", "FullyQualifiedName": "Estimates", "Active": True}
    return [*rows, idle | {"AccountType": "Non-Posting", "AccountSubType": "Other"}]


def parties(books: Books, entity: str) -> list[Row]:
    told: Company = books.company
    customer = entity == "Customer"
    return [
        {
            "Id": books.party_id(party.code),
            "DisplayName": party.name,
            "CompanyName": party.name,
            "BillAddr": {"Id": "3", "Country": party.country},
            "CurrencyRef": {"value": "EUR"},
            "Active": party.code != "CHIPS",
            ("PrimaryTaxIdentifier" if customer else "TaxIdentifier"): party.vat_number,
        }
        for party in told.parties
        if party.kind == ("customer" if customer else "supplier")
    ]


def changed(each: Transaction | Removed) -> Row:
    """A transaction as change data capture tells it."""
    meta = {"LastUpdatedTime": stamp(each.updated)}
    if isinstance(each, Removed):
        return {"Id": each.id, "domain": "QBO", "status": "Deleted", "MetaData": meta}
    return {
        "Id": each.id,
        "DocNumber": each.number,
        "TxnDate": each.day.isoformat(),
        "MetaData": {"CreateTime": stamp(each.updated), **meta},
        "domain": "QBO",
        "sparse": False,
    }


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
