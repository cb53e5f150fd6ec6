"""The part of OData 4 that a strict sandbox takes in ``$filter`` and ``$orderby``: what is not known is refused.

Literals are text in quotes, numbers, true and false, dates, moments and GUIDs; the last three stand without quotes.
Dates and moments are compared as moments in UTC without a zone: a date is its midnight.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})"
    r"|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<date>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[(),]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


class Refused(Exception):
    """A query that the vendor answers with 400; the text is its message."""


def compile_filter(condition: str, fields: frozenset[str], read: Callable[[Row, str], Any]) -> Test:
    """``condition`` as a test on rows, of whose fields ``read`` gives comparable values. Raises Refused."""
    return _Parser(condition, fields, read).parse()


class _Parser:
    def __init__(self, condition: str, fields: frozenset[str], read: Callable[[Row, str], Any]) -> None:
        self._fields, self._read = fields, read
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while condition[position:].strip():
            found = _TOKEN.match(condition, position)
            if found is None or found.lastgroup is None:
                raise Refused(f"Syntax error at position {position} in '{condition}'.")
            self._tokens.append((found.lastgroup, found.group(found.lastgroup)))
            position = found.end()
        self._at = 0

    def parse(self) -> Test:
        test, _ = self._either()
        if self._at < len(self._tokens):
            raise Refused(f"Syntax error: '{self._tokens[self._at][1]}' is not expected.")
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

    def _either(self) -> tuple[Test, set[str]]:
        tests, names = self._both()
        parts = [tests]
        while self._take("or"):
            test, more = self._both()
            parts.append(test)
            if len(names | more) > 1:
                raise Refused("The 'OR' operator is not supported on distinct fields on an OData filter.")
        return (parts[0] if len(parts) == 1 else lambda row: any(test(row) for test in parts)), names

    def _both(self) -> tuple[Test, set[str]]:
        first, names = self._single()
        parts = [first]
        while self._take("and"):
            test, more = self._single()
            parts.append(test)
            names |= more
        return (parts[0] if len(parts) == 1 else lambda row: all(test(row) for test in parts)), names

    def _single(self) -> tuple[Test, set[str]]:
        if self._take("("):
            found = self._either()
            if not self._take(")"):
                raise Refused("Syntax error: ')' is missing.")
            return found
        kind, name = self._next()
        if kind != "name" or name not in self._fields:
            raise Refused(f"Could not find a property named '{name}'.")
        _, operator = self._next()
        if operator not in _COMPARE:
            raise Refused(f"Syntax error: '{operator}' is not an operator.")
        compare, literal, read = _COMPARE[operator], _literal(*self._next()), self._read
        return (lambda row: compare(read(row, name), literal)), {name}


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "guid":
        return text.lower()
    if kind == "number":
        return Decimal(text) if "." in text else int(text)
    if kind in ("date", "moment"):
        return datetime.fromisoformat(text.removesuffix("Z"))
    if text in ("true", "false"):
        return text == "true"
    raise Refused(f"Syntax error: '{text}' is no literal.")
