"""What is not known about Sage 50 but inferred: the one place to correct when a real company shows otherwise.

That a fiscal year before the current one is closed, that the result of earlier years is carried to the retained
earnings account without an entry, and the sides of each type of transaction are inferred too and stand, so marked,
where they are used (dossier.py, normalize.sql).
"""

from __future__ import annotations

CONTROL_CODES = {
    "nom_debtors": "1100",
    "nom_creditors": "2100",
    "nom_tax_sales": "2200",
    "nom_tax_purchase": "2201",
    "nom_retained_earnings": "3200",
}
"""The control accounts of the default chart, where COMPANY does not name them."""

DEFAULT_CURRENCY = {"IE": "EUR"}
"""The base currency by country where the table CURRENCY is not there; GBP elsewhere."""

TRAIL_COLUMNS = (
    "TYPE", "ACCOUNT_REF", "NOMINAL_CODE", "DEPARTMENT", "DATE", "REFERENCE", "DETAILS", "NET_AMOUNT", "TAX_CODE",
    "TAX_AMOUNT", "EXCHANGE_RATE", "EXTRA_REF", "USER_NAME", "PROJECT_REFN", "COST_CODE_REFN",
)  # fmt: skip
"""The columns of the audit trail in the order in which Sage 50 imports it, which exports without headings follow."""

TRAIL_HEADINGS = {
    "TRANSACTION TYPE": "TYPE",
    "ACCOUNT REFERENCE": "ACCOUNT_REF",
    "ACCOUNT REF": "ACCOUNT_REF",
    "NOMINAL A/C REF": "NOMINAL_CODE",
    "NOMINAL CODE": "NOMINAL_CODE",
    "DEPARTMENT CODE": "DEPARTMENT",
    "NET AMOUNT": "NET_AMOUNT",
    "NET": "NET_AMOUNT",
    "TAX CODE": "TAX_CODE",
    "TAX AMOUNT": "TAX_AMOUNT",
    "VAT AMOUNT": "TAX_AMOUNT",
    "EXCHANGE RATE": "EXCHANGE_RATE",
    "EXTRA REFERENCE": "EXTRA_REF",
    "EXTRA REF": "EXTRA_REF",
    "USER NAME": "USER_NAME",
    "PROJECT REFN": "PROJECT_REFN",
    "COST CODE REFN": "COST_CODE_REFN",
}
"""Headings of the same columns, as Sage's own pages write them."""
