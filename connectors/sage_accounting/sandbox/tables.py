"""The sandbox's rows in the vendor's own form: businesses, settings, accounts, contacts, entries, the trial balance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.chart import Account
from connectors.sandbox.company import Company, Party

from .books import Books, Entry, Transaction, key
from .knobs import Knobs

Row = dict[str, Any]
FOUNDED = datetime(2023, 12, 4, 9, 30, tzinfo=UTC)

# The vendor's type of an account, by role; the others go by what they are.
_TYPES = {
    "bank": "BANK",
    "bank_usd": "BANK",
    "equipment": "FIXED_ASSETS",
    "equipment_depreciation": "FIXED_ASSETS",
    "bank_loan": "FUTURE_LIABILITY",
    "purchases": "DIRECT_EXPENSES",
    "depreciation": "DEPRECIATION",
    "exchange_gain": "OTHER_INCOME",
}
_BY_KIND = {
    "asset": "CURRENT_ASSETS",
    "liability": "CURRENT_LIABILITY",
    "equity": "EQUITY",
    "income": "SALES",
    "expense": "OVERHEADS",
}
_CONTROLS = {"customers": "SALES_LEDGER", "suppliers": "PURCHASE_LEDGER", "vat_payable": "VAT_ON_SALES"}


def money(amount: Decimal, knobs: Knobs) -> str | Decimal:
    """An amount as the wire has it: text with one decimal at least, whatever the vendor's schema says."""
    if knobs.numbers:
        return amount
    text = f"{amount.normalize():f}"
    return text if "." in text else f"{text}.0"


def moment(told: datetime) -> str:
    return told.strftime("%Y-%m-%dT%H:%M:%SZ")


def reference(path: str, name: str, displayed_as: str) -> Row:
    """What stands for another resource; the whole of a row in a list without attributes."""
    return {"id": name, "displayed_as": displayed_as, "$path": f"/{path}/{name}"}


def business(name: str, displayed_as: str, country: str, *, active: bool = True) -> Row:
    return {
        "id": name,
        "displayed_as": displayed_as,
        "$path": f"/businesses/{name}",
        "name": displayed_as,
        "address_line_1": "Kerkstraat 1",
        "city": "Gent",
        "postal_code": "9000",
        "country": reference("countries", country, country),
        "telephone": None,
        "is_demo": False,
        "subscriptions": [{"active": active, "status": "active" if active else "cancelled"}],
        "created_at": moment(FOUNDED),
        "updated_at": moment(FOUNDED),
    }


def financial_settings(books: Books) -> Row:
    currency = books.company.currency
    return {
        "$path": "/financial_settings",
        "year_end_date": books.year_end.isoformat(),
        "year_end_lockdown_date": books.lockdown.isoformat() if books.lockdown else None,
        "accounting_type": "accrual",
        "accounts_start_date": books.starts.isoformat() if books.starts else None,
        "base_currency": reference("currencies", currency, f"Euro ({currency})"),
        "multi_currency_enabled": False,
        "mtd_authenticated_date": "",
        "tax_scheme": reference("tax_schemes", "GB_STANDARD", "Standard"),
        "tax_number": books.company.vat_number,
        "updated_at": moment(FOUNDED),
    }


def account(told: Account) -> Row:
    kind = _TYPES.get(told.role, _BY_KIND[told.kind])
    return {
        **_account_reference(told),
        "nominal_code": int(told.number),
        "name": told.name,
        "display_name": f"{told.name} ({told.number})",
        "ledger_account_type": reference("ledger_account_types", kind, kind.replace("_", " ").title()),
        "ledger_account_classification": None,
        "ledger_account_group": None,
        "tax_rate": None,
        "fixed_tax_rate": False,
        "included_in_chart": told.active,
        "visible_in_journals": True,
        "is_control_account": told.role in _CONTROLS,
        "control_name": _CONTROLS.get(told.role),
        "created_at": moment(FOUNDED),
        "updated_at": moment(FOUNDED),
    }


def _account_reference(told: Account) -> Row:
    return reference("ledger_accounts", key("account", told.role), f"{told.name} ({told.number})")


