"""All ledger lines of an office and their due dates, a range of periods at a time; and the package's own totals.

A browse has no pages and its size is only known once it is asked: so a read begins with few periods, and asks for as
many of the following ones as their rows so far allow, never across a year's end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from . import resources as r
from .inferred import CLOSING, FIRST_PERIODS, OPENING, ROWS_AT_ONCE
from .wire import Browsed, TwinfieldWire, rows

YEAR_PERIOD = "fin.trs.head.yearperiod"
STANDING = {"fin.trs.head.status": ("normal",)}
"""Provisional and final transactions; drafts are none yet."""


@dataclass
class Ranges:
    """Cuts years into ranges of periods. ``years`` are the listed periods of each wanted year."""

    years: Mapping[int, Sequence[int]]

    def __post_init__(self) -> None:
        self._slots = [
            (year, period)
            for year, listed in sorted(self.years.items())
            for period in sorted({OPENING, *listed, CLOSING})
        ]
        self._at = 0
        self._per_slot = ROWS_AT_ONCE / FIRST_PERIODS

    def next(self) -> tuple[str, str] | None:
        """First and last period of the next range; None at the end."""
        if self._at >= len(self._slots):
            return None
        year, first = self._slots[self._at]
        wanted = max(1, int(ROWS_AT_ONCE / max(self._per_slot, 0.001)))
        taken = [slot for slot in self._slots[self._at : self._at + wanted] if slot[0] == year]
        self._at += len(taken)
        self._taken = len(taken)
        following = self._slots[self._at] if self._at < len(self._slots) else None
        # Periods that no list tells (13) belong to the range before the next that is listed.
        last = following[1] - 1 if following and following[0] == year else max(CLOSING, taken[-1][1])
        return f"{year}/{first:02}", f"{year}/{last:02}"

    def learn(self, rows: int) -> None:
        """How many rows the last range had; the busier of what was seen and what is seen now counts."""
        now = rows / self._taken
        self._per_slot = now if self._at <= FIRST_PERIODS else max(now, (self._per_slot + now) / 2)


def all_lines(wire: TwinfieldWire, years: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Rows of :data:`resources.LINES` with the count that the vendor stated for their range (0 for all but the first
    batch of one)."""
    for stated, _, batch in _in_ranges(wire, "030_3", r.LINES, years, caught_up=False):
        yield stated, batch


def due_dates(wire: TwinfieldWire, years: Mapping[int, Sequence[int]]) -> Iterator[pa.RecordBatch]:
    """Rows of :data:`resources.DUES`: the lines of customers and of suppliers in ``years``."""
    for code in ("100", "200"):
        for _, year, batch in _in_ranges(wire, code, r.DUES, years):
            column = pa.repeat(pa.scalar(year, pa.int64()), batch.num_rows)
            yield batch.set_column(batch.schema.get_field_index("year"), r.DUES.field("year"), column)


def _in_ranges(
    wire: TwinfieldWire, code: str, schema: pa.Schema, years: Mapping[int, Sequence[int]], **own: Any
) -> Iterator[tuple[int, int, pa.RecordBatch]]:
    """Stated count, year and rows. While one range is decoded, the next is fetched."""
    ranges = Ranges(years)

    def fetch(between: tuple[str, str]) -> Browsed:
        return wire.browse(code, schema, {YEAR_PERIOD: between, **STANDING})

    with ThreadPoolExecutor(1, thread_name_prefix="next-range") as ahead:
        between = ranges.next()
        browsed = fetch(between) if between else None
        while browsed and between:
            year = int(between[0].partition("/")[0])
            ranges.learn(browsed.total)
            between = ranges.next()
            coming = ahead.submit(fetch, between) if between else None
            stated = browsed.total
            for batch in rows(browsed, schema, **own):
                yield stated, year, batch
                stated = 0
            browsed = coming.result() if coming else None


def totals(wire: TwinfieldWire, years: Sequence[int]) -> pa.Table:
    """The package's own totals per account, period and side, of every year."""
    found = []
    for year in years:
        between = (f"{year}/{OPENING:02}", f"{year}/{CLOSING:02}")
        browsed = wire.browse("040_1", r.TOTALS, {YEAR_PERIOD: between, **STANDING})
        found += rows(browsed, r.TOTALS)
    return pa.Table.from_batches(found, schema=r.TOTALS)
