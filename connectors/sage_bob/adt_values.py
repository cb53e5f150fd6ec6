"""From the cells of an Advantage column to Arrow values, whole columns at a time.

Types and nulls are those that three public readers of such tables agree on, see docs/packages/sage-bob.md. A cell that
is none of what its type promises is refused with the place at which it stands.
"""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.columns import MONEY, TYPES, Kind, UnreadableValue, decode, exact, trimmed

pc: Any = import_module("pyarrow.compute")  # its functions are made at run time, unseen by a type checker

LOGICAL, NUMERIC, DATE, CHAR, MEMO, BINARY, IMAGE, DOUBLE, INTEGER, SHORT = 1, 2, 3, 4, 5, 6, 7, 10, 11, 12
TIME, TIMESTAMP, AUTOINCREMENT, RAW, CURRENCY, MONEY_8, CI_CHAR, ROW_VERSION = 13, 14, 15, 16, 17, 18, 20, 21
MOD_TIME, VARCHAR, VARBINARY, NCHAR, NVARCHAR, NMEMO = 22, 23, 24, 26, 27, 28

WIDTHS: dict[int, int | None] = {
    LOGICAL: 1, NUMERIC: None, DATE: 4, CHAR: None, MEMO: 9, BINARY: 9, IMAGE: 9, DOUBLE: 8, INTEGER: 4, SHORT: 2,
    TIME: 4, TIMESTAMP: 8, AUTOINCREMENT: 4, RAW: None, CURRENCY: 8, MONEY_8: 8, CI_CHAR: None, ROW_VERSION: 8,
    MOD_TIME: 8, VARCHAR: None, VARBINARY: None, NCHAR: None, NVARCHAR: None, NMEMO: 9,
}  # fmt: skip
"""The types of columns and how many bytes each takes; None: as many as the column states."""
IN_MEMO = frozenset((MEMO, BINARY, IMAGE, NMEMO))

