"""Exact Online's REST interface: addresses, query options, pages, limits and refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa

from connectors.budgets import Window
from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import Page, PageDecoder, PageShape, Row, concatenated, pages, whole_pages
from foundation.errors import AskForAccess, Busy, GrandlivreError, VendorDown

from .resources import select

VENDOR = "Exact Online"
_REASONS = {
    "BlockedUser": "the connected user is blocked",
    "InactiveUser": "the connected user is inactive",
    "BlockedCustomer": "the customer is blocked",
    "LicenseExpired": "the licence has expired",
    "NoDivisionAccess": "the connected user, or the app, may not open this division",
}


class ExactWire:
    """Reads one division (or, without one, what belongs to the user) as Arrow rows."""

    def __init__(self, base_url: str, client: HttpClient, division: int | None = None) -> None:
        self._base = base_url.rstrip("/")
        self._root = f"{self._base}/api/v1" + (f"/{division}" if division is not None else "")
        self.client = client

    def rows(self, endpoint: str, schema: pa.Schema, condition: str = "") -> Iterator[pa.RecordBatch]:
        """Every row of an endpoint, page by page, in ``schema``; ``condition`` is its ``$filter``."""
        return (page.rows for page in self.pages(endpoint, schema, condition))

    def pages(self, endpoint: str, schema: pa.Schema, condition: str = "", start: str | None = None) -> Iterator[Page]:
        """The same as pages with the address of the next one; ``start`` is such an address to go on from."""
        options = {"$select": select(schema)} | ({"$filter": condition} if condition else {})
        first = self._resolve(start) if start else self._address(endpoint, options)
        return whole_pages(self._fetch, first, PageDecoder(schema, _SHAPE), self._resolve)

    def table(self, endpoint: str, schema: pa.Schema, condition: str = "") -> pa.Table:
        """Every row of a small endpoint at once."""
        return concatenated(list(self.rows(endpoint, schema, condition)), schema)

    def function(self, endpoint: str, schema: pa.Schema, **parameters: str) -> pa.Table:
        """The rows that a function endpoint gives for its parameters; it knows no query options."""
        address = self._address(endpoint, parameters)
        return concatenated(list(pages(self._fetch, address, PageDecoder(schema, _SHAPE), self._resolve)), schema)

    def count(self, endpoint: str, condition: str) -> int | None:
        """How many rows an endpoint has under a filter; None when the answer is no number."""
        address = self._address(f"{endpoint}/$count", {"$filter": condition})
        text = self.client.call("GET", address, headers=_JSON).body.decode("utf-8-sig", errors="replace").strip()
        return int(text) if text.isascii() and text.isdigit() else None

    def _fetch(self, url: str) -> bytes:
        return self.client.call("GET", url, headers=_JSON, check=_check_document).body

    def _address(self, endpoint: str, options: Mapping[str, str]) -> str:
        query = "&".join(f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in options.items())
        return f"{self._root}/{endpoint}" + (f"?{query}" if query else "")

    def _resolve(self, told: str) -> str:
        """The address of a next page, verbatim but for its host: a token is sent to the configured address only."""
        if told.startswith(f"{self._base}/"):
            return told
        at = told.find("/api/v1/")
        if at < 0:
            raise VendorDown(f"{VENDOR} tells a next page that is not its own")
        return self._base + told[at:]


def _windows(headers: Mapping[str, str]) -> Iterator[Window]:
    for name, prefix in (("day", "x-ratelimit-"), ("minute", "x-ratelimit-minutely-")):
        limit, remaining, reset = (headers.get(prefix + field) for field in ("limit", "remaining", "reset"))
        if remaining is not None or reset is not None:
            yield Window(name, _whole(remaining), _from_milliseconds(_whole(reset)), _whole(limit))


def _whole(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None


def _from_milliseconds(value: int | None) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _explain(reply: Reply) -> str:
    """The vendor's own words: ``error.message.value`` of its error document."""
    try:
        return str(msgspec.json.decode(reply.body)["error"]["message"]["value"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return ""


def _refusal(reply: Reply) -> GrandlivreError | None:
    reason = reply.headers.get("reason", "") if reply.status == 403 else ""
    if reason == "DivisionBlocked":
        return Busy(f"{VENDOR} has blocked the division for a while")
    if reason in _REASONS:
        return AskForAccess(f"{VENDOR} refuses: {_REASONS[reason]} ({reason})")
    return None


def _unwrap(document: Any) -> tuple[list[Row], str | None]:
    """Rows and next address of ``d.results``, of ``d`` as a list, or of ``d`` as the one row."""
    inner = document.get("d") if isinstance(document, dict) else None
    if isinstance(inner, dict):
        found = (inner.get("results") or []) if "results" in inner else [inner] if inner else []
        next_page = inner.get("__next") or document.get("__next")
    else:
        found, next_page = inner, document.get("__next") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("no rows in the answer")
    return found, next_page or None


def _check_document(reply: Reply) -> None:
    ends = reply.body[:64].lstrip()[:1] + reply.body[-64:].rstrip()[-1:]
    if ends != b"{}":
        raise NotAnAnswer("not a whole JSON document")


_UNQUOTED = "',()$:"
_JSON = {"Accept": "application/json"}
_SHAPE = PageShape("d/results", "d/__next", _unwrap)
WAYS = VendorWays(VENDOR, _windows, _explain, _refusal)
