"""The part of OData 2 that the vendor takes in ``$filter``, strictly: what is not known is refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
Value = Callable[[Row], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<datetime>datetime'[^']*')|(?P<guid>guid'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?L?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[(),]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "trim": lambda text: (text or "").strip(),
    "tolower": lambda text: (text or "").lower(),
    "substringof": lambda part, text: part in (text or ""),
    "startswith": lambda text, part: (text or "").startswith(part),
}


class Refused(Exception):
    """A query that the vendor answers with 400; the text is its message."""


def milliseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def wire_date(moment: datetime) -> str:
    """A date as the vendor writes it: milliseconds since the epoch of its UTC midnight."""
    return f"/Date({milliseconds(moment)})/"


def comparable(value: Any) -> Any:
    """A wire value as something that sorts: dates and 64-bit integers arrive as text."""
    if isinstance(value, str):
        if value.startswith("/Date("):
            return int(value[6:-2])
        if value.isdigit() and len(value) <= 19:
            return NumberText(value)
    return value


class NumberText(str):
    """A text of digits: compares as a number with numbers, as text with text."""

    def __eq__(self, other: object) -> bool:
        return int(self) == other if isinstance(other, int) else str.__eq__(self, other)

    __hash__ = str.__hash__

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __gt__(self, other: Any) -> bool:
        return int(self) > other if isinstance(other, int) else str.__gt__(self, other)

    def __ge__(self, other: Any) -> bool:
        return int(self) >= other if isinstance(other, int) else str.__ge__(self, other)

    def __lt__(self, other: Any) -> bool:
        return int(self) < other if isinstance(other, int) else str.__lt__(self, other)

    def __le__(self, other: Any) -> bool:
        return int(self) <= other if isinstance(other, int) else str.__le__(self, other)


def compile_filter(text: str, fields: frozenset[str]) -> Test:
    """``text`` as a test on rows. Raises Refused for anything outside the grammar and for unknown fields."""
    return _Parser(text, fields).parse()


class _Parser:
    def __init__(self, text: str, fields: frozenset[str]) -> None:
        self._fields = fields
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None or found.lastgroup is None:
                raise Refused(f"Syntax error at position {position} in filter.")
            self._tokens.append((found.lastgroup, found.group(found.lastgroup)))
            position = found.end()
        self._at = 0

    def parse(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise Refused(f"Syntax error: '{self._tokens[self._at][1]}' is not expected in filter.")
        return test

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise Refused("Syntax error: the filter ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1] == word:
            self._at += 1
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("and"):
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _single(self) -> Test:
        if self._take("("):
            test = self._either()
            if not self._take(")"):
                raise Refused("Syntax error: ')' is missing in filter.")
            return test
        left = self._value()
        _, operator = self._next()
        if operator not in _COMPARE:
            raise Refused(f"Syntax error: '{operator}' is not an operator.")
        compare, right = _COMPARE[operator], self._value()
        return lambda row: compare(left(row), right(row))

    def _value(self) -> Value:
        kind, text = self._next()
        if kind != "name":
            literal = _literal(kind, text)
            return lambda row: literal
        if text in ("true", "false", "null"):
            constant = {"true": True, "false": False, "null": None}[text]
            return lambda row: constant
        if text in _FUNCTIONS and self._take("("):
            arguments = [self._value()]
            while self._take(","):
                arguments.append(self._value())
            if not self._take(")"):
                raise Refused("Syntax error: ')' is missing in filter.")
            function = _FUNCTIONS[text]
            return lambda row: function(*(argument(row) for argument in arguments))
        if text not in self._fields:
            raise Refused(f"No property '{text}' exists in the entity.")
        return lambda row: comparable(row.get(text))


def _literal(kind: str, text: str) -> Any:
    if kind == "datetime":
        try:
            return milliseconds(datetime.fromisoformat(text[9:-1]))
        except ValueError:
            raise Refused(f"Unrecognized literal {text}.") from None
    if kind == "guid":
        return text[5:-1].lower()
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "number":
        return Decimal(text) if "." in text else int(text.rstrip("L"))
    raise Refused(f"Syntax error: '{text}' is not expected in filter.")
