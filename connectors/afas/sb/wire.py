"""AFAS SB's REST interface: addresses of environments, filters, pages, versions, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape, Row, concatenated, following_pages
from foundation.errors import AskForAccess, GrandlivreError, WrongInput

from .inferred import SORT, TAKE
from .resources import Source

VENDOR = "AFAS SB"
ADMIN = "admin"
"""The environment that is the firm's accounting centre; it lists the customers' environments."""


@dataclass(frozen=True)
class Place:
    """Where a connection leads: the firm's server, and one customer's environment or the accounting centre."""

    server: str
    environment: str

    @classmethod
    def of(cls, base_url: str) -> Place:
        """The place of an address such as ``https://firm.afasfocus.nl/environment``. Raises WrongInput."""
        server, _, environment = base_url.strip().rstrip("/").rpartition("/")
        if "://" not in server or server.endswith("/"):
            raise WrongInput(
                f"the address {base_url!r} names no environment of {VENDOR}",
                next_step="Give it with one, as in the browser: --set base_url=https://FIRM.afasfocus.nl/ENVIRONMENT, "
                "or https://FIRM.afasfocus.nl/admin for all environments of an accounting firm.",
            )
        return cls(server, environment)

    def at(self, environment: str) -> Place:
        return Place(self.server, environment)

    @property
    def root(self) -> str:
        return f"{self.server}/{quote(self.environment, safe='')}"


class SbWire:
    """Reads one environment's endpoints as Arrow rows."""

    def __init__(self, place: Place, client: HttpClient) -> None:
        self._place = place
        self._client = client

    def table(self, source: Source, where: str = "") -> pa.Table:
        """Every row of a small endpoint."""
        return concatenated(list(self.rows(source, where)), source.schema)

    def first(self, source: Source) -> pa.Table:
        """One row, if there is any: the least costly call."""
        body = self._fetch(source, self._address(source, "", 0, 1))
        return pa.Table.from_batches([_decoder(source).decode(body).rows])

    def rows(self, source: Source, where: str = "") -> Iterator[pa.RecordBatch]:
        """The rows that ``where`` (OData) lets through, page by page."""
        done = 0

        def reached(rows: pa.RecordBatch) -> int:
            nonlocal done
            done += rows.num_rows
            return done

        return following_pages(
            lambda url: self._fetch(source, url),
            lambda skip: self._address(source, where, skip, TAKE),
            _decoder(source),
            reached,
        )

    def _address(self, source: Source, where: str, skip: int, take: int) -> str:
        filtered = f"filter={quote(where, safe='')}&" if where else ""
        order = f"{SORT}={source.order}+Ascending"
        return f"{self._place.root}/api/{source.endpoint}?{filtered}{order}&skip={skip}&take={take}"

    def _fetch(self, source: Source, url: str) -> bytes:
        headers = {"Accept": "application/json", "Accept-Version": source.version}
        return self._client.call("GET", url, headers=headers, check=_check_document).body


def _decoder(source: Source) -> PageDecoder:
    return PageDecoder(source.schema, PageShape("", unwrap=_unwrapped))


def _unwrapped(document: Any) -> tuple[list[Row], None]:
    """Rows are a list, or stand beside a tracking token."""
    rows = document.get("Result") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no rows in the answer")
    return rows, None


def said(reply: Reply) -> str:
    """The vendor's own words: ``Message`` of its error document."""
    try:
        found = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(found.get("Message") or found.get("error_description") or "") if isinstance(found, dict) else ""


def _refusal(reply: Reply) -> GrandlivreError | None:
    if reply.status != 403:
        return None
    return AskForAccess(
        f"{VENDOR} gives the app no right to this ({said(reply) or 'error 403'})",
        next_step="Give the app the rights that the documentation of AFAS lists, in the App Center.",
    )


def _check_document(reply: Reply) -> None:
    ends = reply.body[:64].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] + reply.body[-64:].rstrip()[-1:]
    if ends not in (b"[]", b"{}"):
        raise NotAnAnswer("not a whole JSON document")


WAYS = VendorWays(VENDOR, explain=said, refusal=_refusal)
