"""Odoo's words for the kinds of account and journal of the sandbox company."""

from __future__ import annotations

TYPES = {
    "customers": "asset_receivable",
    "suppliers": "liability_payable",
    "bank": "asset_cash",
    "bank_usd": "asset_cash",
    "equipment": "asset_fixed",
    "equipment_depreciation": "asset_fixed",
    "bank_loan": "liability_non_current",
    "result_brought_forward": "equity_unaffected",
    "purchases": "expense_direct_cost",
    "depreciation": "expense_depreciation",
    "exchange_gain": "income_other",
}
"""Role of the sandbox company to Odoo's type of account; others follow from the common type."""
BY_KIND = {"asset": "asset_current", "liability": "liability_current"}
TYPES_OF_15 = {
    "asset_receivable": "Receivable",
    "liability_payable": "Payable",
    "asset_cash": "Bank and Cash",
    "asset_current": "Current Assets",
    "asset_fixed": "Fixed Assets",
    "liability_current": "Current Liabilities",
    "liability_non_current": "Non-current Liabilities",
    "equity": "Equity",
    "equity_unaffected": "Current Year Earnings",
    "income": "Income",
    "income_other": "Other Income",
    "expense": "Expenses",
    "expense_depreciation": "Depreciation",
    "expense_direct_cost": "Cost of Revenue",
}
JOURNAL_TYPES = {"sales": "sale", "sales_credit": "sale", "purchase": "purchase", "bank": "bank"}
