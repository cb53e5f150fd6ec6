"""From texts and bytes of whole columns to Arrow values: text, amounts, dates, moments, flags, whole numbers.

What the rooms of file packages share. A column is asked for by its :data:`Kind`, whatever form it has in the file, and
is converted at once: no loop over rows, no float in an amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa

from foundation.errors import BadFile

pc: Any = import_module("pyarrow.compute")  # its functions are made at run time, unseen by a type checker

MONEY = pa.decimal128(20, 4)
_WIDE = pa.decimal128(38, 10)
BATCH_ROWS = 50_000

Kind = Literal["text", "money", "day", "moment", "flag", "whole"]
"""What a column becomes: trimmed text, decimal(20,4), date, timestamp without zone, boolean, int64. Blank is null."""

TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "money": MONEY,
    "day": pa.date32(),
    "moment": pa.timestamp("us"),
    "flag": pa.bool_(),
    "whole": pa.int64(),
}

_ALL = bytes(range(256)).decode("cp1252", "replace")
_UTF8_LENGTH = np.array([len(sign.encode()) for sign in _ALL], np.int64)
_UNDECODABLE = np.array([sign == "�" for sign in _ALL])
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_LARGEST = 10**16
_SHOWN = 60
_PLACE, _HALF_PLACE = 1e-4, 5e-5
_MEANT = {
    "money": "no amount",
    "day": "no date",
    "moment": "no moment in time",
    "flag": "neither true nor false",
    "whole": "no whole number",
}
_TRUE, _FALSE = ("T", "TRUE", "Y", "YES", "1", "-1"), ("F", "FALSE", "N", "NO", "0")


@dataclass(frozen=True)
class Writing:
    """How a text file writes amounts and dates.

    ``amount`` is what an amount must look like and ``grouping`` the sign that groups thousands in it; ``days`` are
    patterns with the groups ``y``, ``m`` and ``d``, the first that matches a text counts.
    """

    amount: str
    grouping: str
    days: tuple[str, ...]


_SHORT_YEAR = r"(?P<y>[0-9]{2})"
_ISO = r"^(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})"
_BRITISH = r"^(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})"
CONTINENTAL = Writing(r"^[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)$", "", (_ISO, _BRITISH))
"""A point or a comma before the decimals, thousands not grouped."""
BRITISH = Writing(
    r"^[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+|)(\.[0-9]*)?$",
    ",",
    (
        _BRITISH,
        _ISO,
        r"^(?P<d>[0-9]{2})(?P<m>[0-9]{2})(?P<y>[0-9]{4})$",
        r"^(?P<d>[0-9]{2})(?P<m>[0-9]{2})" + _SHORT_YEAR + "$",
    ),
)
"""A point before the decimals, thousands grouped by commas or not; dd/mm/yyyy, ddmmyyyy, ddmmyy or ISO dates."""


class UnreadableValue(ValueError):
    """A text that is not what its column promises; ``index`` counts from 0 within the array."""

    def __init__(self, index: int, told: str) -> None:
        super().__init__(told)
        self.index = index


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


def trimmed(texts: pa.Array) -> pa.Array:
    """The texts without blanks around them; null where nothing is left."""
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def money(texts: pa.Array) -> pa.Array:
    """Decimal amounts of texts such as ``-12.500``; more than four decimals are rounded half away from zero.

    Raises ValueError (pyarrow's ArrowInvalid is one) when a text is no number or too large.
    """
    return rounded(pc.replace_substring(texts, ",", ".").cast(_WIDE))


def rounded(decimals: pa.Array) -> pa.Array:
    """Decimals to four places, halves away from zero. Raises pyarrow's ArrowInvalid for one that is too large."""
    return pc.round(decimals, 4, round_mode="half_towards_infinity").cast(MONEY)


def exact(doubles: np.ndarray, void: np.ndarray) -> pa.Array:
    """Amounts that a package keeps as doubles, null where ``void``: each is the shortest decimal text that it is read
    from, rounded to four places. Raises UnreadableValue for what is no number or too large."""
    size = np.where(void, 0.0, np.abs(doubles))
    for wrong, what in ((~np.isfinite(size), "no amount"), (size >= _LARGEST, "too large an amount")):
        bad = np.flatnonzero(wrong)
        if len(bad):
            raise UnreadableValue(int(bad[0]), what)
    # Below a tenth of a thousandth a text has an exponent; to four places it is that or nothing.
    size = np.where(size < _HALF_PLACE, 0.0, np.maximum(size, _PLACE))
    texts = pa.array(np.copysign(size, doubles), mask=void).cast(pa.string())
    # Beyond the tenth decimal nothing decides, and it would not fit the wide decimal.
    return money(pc.replace_substring_regex(texts, r"(\.[0-9]{10})[0-9]*$", r"\1"))


def first_unreadable(texts: pa.Array) -> int | None:
    """The index of the first text that is no number, None when all are (one is too large, then)."""
    wrong = pc.invert(pc.match_substring_regex(pc.replace_substring(texts, ",", "."), _NUMBER))
    bad = np.flatnonzero(pc.fill_null(wrong, False).to_numpy(zero_copy_only=False))
    return int(bad[0]) if len(bad) else None


def convert(texts: pa.Array, kind: Kind, writing: Writing) -> pa.Array:
    """Texts as values of ``kind``. Raises UnreadableValue for the first that is none."""
    texts = trimmed(texts)
    match kind:
        case "money":
            return _amounts(texts, writing)
        case "day" | "moment":
            return _days(texts, writing, moments=kind == "moment")
        case "flag":
            upper = pc.utf8_upper(texts)
            true = pc.is_in(upper, pa.array(_TRUE))
            _require(pc.or_(true, pc.is_in(upper, pa.array(_FALSE))), texts, kind)
            return pc.if_else(pc.is_null(texts), pa.scalar(None, pa.bool_()), true)
        case "whole":
            _require(pc.match_substring_regex(texts, r"^[+-]?[0-9]{1,18}$"), texts, kind)
            return pc.replace_substring_regex(texts, r"^\+", "").cast(pa.int64())
        case _:
            return texts


def _amounts(texts: pa.Array, writing: Writing) -> pa.Array:
    fits = pc.and_(pc.match_substring_regex(texts, writing.amount), pc.match_substring_regex(texts, "[0-9]"))
    _require(fits, texts, "money")
    plain = pc.replace_substring(texts, writing.grouping, "") if writing.grouping else texts
    whole = pc.replace_substring_regex(plain, r"[.,].*$|^[+-]?0*", "")
    _require(pc.less_equal(pc.utf8_length(whole), 16), texts, "money", "too large an amount")
    # Digits beyond the tenth decide nothing but would not fit.
    return money(
        pc.replace_substring_regex(pc.replace_substring_regex(plain, r"([.,][0-9]{10})[0-9]*$", r"\1"), r"^\+", "")
    )


def _days(texts: pa.Array, writing: Writing, *, moments: bool) -> pa.Array:
    rest = r"[T ](?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:\.[0-9]*)?)?$"
    days, found = np.zeros(len(texts), np.int64), np.zeros(len(texts), bool)
    for pattern in writing.days:
        # A time of day behind a date is dropped from a day: books have days.
        parts = pc.extract_regex(texts, pattern=pattern.removesuffix("$") + r"(?:[T ][0-9:.]*)?$")
        year, month, day = (_number(pc.struct_field(parts, name)) for name in "ymd")
        if _SHORT_YEAR in pattern:
            year = np.where(year >= 0, year + 2000, year)
        good, first = _valid(year, month, day)
        days, found = np.where(good & ~found, first, days), found | good
    _require(pa.array(found, mask=pc.is_null(texts).to_numpy(zero_copy_only=False)), texts, "day")
    void = ~found
    if not moments:
        return pa.array(days.astype(np.int32), pa.int32(), mask=void).cast(pa.date32())
    times = pc.extract_regex(texts, pattern=rest)
    hour, minute, second = (np.maximum(_number(pc.struct_field(times, name)), 0) for name in "HMS")
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    return pa.array(seconds * 1_000_000, pa.int64(), mask=void).cast(pa.timestamp("us"))


def _number(texts: pa.Array) -> np.ndarray:
    """Digits as numbers, -1 where there are none."""
    blank = pc.or_kleene(pc.is_null(texts), pc.fill_null(pc.equal(texts, ""), True))
    return pc.if_else(blank, "-1", texts).cast(pa.int64()).to_numpy(zero_copy_only=False)


def _valid(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of these are dates, and the days since 1970 of those."""
    good = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    good &= (day >= 1) & (day <= length)
    return good, first.astype(np.int64) + np.where(good, day - 1, 0)


def _require(good: pa.Array, texts: pa.Array, kind: str, what: str = "") -> None:
    bad = np.flatnonzero(~pc.fill_null(pc.or_kleene(good, pc.is_null(texts)), False).to_numpy(zero_copy_only=False))
    if len(bad):
        index = int(bad[0])
        raise UnreadableValue(index, f"{shown(texts[index].as_py())} is {what or _MEANT[kind]}")


def shown(text: str) -> str:
    """A text as messages quote it: no more of it than people can use."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


class Table(Protocol):
    """A table of a package, in whatever form it is there."""

    @property
    def name(self) -> str:
        """What people know it by, for messages: a file's name, a table's."""
        ...

    @property
    def columns(self) -> frozenset[str]:
        """The names of its columns, in capitals."""
        ...

    @property
    def warnings(self) -> Mapping[str, int]:
        """What was met and left out so far, by the code of a note."""
        ...

    def batches(self, columns: Mapping[str, Kind], *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The standing rows, at most ``rows`` at a time, with these columns and ``row``, the row's number from 1.

        Columns are found whatever their case and named as asked for; one that the table lacks is null. Raises BadFile
        that names the row.
        """
        ...


def require_columns(table: Table, *names: str) -> None:
    """Raises BadFile when ``table`` lacks one of these columns."""
    missing = [name.upper() for name in names if name.upper() not in table.columns]
    if missing:
        raise BadFile(f"it has no column {', '.join(missing)}", subject=table.name)
