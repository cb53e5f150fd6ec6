"""What a call to a GetConnector may ask: filters, order, skip and take, as the vendor reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from .tables import Row

KNOWN = frozenset({"filterfieldids", "filtervalues", "operatortypes", "filterjson", "orderbyfieldids", "skip", "take"})
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "1": lambda a, b: a == b,
    "2": lambda a, b: a >= b,
    "3": lambda a, b: a <= b,
    "4": lambda a, b: a > b,
    "5": lambda a, b: a < b,
    "7": lambda a, b: a != b,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "6": lambda a, b: b in a,
    "10": lambda a, b: a.startswith(b),
    "11": lambda a, b: b not in a,
    "13": lambda a, b: a.endswith(b),
}


class Refused(Exception):
    """A functional error: HTTP 500 with the text as ``externalMessage``."""


class Malformed(Exception):
    """What the vendor answers with 400."""


def selected(rows: Sequence[Row], fields: Sequence[str], query: Mapping[str, str], cells: int) -> tuple[int, int, list]:
    """skip, take and the rows of one answer. Raises Refused and Malformed."""
    if unknown := set(query) - KNOWN:
        raise Malformed(f"unknown parameters {sorted(unknown)}")
    skip, take = _window(query)
    found = [row for row in rows if _accepts(_conditions(query, fields), row)]
    for name in reversed([name for name in query.get("orderbyfieldids", "").split(",") if name]):
        descending = name.startswith("-")
        field = _field(name.removeprefix("-"), fields)
        found.sort(key=lambda row: (row[field] is not None, row[field]), reverse=descending)
    page = found if skip == -1 else found[skip : skip + take]
    if (len(page) if skip == -1 else take) * len(fields) >= cells:
        raise Refused("Out of memory")
    return skip, take, page


def _window(query: Mapping[str, str]) -> tuple[int, int]:
    try:
        skip, take = int(query.get("skip", "0")), int(query.get("take", "100"))
    except ValueError:
        raise Malformed("skip and take are numbers") from None
    if skip < -1 or (skip != -1 and take < 1):
        raise Refused("An unexpected error has occurred.")
    return skip, take


def _conditions(query: Mapping[str, str], fields: Sequence[str]) -> list[list[tuple[str, str, str]]]:
    """Filters as OR (semicolon) of AND (comma)."""
    parts = [query.get(name, "") for name in ("filterfieldids", "filtervalues", "operatortypes")]
    if not any(parts):
        return []
    groups = [part.split(";") for part in parts]
    if len({len(group) for group in groups}) != 1:
        raise Refused("The number of filter fields, values and operators differs")
    found = []
    for names, values, operators in zip(*groups, strict=True):
        lists = [names.split(","), values.split(","), operators.split(",")]
        if len({len(each) for each in lists}) != 1:
            raise Refused("The number of filter fields, values and operators differs")
        found.append([(_field(name, fields), value, kind) for name, value, kind in zip(*lists, strict=True)])
    return found


def _field(name: str, fields: Sequence[str]) -> str:
    if name not in fields:
        raise Refused(f"Connector field '{name}' not found")
    return name


def _accepts(conditions: list[list[tuple[str, str, str]]], row: Row) -> bool:
    return not conditions or any(
        all(_holds(row[field], text, kind) for field, text, kind in all_) for all_ in conditions
    )


def _holds(value: Any, text: str, kind: str) -> bool:
    if kind in ("8", "9"):
        return (value in (None, "")) == (kind == "8")
    if value is None:
        return False
    if kind in _TEXT:
        return _TEXT[kind](str(value).lower(), text.lower())
    if kind not in _OPERATORS:
        raise Malformed(f"operator {kind} is not known")
    return _OPERATORS[kind](value, _as(value, text))


def _as(value: Any, text: str) -> Any:
    """``text`` as the kind of value that the field has. Dates compare as the text that they are told by."""
    try:
        if isinstance(value, bool):
            return text == "1"
        if isinstance(value, int):
            return int(text)
        if isinstance(value, Decimal):
            return Decimal(text)
        if isinstance(value, str) and value.endswith("Z") and "T" in value:
            return f"{datetime.fromisoformat(text):%Y-%m-%dT%H:%M:%S}Z"
    except (ValueError, InvalidOperation):
        raise Malformed(f"{text!r} does not fit the field") from None
    return text
