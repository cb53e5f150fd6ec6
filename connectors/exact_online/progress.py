"""What is kept in mind of the lines while they stream by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import Batch
from connectors.json_pages import pc
from foundation.errors import Incomplete

from . import resources as r
from .inferred import OPENING_TYPES
from .wire import VENDOR


@dataclass
class Progress:
    """Counts lines, and watches for opening lines of the first year that is wanted.

    The feed repeats lines that came in bulk, so it is ids that are counted (40 bytes each are kept); of the feed's,
    those of the years from ``counted_from`` on.
    """

    report: Callable[[str, int], None]
    first: int | None
    read: int = 0
    opening_seen: bool = False
    counted_from: int | None = None
    ids: list[pa.Array] = field(default_factory=list)

    def bulk(self, rows: pa.RecordBatch, version: int) -> Batch:
        """Rows read in bulk, which do not tell their row version: they get ``version``, older than what follows."""
        self._watch(rows)
        stamps = pa.repeat(pa.scalar(version, pa.int64()), rows.num_rows)
        return self.batch(pa.RecordBatch.from_arrays([*rows.columns, stamps], schema=r.CHANGED_LINES))

    def batch(self, rows: pa.RecordBatch) -> Batch:
        self._count(rows)
        return Batch("lines", rows)

    def replay(self, kept: Iterable[pa.RecordBatch]) -> None:
        """Counts and watches rows that an earlier read kept; they need the columns ID, FinancialYear and Type."""
        for rows in kept:
            self._watch(rows)
            self._count(rows)

    def _watch(self, rows: pa.RecordBatch) -> None:
        if self.first is not None and not self.opening_seen:
            opening = pc.is_in(rows.column("Type"), pa.array(OPENING_TYPES, pa.int64()))
            in_first = pc.equal(rows.column("FinancialYear"), self.first)
            self.opening_seen = bool(pc.any(pc.and_(opening, in_first)).as_py())

    def _count(self, rows: pa.RecordBatch) -> None:
        counted = rows
        if self.counted_from is not None:
            counted = rows.filter(pc.greater_equal(rows.column("FinancialYear"), self.counted_from))
        self.ids.append(counted.column("ID"))
        self.read += rows.num_rows
        self.report("lines", self.read)

    def require(self, stated: int) -> None:
        """Raises Incomplete when fewer lines came than the vendor counts."""
        received = pc.count_distinct(pa.chunked_array(self.ids, pa.string())).as_py()
        if received < stated:
            raise Incomplete(f"{VENDOR} counts {stated} lines and sent {received}")
