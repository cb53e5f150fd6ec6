"""Bytes of old exports to clean UTF-8: encodings, line ends, NULs and control characters.

UTF-8 is believed when every byte fits. Otherwise the encoding that the dossier fixes, or the one of windows-1252,
ISO-8859-15 and cp850 whose reading gives the most letters that French, Dutch or German words hold. In constant memory.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import BadFile

CHUNK = 1 << 20
_ASCII = bytes(range(128))
# Everything below the space except TAB, LF and CR, and DEL; 0x1A once ended files.
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in (9, 10, 13))
_LETTERS = frozenset("éèêëàâäáçîïíôöóûüúùñœæÿßÉÈÊËÀÂÄÇÎÏÔÖÛÜÙŒ")
_SIGNS = frozenset("°€«»’‘“”–—…§²³µ·ºª£´¨\u00a0")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Clean:
    """A cleaned copy (UTF-8, no BOM, ``\\n`` line ends) and the encoding in which the original was read."""

    path: Path
    encoding: str
    guessed: bool


def clean(source: Path, target: Path, *, encoding: str | None = None, usual: str = "windows-1252") -> Clean:
    """Writes ``source`` to ``target`` as clean UTF-8.

    ``encoding`` is believed for bytes that are not UTF-8; ``usual`` is the likely one, where bytes do not tell.
    Raises BadFile for an encoding that cannot read the file.
    """
    skip, found = _byte_order_mark(source)
    guessed = False
    if found is None:
        if _is_utf8(source):
            found = "utf-8"
        elif encoding and encoding.lower() not in ("utf-8", "utf8", "utf-8-sig"):
            found = encoding
        else:
            found, guessed = guess_single_byte(_high_bytes(source), usual), True
    try:
        with target.open("wb") as out:
            out.writelines(_cleaned(source, skip, found))
    except (UnicodeDecodeError, LookupError) as error:
        raise BadFile(
            f"it cannot be read as {found} ({error})",
            subject=source.name,
            next_step="Name the right encoding in dossier.csv (encoding;cp850), or export it again as UTF-8.",
        ) from error
    return Clean(target, found, guessed)


def guess_single_byte(high: Counter[int], usual: str = "windows-1252") -> str:
    """Which single-byte encoding makes words of these bytes above 127 (byte to count)."""
    if usual == "iso8859-15" and any(byte < 0xA0 for byte in high):
        usual = "windows-1252"
    scores = {name: _score(high, name) for name in (usual, "windows-1252", "cp850", "iso8859-15")}
    return max(scores, key=lambda name: scores[name])  # the usual one comes first, so it wins a draw


def _score(high: Counter[int], encoding: str) -> int:
    total = 0
    for byte, count in high.items():
        try:
            sign = bytes([byte]).decode(encoding)
        except UnicodeDecodeError:
            return -1
        total += count * (2 if sign in _LETTERS else sign in _SIGNS)
    return total


def _chunks(source: Path, skip: int = 0) -> Iterator[bytes]:
    with source.open("rb") as stream:
        stream.seek(skip)
        while chunk := stream.read(CHUNK):
            yield chunk


def _byte_order_mark(source: Path) -> tuple[int, str | None]:
    with source.open("rb") as stream:
        start = stream.read(4)
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return len(mark), encoding
    return 0, None


def _is_utf8(source: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(source):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _high_bytes(source: Path) -> Counter[int]:
    high: Counter[int] = Counter()
    for chunk in _chunks(source):
        high.update(chunk.translate(None, _ASCII))
    return high


def _cleaned(source: Path, skip: int, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    held = b""  # carriage returns whose line feed may come with the next chunk
    for chunk in _chunks(source, skip):
        text = held + decoder.decode(chunk).encode().translate(None, _CONTROLS)
        kept = text.rstrip(b"\r")
        held = text[len(kept) :]
        yield _line_ends(kept)
    yield _line_ends(held + decoder.decode(b"", final=True).encode().translate(None, _CONTROLS))


def _line_ends(text: bytes) -> bytes:
    # A form feed or a NUL between CR and LF is gone by now; CR CR LF is one line end, CR alone too.
    return text.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
