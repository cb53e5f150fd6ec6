"""What is particular to a package's exports, as data, and what a dossier may fix for itself in its dossier.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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
    ``columns`` maps further headings to columns. Lines of ``draft_journals`` are provisional and left out.
    ``fixed_widths`` are (column, first character from 1, length)
    of a lines file without separators. ``internal_number`` is that of the dossier in its package, where lines tell it.
    """

    encoding: str | None = None
    usual_encoding: str = "windows-1252"
    separator: str | None = None
    decimal: Notation | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    draft_journals: tuple[str, ...] = ()
    fixed_widths: tuple[tuple[str, int, int], ...] = ()
    internal_number: str | None = None


# Packages whose exports have something of their own; all others are read by the contract alone.
PROFILES: dict[str, Profile] = {
    # Older exports are written in the code page of the console.
    "popsy": Profile(usual_encoding="cp850"),
}


def profile(software: str) -> Profile:
    return PROFILES.get(software, Profile())


def adjusted(base: Profile, settings: Mapping[str, str]) -> Profile:
    """``base`` with what dossier.csv fixes: keys ``encoding``, ``separator``, ``decimal``, ``draft_journals`` (codes
    with blanks between), ``internal_number``, ``column.<our name>`` (the heading in the file) and ``width.<column>``
    (``first-last``).

    Raises BadFile for a value that is not known.
    """
    columns = dict(base.columns)
    widths = list(base.fixed_widths)
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
        fixed_widths=tuple(widths),
        internal_number=settings.get("internal_number") or base.internal_number,
    )


def _unknown(key: str, value: str, known: str) -> BadFile:
    return BadFile(
        f"{key} is {value!r}", subject="dossier.csv", next_step=f"Known are: {known}. Correct the file and sync again."
    )