def contact(party: Party) -> Row:
    kinds = {"customer": ["CUSTOMER"], "supplier": ["VENDOR"], "both": ["CUSTOMER", "VENDOR"]}[party.kind]
    return {
        **_contact_reference(party),
        "name": party.name,
        "reference": party.code,
        "contact_types": [reference("contact_types", kind, kind.title()) for kind in kinds],
        "tax_number": party.vat_number or None,
        "registered_number": None,
        "currency": reference("currencies", "EUR", "Euro (EUR)"),
        "email": None,
        "balance": "0.0",
        "gdpr_obfuscated": False,
        "system": False,
        "deleted_at": None,
        "created_at": moment(FOUNDED),
        "updated_at": moment(FOUNDED),
    }


def _contact_reference(party: Party) -> Row:
    return reference("contacts", key("contact", party.code), f"{party.name} ({party.code})")


class Renderer:
    """Entries and transactions of one business as rows."""

    def __init__(self, company: Company, knobs: Knobs) -> None:
        self._knobs = knobs
        self._accounts = {told.role: _account_reference(told) for told in company.accounts}
        self._contacts: dict[str | None, Row | None] = {None: None}
        self._contacts |= {party.code: _contact_reference(party) for party in company.parties}

    def entry(self, told: Entry, transaction: Transaction) -> Row:
        code = told.journal_code
        return {
            **reference("ledger_entries", told.id, f"{transaction.kind.title()} {transaction.reference}".strip()),
            "date": told.day.isoformat(),
            "debit": money(max(told.amount, Decimal(0)), self._knobs),
            "credit": money(max(-told.amount, Decimal(0)), self._knobs),
            "ledger_account": self._accounts[told.role],
            "transaction": reference("transactions", transaction.id, transaction.kind.replace("_", " ").title()),
            "contact": self._contacts[told.party],
            "description": told.description or None,
            "tax_rate": reference("tax_rates", told.vat_code, f"Rate {told.vat_code}") if told.vat_code else None,
            "deleted": told.deleted,
            "journal_code": reference("journal_codes", code, code) if code else None,
            "created_at": moment(told.created),
            "updated_at": moment(told.updated),
        }

    def transaction(self, told: Transaction, total: Decimal) -> Row:
        kind = told.kind.replace("_", " ").title()
        return {
            **reference("transactions", told.id, f"{kind} {told.reference}".strip()),
            "date": told.day.isoformat(),
            "deleted": told.deleted,
            "reference": told.reference or None,
            "total": money(total, self._knobs),
            "total_in_transaction_currency": None,
            "contact": self._contacts[told.party],
            "transaction_type": reference("transaction_types", told.kind, kind),
            "origin": reference("origins", told.id, kind),
            "audit_trail_id": 17,
            "number_of_attachments": 0,
            "created_at": moment(told.created),
            "updated_at": moment(told.updated),
        }

    def trial_balance(self, books: Books, first: date, last: date, now: datetime) -> Row:
        upto = now - timedelta(seconds=self._knobs.lag)
        found = {role: list(amounts) for role, amounts in books.balances(first, last, upto).items()}
        if self._knobs.results != "kept":
            for role, result in books.results_before(first, upto).items():
                found[role][0] -= result
                if self._knobs.results == "moved":
                    found.setdefault("result_brought_forward", [Decimal(0)] * 3)[0] += result
        rows = [
            {
                **self._accounts[told.role],
                "opening_balance": self._sides(found[told.role][0]),
                "debit": money(found[told.role][1], self._knobs),
                "credit": money(found[told.role][2], self._knobs),
                "closing_balance": self._sides(found[told.role][0] + found[told.role][1] - found[told.role][2]),
            }
            for told in books.company.accounts
            if told.role in found
        ]
        return {"from_date": first.isoformat(), "to_date": last.isoformat(), "ledger_accounts": rows}

    def _sides(self, amount: Decimal) -> Mapping[str, str | Decimal]:
        sides = {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}
        return {side: money(value, self._knobs) for side, value in sides.items()}
