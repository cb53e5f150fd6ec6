"""The vendor's query language, strictly: pages, filters and sorting; what is not known is refused, never ignored."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from .books import Row

LARGEST_PAGE, USUAL_PAGE = 1000, 20
_PARAMETERS = {"skippages", "pagesize", "filter", "sort", "demo"}
_PREDICATE = re.compile(r"(?P<name>[A-Za-z0-9.]+)\$(?P<op>eq|ne|gt|gte|lt|lte):(?P<value>[^$()]*)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


class Refused(Exception):
    """A query that the vendor answers with 400; the text is its message."""


@dataclass(frozen=True)
class Query:
    """What a call asks of a collection."""

    skip: int
    size: int
    filter: str
    sort: str

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Query:
        unknown = set(asked) - _PARAMETERS
        if unknown:
            raise Refused(f"Unknown query parameter: {min(unknown)}")
        skip, size = _number(asked, "skippages", 0), _number(asked, "pagesize", USUAL_PAGE)
        if not 1 <= size <= LARGEST_PAGE:
            raise Refused(f"pagesize must be between 1 and {LARGEST_PAGE}")
        return cls(skip, size, asked.get("filter", ""), asked.get("sort", ""))

    def rows(self, table: Sequence[Row], fields: frozenset[str]) -> list[Row]:
        """The rows that the filter lets through, sorted; only ``fields`` may be named."""
        found = list(table)
        for predicate in filter(None, self.filter.split("$and:")):
            test = _test(predicate, fields)
            found = [row for row in found if test(row)]
        if self.sort:
            name = self.sort.removeprefix("-")
            if name not in fields:
                raise Refused(f"Not sortable: {name}")
            found.sort(key=lambda row: row[name], reverse=self.sort.startswith("-"))
        return found

    def address(self, place: str, skip: int) -> str:
        """The address of another page of the same question."""
        more = [(name, value) for name, value in (("filter", self.filter), ("sort", self.sort)) if value]
        rest = "".join(f"&{name}={quote(value, safe='$:,')}" for name, value in more)
        return f"{place}?skippages={skip}&pagesize={self.size}{rest}"

    def pagination(self, place: str, results: int, everything: int) -> Row:
        last = max(0, -(-results // self.size) - 1)
        found: Row = {
            "skipPages": self.skip,
            "pageSize": self.size,
            "maxPageSizeAllowed": LARGEST_PAGE,
            "results": results,
            "resultsWithoutFilter": everything,
            "firstPage": self.address(place, 0),
        }
        if self.skip < last:
            found["nextPage"] = self.address(place, self.skip + 1)
        return found | {"lastPage": self.address(place, last)}


def _number(asked: Mapping[str, str], name: str, usual: int) -> int:
    text = asked.get(name, str(usual))
    if not (text.isascii() and text.isdigit()):
        raise Refused(f"{name} is not a number")
    return int(text)


def _test(predicate: str, fields: frozenset[str]) -> Callable[[Row], bool]:
    found = _PREDICATE.fullmatch(predicate)
    if found is None:
        raise Refused(f"The filter is not understood: {predicate}")
    name, compare, value = found["name"], _COMPARE[found["op"]], found["value"]
    if name not in fields:
        raise Refused(f"Not filterable: {name}")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = None

    def test(row: Row) -> bool:
        told = row.get(name)
        if told is None:
            return False
        if isinstance(told, str):
            return compare(told, value)
        if number is None:
            raise Refused(f"Not a number: {value}")
        return compare(told, number)

    return test
