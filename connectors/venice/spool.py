"""Entries on their way: kept in a file until it is known whether anything changed, with a digest of each year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import duckdb
import pyarrow as pa

from connectors.contract import FiscalYear

from . import resources as r

_MARKS = """
SELECT coalesce(y.label, '') AS year, count(*) AS entries, sum(hash(rows))::VARCHAR AS hashed,
    list(DISTINCT Account) FILTER (Account <> '') AS accounts,
    list(DISTINCT AccYearOrg) FILTER (AccYearOrg <> 0) AS origins
FROM rows LEFT JOIN years y ON BookDate BETWEEN y.start_date AND y.end_date
GROUP BY 1
"""


class Spool:
    """Takes entries in and gives them back. A year's mark does not depend on how its entries were cut into pages, nor
    on their order. ``accounts`` are those that entries name, ``origins`` the years that they were carried from."""

    def __init__(self, years: Sequence[FiscalYear], scratch: Path | None) -> None:
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="venice-", dir=scratch)))
        self._file = folder / "entries.arrow"
        self._writer = pa.ipc.new_file(str(self._file), r.ENTRIES)
        self._db = self._stack.enter_context(duckdb.connect())
        self._db.execute("CREATE TABLE years (label VARCHAR, start_date DATE, end_date DATE)")
        self._db.executemany(
            "INSERT INTO years VALUES (?, ?, ?)", [[y.label, y.start, y.end] for y in years] or [[None] * 3]
        )
        self._sums: dict[str, tuple[int, int]] = {}
        self.accounts: set[str] = set()
        self.origins: set[int] = set()
        self.rows = 0

    def add(self, rows: pa.RecordBatch) -> None:
        self._writer.write_batch(rows)
        self.rows += rows.num_rows
        self._db.register("rows", pa.Table.from_batches([rows]))
        for year, entries, hashed, accounts, origins in self._db.execute(_MARKS).fetchall():
            count, total = self._sums.get(year, (0, 0))
            self._sums[year] = count + entries, total + int(hashed)
            self.accounts |= set(accounts or ())
            self.origins |= set(origins or ())
        self._db.unregister("rows")

    @property
    def marks(self) -> dict[str, str]:
        """A digest of the entries of each year that has any; of those in no year under an empty name."""
        return {year: f"{count} {total:x}" for year, (count, total) in sorted(self._sums.items())}

    def batches(self) -> Iterator[pa.RecordBatch]:
        self._writer.close()
        with pa.memory_map(str(self._file)) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._stack.close()
