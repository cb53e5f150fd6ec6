"""The vendor's dates: ``/Date(1520491871000)/``, milliseconds since 1970 in UTC. A day is told as its midnight in
Belgium, which is an hour or two before midnight in UTC (inferred). One written as 2018-03-08T00:00:00 is taken, too."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from connectors.json_pages import pc
from foundation.errors import ReportABug

_TICKS = r"^/Date\((?P<ms>-?\d+)(?:[+-]\d{4})?\)/$"
_BELGIUM = pa.timestamp("ms", tz="Europe/Brussels")
# Arrow knows summer times up to 2037; from then on a midnight of either time is taken to be within two hours.
_RULES_END, _TWO_HOURS = 2_145_913_200_000, 7_200_000


def days(column: pa.Array, name: str) -> pa.Array:
    """Calendar days of a column of text. Raises ReportABug for anything else."""
    ticks = _ticks(column)
    local = pc.local_timestamp(ticks.cast(pa.timestamp("ms", tz="UTC")).cast(_BELGIUM))
    late = pc.add(ticks, _TWO_HOURS).cast(pa.timestamp("ms"))
    local = pc.if_else(pc.less(ticks, _RULES_END), local, late)
    return _other(column, local.cast(pa.date32()), lambda text: text.cast(pa.date32()), 10, name)


def milliseconds(column: pa.Array, name: str) -> pa.Array:
    """Moments of a column of text, as milliseconds since 1970. Raises ReportABug for anything else."""

    def read(text: pa.Array) -> pa.Array:
        return text.cast(pa.timestamp("ms")).cast(pa.int64())

    return _other(column, _ticks(column), read, 19, name)


def day_of(value: Any, name: str) -> date | None:
    """One day; None where none is told."""
    return days(pa.array([value], pa.string()), name)[0].as_py() if value else None


def _ticks(column: pa.Array) -> pa.Array:
    return pc.struct_field(pc.extract_regex(column, _TICKS), "ms").cast(pa.int64())


def _other(column: pa.Array, found: pa.Array, read: Any, length: int, name: str) -> pa.Array:
    """``found``, and what ``read`` makes of the texts that are written in the other way, of which ``length`` letters
    count."""
    if found.null_count == column.null_count:
        return found
    try:
        rest = read(pc.utf8_slice_codeunits(pc.if_else(found.is_null(), column, None), 0, length))
    except pa.ArrowInvalid:
        raise ReportABug(f"the vendor's field {name} holds something that is no date") from None
    return pc.coalesce(found, rest)
