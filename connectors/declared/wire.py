"""Lists over HTTP as a resource map tells them: addresses, pages, rows, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape, following_pages, numbered_pages, pages
from foundation.errors import GrandlivreError, VendorDown, WrongInput

from .maps import Paging, ResourceMap, ResourceSection

_PLACE = re.compile(r"\{(\w+)\}")
_JSON = {"Accept": "application/json"}
_CORRECT = "Correct the resource map (docs/resource-maps.md tells how): paths, paging and fields are data."


def filled(template: str, values: Mapping[str, str], *, safe: str | None = None) -> str:
    """``template`` with its ``{places}`` filled; quoted for an address where ``safe`` names the signs that stay.

    Raises WrongInput for a place that nothing fills.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise WrongInput(f"the resource map asks for {match[0]}, which is not known", next_step=_CORRECT)
        return values[match[1]] if safe is None else quote(values[match[1]], safe=safe)

    return _PLACE.sub(value, template)


class DeclaredWire:
    """Reads lists as Arrow rows of the fields asked for. ``settings`` fill templates besides what a call brings."""

    def __init__(self, base_url: str, client: HttpClient, declared: ResourceMap, settings: Mapping[str, str]) -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._map = declared
        self._settings = settings
        self._sample = b""

    def rows(
        self, name: str, section: ResourceSection, schema: pa.Schema, values: Mapping[str, str]
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a list, page by page. Raises WrongInput where a server pays no heed to pages: without an end of
        its own the list would have none."""
        paging = section.paging or self._map.paging
        decoder = PageDecoder(schema, _shape(section, paging))
        address = self._address(section, paging, {**self._settings, **values})
        before: tuple[str, bytes] = ("", b"")
        self._sample = b""

        def fetch(url: str) -> bytes:
            nonlocal before
            body = self._fetch(name, url)
            self._sample = self._sample or body
            if before[0] not in ("", url) and before[1] == body and _rows_in(body, section.rows):
                raise WrongInput(
                    f"{self._map.vendor} answers the same page of {name} for {paging.position} after {paging.position}",
                    next_step=f"If it has no pages, set resources.{name}.paging.kind to none. {_CORRECT}",
                )
            before = (url, body)
            return body

        read = 0

        def reached(rows: pa.RecordBatch) -> int:
            nonlocal read
            read += rows.num_rows
            return read

        match paging.kind:
            case "page":
                yield from numbered_pages(fetch, address, decoder, full=1, first=paging.first)
            case "skip":
                yield from following_pages(fetch, address, decoder, reached)
            case "next" | "none":
                yield from pages(fetch, address(0), decoder, self.resolve)

    def fields_told(self, rows: str) -> list[str]:
        """The names of the fields that the first row of the last list has; for a person who looks for the right one."""
        found = _rows_in(self._sample, rows)
        return sorted(found[0]) if found and isinstance(found[0], dict) else []

    def resolve(self, place: str) -> str:
        """The address to call: whoever signs calls sends them to the configured host only, whatever a link names."""
        if place.startswith(f"{self._base}/"):
            return place
        parts = urlsplit(place)
        path = parts.path if parts.scheme or place.startswith("/") else f"/{parts.path}"
        root = "{0.scheme}://{0.netloc}".format(urlsplit(self._base)) if place.startswith(("/", "http")) else self._base
        return f"{root}{path}" + (f"?{parts.query}" if parts.query else "")

    def _fetch(self, name: str, url: str) -> bytes:
        try:
            return self._client.call("GET", url, headers=_JSON, check=_check_document).body
        except WrongInput as error:
            error.next_step = f"Check base_url and resources.{name}.path. {_CORRECT}"
            raise
        except VendorDown as error:
            if self._map.address_per_firm and (trouble := _nowhere(error)):
                raise WrongInput(
                    f"there is no {self._map.vendor} at {self._base}: {trouble}",
                    next_step="Each firm has an address of its own: ask the firm for it, and set base_url.",
                ) from None
            raise

    def _address(self, section: ResourceSection, paging: Paging, values: Mapping[str, str]) -> Any:
        """What makes the address of a page from its position (a page's number, or rows to skip)."""
        path = filled(section.path, values, safe="")
        query = {key: filled(text, values) for key, text in section.query.items() if text}

        def address(position: int) -> str:
            asked = dict(query)
            if paging.kind in ("page", "skip"):
                asked |= {paging.position: str(position), paging.size_name: str(paging.size)}
            told = "&".join(f"{quote(key, safe='$')}={quote(value, safe=',:')}" for key, value in asked.items())
            return f"{self._base}/{path.lstrip('/')}" + (f"?{told}" if told else "")

        return address


def ways(declared: ResourceMap) -> VendorWays:
    """How the vendor refuses, as far as that is known."""
    return VendorWays(declared.vendor, explain=_explain)


def _shape(section: ResourceSection, paging: Paging) -> PageShape:
    return PageShape(section.rows.replace(".", "/"), paging.next.replace(".", "/") if paging.kind == "next" else "")


def _rows_in(body: bytes, path: str) -> list[Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return []
    for name in filter(None, path.replace(".", "/").split("/")):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []


def _check_document(reply: Reply) -> None:
    ends = reply.body[:64].lstrip()[:1] + reply.body[-64:].rstrip()[-1:]
    if ends not in (b"{}", b"[]"):
        raise NotAnAnswer("not a whole JSON document")


def _explain(reply: Reply) -> str:
    """The vendor's words, under the names that error documents usually have (inferred)."""
    try:
        found = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        return ""
    told = found if isinstance(found, dict) else {}
    names = ("message", "Message", "error_description", "error", "title", "detail")
    return " ".join(str(told[name]) for name in names if isinstance(told.get(name), str))


def _nowhere(error: GrandlivreError) -> str:
    """Why nobody can be reached at an address, where that is so: no such host, or nobody who listens."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "nobody listens there"
        if type(cause).__name__ in ("gaierror", "NameResolutionError"):
            return "there is no such host"
        cause = cause.__cause__ or cause.__context__
    return ""
