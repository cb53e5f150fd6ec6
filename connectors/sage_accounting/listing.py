"""A list of the vendor's, page by page.

Pages are asked for by number, for as many rows as ``$total`` says: the next address is not always told, and a page
beyond the end is the last one again. Rows may come or go meanwhile; what comes repeats others, what goes makes others
move to pages that were read already, so that those are read again. A page that the vendor fails to tell is asked for
in smaller ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from connectors.json_pages import PageDecoder, PageShape
from foundation.errors import VendorDown

SIZES = (200, 20, 1)
"""Rows of a page: the largest allowed, and those tried where it fails."""
_SHAPE = PageShape("$items")
_TOTAL = re.compile(rb'"\$total"\s*:\s*(\d+)')


@dataclass(frozen=True)
class Part:
    """Rows of one page. ``number`` is that of the page, ``total`` how many rows the vendor counts by now."""

    rows: pa.RecordBatch
    number: int
    total: int


class Listing:
    """One list: ``address(number, size)`` is that of a page, ``fetch`` calls it."""

    def __init__(self, fetch: Callable[[str], bytes], address: Callable[[int, int], str], schema: pa.Schema) -> None:
        self._fetch = fetch
        self._address = address
        self._decoder = PageDecoder(schema, _SHAPE)

    def parts(self, start: int = 1, total: int = 0) -> Iterator[Part]:
        """Every page from ``start`` on; while one is used, the next is fetched already.

        ``total`` is what was counted when the page before ``start`` was read. Raises VendorDown for what is no page.
        """
        number = start
        with ThreadPoolExecutor(1, thread_name_prefix="next-page") as ahead:
            bodies = self._bodies(number, SIZES[0])
            while True:
                counted = _total(bodies[0])
                gone = total - counted
                total = counted
                if gone > 0 and number > 1:
                    number = max(1, number - -(-gone // SIZES[0]))
                    bodies = self._bodies(number, SIZES[0])
                    continue
                more = number * SIZES[0] < counted
                coming = ahead.submit(self._bodies, number + 1, SIZES[0]) if more else None
                yield Part(self._decoded(bodies, number), number, counted)
                if coming is None:
                    return
                number, bodies = number + 1, coming.result()

    def table(self) -> pa.Table:
        """Every row of a small list at once."""
        return pa.Table.from_batches([part.rows for part in self.parts()], schema=self._decoder.schema)

    def _bodies(self, number: int, size: int) -> list[bytes]:
        """The page, or the smaller ones that hold its rows. Raises VendorDown where a single row cannot be had."""
        try:
            return [self._fetch(self._address(number, size))]
        except VendorDown:
            smaller = next((each for each in SIZES if each < size), None)
            if smaller is None:
                raise
        found: list[bytes] = []
        parts = size // smaller
        for part in range((number - 1) * parts + 1, number * parts + 1):
            found += self._bodies(part, smaller)
            if part * smaller >= _total(found[-1]):
                break
        return found

    def _decoded(self, bodies: list[bytes], number: int) -> pa.RecordBatch:
        """The rows of a page, which is fetched once more when they cannot be read."""
        try:
            return self._joined(bodies)
        except ValueError:
            bodies = self._bodies(number, SIZES[0])
        try:
            return self._joined(bodies)
        except ValueError as error:
            raise VendorDown(f"page {number} of the vendor's list is not readable as data") from error

    def _joined(self, bodies: list[bytes]) -> pa.RecordBatch:
        rows = [self._decoder.decode(body).rows for body in bodies]
        if len(rows) == 1:
            return rows[0]
        columns = pa.Table.from_batches(rows).combine_chunks().columns
        return pa.RecordBatch.from_arrays([column.combine_chunks() for column in columns], schema=self._decoder.schema)


def total_of(body: bytes) -> int | None:
    """How many rows a list has, as a page of it says; None for what is no such page."""
    found = _TOTAL.search(body)
    return int(found[1]) if found else None


def _total(body: bytes) -> int:
    return total_of(body) or 0
