"""Odoo's values to Arrow. Relations come as ``[id, label]`` and land as the id; ``false`` stands for nothing in every
field that is neither a number nor a yes or no; decimal numbers are text by now, with the noise of doubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from connectors.json_pages import MONEY, pc
from foundation.errors import ReportABug

_FOUR = Decimal("0.0001")
_WIRE_MONEY = pa.decimal256(76, 38)


def batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """The rows in ``schema`` (text, int64, bool, :data:`MONEY`, lists of int64); fields that a row lacks are null.

    Raises ReportABug for a value that cannot be what its column is.
    """
    columns = [_column([row.get(field.name) for row in rows], field) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    kind = field.type
    try:
        if kind == MONEY:
            return _money(values)
        if pa.types.is_list(kind):
            return pa.array([value or [] for value in values], kind)
        if kind == pa.bool_():
            return pa.array([None if value is None else bool(value) for value in values], kind)
        if kind == pa.int64():
            return pa.array([_integer(value) for value in values], kind)
        return pa.array([value if value.__class__ is str else _text(value) for value in values], kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, InvalidOperation, TypeError, ValueError, IndexError) as error:
        raise ReportABug(f"Odoo's field {field.name} holds something that is no {kind}") from error


def _integer(value: Any) -> int | None:
    """An integer; of a relation its id."""
    if value is None or value is False or value == "":
        return None
    return int(value[0] if isinstance(value, list) else value)


def _text(value: Any) -> str | None:
    if value is None or value is False:
        return None
    if isinstance(value, (dict, list)):
        raise TypeError("no text")
    return str(value)


def _money(values: list[Any]) -> pa.Array:
    """Amounts, rounded half up to four decimals."""
    texts = [None if value is None or value is False else str(value) for value in values]
    try:
        return pc.round(pa.array(texts, pa.string()).cast(_WIRE_MONEY), 4, "half_towards_infinity").cast(MONEY)
    except pa.ArrowInvalid:  # more decimals than Arrow reads
        exact = [None if text is None else Decimal(text).quantize(_FOUR, rounding=ROUND_HALF_UP) for text in texts]
        return pa.array(exact, MONEY)
