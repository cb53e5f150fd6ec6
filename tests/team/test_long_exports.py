"""A long ledger is exported from Postgres without being held."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from portal import export
from warehouse.contract import Parameters
from warehouse.postgres.reader import PostgresReader

LINES = 30_000
BOOKS = f"""
INSERT INTO ledger.dossiers (dossier_id, name, currency, last_synced_at) VALUES ('d', 'Atelier', 'EUR', '2026-01-01');
INSERT INTO ledger.fiscal_years (dossier_id, label, start_date, end_date)
VALUES ('d', '2025', '2025-01-01', '2025-12-31');
INSERT INTO ledger.stored_lines (dossier_id, line_key, entry_key, line_no, fiscal_year, period, period_kind, date,
    journal, account, debit, credit, amount)
SELECT 'd', 'l' || i, 'e' || i / 2, i % 2, '2025', 1, 'normal', '2025-01-05', 'A', '600000', (i % 2) * 10,
    (1 - i % 2) * 10, (i % 2) * 20 - 10
FROM generate_series(0, {LINES - 1}) i;
"""


class Watched(PostgresReader):
    """Counts how many rows were had at once."""

    most = 0

    def execute(self, query: str, parameters: Parameters = None, /) -> psycopg.Cursor:
        rows = self._connection.execute(self._bound(query, parameters))
        self.most = max(self.most, rows.rowcount)
        return rows

    def arrow(self, query: str, parameters: Parameters = None) -> pa.RecordBatchReader:
        found = super().arrow(query, parameters)

        def batches():
            for batch in found:
                self.most = max(self.most, batch.num_rows)
                yield batch

        return pa.RecordBatchReader.from_batches(found.schema, batches())


@pytest.mark.parametrize("kind", ["fec", "csv", "parquet", "xaf", "xlsx"])
def test_of_a_long_ledger_no_more_than_a_batch_is_held(address: str, tmp_path: Path, kind: str) -> None:
    with psycopg.connect(address) as connection:
        connection.execute(BOOKS.encode())
        reader = Watched(connection)
        with reader:
            assert export.write(reader, "d", kind, "2025", tmp_path / "books") == LINES
    assert 0 < reader.most < LINES
