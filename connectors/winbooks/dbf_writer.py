"""Writes FoxPro 2 tables with memo files, for the sandbox; the reader knows nothing of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

_BLOCK = 64
_PLAIN, _WITH_MEMO = 0x03, 0xF5

Value = str | bytes | Decimal | date | bool | None
"""Text and memo as str (bytes stand as they are), N as Decimal, D as date, L as bool; None is blank."""


@dataclass(frozen=True)
class Column:
    """A column: ``type`` C, N, D, L or M; ``length`` and ``decimals`` of C and N."""

    name: str
    type: str
    length: int = 0
    decimals: int = 0

    @property
    def width(self) -> int:
        return {"D": 8, "L": 1, "M": 10}.get(self.type, self.length)


@dataclass(frozen=True)
class Row:
    """A record and whether it is only marked as deleted."""

    values: Sequence[Value]
    deleted: bool = False


def write_table(path: Path, columns: Sequence[Column], rows: Iterable[Row | Sequence[Value]]) -> None:
    """Writes ``path`` and, when a column is a memo, the file beside it that ends in fpt (FPT after a name in capitals).

    Text is written as Windows-1252. Raises ValueError for a value that does not fit its column.
    """
    memo = bytearray(512)
    memo[6:8] = struct.pack(">H", _BLOCK)
    records = bytearray()
    count = 0
    for row in rows:
        given = row if isinstance(row, Row) else Row(row)
        records += b"*" if given.deleted else b" "
        for column, value in zip(columns, given.values, strict=True):
            records += _cell(column, value, memo)
        count += 1
    has_memo = any(column.type == "M" for column in columns)
    width = 1 + sum(column.width for column in columns)
    head = struct.pack(
        "<B3BIHH20x", _WITH_MEMO if has_memo else _PLAIN, 124, 1, 31, count, 33 + 32 * len(columns), width
    )
    for column in columns:
        name = column.name.encode("ascii").ljust(11, b"\0")
        head += struct.pack("<11sc4xBB14x", name, column.type.encode(), column.width, column.decimals)
    path.write_bytes(head + b"\r" + bytes(records) + b"\x1a")
    if has_memo:
        memo[0:4] = struct.pack(">I", len(memo) // _BLOCK)
        path.with_suffix(".FPT" if path.suffix.isupper() else ".fpt").write_bytes(memo)


def _cell(column: Column, value: Value, memo: bytearray) -> bytes:
    if value is None or value == "":
        cell = b""
    elif isinstance(value, bytes):
        cell = value
    elif column.type == "M":
        cell = _store(str(value), memo)
    elif isinstance(value, bool):
        cell = b"T" if value else b"F"
    elif isinstance(value, date):
        cell = f"{value:%Y%m%d}".encode()
    elif isinstance(value, Decimal):
        cell = f"{value:.{column.decimals}f}".rjust(column.width).encode()
    else:
        cell = value.encode("cp1252")
    if len(cell) > column.width:
        raise ValueError(f"{value!r} does not fit {column.name}, {column.width} wide")
    return cell.ljust(column.width)


def _store(text: str, memo: bytearray) -> bytes:
    """Appends a text to the memo file; returns its block number as a memo column holds it."""
    block = len(memo) // _BLOCK
    data = text.encode("cp1252")
    memo += struct.pack(">II", 1, len(data)) + data
    memo += bytes(-len(memo) % _BLOCK)
    return str(block).rjust(10).encode()