_TEXT = frozenset((CHAR, CI_CHAR, VARCHAR, NCHAR, NVARCHAR))
_DOUBLE = frozenset((DOUBLE, CURRENCY))
_INTEGER = {INTEGER: "<i4", AUTOINCREMENT: "<i4", SHORT: "<i2"}
_SUITS: dict[Kind, frozenset[int]] = {
    "text": _TEXT | IN_MEMO,
    "money": _DOUBLE | {MONEY_8, NUMERIC, *_INTEGER},
    "day": frozenset((DATE, TIMESTAMP, MOD_TIME)),
    "moment": frozenset((TIMESTAMP, MOD_TIME, DATE)),
    "flag": frozenset((LOGICAL,)),
    "whole": frozenset((NUMERIC, *_INTEGER)),
}
_JULIAN_1970 = 2_440_588
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""The days of 0001-01-01 and 9999-12-31, counted from 1970: what a date can be."""
_DAY_MS = 86_400_000
_TINY = 1e-300
"""No amount is smaller; what is, is one of the patterns that stand for null."""


def suits(kind: Kind, type_: int) -> bool:
    """Whether a column of this type can be read as ``kind``."""
    return type_ in _SUITS[kind]


def values(cells: np.ndarray, type_: int, kind: Kind) -> tuple[pa.Array, int]:
    """The values of ``cells`` (rows x width, bytes), and how many bytes in texts stand for no character.

    Raises UnreadableValue for the first cell that is none; :func:`suits` tells which kinds a type has.
    """
    if kind == "text":
        return _texts(cells, type_)
    if kind == "flag":
        return _flags(cells), 0
    if kind in ("day", "moment"):
        return _moments(cells, type_).cast(TYPES[kind], safe=False), 0
    if type_ in _DOUBLE:
        return _doubles(cells), 0
    if type_ == MONEY_8:
        whole = pa.array(cells.view("<i8").reshape(-1)).cast(pa.decimal128(19, 0))
        return pc.multiply(whole, pa.scalar(Decimal("0.0001"))).cast(MONEY), 0
    numbers = _integers(cells, type_)
    return (numbers.cast(pa.decimal128(19, 0)).cast(MONEY) if kind == "money" else numbers), 0


def _texts(cells: np.ndarray, type_: int) -> tuple[pa.Array, int]:
    rows, width = cells.shape
    if type_ in (NCHAR, NVARCHAR):
        return _wide_texts(cells[:, : width // 2 * 2]), 0
    if type_ == VARCHAR and width > 2:
        used = np.ascontiguousarray(cells[:, -2:]).view("<u2").reshape(-1)
        _refuse(used > width - 2, "a text longer than its column")
        cells = np.where(np.arange(width - 2) < used[:, None], cells[:, :-2], np.uint8(0x20))
        width -= 2
    texts, undecodable = decode(np.ascontiguousarray(cells).reshape(-1), np.arange(rows + 1, dtype=np.int64) * width)
    return trimmed(texts), undecodable


def _wide_texts(cells: np.ndarray) -> pa.Array:
    """UTF-16 texts; what lies beyond the first plane, which two units make, shows as replacement marks."""
    units = np.ascontiguousarray(cells).view("<u2").astype("<u4")
    units[units == 0] = 0x20
    units[(units >= 0xD800) & (units <= 0xDFFF)] = 0xFFFD
    return trimmed(pa.array(units.view(f"<U{units.shape[1]}").reshape(-1), pa.string()))


def _flags(cells: np.ndarray) -> pa.Array:
    mark = cells[:, 0]
    true = np.isin(mark, list(b"Tt"))
    return pa.array(true, pa.bool_(), mask=~(true | np.isin(mark, list(b"Ff"))))


def _doubles(cells: np.ndarray) -> pa.Array:
    """Amounts; the smallest and the largest doubles stand for null."""
    numbers = cells.view("<f8").reshape(-1)
    size = np.abs(numbers)
    return exact(numbers, ((size < _TINY) & (size > 0)) | (size == np.finfo(np.float64).max))


def _integers(cells: np.ndarray, type_: int) -> pa.Array:
    if type_ == NUMERIC and cells.shape[1] != 2:
        texts, _ = decode(
            np.ascontiguousarray(cells).reshape(-1), np.arange(len(cells) + 1, dtype=np.int64) * cells.shape[1]
        )
        return _ascii_integers(trimmed(texts))
    kind = "<i2" if type_ == NUMERIC else _INTEGER[type_]
    numbers = cells.view(kind).reshape(-1).astype(np.int64)
    limits = np.iinfo(np.dtype(kind))
    void = (numbers == limits.min) | (numbers == limits.max)
    return pa.array(numbers, mask=void)


def _ascii_integers(texts: pa.Array) -> pa.Array:
    good = pc.or_kleene(pc.match_substring_regex(texts, "^-?[0-9]{1,18}$"), pc.is_null(texts))
    _refuse(~pc.fill_null(good, False).to_numpy(zero_copy_only=False), "no whole number")
    return texts.cast(pa.int64())


def _moments(cells: np.ndarray, type_: int) -> pa.Array:
    """Julian days, for a timestamp followed by milliseconds since midnight; day 0 and the extremes are null."""
    julian = np.ascontiguousarray(cells[:, :4]).view("<i4").reshape(-1).astype(np.int64)
    limits = np.iinfo(np.int32)
    void = (julian == 0) | (julian == limits.min) | (julian == limits.max)
    days = np.where(void, 0, julian - _JULIAN_1970)
    _refuse((days < _FIRST_DAY) | (days > _LAST_DAY), "no date")
    if type_ == DATE:
        return pa.array(days.astype(np.int32), pa.int32(), mask=void).cast(pa.date32())
    ms = np.ascontiguousarray(cells[:, 4:8]).view("<i4").reshape(-1).astype(np.int64)
    ms = np.where(void | (ms == limits.min) | (ms == limits.max), 0, ms)
    _refuse((ms < 0) | (ms >= _DAY_MS), "no moment in time")
    return pa.array((days * _DAY_MS + ms) * 1000, pa.int64(), mask=void).cast(pa.timestamp("us"))


def _refuse(wrong: np.ndarray, what: str) -> None:
    bad = np.flatnonzero(wrong)
    if len(bad):
        raise UnreadableValue(int(bad[0]), what)
