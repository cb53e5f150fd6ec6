"""OData 4 as it is spoken by JSON services: addresses, literals, pages by ``@odata.nextLink``, counts, error bodies.

Pages are cut by the server and followed by the address that it tells, never by ``$skip``, which misses or repeats rows
when others write meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply
from connectors.json_pages import Page, PageDecoder, PageShape, Row, concatenated, whole_pages
from foundation.errors import VendorDown

_UNQUOTED = "',()$:"
_COUNT = "@odata.count"


class ODataService:
    """Reads the entity sets below ``root`` as Arrow rows; ``headers`` go with every call.

    A schema is at the same time the ``$select`` of its call.
    """

    def __init__(self, root: str, client: HttpClient, headers: Mapping[str, str] | None = None) -> None:
        self._root = root.rstrip("/")
        self._client = client
        self._headers = {"Accept": "application/json", **(headers or {})}

    def pages(self, entity_set: str, schema: pa.Schema, *, where: str = "", order: str = "") -> Iterator[Page]:
        """Every page of an entity set; the next one is fetched while one is used. ``where`` is its ``$filter``."""
        options = {"$select": ",".join(schema.names), "$filter": where, "$orderby": order}
        first = self.address(entity_set, options)
        return whole_pages(self._fetch, first, PageDecoder(schema, SHAPE), self.resolve)

    def rows(self, entity_set: str, schema: pa.Schema, *, where: str = "", order: str = "") -> Iterator[pa.RecordBatch]:
        return (page.rows for page in self.pages(entity_set, schema, where=where, order=order))

    def table(self, entity_set: str, schema: pa.Schema, *, where: str = "", order: str = "") -> pa.Table:
        """Every row of a small entity set at once."""
        return concatenated(list(self.rows(entity_set, schema, where=where, order=order)), schema)

    def count(self, entity_set: str, field: str, *, where: str = "") -> int | None:
        """How many rows there are under a filter, asked with one row of ``field``; None where it is not told."""
        told = self._document(entity_set, {"$select": field, "$filter": where, "$top": "1", "$count": "true"})
        counted = told.get(_COUNT)
        return counted if isinstance(counted, int) and not isinstance(counted, bool) else None

    def first(self, entity_set: str, *, order: str = "") -> Row | None:
        """The first row with all its fields, for what a set holds where that differs; None where there is none."""
        found = self._document(entity_set, {"$orderby": order, "$top": "1"}).get("value")
        return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None

    def address(self, entity_set: str, options: Mapping[str, str]) -> str:
        """The address of an entity set with the ``options`` that are not empty."""
        query = "&".join(f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in options.items() if value)
        return f"{self._root}/{entity_set}" + (f"?{query}" if query else "")

    def resolve(self, told: str) -> str:
        """A next page's address, verbatim but for its host: a token is sent to the configured address only."""
        ours, theirs = urlsplit(self._root), urlsplit(told)
        if not theirs.path.startswith("/"):
            raise VendorDown("the service tells a next page that is no address")
        return urlunsplit((ours.scheme, ours.netloc, theirs.path, theirs.query, ""))

    def _document(self, entity_set: str, options: Mapping[str, str]) -> dict[str, Any]:
        address = self.address(entity_set, options)
        body = self._client.call("GET", address, headers=self._headers, check=_check_readable).body
        return msgspec.json.decode(body)

    def _fetch(self, url: str) -> bytes:
        return self._client.call("GET", url, headers=self._headers, check=_check_whole).body


def text(value: str) -> str:
    """A text literal of a filter."""
    return "'" + value.replace("'", "''") + "'"


def error_of(reply: Reply) -> tuple[str, str]:
    """Code and message of an error body, ``{"error": {"code": ..., "message": ...}}``; empty where it is none."""
    try:
        error = msgspec.json.decode(reply.body)["error"]
        return str(error.get("code") or ""), str(error.get("message") or "")
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
        return "", ""


def explain(reply: Reply) -> str:
    """An error body in one line, for :class:`connectors.http.VendorWays`."""
    code, message = error_of(reply)
    return f"{code}: {message}" if code and message else code or message


def _unwrap(document: Any) -> tuple[list[Row], str | None]:
    """Rows and next address of ``value``, or a single entity as the one row."""
    if not isinstance(document, dict) or "error" in document:
        raise ValueError("no rows in the answer")
    found = document.get("value")
    if found is None and "value" not in document:
        found = [document]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("no rows in the answer")
    following = document.get("@odata.nextLink")
    return found, following if isinstance(following, str) and following else None


def _check_whole(reply: Reply) -> None:
    ends = reply.body[:64].lstrip()[:1] + reply.body[-64:].rstrip()[-1:]
    if ends != b"{}":
        raise NotAnAnswer("not a whole JSON document")


def _check_readable(reply: Reply) -> None:
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        found = None
    if not isinstance(found, dict):
        raise NotAnAnswer("not a whole JSON document")


SHAPE = PageShape("value", "@odata.nextLink", _unwrap)
