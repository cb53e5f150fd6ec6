"""Numbers, countries, languages and year ends, as people type them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.client_values import Numbers, country, language, numbers, year_end

DIGITS = st.integers(1_000_000, 19_999_999).map(lambda body: f"{body:08d}{97 - body % 97:02d}")
SIGNS = st.sampled_from(["", ".", " ", "-", "/"])


@given(DIGITS, SIGNS, st.sampled_from(["", "BE", "BE ", "be", "BTW BE ", "TVA BE"]), st.sampled_from([None, "BE"]))
def test_a_belgian_number_is_ten_digits_however_it_is_typed(number: str, sign: str, prefix: str, place: str) -> None:
    typed = f"{prefix}{number[:4]}{sign}{number[4:7]}{sign}{number[7:]}"
    assert numbers(typed, None, place) == Numbers(f"BE{number}", number, True)
    assert numbers(None, typed, place) == Numbers(None, number, True)
    if number.startswith("0"):  # as before 2005, and as spreadsheets write it
        assert numbers(None, typed.replace(number[:4], number[1:4]), place).enterprise_number == number


@given(DIGITS, st.integers(0, 9), st.integers(0, 9))
def test_one_wrong_digit_is_noticed(number: str, place: int, digit: int) -> None:
    wrong = number[:place] + str(digit) + number[place + 1 :]
    found = numbers(wrong, None, "BE")
    assert found.valid == (wrong == number)
    assert (found.enterprise_number is None) == (wrong != number)
    if wrong != number:
        assert found.vat_number == wrong, "it stays as it was told"


@pytest.mark.parametrize(
    ("vat", "enterprise", "place", "told"),
    [
        ("NL004495445B01", None, "NL", Numbers("NL004495445B01", None, True)),
        ("004495445B01", None, "NL", Numbers("NL004495445B01", None, True)),
        ("NL004495445B01", "12345678", "NL", Numbers("NL004495445B01", "12345678", True)),
        ("NL004495446B01", None, None, Numbers("NL004495446B01", None, False)),
        ("FR40303265045", "303265045", "FR", Numbers("FR40303265045", "303265045", True)),
        ("US-12", None, "US", Numbers("US12", None, True)),  # nobody can check it
        ("BE0403170701", "0403.019.261", "BE", Numbers("BE0403170701", "0403019261", False)),  # they differ
        ("BE0403170701", None, "NL", Numbers("BE0403170701", "0403170701", True)),  # at home elsewhere
        ("", " ", "BE", Numbers(None, None, True)),
        (None, None, None, Numbers(None, None, True)),
    ],
)
def test_numbers_of_other_countries_and_odd_ones(
    vat: str | None, enterprise: str | None, place: str | None, told: Numbers
) -> None:
    assert numbers(vat, enterprise, place) == told


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from([None, "BE", "NL", "FR", "XX", "België"]))
def test_whatever_is_typed_a_belgian_number_is_sound_or_none(vat: str, enterprise: str, place: str | None) -> None:
    found = numbers(vat, enterprise, place)
    if found.enterprise_number and place in (None, "BE"):
        body, check = int(found.enterprise_number[:-2]), int(found.enterprise_number[-2:])
        assert (body + check) % 97 == 0


@given(st.dates(date(1990, 1, 1), date(2040, 12, 31)))
def test_a_year_end_is_a_day_and_a_month_however_it_is_written(day: date) -> None:
    told = f"{day:%m-%d}"
    for text in (
        f"{day}",
        f"{day}T00:00:00",
        f"{day} 00:00",
        f"{day:%d/%m/%Y}",
        f"{day:%d.%m}",
        f"{day:%d-%m-%Y}",
        told,
    ):
        assert year_end(text) == told, text
    if day.day > 12:
        assert year_end(f"{day:%d-%m}") == told


@pytest.mark.parametrize("text", ["", None, "31/13", "december", "2024-02-31", "12", "99-99", "1231"])
def test_what_is_no_day_is_none(text: str | None) -> None:
    assert year_end(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("N", "nl"),
        ("F", "fr"),
        ("nl-BE", "nl"),
        ("FR", "fr"),
        ("Néerlandais", "nl"),
        ("de_BE", "de"),
        ("it", "it"),
        ("", None),
        (None, None),
        ("Klingon", None),
    ],
)
def test_languages(text: str | None, told: str | None) -> None:
    assert language(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("be", "BE"),
        ("België", "BE"),
        ("Belgique ", "BE"),
        ("Pays-Bas", "NL"),
        ("", None),
        (None, None),
        ("Atlantis", "Atlantis"),
    ],
)
def test_countries(text: str | None, told: str | None) -> None:
    assert country(text) == told
