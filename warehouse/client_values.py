"""Numbers, countries, languages and year ends of clients, as people type them, in one form each."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from stdnum.be import vat as belgian
from stdnum.eu import vat as european
from stdnum.exceptions import ValidationError

_COUNTRIES = {
    "belgie": "BE", "belgium": "BE", "belgique": "BE", "belgien": "BE",
    "nederland": "NL", "netherlands": "NL", "thenetherlands": "NL", "paysbas": "NL", "niederlande": "NL",
    "france": "FR", "frankrijk": "FR", "frankreich": "FR",
    "luxemburg": "LU", "luxembourg": "LU",
    "duitsland": "DE", "allemagne": "DE", "germany": "DE", "deutschland": "DE",
}  # fmt: skip
_LANGUAGES = {
    "n": "nl", "nederlands": "nl", "neerlandais": "nl", "dutch": "nl", "nld": "nl", "dut": "nl",
    "f": "fr", "frans": "fr", "francais": "fr", "french": "fr", "fra": "fr", "fre": "fr",
    "e": "en", "engels": "en", "anglais": "en", "english": "en", "eng": "en",
    "d": "de", "duits": "de", "allemand": "de", "german": "de", "deutsch": "de", "deu": "de", "ger": "de",
}  # fmt: skip
_ACCENTS = str.maketrans("àâäçéèêëîïôöùûü", "aaaceeeeiioouuu")
_ISO = re.compile(r"\d{4}-(\d{2})-(\d{2})(?:[T ].*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})(?:[/.]\d{2,4})?")
_DASHED = re.compile(r"(\d{1,2})-(\d{1,2})(?:-\d{4})?")


class Numbers(NamedTuple):
    """A client's numbers. ``enterprise_number`` is the 10 digits of a Belgian enterprise, or what another country's
    register gave; ``vat_number`` has its country in front. ``valid`` is False where a number cannot be right, or where
    two Belgian ones differ: a wrong VAT number stays as it was told, a wrong enterprise number is None."""

    vat_number: str | None
    enterprise_number: str | None
    valid: bool


def numbers(vat: str | None, enterprise: str | None, country: str | None) -> Numbers:
    """The numbers in one form, whatever stands between their digits. A Belgian VAT number is the enterprise number;
    the reverse is not concluded, because not every enterprise is liable to VAT. Without a country, numbers that name
    none are taken for Belgian."""
    vat, enterprise = _compact(vat), _compact(enterprise)
    of_vat, of_enterprise = _belgian(vat, country), _belgian(enterprise, country)
    number, valid = of_enterprise or of_vat, True
    if enterprise and not of_enterprise:
        if country in (None, "BE"):
            valid = False
        else:
            number = of_vat or enterprise
    if vat and of_vat:
        vat = f"BE{of_vat}"
        valid = valid and of_enterprise in (None, of_vat)
    elif vat:
        foreign = _european(vat, country)
        vat, valid = foreign or vat, valid and (foreign is not None or not _is_checked(vat, country))
    return Numbers(vat, number, valid)


def _compact(text: str | None) -> str | None:
    """Letters and digits alone, in capitals; the register of legal persons (RPR, RPM) is no part of a number."""
    found = re.sub(r"[^0-9A-Z]", "", (text or "").upper())
    return re.sub(r"^(?:BTW|TVA|VAT|RPR|RPM|KBO|BCE)|(?:RPR|RPM)$", "", found) or None


def _belgian(text: str | None, country: str | None) -> str | None:
    if not text or not (text.startswith("BE") or (text.isdecimal() and country in (None, "BE"))):
        return None
    try:
        return belgian.validate(text)
    except ValidationError:
        return None


def _european(text: str, country: str | None) -> str | None:
    named = text if text[:2].isalpha() else f"{country or 'BE'}{text}"
    try:
        return european.validate(named)
    except ValidationError:
        return None


def _is_checked(text: str, country: str | None) -> bool:
    """Whether the number is of a country whose numbers can be checked."""
    prefix = text[:2] if text[:2].isalpha() else (country or "BE")
    return prefix.lower() in {*european.MEMBER_STATES, "el"}


def country(text: str | None) -> str | None:
    """The ISO 3166 code of a country told by code or by name; what is not known stays as it is."""
    told = (text or "").strip()
    if len(told) == 2 and told.isalpha():
        return told.upper()
    return _COUNTRIES.get(_letters(told), told) or None


def language(text: str | None) -> str | None:
    """The ISO 639 code of a language told by a letter, a code (``nl-BE``) or a name; None for what is none."""
    told = _letters(re.split(r"[-_]", (text or "").strip())[0])
    return _LANGUAGES.get(told) or (told if len(told) == 2 else None)


def year_end(text: str | None) -> str | None:
    """The day on which fiscal years end, as ``MM-DD``; None for what is no day.

    Read are ``12-31``, ``2024-12-31`` with or without a time, ``31/12``, ``31.12.2024``, and ``31-12`` where the first
    number is no month.
    """
    told = (text or "").strip()
    if found := _ISO.fullmatch(told):
        return _day(int(found[1]), int(found[2]))
    if found := _DAY_FIRST.fullmatch(told):
        return _day(int(found[2]), int(found[1]))
    if found := _DASHED.fullmatch(told):
        first, second = int(found[1]), int(found[2])
        day_first = len(told) > 5  # with a year behind it
        return (None if day_first else _day(first, second)) or _day(second, first)
    return None


def _day(month: int, day: int) -> str | None:
    try:
        return f"{date(2024, month, day):%m-%d}"
    except ValueError:
        return None


def _letters(text: str) -> str:
    return "".join(sign for sign in text.lower().translate(_ACCENTS) if sign.isalpha())
