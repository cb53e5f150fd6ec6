"""What happens to files: cut off, overwritten, sent in the wrong mode, written by a program that crashed.

A :class:`Damage` is plain data, so that hypothesis prints what it tried and it can be tried again.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

_WHOLE = 1_000_000
Cut = Callable[[bytes, random.Random], bytes]


def _span(data: bytes, chance: random.Random, most: int = 4096) -> tuple[int, int]:
    """A place in the file and one behind it: a few bytes, a sector, a page, or a good part of the file."""
    length = chance.choice((1, 2, 16, 100, 512, most, max(1, len(data) // 3)))
    begin = chance.randrange(len(data) + 1)
    return begin, min(len(data), begin + length)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _cut_at_line(data: bytes, chance: random.Random) -> bytes:
    """The most dangerous place: what is left looks whole."""
    ends = [found.end() for found in re.finditer(rb"\n", data)] or [len(data)]
    return data[: chance.choice(ends)]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _other_digit(data: bytes, chance: random.Random) -> bytes:
    """A figure that still reads, and is another one."""
    places = [found.start() for found in re.finditer(rb"[0-9]", data)]
    if not places:
        return data
    at = chance.choice(places)
    return data[:at] + bytes([0x30 + (data[at] - 0x30 + chance.randrange(1, 10)) % 10]) + data[at + 1 :]


def _swap(data: bytes, chance: random.Random) -> bytes:
    size = chance.choice((1, 16, 512, 4096))
    one, other = sorted(chance.randrange(max(1, len(data) // size)) * size for _ in range(2))
    if other < one + size:
        return data
    first, second = data[one : one + size], data[other : other + size]
    return data[:one] + second + data[one + size : other] + first + data[other + size :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:end] + data[begin:end] + data[end:]


def _remove(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + data[end:]


def _zero(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + bytes(end - begin) + data[end:]


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + chance.randbytes(end - begin) + data[end:]


def _append(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data + chance.choice((chance.randbytes(300), bytes(5000), b"\x1a", b"\r\n" * 3, b'"', data[begin:end]))


def _empty(data: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", b"\0", b"\n", b"\xff\xfe", b"\xef\xbb\xbf"))


def _wrong_encoding(data: bytes, chance: random.Random) -> bytes:
    """Read in one encoding and written in another; or sent as text, which changes line ends."""
    text = data.decode("latin-1")
    match chance.randrange(6):
        case 0:
            return text.encode("utf-8")
        case 1:
            return text.encode("utf-16")
        case 2:
            return b"\xef\xbb\xbf" + data
        case 3:
            return data.decode("cp1252", "ignore").encode("cp850", "replace")
        case 4:
            return data.replace(b"\r\n", b"\n") if b"\r\n" in data else data.replace(b"\n", b"\r\n")
        case _:
            return bytes(byte & 0x7F for byte in data)


def _huge_field(data: bytes, chance: random.Random) -> bytes:
    """A figure, a text or a nesting that no program would write, where something stands now."""
    at = chance.randrange(len(data) + 1)
    filler = chance.choice(
        (b"9" * 60, b"9" * 200_000, b"x" * 200_000, b"<a>" * 5000, b"-", b'"', b";" * 300, b"\x00" * 9)
    )
    return data[:at] + filler + data[at:]


def _wrong_count(data: bytes, chance: random.Random) -> bytes:
    """A binary number of the header, or one that is written in the first part of a text, becomes another."""
    if b"\0" in data[:32]:
        at = chance.randrange(0, min(len(data), chance.choice((48, 400, 2000))) & ~1, 2)
        value = chance.choice((0, 1, 2, 0x7FFF, 0xFFFF, chance.randrange(1 << 16)))
        return data[:at] + value.to_bytes(2, "little") + data[at + 2 :]
    found = list(re.finditer(rb"[0-9]+", data[: chance.choice((200, 2000, 20_000))]))
    if not found:
        return data
    number = chance.choice(found)
    other = chance.choice((b"0", b"1", b"-1", b"99999", b"9" * 25, b"1e5", b"", str(chance.randrange(10**6)).encode()))
    return data[: number.start()] + other + data[number.end() :]


_ODD = (
    *b"9999-12-31 0001-01-01 31/12/9999 99991231 00010101 31/02/2024 00000000 NaN 1e400 0.00004 2147483648 -".split(),
    *b"99999999999999 -99999999999999.99 -1 TRUE '; [*] \xff".split(),
    b"\xc3\xa9" * 200,
    b" ",
    b"",
)
_ODD_BYTES = (
    *(struct.pack("<d", number) for number in (float("inf"), float("nan"), -1e300, 1e15)),
    *(struct.pack("<i", number) for number in (-(2**31), -1, 2**31 - 1, 5_373_484)),
    *b"99991231 00010101 99999999 ******** -.".split(),
)


def _odd_value(data: bytes, chance: random.Random) -> bytes:
    """A cell holds what is a value, and one that no books have; or what only looks like one."""
    if b"\0" in data[:32]:
        value = chance.choice(_ODD_BYTES)
        at = chance.randrange(len(data) + 1)
        return data[:at] + value + data[at + len(value) :]
    cells = list(re.finditer(rb"(?<=[;,\t|>\n])[^;,\t|<>\r\n]*(?=[;,\t|<\r])", data))
    if not cells:
        return data
    cell = chance.choice(cells)
    return data[: cell.start()] + chance.choice(_ODD) + data[cell.end() :]


def _inside(data: bytes, chance: random.Random) -> bytes:
    """Damage inside a packed file (a spreadsheet), which is sound as a package."""
    if not data.startswith(b"PK"):
        return _odd_value(data, chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        struck = chance.choice([name for name in before.namelist() if "sheet1" in name or "shared" in name.lower()])
        for name in before.namelist():
            part = before.read(name)
            after.writestr(
                name, chance.choice((_odd_value, _other_digit, _cut, _remove))(part, chance) if name == struck else part
            )
    return packed.getvalue()


KINDS: dict[str, Cut] = {
    "cut": _cut,
    "cut at a line": _cut_at_line,
    "flipped bits": _flip,
    "another digit": _other_digit,
    "blocks swapped": _swap,
    "block repeated": _repeat,
    "block removed": _remove,
    "block of zeros": _zero,
    "block overwritten": _overwrite,
    "garbage behind it": _append,
    "empty": _empty,
    "wrong encoding": _wrong_encoding,
    "huge field": _huge_field,
    "wrong count": _wrong_count,
    "odd value": _odd_value,
    "inside": _inside,
}
WHOLE_FILES = ("gone", "another file")
CUTS = ("cut", "cut at a line")


@dataclass(frozen=True)
class Damage:
    """One damage: ``file`` and ``seed`` choose the file and the place."""

    kind: str
    file: int
    seed: int

    def strike(self, files: Mapping[str, bytes]) -> dict[str, bytes | None]:
        """The files that are other than before; None where one is gone."""
        names = sorted(files)
        chance = random.Random(self.seed)
        name = names[self.file % len(names)]
        if self.kind == "gone":
            return {name: None}
        if self.kind == "another file":
            return {name: files[chance.choice(names)]}
        return {name: KINDS[self.kind](files[name], chance)}


def damages() -> st.SearchStrategy[Damage]:
    places = st.integers(0, _WHOLE)
    return st.builds(Damage, st.sampled_from([*KINDS, *WHOLE_FILES]), places, places)
