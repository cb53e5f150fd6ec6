"""Reading a client list, whole and as it stands at one moment.

A list of some thousand clients is read whole each time; a digest tells whether anything changed. While people work in
it, its pages move: a client can come twice, or slip through between two pages. So a list that is not the one known is
read until two readings in a row tell the same clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import msgspec
import pyarrow as pa

from connectors.contract import Batch, Cursor, Event, ExtractRequest, NextCursor
from connectors.digests import digest
from connectors.http import HttpClient, NotAnAnswer, Reply
from foundation.errors import Busy, Incomplete

from . import require_whole
from .interface import Interface
from .records import CLIENTS, Record, landed, members

READINGS = 4


class ListWire:
    """Reads the list that an interface describes through a client of the vendor."""

    def __init__(
        self, base_url: str, client: HttpClient, interface: Interface, report: Callable[[str, int], None]
    ) -> None:
        self._base = base_url.rstrip("/")
        self._client = client
        self._interface = interface
        self._report = report

    def probe(self) -> None:
        """The least costly call: one client."""
        self._page(self._interface.shape.first, 1)

    def table(self) -> pa.Table:
        """The clients of every page. Raises Incomplete when a page is empty that is not the last."""
        shape = self._interface.shape
        records: list[Record] = []
        number = shape.first
        while True:
            page, pages = self._page(number, shape.largest)
            records += page
            self._report("clients", len(records))
            number += 1
            if number - shape.first >= pages:
                return landed(records, self._interface.fields)
            if not page:
                raise Incomplete(f"page {number - 1} of {pages} of the client list is empty")

    def fetch(self, place: str, check: Callable[[Reply], None] = lambda reply: None) -> bytes:
        """The answer at a place below the base address."""
        return self._client.call("GET", f"{self._base}/{place}", headers=_JSON, check=check).body

    def _page(self, number: int, size: int) -> tuple[list[Record], int]:
        shape = self._interface.shape
        query = urlencode({shape.page: number, shape.size: size})
        return self._decoded(self.fetch(f"{shape.path.strip('/')}?{query}", self._check))

    def _check(self, reply: Reply) -> None:
        try:
            self._decoded(reply.body)
        except (msgspec.DecodeError, KeyError) as error:
            raise NotAnAnswer(f"no page of clients ({type(error).__name__})") from None

    def _decoded(self, body: bytes) -> tuple[list[Record], int]:
        shape, document = self._interface.shape, members(body)
        rows = msgspec.json.decode(document[shape.rows], type=list[dict[str, msgspec.Raw]])
        return list(rows), msgspec.json.decode(document[shape.pages], type=int)


def events(request: ExtractRequest, read: Callable[[], pa.Table], mark: str) -> Iterator[Event]:
    """The events of one sync of a list that ``read`` reads whole. ``mark`` stands for how it is read: with another one
    the list is told anew, although nothing changed in it."""
    require_whole(request.external_id)
    table = read()
    cursor = _cursor(table, mark)
    if cursor == request.cursor:
        yield NextCursor(cursor, unchanged=True)
        return
    settled = _settled(table, read)
    yield Batch(CLIENTS.name, settled)
    yield NextCursor(_cursor(settled, mark))


def _settled(table: pa.Table, read: Callable[[], pa.Table]) -> pa.Table:
    for _ in range(READINGS - 1):
        again = read()
        if set(again.column("external_id").to_pylist()) == set(table.column("external_id").to_pylist()):
            return again
        table = again
    raise Busy("clients come and go while the list is read")


def _cursor(table: pa.Table, mark: str) -> Cursor:
    return {"clients": digest({CLIENTS.name: table}), "mark": mark}


_JSON = {"Accept": "application/json", "Content-Type": "application/json"}
