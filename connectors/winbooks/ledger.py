"""The ledger lines of one dossier, from all its files, sifted: garbage, doubles and other years are taken out.

The lines wait in a DuckDB file beside the copies, so that neither their number nor the files they come from decide
how much memory a sync takes. Every line that is left out is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.contract import Note
from connectors.winbooks.dbf import BATCH_ROWS, TYPES, Kind

COLUMNS: dict[str, Kind] = {
    "doctype": "text",
    "dbkcode": "text",
    "dbktype": "text",
    "docnumber": "text",
    "docorder": "text",
    "accountgl": "text",
    "accountrp": "text",
    "bookyear": "text",
    "period": "text",
    "date": "day",
    "datedoc": "day",
    "duedate": "day",
    "comment": "padded",
    "commentext": "text",
    "amounteur": "money",
    "curramount": "money",
    "currcode": "text",
    "vatcode": "text",
}
"""The columns of ``_act`` that are read; one that a file lacks is null."""

SCHEMA = pa.schema([*((name, TYPES[kind]) for name, kind in COLUMNS.items()), ("position", pa.int64())])
"""A line as it is landed: ``position`` is its place in reading order."""

_MEMORY = "128MB"

# What becomes of each line. An entry is (BOOKYEAR, PERIOD, DBKCODE, DBKTYPE, DOCNUMBER), DOCORDER its line. A line
# that is equal in every column of the record to another of the same file is a double. Of lines that both the archive
# and the live file hold, the archive's stand. Only what is left out is noted: it is little beside the lines that stand.
_SIFT = """
CREATE TABLE left_out AS
SELECT position,
    CASE WHEN docnumber = '99999999' THEN 'dummy_documents'
        WHEN bookyear IS NULL THEN 'no_book_year'
        WHEN NOT list_contains($known, bookyear) THEN 'unknown_book_year'
        WHEN NOT list_contains($wanted, bookyear) THEN 'not_asked_for'
        WHEN list_contains($simulations, dbkcode) THEN 'simulation_lines'
        WHEN source > min(source) OVER (PARTITION BY bookyear, period, dbkcode, dbktype, docnumber, docorder)
            THEN 'also_in_archive'
        WHEN row_number() OVER (PARTITION BY source, record, commentext ORDER BY position) > 1 THEN 'duplicate_rows'
        END AS why
FROM lines
QUALIFY why IS NOT NULL
"""

_MEANING = {
    "dummy_documents": "lines of the dummy document 99999999 were left out",
    "no_book_year": "lines without a book year were left out",
    "unknown_book_year": "lines of a book year that the dossier's parameters do not know were left out",
    "simulation_lines": "lines of simulation journals were left out",
    "duplicate_rows": "lines stood there twice, equal in every column; one of each was kept",
}


class Ledger:
    """Lines gathered with :meth:`add`, judged with :meth:`sift`, read with :meth:`batches`."""

    def __init__(self, folder: Path) -> None:
        self._db = duckdb.connect(
            folder / "lines.duckdb", config={"memory_limit": _MEMORY, "temp_directory": str(folder), "threads": 2}
        )
        self._db.register("empty", SCHEMA.empty_table())
        self._db.execute("CREATE TABLE lines AS SELECT *, 0 AS source, 0::UHUGEINT AS record FROM empty")
        self._rows = 0

    def add(self, batches: Iterable[pa.RecordBatch], source: int, only: str | None = None) -> None:
        """Adds the lines of one file, of the book year ``only`` or of all.

        ``source`` ranks the files: of two lines with one key the lower source's stands.
        """
        columns = ", ".join("upper(bookyear) AS bookyear" if name == "bookyear" else name for name in COLUMNS)
        before = self._rows
        for batch in batches:
            if not batch.num_rows:
                continue
            self._db.register("batch", batch)
            self._db.execute(
                f"INSERT INTO lines SELECT {columns}, row + $before, $source, md5_number(record::BLOB) FROM batch"
                " WHERE $only IS NULL OR upper(bookyear) = $only",
                {"before": before, "source": source, "only": only},
            )
            self._db.unregister("batch")
            self._rows = before + batch.column("row")[-1].as_py()

    def holds(self, code: str, *, opening: bool = False) -> bool:
        """Whether there are lines, or opening lines, of a book year."""
        asked = (
            f"SELECT count(*) FROM lines WHERE bookyear = ? {'AND try_cast(period AS INTEGER) = 0' if opening else ''}"
        )
        return self._one(asked, [code]) > 0

    def sift(self, known: Collection[str], wanted: Collection[str], simulations: Collection[str]) -> list[Note]:
        """Decides which lines stand: of book years ``wanted`` out of all ``known``, not of journals ``simulations``."""
        lists = {"known": list(known), "wanted": list(wanted), "simulations": list(simulations)}
        self._db.execute(_SIFT, lists)
        counts = self._db.execute("SELECT why, count(*) FROM left_out GROUP BY why ORDER BY why").fetchall()
        return [Note(why, f"{count} {_MEANING[why]}", count) for why, count in counts if why in _MEANING]

    def out_of_balance(self, code: str) -> Decimal:
        """Debit minus credit of a book year's standing lines; nothing but zero is right."""
        return self._db.execute(
            "SELECT coalesce(sum(amounteur), 0) FROM lines ANTI JOIN left_out USING (position) WHERE bookyear = ?",
            [code],
        ).fetchall()[0][0]

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The lines that stand, in batches of :data:`SCHEMA`."""
        columns = ", ".join(f"lines.{name}" for name in SCHEMA.names)
        kept = f"SELECT {columns} FROM lines ANTI JOIN left_out USING (position)"
        for batch in self._db.sql(kept).to_arrow_reader(rows):
            yield batch.cast(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def _one(self, sql: str, parameters: list[str]) -> int:
        return self._db.execute(sql, parameters).fetchall()[0][0]
