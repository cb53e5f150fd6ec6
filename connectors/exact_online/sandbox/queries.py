"""Queries of the sandbox: options read strictly, rows found, pages cut, and rows written as on the wire."""

from __future__ import annotations

import re
from bisect import bisect_right
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import msgspec

from connectors.sandbox.vendor import Answer

from .books import DIVISION, Books
from .entities import Endpoint
from .knobs import Knobs
from .odata import Refused, comparable, compile_filter
from .tables import Row

_PARAMETERS = {"$select", "$filter", "$top", "$skiptoken", "$inlinecount"}
_SINCE = re.compile(r"Timestamp gt \d+L")
_DELETED_SINCE = re.compile(r"Timestamp gt \d+L( and EntityType eq \d+)?")
ENCODER = msgspec.json.Encoder(decimal_format="number")


class Pager:
    """Answers queries on ``books``. ``next_address`` is told as the next page instead of the right one."""

    def __init__(self, books: Books, knobs: Knobs) -> None:
        self.books = books
        self.knobs = knobs
        self.base_url = ""
        self.next_address = ""
        self._kept: dict[tuple[str, str], tuple[int, list[Row], list[Any]]] = {}

    def rows(self, company: str, endpoint: Endpoint, parameters: dict[str, str]) -> tuple[list[Row], list[Any]]:
        """The rows that the filter lets through in key order, with their keys; kept until the books change."""
        condition = parameters.get("$filter", "")
        if endpoint.filtering == "timestamp":
            rule = _DELETED_SINCE if endpoint.table == "deleted" else _SINCE
            if not rule.fullmatch(condition):
                raise Refused("Only a filter on Timestamp (gt, with L) is supported")
        if endpoint.filtering == "required" and not condition:
            raise Refused("A filter is mandatory on this endpoint")
        kept = self._kept.get((company + endpoint.table + endpoint.key, condition))
        if kept and kept[0] == self.books.version and endpoint.table != "divisions":
            return kept[1], kept[2]
        if endpoint.table == "divisions":
            table = self.books.divisions()
        else:
            table = self.books.table(endpoint.table) if company == str(DIVISION) else []
        if condition:
            test = compile_filter(condition, endpoint.fields)
            table = [row for row in table if test(row)]
        if endpoint.key == "#":
            pairs: list[tuple[Any, Row]] = list(enumerate(table))
        else:
            number = endpoint.key in ("Timestamp", "Code") and endpoint.table != "journals"
            ordered = [(int(row[endpoint.key]) if number else row[endpoint.key], row) for row in table]
            pairs = sorted(ordered, key=lambda pair: pair[0])
        result = [row for _, row in pairs], [key for key, _ in pairs]
        self._kept = {key: value for key, value in self._kept.items() if value[0] == self.books.version}
        self._kept[company + endpoint.table + endpoint.key, condition] = (self.books.version, *result)
        return result

    def page(
        self, company: str, name: str, endpoint: Endpoint, found: tuple[list[Row], list[Any]], query: str
    ) -> Answer:
        """A page of ``found`` (rows and their keys), from the ``$skiptoken`` on."""
        rows, keys = found
        parameters = parameters_of(query)
        unknown = set(parameters) - _PARAMETERS
        if unknown:
            raise Refused(f"The query parameter '{min(unknown)}' is not supported")
        select = [field for field in parameters.get("$select", "").split(",") if field]
        if not select:
            raise Refused("Please add a $select or a $top to your request")
        for field in select:
            if field not in endpoint.fields:
                raise Refused(f"No property '{field}' exists in the entity")
        size = self.knobs.page_size if endpoint.bulk else self.knobs.small_page_size
        top = int(parameters["$top"]) if "$top" in parameters else None
        start = 0
        if "$skiptoken" in parameters:
            start = bisect_right(keys, _token_value(parameters["$skiptoken"]))
            if self.knobs.duplicate_rows and start:
                start -= 1
        if name == "bulk/Financial/TransactionLines" and self.knobs.hidden_lines:
            rows, keys = rows[: -self.knobs.hidden_lines], keys[: -self.knobs.hidden_lines]
        end = start + (size if top is None else min(size, top))
        left = None if top is None else top - (end - start)
        more = end < len(rows) and left != 0
        document: dict[str, Any] = {"results": [self._wire(name, row, select) for row in rows[start:end]]}
        if parameters.get("$inlinecount") == "allpages":
            document["__count"] = str(len(rows))
        if more:
            document["__next"] = self.next_address or self._next(f"{company}/{name}", query, keys[end - 1], left)
        elif self.knobs.list_shape:
            return Answer(200, ENCODER.encode({"d": document["results"]}))
        if self.knobs.unknown_fields:
            document["__hint"] = {"nested": [1, 2]}
        answer = Answer(200, ENCODER.encode({"d": document}))
        if more and self.knobs.while_paging:
            self.knobs.while_paging(name, end)
        return answer

    def _next(self, path: str, query: str, key: Any, left: int | None) -> str:
        """The absolute address of the next page; its query is the first one's, with a ``$skiptoken``."""
        pairs = [pair for pair in query.split("&") if not pair.startswith(("$skiptoken", "$top"))]
        if left is not None:
            pairs.append(f"$top={left}")
        token = (
            f"guid'{key}'" if isinstance(key, str) and len(key) == 36 else f"{key}L" if isinstance(key, int) else key
        )
        return f"{self.base_url}/api/v1/{path}?{'&'.join(pairs)}&$skiptoken={token}"

    def _wire(self, name: str, row: Row, select: list[str]) -> Row:
        knobs = self.knobs
        wire: Row = {"__metadata": {"uri": f"{self.base_url}/api/v1/{name}", "type": "Exact.Web.Api.Models"}}
        wire |= {field: row.get(field) for field in select if field not in knobs.left_out}
        if knobs.float_noise:
            for field in ("AmountDC", "AmountFC"):
                if wire.get(field):
                    wire[field] += Decimal("0.00000000000001")
        if knobs.numbers_as_text:
            for field, value in wire.items():
                if isinstance(value, int) and not isinstance(value, bool):
                    wire[field] = str(value)
                elif field == "Timestamp":
                    wire[field] = int(value)
        if knobs.unknown_fields:
            wire |= {"Surprise": {"deep": [None, {"x": 1.5}]}, "Extra": "field"}
        return wire


def parameters_of(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        name = unquote(name)
        if name in found:
            raise Refused(f"The query parameter '{name}' is given twice")
        found[name] = unquote(value)
    return found


def _token_value(token: str) -> Any:
    if token.startswith("guid'"):
        return token[5:-1]
    return comparable(token) if not token.endswith("L") else int(token[:-1])
