"""``python -m benchmarks.mapping [--dossiers 10000] [--accounts 400]``: how fast accounts find their common code.

Each dossier is a ledger of its own country and size, with an entry on every account and a rule of a person, mapped as a
sync maps it: a fresh workbench, calendar, lines, the fit test, the six rules, balances. The baseline beside it does
the same without any account, so that what a workbench costs by itself is told apart.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from connectors import books
from warehouse import chart
from warehouse.bench import MappingRule, Workbench

_COUNTRIES = ("BE", "FR", "LU", "NL")


def tell(db: duckdb.DuckDBPyConnection, country: str, accounts: int) -> None:
    """Schema ``books`` of a dossier with so many accounts: numbers below its country's prefixes, RGS codes in the
    Netherlands, and a balanced entry per account."""
    books.create_empty(
        db, *(name for name in books.TABLES if name not in ("accounts", "journal_lines", "fiscal_years"))
    )
    prefixes = [
        row["prefix"]
        for row in chart.tables()["prefixes"].to_pylist()
        if row["chart"] == ("RGS" if country == "NL" else country)
    ]
    db.execute("CREATE TABLE books.fiscal_years AS SELECT '2026' AS label, DATE '2026-01-01' AS start_date, "
               "DATE '2026-12-31' AS end_date, false AS closed")  # fmt: skip
    db.execute(
        "CREATE TABLE books.accounts AS SELECT CASE WHEN $national THEN rpad(p, 4, '0') || lpad(n::VARCHAR, 4, '0') "
        "ELSE lpad(n::VARCHAR, 4, '0') END AS number, 'Account ' || n AS name, NULL::VARCHAR AS type, "
        "NULL::VARCHAR AS statement, NULL::VARCHAR AS package_type, "
        "CASE WHEN NOT $national THEN p END AS explicit_code, "
        "'EUR' AS currency, true AS active, false AS heading "
        "FROM (SELECT n, $prefixes[1 + n % len($prefixes)] AS p FROM range($accounts) r(n))",
        {"national": country != "NL", "prefixes": prefixes, "accounts": accounts},
    )
    columns = ", ".join(f"{name} {kind}" for name, kind in books.TABLES["journal_lines"])
    db.execute(f"CREATE TABLE books.journal_lines ({columns})")
    db.execute(
        "INSERT INTO books.journal_lines BY NAME SELECT number || side AS line_key, number AS entry_key, "
        "'2026' AS fiscal_year, 1 AS period, 'normal' AS period_kind, DATE '2026-01-15' AS date, number AS account, "
        "CASE side WHEN 'D' THEN 10 ELSE 0 END AS debit, CASE side WHEN 'C' THEN 10 ELSE 0 END AS credit "
        "FROM books.accounts, (VALUES ('D'), ('C')) s(side)"
    )


def seconds_for(dossiers: int, accounts: int, scratch: Path) -> float:
    """Wall time of mapping so many dossiers, telling them not included."""
    spent = 0.0
    for number in range(dossiers):
        country = _COUNTRIES[number % len(_COUNTRIES)]
        with Workbench(scratch) as bench:
            tell(bench.db, country, accounts)
            started = time.perf_counter()
            bench.prepare(country=country, rules=[MappingRule("firm", "prefix", "61", "X21")])
            spent += time.perf_counter() - started
            if accounts:
                (mapped,) = bench.db.execute(
                    "SELECT count(*) FROM work.accounts WHERE common_code IS NOT NULL"
                ).fetchall()
                assert mapped[0] == accounts
    return spent


def main() -> None:
    """Runs both and prints the pace."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dossiers", type=int, default=10_000)
    arguments.add_argument("--accounts", type=int, default=400)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        empty = seconds_for(given.dossiers // 10, 0, Path(scratch)) * 10
        mapped = seconds_for(given.dossiers, given.accounts, Path(scratch))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.dossiers:,} dossiers of {given.accounts} accounts: {mapped / 60:.1f} minutes, "
          f"{given.dossiers * given.accounts / mapped:,.0f} accounts/s, {mapped / empty:.2f} times the same without "
          f"accounts, peak {peak:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
