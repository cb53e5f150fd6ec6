"""Reading ledger lines: months in a row with one call, as many as keep the answers small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from connectors.contract import Batch

from . import resources as r
from .inferred import COMMERCIAL, LARGE_ANSWER, SMALL_ANSWER, WIDE
from .wire import YukiWire, read_rows
from .years import last_day

_SERVICE, _OPERATION = "AccountingInfo", "GetTransactionDetails"


@dataclass(frozen=True)
class Span:
    """Calendar months in a row, by their first days, and what the vendor told of them."""

    months: tuple[date, ...]
    body: bytes

    def rows(self) -> Iterator[pa.RecordBatch]:
        return read_rows(self.body, "TransactionInfo", r.TOLD_LINES)


@dataclass
class LineReader:
    """Reads months of one administration; the next answer is fetched while one is read. Days before ``first`` and after
    ``last`` are left out. ``report`` hears the lines so far, which are in ``count``."""

    wire: YukiWire
    administration: str
    first: date
    last: date
    report: Callable[[str, int], None]
    count: int = 0

    def events(self, months: Sequence[date], read: int) -> Iterator[Batch]:
        """The lines of ``months`` as reading number ``read``; after those of a span, word that its months were read."""
        for span in self.spans(months):
            for rows in span.rows():
                self.count += rows.num_rows
                self.report("lines", self.count)
                yield Batch("lines", r.with_columns(rows, r.LINES, Read=read))
            yield Batch("readings", r.readings("lines", [f"{month:%Y-%m}" for month in span.months], read))

    def spans(self, months: Sequence[date]) -> Iterator[Span]:
        """The lines of ``months`` (first days, in order), a span at a time."""
        left, width = list(months), 1
        if not left:
            return
        with ThreadPoolExecutor(1, thread_name_prefix="next-months") as ahead:
            span = self._fetch(_take(left, width))
            while True:
                width = next_width(width, len(span.body))
                coming = ahead.submit(self._fetch, _take(left, width)) if left else None
                yield span
                if coming is None:
                    return
                span = coming.result()

    def _fetch(self, months: Sequence[date]) -> Span:
        parameters = {
            "administrationID": self.administration,
            "GLAccountCode": "",
            "StartDate": max(months[0], self.first).isoformat(),
            "EndDate": min(last_day(months[-1]), self.last).isoformat(),
            "financialMode": COMMERCIAL,
        }
        return Span(tuple(months), self.wire.call(_SERVICE, _OPERATION, parameters))


def next_width(width: int, size: int) -> int:
    """How many months the next call asks for, after one for ``width`` months brought ``size`` bytes."""
    if size > LARGE_ANSWER:
        return max(1, width // 2)
    return min(WIDE, width * 2) if size < SMALL_ANSWER else width


def _take(left: list[date], width: int) -> list[date]:
    """Takes up to ``width`` months that follow one another off the front of ``left``."""
    taken = [left.pop(0)]
    while left and len(taken) < width and (left[0] - last_day(taken[-1])).days == 1:
        taken.append(left.pop(0))
    return taken
