"""Octopus's REST interface: addresses, whole answers without pages, empty ones that are called 404, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from connectors.http import HttpClient, NotAnAnswer, Reply, VendorWays
from connectors.json_pages import PageDecoder, PageShape, Row, pc
from foundation.errors import GrandlivreError, RateLimited, ReportABug, WrongInput

from . import resources as r
from .inferred import OVER_LIMIT

VENDOR = "Octopus"
JSON = {"Accept": "application/json"}
START_OF_TIME = "1980-01-01 00:00:00.000"
EVERY = -1
"""All bookyears, or all journal types."""
PART_BYTES = 4 << 20
"""How much of an answer is decoded at once."""


@dataclass(frozen=True)
class Bookings:
    """An answer about documents: all lines of those that were modified (schema :data:`resources.WIRE_LINES`, flat), and
    the keys of those that were deleted."""

    lines: pa.Table
    deleted: pa.Table


class OctopusWire:
    """Reads one dossier. ``client_for`` gives the client of an endpoint, each of which has its own calls a day."""

    def __init__(self, base_url: str, dossier: int, client_for: Callable[[str], HttpClient]) -> None:
        self._root = f"{base_url}/dossiers/{dossier}"
        self._client_for = client_for

    def listed(self, place: str) -> list[Row]:
        """The rows of a plain list, such as ``bookyears``."""
        found: list[list[Row]] = []
        self._call("", place, {}, lambda body: found.append(_rows(_document(body))))
        return found[-1] if found else []

    def changes(self, endpoint: str, **asked: str) -> dict[str, list[Row]]:
        """What a change list names ``modified`` and ``deleted``; numbers are Decimals."""
        found: list[Any] = []
        self._call(endpoint, endpoint, asked, lambda body: found.append(_document(body)))
        told = found[-1] if found else {}
        return {name: _rows(told.get(name) or []) for name in ("modified", "deleted")}

    def bookings(self, bookyear: int, journal_type: int, stamp: str) -> Bookings:
        """The documents of a bookyear and journal type (both :data:`EVERY`: all) that changed since ``stamp``."""
        found = [Bookings(_LINES.schema.empty_table(), _DELETED.schema.empty_table())]

        def decode(body: bytes) -> None:
            gone = None if _NONE_DELETED.search(body) else pa.Table.from_batches([_DELETED.decode(body).rows])
            found.append(Bookings(_lines(body), found[0].deleted if gone is None else gone))

        place = f"bookyears/{bookyear}/bookings/modified"
        asked = {"journalTypeId": str(journal_type), "modifiedTimeStamp": stamp}
        self._call("bookings/modified", place, asked, decode)
        return Bookings(_flat(found[-1].lines), _flat(found[-1].deleted))

    def _call(self, endpoint: str, place: str, asked: Mapping[str, str], decode: Callable[[bytes], None]) -> None:
        """Calls and decodes; does not decode when there is nothing, which a change list calls 404."""

        def check(reply: Reply) -> None:
            try:
                decode(reply.body)
            except ValueError as error:
                raise NotAnAnswer("not a whole JSON document") from error

        query = f"?{urlencode(asked, quote_via=quote)}" if asked else ""
        url = f"{self._root}/{place}{query}"
        client, allow = self._client_for(endpoint), (404,) if asked else ()
        for _ in range(2):  # half an answer that there is nothing is asked for again
            reply = client.call("GET", url, headers=JSON, check=check, allow=allow)
            if reply.status != 404 or _error(reply).keys() & {"errorCode", "errorMessage", "technicalInfo"}:
                return
        raise WrongInput(f"{VENDOR} knows nothing at {url.partition('?')[0]}", next_step="Check base_url.")


def stamp(moment: datetime) -> str:
    """A change stamp, in UTC and with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def require_json(reply: Reply) -> None:
    try:
        _document(reply.body)
    except ValueError as error:
        raise NotAnAnswer("not a whole JSON document") from error


def said(reply: Reply) -> str:
    """The vendor's own words, of which any may be missing: its message, else its technical info."""
    error = _error(reply)
    text = str(error.get("errorMessage") or error.get("technicalInfo") or "")
    return f"{text} [{error['errorCode']}]" if text and error.get("errorCode") else text


def _error(reply: Reply) -> Mapping[str, Any]:
    try:
        found = json.loads(reply.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(reply: Reply) -> GrandlivreError | None:
    if reply.status in (400, 403) and OVER_LIMIT.search(said(reply)):
        return RateLimited(f"{VENDOR} allows no more of these calls today ({said(reply)})", resume_at=_tomorrow(reply))
    return None


def _tomorrow(reply: Reply) -> datetime | None:
    """The vendor's next day, in Belgium; None where its answer does not tell the time."""
    try:
        now = datetime.strptime(reply.headers.get("date", ""), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
    local = now.astimezone(ZoneInfo("Europe/Brussels"))
    return (local.replace(hour=0, minute=5, second=0, microsecond=0) + timedelta(days=1)).astimezone(UTC)


def _document(body: bytes) -> Any:
    """A JSON document; raises ValueError for anything else."""
    document = json.loads(body, parse_float=Decimal)
    if not isinstance(document, (dict, list)):
        raise ValueError("neither a list nor an object")
    return document


def _rows(value: Any) -> list[Row]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ReportABug(f"{VENDOR} sent something else where a list of records was expected")
    return value


def _shape(name: str, other: str) -> PageShape:
    """The list ``name`` of a document, which may be missing or null as long as it is such a document."""

    def unwrap(document: Any) -> tuple[list[Row], str | None]:
        if not isinstance(document, dict) or not document.keys() & {name, other}:
            raise ValueError("no bookings in the answer")
        return _rows(document.get(name) or []), None

    return PageShape(name, unwrap=unwrap)


class _Told(msgspec.Struct):
    modifiedBookings: list[msgspec.Raw] = []


def _lines(body: bytes) -> pa.Table:
    """The lines of an answer. There are no pages, and decoding takes several times the memory of what is decoded: a
    large answer is decoded in parts."""
    return pa.Table.from_batches([_LINES.decode(part).rows for part in _parts(body)])


def _parts(body: bytes) -> Iterator[bytes]:
    """Answers that make up a large one; a small one, or one of another shape, itself."""
    rows: list[msgspec.Raw] = []
    if len(body) > PART_BYTES:
        with suppress(msgspec.MsgspecError):
            rows = msgspec.json.decode(body, type=_Told).modifiedBookings
    if not rows:
        yield body
        return
    width = max(1, PART_BYTES * len(rows) // len(body))
    for place in range(0, len(rows), width):
        yield b'{"modifiedBookings":[%s]}' % b",".join(rows[place : place + width])


def _flat(table: pa.Table) -> pa.Table:
    columns = [pc.struct_field(c, "id") if pa.types.is_struct(c.type) else c for c in table.columns]
    return pa.Table.from_arrays(columns, schema=r.flat(table.schema))


_LINES = PageDecoder(r.WIRE_LINES, _shape("modifiedBookings", "deletedBookings"))
_DELETED = PageDecoder(r.WIRE_DELETED, _shape("deletedBookings", "modifiedBookings"))
_NONE_DELETED = re.compile(rb'"deletedBookings"\s*:\s*(\[\s*\]|null)')
WAYS = VendorWays(VENDOR, explain=said, refusal=_refusal)


def dossiers_of(reply: Reply) -> list[Row]:
    """The dossiers of a list; a record without its key is no dossier that could be opened."""
    return [row for row in _rows(_document(reply.body)) if isinstance((row.get("dossierKey") or {}).get("id"), int)]
