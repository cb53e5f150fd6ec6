"""From bytes in columns of a DBF table to Arrow values: text, amounts, dates, flags. Whole columns at a time."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.columns import MONEY, decode, first_unreadable, money

__all__ = ["MONEY", "binary_numbers", "days", "decode", "first_unreadable", "flags", "memo_pointers", "money"]

pc: Any = import_module("pyarrow.compute")  # its functions are made at run time, unseen by a type checker

BINARY_NUMBERS = {"I": "<i4", "+": "<i4", "B": "<f8", "Y": "<i8"}
"""Visual FoxPro's binary numbers: integer, autoincrement, double and currency (ten-thousandths)."""

_JULIAN_1970 = 2440588


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
