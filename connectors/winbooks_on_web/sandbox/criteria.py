"""The vendor's criteria documents: strict about their members, as far as conditions, orders and projections go."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from .books import Row
from .ids import entity_type, sort_key
from .knobs import Knobs

EQ, GE, GT, IN, LE, LT, SELECT, COUNT, SUM, GROUPBY = 0, 3, 5, 7, 14, 17, 22, 26, 31, 32
_MEMBERS = frozenset(
    ["EntityType", "Alias", "Association", "ProjectionsList", "Conditions", "Orders", "FirstResult", "MaxResult"]
)
_DATE = re.compile(r"/Date\((-?\d+)\)/")
_MOMENTS = ("Created", "Modified")
_PROPERTIES: dict[str, frozenset[str]] = {
    "GLTrans": frozenset(
        ["Id", "GLTransHeader_Id", "BookPeriod_Id", "GLAccount_Id", "GLAccountCode", "Amount", "Created", "Modified"]
    ),
    "GLTransHeader": frozenset(
        ["Id", "BookPeriod_Id", "Journal_Id", "JournalCode", "DocNumber", "IsTemp", "Created", "Modified"]
    ),
    "BookYear": frozenset(["Id", "Code", "Created", "Modified"]),
}
_CODES = frozenset({"GLAccountCode", "JournalCode"})


class Unusable(Exception):
    """A document that the vendor cannot execute."""


def execute(name: str, rows: Sequence[Row], body: bytes, knobs: Knobs) -> list[Any]:
    """The objects, or arrays, that a document asks for. ``rows`` are in the order of their ids."""
    try:
        document = json.loads(body)
    except ValueError:
        raise Unusable("no JSON") from None
    if not isinstance(document, dict) or set(document) - _MEMBERS:
        raise Unusable("unknown member")
    if document.get("EntityType") != entity_type(name) or document.get("Alias") != "this":
        raise Unusable("EntityType or Alias")
    if "Association" in document:
        raise Unusable("the sandbox joins nothing")
    query = _Query(name, knobs)
    found = query.where(rows, document.get("Conditions", []))
    found = query.ordered(found, document.get("Orders", []))
    first = document.get("FirstResult")
    most = document.get("MaxResult") if first is not None else None
    if projections := document.get("ProjectionsList"):
        found = query.projected(found, projections)
    start = first or 0
    return list(islice(found, start, None if most is None else start + most))


class _Query:
    def __init__(self, name: str, knobs: Knobs) -> None:
        self._known = _PROPERTIES[name] - (_CODES if knobs.ids_only else frozenset())
        self._knobs = knobs

    def where(self, rows: Sequence[Row], conditions: list[Any]) -> Iterator[Row]:
        """Whatever meets all conditions; one on the id is looked up, for there may be many rows."""
        start, tests = 0, []
        for condition in conditions:
            if set(condition) != {"Operator", "PropertyName", "OtherPropertyName", "Values"}:
                raise Unusable("condition")
            name, operator = self._property(condition["PropertyName"]), condition["Operator"]
            values = condition["Values"]
            if name == "Id" and operator == GT and len(values) == 1:
                start = bisect_right(rows, sort_key(values[0]), key=lambda row: sort_key(row["Id"]))
            else:
                tests.append(self._test(name, operator, values))
        return (row for row in islice(rows, start, None) if all(test(row) for test in tests))

    def ordered(self, rows: Iterator[Row], orders: list[Any]) -> Iterator[Row]:
        for order in orders:
            if set(order) != {"PropertyName", "Alias", "Projections", "Ascending"}:
                raise Unusable("order")
        names = [(self._property(order["PropertyName"]), order["Ascending"]) for order in orders]
        if names == [("Id", True)]:
            return rows
        found = list(rows)
        for name, ascending in reversed(names):
            found.sort(key=lambda row, name=name: self._comparable(name, row.get(name)), reverse=not ascending)
        return iter(found)

    def projected(self, rows: Iterator[Row], projections: list[Any]) -> Iterator[Any]:
        """Arrays in the order of the projections; a single projection gives plain values."""
        asked = []
        for projection in projections:
            if set(projection) != {"PropertyName", "Operator"}:
                raise Unusable("projection")
            asked.append((self._property(projection["PropertyName"]), projection["Operator"]))
        if all(operator == SELECT for _, operator in asked):
            found: Iterator[list[Any]] = ([row.get(name) for name, _ in asked] for row in rows)
        else:
            found = self._grouped(rows, asked)
        return (row[0] for row in found) if len(asked) == 1 else found

    def _grouped(self, rows: Iterator[Row], asked: list[tuple[str, int]]) -> Iterator[list[Any]]:
        if not self._knobs.aggregates or any(operator not in (COUNT, SUM, GROUPBY) for _, operator in asked):
            raise Unusable("projection")
        groups: dict[tuple[Any, ...], list[Row]] = {}
        keys = [name for name, operator in asked if operator == GROUPBY]
        for row in rows:
            groups.setdefault(tuple(row.get(name) for name in keys), []).append(row)
        if not keys and not groups:
            groups[()] = []
        for group in groups.values():
            yield [_aggregate(operator, [row.get(name) for row in group]) for name, operator in asked]

    def _test(self, name: str, operator: int, values: list[Any]) -> Callable[[Row], bool]:
        if name in _MOMENTS:
            if not self._knobs.by_modified or not all(_DATE.fullmatch(str(value)) for value in values):
                raise Unusable("date")
            if self._knobs.blind_to_modified:
                return lambda row: False
        told = [self._comparable(name, value) for value in values]
        match operator:
            case _ if operator == IN and told:
                return lambda row, told=frozenset(told): self._comparable(name, row.get(name)) in told
            case _ if operator == EQ and len(told) == 1:
                return lambda row: self._comparable(name, row.get(name)) == told[0]
            case _ if operator == GE and len(told) == 1:
                return lambda row: self._comparable(name, row.get(name)) >= told[0]
            case _:
                raise Unusable("operator")

    def _comparable(self, name: str, value: Any) -> Any:
        if name in _MOMENTS:
            found = _DATE.fullmatch(str(value))
            return int(found[1]) if found else 0
        return value

    def _property(self, name: str) -> str:
        if name not in self._known:
            raise Unusable(f"no property {name}")
        return name


def _aggregate(operator: int, values: list[Any]) -> Any:
    if operator == COUNT:
        return len(values)
    if operator == SUM:
        return sum(values, Decimal("0.00"))
    return values[0]
