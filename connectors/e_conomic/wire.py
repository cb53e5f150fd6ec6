"""e-conomic's REST interface: documents, collections and their pages, links, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import Page, PageDecoder, PageShape, Row, concatenated, peek_value, whole_pages

VENDOR = "e-conomic"
LARGEST_PAGE = 1000


class EconomicWire:
    """Reads one agreement as Arrow rows. A ``place`` is a path below the base address, or a link that was told."""

    def __init__(self, base_url: str, client: HttpClient) -> None:
        self._base = base_url.rstrip("/")
        self._client = client

    def document(self, place: str, schema: pa.Schema) -> pa.Table:
        """A single document as a table of one row."""
        page = PageDecoder(schema, _DOCUMENT).decode(self.fetch(self.resolve(place)))
        return concatenated([page.rows], schema)

    def collection(self, place: str, schema: pa.Schema, **options: str) -> Collection:
        """A collection, in pages of the largest size; ``options`` are its ``filter`` and ``sort``."""
        asked = options | {"skippages": "0", "pagesize": str(LARGEST_PAGE)}
        query = "&".join(f"{name}={quote(value, safe='$:,')}" for name, value in asked.items())
        address = self.resolve(place)
        return Collection(self, f"{address}{'&' if '?' in address else '?'}{query}", schema)

    def table(self, place: str, schema: pa.Schema) -> pa.Table:
        """Every row of a small collection at once."""
        return concatenated(list(self.collection(place, schema)), schema)

    def fetch(self, address: str) -> bytes:
        return self._client.call("GET", address, headers=_JSON, check=_check_document).body

    def resolve(self, place: str) -> str:
        """The address to call: tokens are sent to the configured host only, whichever one a link names."""
        parts = urlsplit(place)
        if not parts.scheme:
            return f"{self._base}/{place.lstrip('/')}"
        if place.startswith(f"{self._base}/"):
            return place
        return f"{self._base}{parts.path}" + (f"?{parts.query}" if parts.query else "")


class Collection:
    """The rows of a collection, page by page; iterate once. ``results`` is how many there are as the vendor counts
    them, 0 until the first page came."""

    def __init__(self, wire: EconomicWire, address: str, schema: pa.Schema) -> None:
        self._wire = wire
        self._address = address
        self._schema = schema
        self.results = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return (page.rows for page in self._pages())

    def _pages(self) -> Iterator[Page]:
        return whole_pages(self._fetch, self._address, PageDecoder(self._schema, _COLLECTION), self._wire.resolve)

    def _fetch(self, address: str) -> bytes:
        body = self._wire.fetch(address)
        counted = peek_value(body, "results")
        self.results = max(self.results, counted if isinstance(counted, int) else 0)
        return _NUMBERED.sub(rb'"\1":"\2"', body)


def _document(document: Any) -> tuple[list[Row], str | None]:
    if not isinstance(document, dict):
        raise ValueError("no document in the answer")
    return [document], None


def _explain(reply: Reply) -> str:
    """The vendor's own words: ``message`` and ``developerHint`` of its error document."""
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        return ""
    told: Mapping[str, Any] = found if isinstance(found, dict) else {}
    return " ".join(str(told[name]) for name in ("message", "developerHint") if told.get(name))


def _check_document(reply: Reply) -> None:
    ends = reply.body[:64].lstrip()[:1] + reply.body[-64:].rstrip()[-1:]
    if ends != b"{}":
        raise NotAnAnswer("not a whole JSON document")


# Numbers of invoices arrive as numbers or as text. Inside a text quotes are escaped, so that this finds fields alone.
_NUMBERED = re.compile(rb'"(invoiceNumber|supplierInvoiceNumber)"\s*:\s*(-?\d+)')
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
_COLLECTION = PageShape("collection", "pagination/nextPage")
_DOCUMENT = PageShape("", unwrap=_document)
WAYS = VendorWays(VENDOR, explain=_explain)
