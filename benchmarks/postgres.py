"""``python -m benchmarks.postgres [--lines 200000] [--repeat 3]``: loads into Postgres, beside raw COPY of their rows.

A real server (settings as they come, fsync on) and, in one run: a first load of a dossier, again with a hundred lines
changed, and with every line changed; raw COPY of the rows that the first load stored into a bare table without
an index, as CSV and as COPY's binary format, made beforehand. Time is that of the load alone, from the bench to the
commit. The best of ``--repeat`` counts, for each alike; each load is made in a process of its own for its peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from connectors import books
from foundation.secrets import Secret
from tests.postgres import Server
from warehouse.bench import Trust, Workbench, refuse_failed
from warehouse.contract import DossierFacts, LoadRecord
from warehouse.postgres.store import PostgresWarehouse

_BOOKS = """
INSERT INTO books.dossier VALUES ('Bench', '1042', 'BE', 'EUR', NULL);
INSERT INTO books.fiscal_years SELECT y::VARCHAR, make_date(y, 1, 1), make_date(y, 12, 31), false
FROM range(2024, 2027) t(y);
INSERT INTO books.accounts (number, name, type, statement)
SELECT (600000 + i)::VARCHAR, 'Expense ' || i, 'expense', 'result' FROM range(250) t(i)
UNION ALL SELECT (440000 + i)::VARCHAR, 'Supplier ' || i, 'liability', 'balance' FROM range(50) t(i);
INSERT INTO books.journals VALUES ('ACH', 'Achats', 'purchase');
INSERT INTO books.counterparties SELECT 'S' || i, 'Supplier ' || i, 'supplier', NULL, 'BE', '440000'
FROM range(500) t(i);
INSERT INTO books.journal_lines
SELECT 'line-' || i, 'entry-' || (i // 2), (i % 2)::INTEGER, NULL, NULL, 'normal',
    DATE '2024-01-01' + ((i // 2) % 1000)::INTEGER, 'ACH', 'DOC' || (i // 2),
    CASE i % 2 WHEN 0 THEN (600000 + (i // 2) % 250)::VARCHAR ELSE (440000 + (i // 2) % 50)::VARCHAR END,
    CASE i % 2 WHEN 1 THEN 'S' || ((i // 2) % 500) END, 'Invoice of supplier, line ' || i,
    CASE i % 2 WHEN 0 THEN ((i // 2) % 9000 + 100) / 100 ELSE 0 END::DECIMAL(20,4),
    CASE i % 2 WHEN 1 THEN ((i // 2) % 9000 + 100) / 100 ELSE 0 END::DECIMAL(20,4),
    'EUR', NULL, '21', DATE '2024-02-01' + ((i // 2) % 1000)::INTEGER, TIMESTAMP '2026-11-01 10:00:00'
FROM range({lines}) t(i);
UPDATE books.journal_lines SET description = description || '{mark}' WHERE line_key IN (
    SELECT 'line-' || i FROM range({changed}) t(i)
);
"""


def load(address: str, lines: int, changed: int, mark: str) -> dict[str, float]:
    """Loads the dossier; ``changed`` of its lines carry ``mark``."""
    now = datetime.now(UTC)
    facts = DossierFacts("bench", "f", "link", "c", "x", "1", "Bench", "1", "BE", "EUR", None, "replace", None)
    store = PostgresWarehouse(Secret(address))
    store.create()
    with tempfile.TemporaryDirectory() as folder, Workbench(Path(folder)) as bench:
        books.create_empty(bench.db, *books.TABLES)
        bench.db.execute(_BOOKS.format(lines=lines, changed=changed, mark=mark))
        bench.prepare(country="BE")
        refuse_failed(bench.check(Trust()))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started = time.perf_counter()
        store.load(bench, facts, LoadRecord(f"{now:%H%M%S%f}", "s", None, "", "manual", now, now, lines, 0))
        seconds = time.perf_counter() - started
    store.close()
    return {
        "seconds": seconds,
        "before_mb": before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(address: str, lines: int, changed: int = 0, mark: str = "") -> dict[str, float]:
    """One load in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.postgres", "--load", address, str(lines), str(changed), mark]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the load failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def raw_copy(address: str, format: str) -> float:
    """Seconds of COPY into a bare table, of the rows that the dossier's lines are stored as."""
    with psycopg.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY ledger.stored_lines TO STDOUT (FORMAT {format})".encode()) as copy:
            rows = b"".join(copy)
        cursor.execute("DROP TABLE IF EXISTS bare; CREATE TABLE bare (LIKE ledger.stored_lines); CHECKPOINT")
        started = time.perf_counter()
        with cursor.copy(f"COPY bare FROM STDIN (FORMAT {format})".encode()) as copy:
            for start in range(0, len(rows), 1 << 18):
                copy.write(rows[start : start + (1 << 18)])
        return time.perf_counter() - started


def main() -> None:
    """Runs the loads and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=200_000)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--load", nargs=4, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.load:
        address, lines, changed, mark = given.load
        print(json.dumps(load(address, int(lines), int(changed), mark)))
        return
    server = Server(durable=True)
    runs: dict[str, list[dict[str, float]]] = {}
    for turn in range(given.repeat):
        address = server.database()
        for name, changed in (("first load", 0), ("100 lines changed", 100), ("every line changed", given.lines)):
            mark = f" ({turn})" if changed else ""
            runs.setdefault(name, []).append(measured(address, given.lines, changed, mark))
            if not changed:
                for format in ("csv", "binary"):
                    runs.setdefault(f"raw COPY, {format}", []).append({"seconds": raw_copy(address, format)})
    server.stop()
    best = {name: min(each["seconds"] for each in found) for name, found in runs.items()}
    print(f"{given.lines:,} lines into Postgres, from the bench to the commit:")
    for name, seconds in best.items():
        peak = max(each.get("peak_mb", 0) for each in runs[name])
        before = max(each.get("before_mb", 0) for each in runs[name])
        memory = f"  peak {peak:4.0f} MB ({before:.0f} MB before the load)" if peak else ""
        ratio = best["raw COPY, csv"] / seconds
        print(f"  {name:20} {seconds:6.2f} s   {ratio:5.2f} times the speed of raw COPY as CSV{memory}")
    print(f"  first load, beside raw COPY in binary: {best['raw COPY, binary'] / best['first load']:.2f}")
    print("  (goal: a load at least 0.5 times the speed of raw COPY)")


if __name__ == "__main__":
    main()
