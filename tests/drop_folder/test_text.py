"""Bytes to text: encodings, line ends, control characters, at every chunk boundary."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.drop_folder import text
from foundation.errors import BadFile

WORDS = "Clôture; café; Noël; crédité à l'échéance, n° 12 €"


def _clean(folder: Path, content: bytes, **options: str | None) -> tuple[str, text.Clean]:
    source = folder / "source.csv"
    source.write_bytes(content)
    cleaned = text.clean(source, folder / "clean.csv", **options)  # pyright: ignore[reportArgumentType]
    return cleaned.path.read_bytes().decode("utf-8"), cleaned


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("windows-1252", "windows-1252"),
        ("cp850", "cp850"),
    ],
)
def test_the_encoding_is_found_out(encoding: str, found: str, tmp_path: Path) -> None:
    words = WORDS.replace("€", "EUR") if encoding == "cp850" else WORDS
    got, cleaned = _clean(tmp_path, words.encode(encoding))
    assert got == words
    assert cleaned.encoding == found


def test_latin_9_is_told_from_windows_1252_where_the_format_says_so(tmp_path: Path) -> None:
    assert _clean(tmp_path, "Montant dû en €".encode("iso8859-15"), usual="iso8859-15")[0] == "Montant dû en €"
    assert _clean(tmp_path, "l’été".encode("windows-1252"), usual="iso8859-15")[0] == "l’été"


def test_a_named_encoding_is_believed_but_not_against_valid_utf_8(tmp_path: Path) -> None:
    assert _clean(tmp_path, "ø".encode("cp1252"), encoding="cp1252")[0] == "ø"
    assert _clean(tmp_path, "é".encode(), encoding="cp850")[0] == "é"


def test_bytes_that_a_named_encoding_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"source\.csv: it cannot be read as windows-1252.*encoding;cp850"):
        _clean(tmp_path, b"caf\x82 \x81", encoding="windows-1252")


def test_nul_and_control_characters_go_and_tabs_stay(tmp_path: Path) -> None:
    assert _clean(tmp_path, b"a\0\tb\x01\x1a\r\n\x0cc\x7f")[0] == "a\tb\nc"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("shift", range(4))
def test_line_ends_are_one_even_where_two_chunks_meet(end: str, shift: int, tmp_path: Path) -> None:
    first = "x" * (text.CHUNK - shift)
    got, _ = _clean(tmp_path, f"{first}{end}second{end}".encode())
    assert got == f"{first}\nsecond\n"


@given(content=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40))
@settings(max_examples=50, deadline=None)
def test_utf_8_text_comes_through_unchanged(content: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("utf8")
    assert _clean(folder, content.removeprefix("\ufeff").encode())[0] == content.removeprefix("\ufeff")
