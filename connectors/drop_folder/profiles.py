"""What is particular to a package's exports (profiles.toml), and what a dossier may fix for itself in dossier.csv."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from connectors.drop_folder.amounts import Notation
from connectors.drop_folder.headings import SEPARATORS
from foundation.errors import BadFile

_ENCODINGS = ("utf-8", "windows-1252", "cp1252", "iso8859-15", "iso-8859-15", "cp850", "cp437")
_SEPARATOR_WORDS = {"tab": "\t", "semicolon": ";", "comma": ",", "pipe": "|"} | {sign: sign for sign in SEPARATORS}
_DECIMAL_WORDS: dict[str, Notation] = {",": ",", "comma": ",", ".": ".", "point": ".", "dot": "."}


@dataclass(frozen=True)
class Profile:
    """How a package's files are read; None leaves it to be found out from the file.

    ``encoding`` counts for bytes that are not UTF-8; ``usual_encoding`` only where those bytes do not tell.
    ``headings`` maps, per kind of file, further headings to columns; ``columns`` those that the dossier names for all
    of its files. Lines of ``draft_journals`` are provisional and left out. ``fixed_widths`` are (column, first
    character from 1, length) of a lines file without separators or header row. ``internal_number`` is that of the
    dossier in its package, where lines tell it.
    """

    encoding: str | None = None
    usual_encoding: str = "windows-1252"
    separator: str | None = None
    decimal: Notation | None = None
    headings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    draft_journals: tuple[str, ...] = ()
    fixed_widths: tuple[tuple[str, int, int], ...] = ()
    internal_number: str | None = None

    def also(self, kind: str) -> Mapping[str, str]:
        """Further headings of a kind of file."""
        return {**self.headings.get(kind, {}), **self.columns}


def profile(software: str) -> Profile:
    """What profiles.toml says of a package, with what is shared by all."""
    told = _told()
    own, shared = told.get(software, {}), told["shared"]
    kinds = {name for part in (shared, own) for name, value in part.items() if isinstance(value, dict)}
    headings = {
        kind.replace("balances", "trial balance"): _inverted(shared.get(kind, {})) | _inverted(own.get(kind, {}))
        for kind in kinds
    }
    plain = {name: value for name, value in own.items() if not isinstance(value, dict)}
    for name in ("draft_journals", "fixed_widths"):
        if name in plain:
            plain[name] = tuple(tuple(each) if isinstance(each, list) else each for each in plain[name])
    return Profile(**plain, headings=headings)


@cache
def _told() -> dict[str, Any]:
    return tomllib.loads(files("connectors.drop_folder").joinpath("profiles.toml").read_text("utf-8"))


def _inverted(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {heading: column for column, headings in columns.items() for heading in headings}


def adjusted(base: Profile, settings: Mapping[str, str]) -> Profile:
    """``base`` with what dossier.csv fixes: keys ``encoding``, ``separator``, ``decimal``, ``draft_journals`` (codes
    with blanks between), ``internal_number``, ``column.<our name>`` (the heading in the file) and ``width.<column>``
    (``first-last``).

    Raises BadFile for a value that is not known.
    """
    columns = dict(base.columns)
    widths: list[tuple[str, int, int]] = []
    for key, value in settings.items():
        if key.startswith("column."):
            columns[value] = key.removeprefix("column.")
        elif key.startswith("width."):
            first, _, last = value.partition("-")
            if not (first.strip().isdigit() and last.strip().isdigit() and 0 < int(first) <= int(last)):
                raise _unknown(key, value, "first-last, such as 9-16")
            widths.append((key.removeprefix("width."), int(first), int(last) - int(first) + 1))
    encoding, separator, decimal = (settings.get(key) for key in ("encoding", "separator", "decimal"))
    if encoding and encoding.lower() not in _ENCODINGS:
        raise _unknown("encoding", encoding, ", ".join(_ENCODINGS))
    if separator and separator.lower() not in _SEPARATOR_WORDS:
        raise _unknown("separator", separator, "tab, semicolon, comma or pipe")
    if decimal and decimal not in _DECIMAL_WORDS:
        raise _unknown("decimal", decimal, "comma or point")
    return replace(
        base,
        encoding=encoding or base.encoding,
        separator=_SEPARATOR_WORDS[separator.lower()] if separator else base.separator,
        decimal=_DECIMAL_WORDS[decimal] if decimal else base.decimal,
        columns=columns,
        draft_journals=tuple(settings.get("draft_journals", "").split()) or base.draft_journals,
        fixed_widths=tuple(widths) or base.fixed_widths,
        internal_number=settings.get("internal_number") or base.internal_number,
    )


def _unknown(key: str, value: str, known: str) -> BadFile:
    return BadFile(
        f"{key} is {value!r}", subject="dossier.csv", next_step=f"Known are: {known}. Correct the file and sync again."
    )
