"""Countries as people type them: the vendor keeps a free text, in the language of whoever wrote it.

Words are those for the countries around its market, in Danish, Norwegian, Swedish, English and the country's own
(inferred: there is no list). What is not here has no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "DK": "danmark denmark dänemark",
    "NO": "norge norway norwegen",
    "SE": "sverige sweden schweden",
    "FI": "finland suomi",
    "IS": "island iceland ísland",
    "FO": "færøerne faroe-islands føroyar",
    "GL": "grønland greenland kalaallit-nunaat",
    "DE": "tyskland germany deutschland",
    "NL": "holland nederlandene netherlands the-netherlands nederland nederländerna",
    "BE": "belgien belgium belgique belgië belgia",
    "LU": "luxembourg luxemburg",
    "FR": "frankrig france frankrike",
    "GB": "storbritannien united-kingdom uk england great-britain storbritannia",
    "IE": "irland ireland",
    "ES": "spanien spain españa spania",
    "PT": "portugal",
    "IT": "italien italy italia",
    "CH": "schweiz switzerland suisse sveits",
    "AT": "østrig austria österreich østerrike österrike",
    "PL": "polen poland polska",
    "CZ": "tjekkiet czech-republic czechia tjeckien tsjekkia",
    "EE": "estland estonia",
    "LV": "letland latvia lettland latvia",
    "LT": "litauen lithuania",
    "US": "usa united-states",
}
COUNTRIES: dict[str, str] = {
    word.replace("-", " "): code for code, words in _WORDS.items() for word in (code.lower(), *words.split())
}
"""Words in lower case to ISO codes."""


def country_code(text: str | None) -> str | None:
    """The ISO code of a country; None where the word is not known."""
    return COUNTRIES.get((text or "").strip().lower())


def danish_vat_number(company: Mapping[str, Any], country: str | None) -> str | None:
    """That of a Danish company, whose VAT number is its registration number (inferred: the field is often empty)."""
    number = "".join((company.get("companyIdentificationNumber") or "").split())
    return f"DK{number}" if country == "DK" and len(number) == 8 and number.isdigit() else None
