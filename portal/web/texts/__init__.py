"""What the portal says, in English, French and Dutch: one file per room of the portal in a folder per language.

A text has a name, ``dossiers.title``: the file's name and the keys in it. Its fields are in braces. Where a number
decides, the text is a table of plural forms (``one``, ``other``), chosen by the rules of the language. A test keeps
the three languages alike: the same names, the same fields.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

LANGUAGES = {"en": "English", "fr": "Français", "nl": "Nederlands"}
_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Texts:
    """The texts in one language."""

    language: str

    def __call__(self, name: str, /, **fields: object) -> str:
        """The text of that name with its fields filled in. Raises KeyError for an unknown name or field."""
        return _catalogue(self.language)[name].format_map(fields)

    def count(self, name: str, number: int, /, **fields: object) -> str:
        """The text for ``number`` things; field ``n`` is the number as the language writes it."""
        from portal.web.formats import Formats  # late: formats are told in texts, too

        form = str(Locale(self.language).plural_form(number))
        texts = _catalogue(self.language)
        chosen = f"{name}.{form}" if f"{name}.{form}" in texts else f"{name}.other"
        return texts[chosen].format_map({"n": Formats(self.language).number(number), **fields})

    def has(self, name: str) -> bool:
        return name in _catalogue(self.language)

    def get(self, name: str, otherwise: str, /, **fields: object) -> str:
        """The text of that name, or ``otherwise``: for words of packages that the catalogue may not know."""
        return self(name, **fields) if self.has(name) else otherwise


def language_of(accepted: str) -> str:
    """The first language of an ``Accept-Language`` header that the portal speaks; English when there is none."""
    asked = []
    for place, part in enumerate(accepted.split(",")):
        name, _, weight = part.partition(";q=")
        try:
            asked.append((-float(weight or 1), place, name.strip().lower().partition("-")[0]))
        except ValueError:
            continue
    return next((name for weight, _, name in sorted(asked) if name in LANGUAGES and weight), "en")


def names(language: str) -> Mapping[str, str]:
    """Every text of a language by its name, for the test that compares them."""
    return _catalogue(language)


@cache
def _catalogue(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.toml")):
        with path.open("rb") as stream:
            found.update(_flat(path.stem, tomllib.load(stream)))
    return found


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}.{key}", value)
        else:
            yield f"{prefix}.{key}", value
