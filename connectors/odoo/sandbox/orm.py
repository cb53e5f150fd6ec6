"""The part of Odoo's ORM that is called from outside: conditions, rows, groups; and the exceptions that it answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .models import NUMBERS, Field

Record = dict[str, Any]
Test = Callable[[Record], bool]


class Fault(Exception):
    """An exception of Odoo's, by its class and message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def condition(domain: Sequence[Any], fields: Mapping[str, Field], ancestors: Callable[[int], set[int]]) -> Test:
    """The test that a domain means. ``ancestors`` gives a company's parents and itself."""
    rest = list(domain)
    tests: list[Test] = []
    while rest:
        tests.append(_term(rest, fields, ancestors))
    return lambda record: all(test(record) for test in tests)


def _term(rest: list[Any], fields: Mapping[str, Field], ancestors: Callable[[int], set[int]]) -> Test:
    if not rest:
        raise Fault("builtins.ValueError", "Domain is malformed")
    head = rest.pop(0)
    if head in ("|", "&"):
        left, right = _term(rest, fields, ancestors), _term(rest, fields, ancestors)
        return (lambda r: left(r) or right(r)) if head == "|" else (lambda r: left(r) and right(r))
    if not isinstance(head, (list, tuple)) or len(head) != 3:
        raise Fault("builtins.ValueError", f"Invalid leaf {head}")
    name, operator, value = head
    if name not in fields:
        raise Fault("builtins.ValueError", f"Invalid field {name!r} in leaf {head}")
    return _leaf(name, operator, value, ancestors)


def _leaf(name: str, operator: str, value: Any, ancestors: Callable[[int], set[int]]) -> Test:
    match operator:
        case "=":
            return lambda r: r.get(name) == (None if value is False else value) or (value is False and not r.get(name))
        case "!=":
            return lambda r: r.get(name) != value
        case "in" | "parent_of":
            wanted = set().union(*(ancestors(each) for each in value)) if operator == "parent_of" else set(value)

            def among(record: Record) -> bool:
                told = record.get(name)
                return bool(wanted & set(told)) if isinstance(told, list) else told in wanted

            return among
        case "not in":
            return lambda r: r.get(name) not in value
        case ">":
            return lambda r: r.get(name) is not None and r[name] > value
        case ">=":
            return lambda r: r.get(name) is not None and r[name] >= value
        case "<":
            return lambda r: r.get(name) is not None and r[name] < value
        case "<=":
            return lambda r: r.get(name) is not None and r[name] <= value
        case "ilike":
            return lambda r: str(value).lower() in str(r.get(name) or "").lower()
        case _:
            raise Fault("builtins.ValueError", f"Invalid operator {operator!r}")


def ordered(records: Sequence[Record], order: str, fields: Mapping[str, Field]) -> list[Record]:
    """The records by an ``order`` of one field."""
    name, _, way = (order or "id").partition(" ")
    if name not in fields or way not in ("", "asc", "desc"):
        raise Fault("builtins.ValueError", f"Invalid order {order!r}")
    return sorted(records, key=lambda r: (r[name] is not None, r[name], r["id"]), reverse=way == "desc")


def told(value: Any, field: Field, label: Callable[[str, int], str]) -> Any:
    """A value as Odoo sends it: relations with their label, ``false`` for nothing but in numbers."""
    if field.kind == "many2one":
        return [value, label(field.to, value)] if value else False
    if field.kind == "many2many":
        return list(value or [])
    if field.kind in NUMBERS:
        return value or 0
    if field.kind == "boolean":
        return bool(value)
    return value if value not in (None, "") else False


def month_of(day: str) -> tuple[date, date]:
    """First day of a day's month and of the next one."""
    first = date.fromisoformat(day).replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def grouped(records: Sequence[Record], keys: Sequence[str], sums: Sequence[str]) -> dict[tuple[Any, ...], list[Any]]:
    """Values of the keys to the number of records and the sums; a date key may have the grain ``month`` or ``day``."""
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, *(Decimal(0) for _ in sums)])
    for record in records:
        values = []
        for key in keys:
            name, _, grain = key.partition(":")
            value = record.get(name)
            values.append(str(month_of(value)[0]) if grain == "month" and value else value)
        row = found[tuple(values)]
        row[0] += 1
        for position, name in enumerate(sums, start=1):
            row[position] += record[name]
    return found
