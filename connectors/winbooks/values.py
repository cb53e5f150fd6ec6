"""From bytes in columns of a DBF table to Arrow values: text, amounts, dates, flags. Whole columns at a time."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa

pc: Any = import_module("pyarrow.compute")  # its functions are made at run time, unseen by a type checker

MONEY = pa.decimal128(20, 4)
BINARY_NUMBERS = {"I": "<i4", "+": "<i4", "B": "<f8", "Y": "<i8"}
"""Visual FoxPro's binary numbers: integer, autoincrement, double and currency (ten-thousandths)."""

_ALL = bytes(range(256)).decode("cp1252", "replace")
_UTF8_LENGTH = np.array([len(sign.encode()) for sign in _ALL], np.int64)
_UNDECODABLE = np.array([sign == "�" for sign in _ALL])
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_JULIAN_1970 = 2440588


def decode(flat: np.ndarray, offsets: np.ndarray) -> tuple[pa.StringArray, int]:
    """Texts of Windows-1252 bytes ``flat[offsets[i]:offsets[i + 1]]``; NUL becomes a blank.

    Also tells how many bytes stand for no character there (each becomes U+FFFD).
    """
    undecodable = 0
    if not flat.all():
        flat = np.where(flat == 0, np.uint8(0x20), flat)
    data = flat.tobytes()
    if not data.isascii():
        undecodable = int(_UNDECODABLE[flat].sum())
        offsets = np.concatenate([[0], np.cumsum(_UTF8_LENGTH[flat])])[offsets]
        data = data.decode("cp1252", "replace").encode()
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data)]
    return pa.StringArray.from_buffers(len(offsets) - 1, *buffers[1:]), undecodable


def money(texts: pa.Array) -> pa.Array:
    """Decimal amounts of texts such as ``-12.500``; more than four decimals are rounded half away from zero.

    Raises ValueError (pyarrow's ArrowInvalid is one) when a text is no number or too large.
    """
    wide = pc.replace_substring(texts, ",", ".").cast(pa.decimal128(38, 10))
    return pc.round(wide, 4, round_mode="half_towards_infinity").cast(MONEY)


def first_unreadable(texts: pa.Array) -> int | None:
    """The index of the first text that is no number, None when all are (one is too large, then)."""
    wrong = pc.invert(pc.match_substring_regex(pc.replace_substring(texts, ",", "."), _NUMBER))
    bad = np.flatnonzero(pc.fill_null(wrong, False).to_numpy(zero_copy_only=False))
    return int(bad[0]) if len(bad) else None


def binary_numbers(cells: np.ndarray, kind: str) -> pa.Array:
    """Texts of binary numbers, so that every amount is parsed in one way. A double is its shortest decimal text."""
    numbers = pa.array(cells.view(BINARY_NUMBERS[kind]).reshape(-1))
    if kind == "Y":
        numbers = pc.multiply(numbers.cast(pa.decimal128(19, 0)), pa.scalar(Decimal("0.0001")))
    return numbers.cast(pa.string())


def days(cells: np.ndarray, *, binary: bool) -> tuple[pa.Array, int]:
    """Dates of ``YYYYMMDD`` or, when ``binary``, of Visual FoxPro's date-times (a Julian day first).

    Blanks and zeros are null; so is what is no date, and how many of those there were is told.
    """
    if binary:
        julian = np.ascontiguousarray(cells[:, :4]).view("<i4").reshape(-1).astype(np.int32)
        return pa.array(julian - _JULIAN_1970, pa.int32(), mask=julian == 0).cast(pa.date32()), 0
    blank = np.isin(cells, (0x00, 0x20, 0x30)).all(axis=1)
    if cells.shape[1] < 8:
        return pa.nulls(len(cells), pa.date32()), int((~blank).sum())
    digits = cells[:, :8].astype(np.int32) - 0x30
    year = digits[:, :4] @ np.array([1000, 100, 10, 1], np.int32)
    month = digits[:, 4:6] @ np.array([10, 1], np.int32)
    day = digits[:, 6:8] @ np.array([10, 1], np.int32)
    good = ((digits >= 0) & (digits <= 9)).all(axis=1) & (year > 0) & (month >= 1) & (month <= 12)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    good &= (day >= 1) & (day <= length)
    found = (first + np.where(good, day - 1, 0)).astype("datetime64[D]")
    return pa.array(found, pa.date32(), mask=~good), int((~good & ~blank).sum())


def flags(cells: np.ndarray) -> pa.Array:
    """Logical values: T, Y, 1 are true, F, N, 0 false, anything else null."""
    mark = cells[:, 0]
    true, false = np.isin(mark, list(b"TtYy1")), np.isin(mark, list(b"FfNn0"))
    return pa.array(true, pa.bool_(), mask=~(true | false))


def memo_pointers(cells: np.ndarray) -> np.ndarray:
    """Block numbers in a memo column: four binary bytes in Visual FoxPro, ten digits before; 0 where there is none."""
    if cells.shape[1] == 4:
        return cells.view("<u4").reshape(-1).astype(np.int64)
    powers = 10 ** np.arange(cells.shape[1] - 1, -1, -1, dtype=np.int64)
    return np.where((cells >= 0x30) & (cells <= 0x39), cells.astype(np.int64) - 0x30, 0) @ powers
