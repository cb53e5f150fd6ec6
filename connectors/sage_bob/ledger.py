"""The ledger lines of one dossier, sifted: other years, temporary lines where they are not wanted.

The lines wait in a DuckDB instance that spills beside the copies, so that their number does not decide how much memory
a sync takes. Every line that is left out is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.columns import BATCH_ROWS
from connectors.contract import Note
from connectors.sage_bob import tables

_MEMORY = "192MB"
_DOCUMENT = "hfyear, hdbk, hdocno"

# Inferred safeguard: ac_ahisto holds the lines on control accounts too. Where a document does not balance without those
# that ac_chisto would add, and does with them, they are taken.
_CONTROLS = f"""
INSERT INTO lines BY NAME
WITH off AS (
    SELECT {_DOCUMENT}, sum(hamount) AS amount FROM lines GROUP BY ALL HAVING sum(hamount) <> 0
), mended AS (
    SELECT {_DOCUMENT} FROM controls JOIN off USING ({_DOCUMENT}) GROUP BY {_DOCUMENT}
    HAVING sum(controls.hamount) + any_value(off.amount) = 0 AND bool_and(hcollectacc IS NOT NULL)
)
SELECT hcollectacc AS hid, hdbk, hfyear, hyear, hmonth, hdocno, horderno, hdbtype, hid AS hcussup, htype AS hcstype,
    hdocdate, hduedate, hremint AS hrem, hamount, hcurrency, hcuramn, htemp, modifiedon, row, true AS control
FROM controls SEMI JOIN mended USING ({_DOCUMENT})
"""

_FATE = """
CASE WHEN hfyear IS NULL THEN 'no_fiscal_year'
    WHEN NOT list_contains(getvariable('known'), hfyear) THEN 'unknown_fiscal_year'
    WHEN NOT list_contains(getvariable('wanted'), hfyear) THEN 'not_asked_for'
    WHEN htemp AND NOT getvariable('temporary') THEN 'temporary_left_out'
    WHEN hmonth NOT BETWEEN 0 AND 12 THEN 'odd_months'
    ELSE 'kept' END
"""
_STANDING = ("kept", "odd_months")

_MEANING = {
    "no_fiscal_year": "lines without a fiscal year were left out",
    "unknown_fiscal_year": "lines of a fiscal year that ac_period does not know were left out",
    "temporary_left_out": "temporary lines, not centralised yet, were left out as the connection asks",
    "odd_months": "lines name a month that is none; they stand in the last (or first) month of their year",
}


class Ledger:
    """Lines gathered with :meth:`add`, judged with :meth:`sift`, read with :meth:`batches`."""

    def __init__(self, folder: Path) -> None:
        self._db = duckdb.connect(
            config={"memory_limit": _MEMORY, "temp_directory": str(folder / "spill"), "threads": 2}
        )
        self._db.register("empty", tables.LINES.empty_table())
        self._db.execute("CREATE TABLE lines AS FROM empty")

    def add(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Adds the lines of ac_ahisto."""
        self._insert("lines", batches, "* REPLACE (coalesce(hamount, 0) AS hamount), false AS control")

    def unbalanced(self) -> int:
        """How many documents do not balance."""
        return self._one(f"SELECT count(*) FROM (SELECT 1 FROM lines GROUP BY {_DOCUMENT} HAVING sum(hamount) <> 0)")

    def total(self) -> Decimal:
        """Debit minus credit of all lines; nothing but zero is right."""
        return self._db.execute("SELECT coalesce(sum(hamount), 0) FROM lines").fetchall()[0][0]

    def add_controls(self, batches: Iterable[pa.RecordBatch]) -> list[Note]:
        """Adds the lines of ac_chisto that documents lack to balance; tells how many."""
        self._db.register("no_controls", tables.CHISTO_SCHEMA.empty_table())
        self._db.execute("CREATE TABLE controls AS FROM no_controls")
        self._insert("controls", batches, "* REPLACE (coalesce(hamount, 0) AS hamount)")
        self._db.execute(_CONTROLS)
        self._db.execute("DROP TABLE controls")
        added = self._one("SELECT count(*) FROM lines WHERE control")
        text = f"{added} lines on control accounts stand in ac_chisto only, and were taken from there"
        return [Note("control_lines_added", text, added)] if added else []

    def opens(self, year: str) -> bool:
        """Whether a fiscal year has opening lines."""
        return self._one("SELECT count(*) FROM lines WHERE hfyear = ? AND hmonth = 0", [year]) > 0

    def sift(self, known: Collection[str], wanted: Collection[str], *, temporary: bool) -> list[Note]:
        """Decides which lines stand: of fiscal years ``wanted`` out of all ``known``, temporary ones or not."""
        for name, value in (("known", list(known)), ("wanted", list(wanted)), ("temporary", temporary)):
            self._db.execute(f"SET VARIABLE {name} = ?", [value])
        asked = f"SELECT {_FATE} AS fate, count(*) FROM lines GROUP BY fate ORDER BY fate"
        counts = self._db.execute(asked).fetchall()
        return [Note(fate, f"{count} {_MEANING[fate]}", count) for fate, count in counts if fate in _MEANING]

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The lines that stand, in batches of :data:`tables.LINES`."""
        columns = ", ".join(tables.LINES.names)
        kept = self._db.sql(f"SELECT {columns} FROM lines WHERE {_FATE} IN {_STANDING}")
        for batch in kept.to_arrow_reader(rows):
            yield batch.cast(tables.LINES)

    def close(self) -> None:
        self._db.close()

    def _insert(self, table: str, batches: Iterable[pa.RecordBatch], columns: str) -> None:
        for batch in batches:
            self._db.register("batch", batch)
            self._db.execute(f"INSERT INTO {table} BY NAME SELECT {columns} FROM batch")
            self._db.unregister("batch")

    def _one(self, sql: str, parameters: list[str] | None = None) -> int:
        return self._db.execute(sql, parameters or []).fetchall()[0][0]
