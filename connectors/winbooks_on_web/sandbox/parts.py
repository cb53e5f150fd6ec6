"""Answers of many objects, cut into parts: ``ContinuePath`` leads on, and the last object may be cut through."""

from __future__ import annotations

from typing import Any

from .books import Row

_STAY = ("$type", "TotalLevel", "Id", "Code")


def part_of(found: list[Any], token: str, size: int) -> tuple[list[Any], str]:
    """One part of an answer and the path to the next ("" behind the last). Raises ValueError for a strange path.

    A path is a place in the whole, counted anew each time; a fraction means within an object.
    """
    place, _, within = token.partition(".")
    start, half = (int(place), within == "5") if token else (0, False)
    told: list[Any] = []
    count = 0
    for position in range(start, len(found)):
        row = found[position]
        rest = _second(row) if half else row
        half = False
        count += _objects(rest)
        if count > size:
            if told and isinstance(rest, dict):
                return [*told, _first(rest)], f"{position}.5"
            if told:
                return told, str(position)
        told.append(rest)
    return told, ""


def _objects(value: Any) -> int:
    """How many objects there are, nested ones included; an array of a projection counts as one."""
    if isinstance(value, dict):
        return 1 + sum(_objects(inner) for inner in value.values())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return sum(_objects(inner) for inner in value)
    return 0 if not isinstance(value, list) else 1


def _halves(row: Row) -> tuple[Row, Row]:
    """An object in two: both tell what it is, each has some of its properties, and lists go on in the second."""
    first: Row = {}
    second: Row = {}
    names = [name for name in row if name not in _STAY]
    for place, name in enumerate(names):
        value = row[name]
        if isinstance(value, dict):
            first[name], second[name] = _halves(value)
        elif isinstance(value, list) and value:
            first[name], second[name] = value[: len(value) // 2], value[len(value) // 2 :]
        elif place % 2:
            second[name] = value
        else:
            first[name] = value
    stay = {name: row[name] for name in _STAY if name in row}
    return stay | first, stay | second


def _first(row: Row) -> Row:
    return _halves(row)[0]


def _second(row: Row) -> Row:
    return _halves(row)[1]
