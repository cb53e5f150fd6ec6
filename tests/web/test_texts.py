"""Three languages say the same: the same names, the same fields; and everything that can happen has its words."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import portal.web
from foundation.errors import kinds
from portal.web.errors import told_kind
from portal.web.texts import LANGUAGES, Texts, language_of, names
from registry.models import HEALTH, STATUSES
from registry.portal_models import ROLES

TEMPLATES = Path(portal.web.__file__).parent / "templates"
_PLURALS = {"one", "two", "few", "many", "other", "zero"}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"en"}))
def test_every_language_has_the_same_texts_with_the_same_fields(language: str) -> None:
    english, other = names("en"), names(language)
    plural = lambda name: name.rpartition(".")[2] in _PLURALS  # noqa: E731
    assert {n for n in other if not plural(n)} == {n for n in english if not plural(n)}
    assert {n.rpartition(".")[0] for n in other if plural(n)} == {n.rpartition(".")[0] for n in english if plural(n)}
    differing = {name: (fields(text), fields(other[name])) for name, text in english.items() if name in other}
    assert {name: pair for name, pair in differing.items() if pair[0] != pair[1] and not plural(name)} == {}


def test_every_text_that_a_template_names_is_there() -> None:
    known = names("en")
    for template in TEMPLATES.rglob("*.html"):
        for name in re.findall(r"""\bt\(\s*["']([a-z_.]+)["']\s*[,)]""", template.read_text(encoding="utf-8")):
            assert name in known, f"{template.name}: {name}"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_error_state_and_role_has_words(language: str) -> None:
    texts = Texts(language)
    for kind in {*kinds(), "crashed", "interrupted", "not_found", "not_allowed"}:
        words = told_kind(kind, "password=hunter2 was refused", texts)
        assert words.kind == kind
        assert "hunter2" not in words.detail
        assert words.button is None or texts.has(f"errors.button.{words.button}")
    assert all(texts.has(f"states.health.{health}") for health in HEALTH)
    assert all(texts.has(f"states.sync.{status}") for status in STATUSES)
    assert all(texts.has(f"states.role.{role}") for role in ROLES)


@pytest.mark.parametrize(
    ("asked", "told"),
    [("nl-BE,nl;q=0.9,en;q=0.8", "nl"), ("de,fr;q=0.5", "fr"), ("*", "en"), ("", "en"), ("fr;q=x,nl;q=0.1", "nl")],
)
def test_the_browser_is_answered_in_a_language_that_it_asks_for(asked: str, told: str) -> None:
    assert language_of(asked) == told
