"""The sandbox's answers in the vendor's own form: organisations, accounts, contacts, journals, the trial balance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from connectors.sandbox.chart import Account
from connectors.sandbox.company import Company

from .books import FOUNDED, Books, Journal, Row, guid
from .knobs import Knobs

ENCODER = msgspec.json.Encoder(decimal_format="number")

# The vendor's type of an account, by role; the others go by what they are.
_TYPES = {
    "bank": "BANK",
    "bank_usd": "BANK",
    "customers": "CURRENT",
    "suppliers": "CURRLIAB",
    "vat_recoverable": "CURRENT",
    "vat_payable": "CURRLIAB",
    "equipment": "FIXED",
    "equipment_depreciation": "FIXED",
    "stock": "INVENTORY",
    "bank_loan": "TERMLIAB",
    "purchases": "DIRECTCOSTS",
    "wages": "OVERHEADS",
    "depreciation": "DEPRECIATN",
    "exchange_gain": "OTHERINCOME",
}
_BY_KIND = {"asset": "CURRENT", "liability": "CURRLIAB", "equity": "EQUITY", "income": "REVENUE", "expense": "EXPENSE"}
_CLASSES = {"asset": "ASSET", "liability": "LIABILITY", "equity": "EQUITY", "income": "REVENUE", "expense": "EXPENSE"}
_SYSTEM = {
    "customers": "DEBTORS",
    "suppliers": "CREDITORS",
    "vat_payable": "GST",
    "result_brought_forward": "RETAINEDEARNINGS",
    "exchange_gain": "UNREALISEDCURRENCYGAIN",
    "exchange_loss": "REALISEDCURRENCYGAIN",
}
_SECTIONS = (
    ("Revenue", "income"),
    ("Expenses", "expense"),
    ("Assets", "asset"),
    ("Liabilities", "liability"),
    ("Equity", "equity"),
)


def wire_date(moment: date | datetime, knobs: Knobs) -> str:
    """``/Date(ms+0000)/``, or ISO 8601 where the knob says so."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if knobs.iso_dates:
        return moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"/Date({int(moment.timestamp() * 1000)}+0000)/"


def organisation(books: Books, tenant: str, knobs: Knobs) -> Row:
    company = books.company
    month, day = books.year_end
    row = {
        "OrganisationID": tenant,
        "Name": company.name,
        "LegalName": company.name,
        "ShortCode": company.code,
        "BaseCurrency": company.currency,
        "CountryCode": company.country,
        "TaxNumber": company.vat_number,
        "OrganisationType": "COMPANY",
        "Version": "GLOBAL",
        "Class": "PREMIUM",
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": day,
        "FinancialYearEndMonth": month,
        "CreatedDateUTC": wire_date(FOUNDED, knobs),
    }
    return row | ({"EndOfYearLockDate": wire_date(books.lock_date, knobs)} if books.lock_date else {})


def accounts(company: Company, knobs: Knobs) -> list[Row]:
    return [_account(account, knobs) for account in company.accounts]


def _account(account: Account, knobs: Knobs) -> Row:
    row = {
        "AccountID": guid("account", account.role),
        "Code": account.number,
        "Name": account.name,
        "Status": "ACTIVE" if account.active else "ARCHIVED",
        "Type": _TYPES.get(account.role, _BY_KIND[account.kind]),
        "Class": _CLASSES[account.kind],
        "TaxType": "NONE",
        "EnablePaymentsToAccount": False,
        "ShowInExpenseClaims": False,
        "HasAttachments": False,
        "AddToWatchlist": False,
        "UpdatedDateUTC": wire_date(FOUNDED, knobs),
    }
    if account.role in _SYSTEM:
        row["SystemAccount"] = _SYSTEM[account.role]
    if row["Type"] == "BANK":
        row |= {"BankAccountType": "BANK", "CurrencyCode": "USD" if account.role == "bank_usd" else "EUR"}
    return row


def contacts(company: Company, knobs: Knobs) -> list[Row]:
    return [
        {
            "ContactID": guid("contact", party.code),
            "ContactNumber": "",
            "AccountNumber": party.code,
            "ContactStatus": "ACTIVE",
            "Name": party.name,
            "TaxNumber": party.vat_number,
            "IsSupplier": party.kind in ("supplier", "both"),
            "IsCustomer": party.kind in ("customer", "both"),
            "Addresses": [{"AddressType": "POBOX", "Country": party.country}],
            "UpdatedDateUTC": wire_date(FOUNDED, knobs),
        }
        for party in company.parties
    ]


