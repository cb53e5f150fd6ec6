"""Writes Advantage tables with their memo file, for the sandbox; the reader knows nothing of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

Value = str | bytes | Decimal | float | int | bool | date | datetime | None

# letter: (type in the file, bytes; 0 = as stated)
_TYPES = {"L": (1, 1), "D": (3, 4), "C": (4, 0), "M": (5, 9), "N": (10, 8), "I": (11, 4), "S": (12, 2), "T": (14, 8)}
_TYPES |= {"A": (15, 4), "F": (17, 8), "Y": (18, 8), "V": (23, 0), "W": (26, 0)}
_NULL_DOUBLE = struct.pack("<Q", 0x8000000000000020)  # -1.58E-322
_NULL_INTEGER = -(2**31)


@dataclass(frozen=True)
class Column:
    """A column: ``letter`` L, D, C, M (memo), N (double), I, S (short), T (timestamp), A (autoincrement), F (currency
    double), Y (money), V (varchar) or W (wide text); ``length`` in bytes of C, V and W."""

    name: str
    letter: str
    length: int = 0

    @property
    def width(self) -> int:
        return self.length or _TYPES[self.letter][1]


@dataclass(frozen=True)
class Row:
    """A record and the byte that it begins with: 4 stands, ``*`` is deleted."""

    values: Sequence[Value]
    mark: bytes = b"\x04"


def write_table(path: Path, columns: Sequence[Column], rows: Iterable[Row | Sequence[Value]]) -> None:
    """Writes ``path`` and, when a column is a memo, the ``.adm`` beside it. bytes stand as they are, None is null.

    Raises ValueError for a value that does not fit its column.
    """
    memo = bytearray(1024)
    records = bytearray()
    count = 0
    for row in rows:
        given = row if isinstance(row, Row) else Row(row)
        records += given.mark + bytes(4)
        for column, value in zip(columns, given.values, strict=True):
            cell = value if isinstance(value, bytes) else _cell(column, value, memo)
            if len(cell) > column.width:
                raise ValueError(f"{value!r} does not fit {column.name}, {column.width} wide")
            records += cell.ljust(column.width, b" " if column.letter in "CL" else b"\0")
        count += 1
    path.write_bytes(_header(columns, count) + bytes(records))
    if any(column.letter == "M" for column in columns):
        path.with_suffix(".ADM" if path.suffix.isupper() else ".adm").write_bytes(memo)


def _header(columns: Sequence[Column], count: int) -> bytes:
    head = bytearray(400 + 200 * len(columns))
    head[:16] = b"Advantage Table\0"
    struct.pack_into("<I", head, 24, count)
    struct.pack_into("<II", head, 32, len(head), 5 + sum(column.width for column in columns))
    struct.pack_into("<H", head, 358, len(columns))
    offset = 5
    for place, column in enumerate(columns):
        at = 400 + 200 * place
        name = column.name.encode("ascii") + b"\0LEFT BEHIND"  # names are followed by what stood there before
        head[at : at + len(name)] = name
        struct.pack_into("<H", head, at + 129, _TYPES[column.letter][0])
        struct.pack_into("<H", head, at + 131, offset)
        struct.pack_into("<H", head, at + 135, column.width)
        offset += column.width
    return bytes(head)


def _cell(column: Column, value: Value, memo: bytearray) -> bytes:
    if value is None:
        return _null(column)
    match column.letter:
        case "L":
            return b"T" if value else b"F"
        case "D":
            return struct.pack("<i", _julian(value))
        case "T":
            assert isinstance(value, datetime)
            midnight = value.replace(hour=0, minute=0, second=0, microsecond=0)
            return struct.pack("<ii", _julian(value), (value - midnight).seconds * 1000 + value.microsecond // 1000)
        case "N" | "F":
            return struct.pack("<d", float(str(value)))
        case "Y":
            return struct.pack("<q", int(Decimal(str(value)) * 10_000))
        case "I" | "A":
            return struct.pack("<i", int(str(value)))
        case "S":
            return struct.pack("<h", int(str(value)))
        case "M":
            return _store(str(value), memo)
        case "V":
            text = str(value).encode("cp1252")
            return text.ljust(column.length - 2, b"\0") + struct.pack("<H", len(text))
        case "W":
            return str(value).encode("utf-16-le")
        case _:
            return str(value).encode("cp1252")


def _null(column: Column) -> bytes:
    match column.letter:
        case "N" | "F":
            return _NULL_DOUBLE
        case "I" | "A":
            return struct.pack("<i", _NULL_INTEGER)
        case "S":
            return struct.pack("<h", -(2**15))
        case _:
            return b""


def _julian(value: Value) -> int:
    assert isinstance(value, date)
    return value.toordinal() + 1_721_425


def _store(text: str, memo: bytearray) -> bytes:
    """Appends a text to the memo file; returns the cell that points to it."""
    block = len(memo) // 8
    data = text.encode("cp1252")
    memo += data + bytes(-len(data) % 8)
    return struct.pack("<II", block, len(data))
