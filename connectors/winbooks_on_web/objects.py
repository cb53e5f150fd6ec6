"""Objects that arrive in two halves: the last one of a part may go on as the first one of the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def joined(parts: Iterable[list[Any]]) -> list[Any]:
    """The objects of all parts, each whole. What a second half repeats is not taken twice."""
    found: list[Any] = []
    for part in parts:
        if found and part and _same(found[-1], part[0]):
            found[-1] = _merged(found[-1], part[0])
            part = part[1:]
        found += part
    return found


def _same(one: Any, other: Any) -> bool:
    """Whether both are halves of one object: by the id, or by the code where ids are not told."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    for name in ("Id", "Code"):
        if one.get(name) is not None and other.get(name) is not None:
            return one[name] == other[name]
    return False


def _merged(first: Row, second: Row) -> Row:
    """Lists go on, objects within are merged alike; of other properties the half that tells one counts."""
    whole = dict(first)
    for name, value in second.items():
        before = first.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            whole[name] = _merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            whole[name] = joined([before, value])
        elif before is None:
            whole[name] = value
    return whole
