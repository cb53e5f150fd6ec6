from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import WrongInput
from registry.names import did_you_mean, first_free, require_id, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bakkerij Janssens", "bakkerij-janssens"),
        ("Café De l'Étoile & Cie", "cafe-de-l-etoile-cie"),
        ("  Straße / Œuvre_1 ", "strasse-oeuvre-1"),
        ("ŁÓDŹ Smørrebrød", "lodz-smorrebrod"),
        ("Nº 5 ﬁlms", "no-5-films"),
        ("株式会社", ""),
    ],
)
def test_names_become_readable_slugs(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text())
def test_every_slug_is_plain_and_stays_as_it_is(text: str) -> None:
    made = slug(text)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*|", made)
    assert len(made) <= 60
    assert slug(made) == made
    if made:
        assert require_id(made, "an id") == made


@given(st.text(min_size=1, max_size=130))
def test_what_is_not_plain_is_refused_as_an_id(text: str) -> None:
    plain = len(text) <= 120 and set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_") and text[0] not in "-_"
    if plain:
        assert require_id(text, "an id") == text
    else:
        with pytest.raises(WrongInput):
            require_id(text, "an id")


@given(st.sets(st.sampled_from(["a", "a-2", "a-3", "a-4", "b"])))
def test_the_first_free_name_is_free(taken: set[str]) -> None:
    name = first_free("a", taken)
    assert name not in taken
    assert name == "a" or re.fullmatch(r"a-\d+", name)


def test_near_misses_are_found_by_part_by_spelling_and_by_name() -> None:
    known = {"1042-bakkerij-janssens": "1042 Bakkerij Janssens", "7": "Loodgieter Peeters"}
    assert did_you_mean("janssens", known) == "; did you mean 1042-bakkerij-janssens"
    assert did_you_mean("1042-bakerij-jansens", known) == "; did you mean 1042-bakkerij-janssens"
    assert did_you_mean("Loodgieter Peters", known) == "; did you mean 7"
    assert did_you_mean("zzz", known) == ""