def journal(entry: Journal, company: Company, knobs: Knobs) -> Row:
    known = {account.role: account for account in company.accounts}
    row: Row = {
        "JournalID": guid("journal", entry.number),
        "JournalDate": wire_date(entry.day, knobs),
        "JournalNumber": entry.number,
        "CreatedDateUTC": wire_date(entry.created, knobs),
        "Reference": entry.reference,
    }
    if entry.source:
        row |= {"SourceID": entry.source_id, "SourceType": entry.source}
    row["JournalLines"] = [
        {
            "JournalLineID": guid("line", f"{entry.number}/{position}"),
            "AccountID": guid("account", posting.role),
            "AccountCode": known[posting.role].number,
            "AccountType": _TYPES.get(posting.role, _BY_KIND[known[posting.role].kind]),
            "AccountName": known[posting.role].name,
            "Description": posting.description,
            "NetAmount": _noisy(posting.amount) if knobs.float_noise else posting.amount,
            "GrossAmount": posting.amount,
            "TaxAmount": Decimal("0.00"),
            **({"TaxType": posting.tax_type, "TaxName": posting.tax_type} if posting.tax_type else {}),
            "TrackingCategories": [],
        }
        for position, posting in enumerate(entry.postings, start=1)
    ]
    return row


def _noisy(amount: Decimal) -> Decimal:
    return amount + Decimal("0.00000000000004")


def trial_balance(books: Books, day: date, knobs: Knobs) -> Row:
    """The report at ``day``; the amounts are text, and nothing stands for zero."""
    found = books.balances(day)
    years = day.year - FOUNDED.year
    if knobs.revaluation and years > 0:
        before = knobs.revaluation * (years - 1)
        for role, amount in (
            ("bank_usd", before + knobs.revaluation),
            ("exchange_gain", -knobs.revaluation),
            ("result_brought_forward", -before),
        ):
            ended, moved = found.get(role, (Decimal(0), Decimal(0)))
            found[role] = (ended + amount, moved)
    sections: list[Row] = []
    for title, kind in _SECTIONS:
        rows = [
            _row(f"{account.name} ({account.number})", guid("account", account.role), found[account.role])
            for account in books.company.accounts
            if account.kind == kind and account.role in found
        ]
        if rows:
            sections.append({"RowType": "Section", "Title": title, "Rows": rows})
    total = {"RowType": "SummaryRow", "Cells": [{"Value": "Total"}, *_sums(found.values())]}
    return {
        "ReportID": "TrialBalance",
        "ReportName": "Trial Balance",
        "ReportType": "TrialBalance",
        "ReportTitles": ["Trial Balance", books.company.name, f"As at {day.day} {day:%B %Y}"],
        "ReportDate": "24 November 2026",
        "UpdatedDateUTC": wire_date(FOUNDED, knobs),
        "Fields": [],
        "Rows": [
            {
                "RowType": "Header",
                "Cells": [{"Value": v} for v in ("Account", "Debit", "Credit", "YTD Debit", "YTD Credit")],
            },
            *sections,
            {"RowType": "Section", "Title": "", "Rows": [total]},
        ],
    }


def _row(name: str, account: str, amounts: tuple[Decimal, Decimal]) -> Row:
    ended, moved = amounts
    attributes = [{"Id": "account", "Value": account}]
    if "report" in name:  # the vendor adds the span of earlier results; readers must pick by Id
        attributes = [{"Value": "1/1/2026", "Id": "fromDate"}, {"Value": "12/31/2026", "Id": "toDate"}, *attributes]
    return {
        "RowType": "Row",
        "Cells": [
            {"Value": text, "Attributes": attributes}
            for text in (name, _text(moved), _text(-moved), _text(ended), _text(-ended))
        ],
    }


def _sums(amounts: Iterable[tuple[Decimal, Decimal]]) -> list[dict[str, Any]]:
    pairs = list(amounts)
    sides = (
        sum((max(moved, Decimal(0)) for _, moved in pairs), Decimal(0)),
        sum((max(-moved, Decimal(0)) for _, moved in pairs), Decimal(0)),
        sum((max(ended, Decimal(0)) for ended, _ in pairs), Decimal(0)),
        sum((max(-ended, Decimal(0)) for ended, _ in pairs), Decimal(0)),
    )
    return [{"Value": f"{side:.2f}"} for side in sides]


def _text(amount: Decimal) -> str:
    return f"{amount:.2f}" if amount > 0 else ""
