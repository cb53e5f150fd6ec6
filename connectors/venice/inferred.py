"""What is not stated anywhere public and we had to conclude; each with its reason, and nowhere else.

The same conclusions in SQL are marked ``inferred`` in normalize.sql: how openings stand in balances, and that classes 6
and 7 hold the result.
"""

from __future__ import annotations

import re
from datetime import date

ENTRIES = "ENT"
ENTRY_TEXTS = ("Book", "DocNum", "LineNum", "Account", "Remark")
ENTRY_NUMBERS = ("SysNum", "AccYearOrg")
ENTRY_DATES = ("DocDate", "BookDate")
ENTRY_AMOUNTS = ("AmountDosC",)
"""Fields of the entries in OData: the members of the COM object without their first letter. The vendor lists them in
the module *ODBC file descriptions* alone. Entries of all years stand in one table; the booking date tells the year."""

CUSTOMERS, SUPPLIERS = "CST", "SUP"
PARTY_FIELDS = ("Number", "SubNumber", "Name", "VatNum", "CountryCode")
"""Fields of customers and suppliers: Name, VatNum and the pair Number and SubNumber are the vendor's own examples; the
country is called as in the COM object of a firm."""

DESCRIPTIONS = {"nld": "DescrNld", "fra": "DescrFra"}
"""The name of an account by language: the vendor shows the Dutch one."""

YEAR_OF_A_DAY = ("FinancialYear", "Year", "Name")
"""Where the answer to FinancialYear?Date= holds the year, for its form is not shown: the member, as GetBalance
stands by itself, or else within it."""

NO_YEAR = ("", "0")
"""What stands in place of a financial year that is not there, beside status 404: LastYear is told as 0."""

OLDEST_YEARS = 60
"""How many years back from today a dossier's youngest year is looked for, where it does not tell its last one."""

GAP_YEARS = 2
"""How many years without any are passed over before the oldest year is taken to be found."""

ACCOUNTS_AT_ONCE = 50
"""Account numbers in one question: an address has a length, which is not told."""

GROUP_DIGITS = 6
"""Accounts with longer numbers are those of single customers and suppliers below an account of six digits: their
balances are asked together."""

NO_DATE = date(1899, 12, 30)
"""The date of the engine that stands for none."""

_LICENCE = re.compile(r"\b161\b|user count|number of users", re.IGNORECASE)


def names_no_licence(text: str) -> bool:
    """Whether an error text says that all users of the licence are at work: the engine's status 161, or its words. How
    the gateway words it is not public."""
    return bool(_LICENCE.search(text))
