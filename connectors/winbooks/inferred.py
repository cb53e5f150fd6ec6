"""What is not known about WinBooks but inferred: the one place to correct when a real dossier shows otherwise.

No vendor page or public reader tells these; each is the most careful reading of what they do tell. What a base line
of DOCTYPE 4 is, and how a comment goes on in its memo, is inferred too and stands, so marked, in normalize.sql.
"""

from __future__ import annotations

import re

BASE_CURRENCY = "EUR"
"""No key of the parameter table is known to state the base currency."""

SIMULATION_JOURNAL = "6"
"""DBKTYPE2 of journals that are left out unless the connection asks for them: they are not the books."""

ARCHIVE, LIVE = 0, 1
"""A line of an archived year that both the archive and the live file hold is taken from the archive (lower wins)."""

PROVISIONAL_RESULT = "149999"
"""The account that opens with the result of a year that is not closed yet, as the vendor's demonstration books do."""

COUNTRIES = {"B": "BE", "BEL": "BE", "F": "FR", "D": "DE", "L": "LU", "LUX": "LU", "I": "IT", "E": "ES", "P": "PT"}
"""Old vehicle codes that dossiers carry in place of ISO 3166 codes."""


def country_code(text: str | None) -> str | None:
    """The two-letter code of a country as WinBooks writes it, None when it is blank or not a code."""
    code = (text or "").strip().upper()
    code = COUNTRIES.get(code, code)
    return code if re.fullmatch("[A-Z]{2}", code) else None


def vat_number(text: str | None, country: str | None) -> str | None:
    """A VAT number without blanks and dots, with its country in front; None when there are no digits in it."""
    number = re.sub("[^A-Z0-9]", "", (text or "").upper())
    if not any(sign.isdigit() for sign in number):
        return None
    return number if number[0].isalpha() or not country else country + number


def memo_continues(value: str, memo: str | None) -> str:
    """A parameter: VALUEEXT goes on where VALUE, as wide as its field, ends."""
    return (value + (memo or "")).rstrip()
