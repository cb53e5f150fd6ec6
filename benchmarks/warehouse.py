"""``python -m benchmarks.warehouse [--dossiers 1000 10000] [--stores duckdb] [--runs 3]``: a large warehouse.

Each installation holds that many dossiers of 2,000 lines. A few are synced for real; the others are copies of their
rows under ids of their own, in every table, in an order that says nothing, as after many nights (their folders and
landed snapshots are hard links). Then an incremental night: three dossiers of a hundred changed, the others did not, in
the real range runs. Before it a few dossiers are synced one by one, to tell what each kind costs by itself; after it,
analysts' questions. The night runs in a process of its own, for its peak memory. Seconds are those of the machine; what
counts is how they grow. Processor time is that of this process alone, without a server's.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import dagster as dg
import duckdb
import psycopg
import pyarrow as pa

from assets.ledgers import ledger_asset
from assets.partitions import add_missing, chunks, range_tags
from assets.sync import SyncOptions, sync_dossier
from benchmarks.scale import dossier, fill
from connectors.catalog import package
from foundation.home import Home
from resources.house import House
from resources.packages import resource_class
from tests.postgres import Server
from warehouse.postgres.copying import copy_in
from warehouse.postgres.mirror import marked
from warehouse.postgres.schema import MARK, PER_YEAR, line, stored, tables
from warehouse.store import Warehouse

ROW = package("verocount")
LINES = 2000
REAL = 4  # dossiers that the others are copies of
ALONE = 8  # dossiers of each kind that are synced one by one
BLOCK = 250  # dossiers whose copies are made at once
CHANGED = 0.03
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_QUESTIONS = {
    "trial balance of one dossier": "SELECT count(*), sum(closing) FROM ledger.trial_balance_year WHERE dossier_id = ?",
    "trial balance of all": "SELECT count(*), sum(closing) FROM ledger.trial_balance_year",
    "lines of one dossier": "SELECT count(*), sum(amount) FROM ledger.general_ledger WHERE dossier_id = ?",
    "expense per month, all lines": "SELECT fiscal_year, period, sum(amount) FROM ledger.journal_lines "
    "WHERE account >= '6' GROUP BY fiscal_year, period",
}


def write(folder: Path, number: int, *, mark: str = "") -> None:
    """A dossier's books in the drop folder: three years; ``mark`` changes the text of a few of the last lines."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fiscal_years.csv").write_text(
        "label;start_date;end_date;closed\n"
        + "".join(f"{year};{year}-01-01;{year}-12-31;0\n" for year in (2023, 2024, 2025))
    )
    pick = random.Random(number)
    per_year = LINES // 2 // 3
    for year in (2023, 2024, 2025):
        rows = ["journal;document;line_no;date;period;account;account_name;description;debit;credit;counterparty"]
        for entry in range(per_year):
            month, party, cents = 1 + entry * 12 // per_year, pick.randrange(120), pick.randrange(1000, 900_000)
            text = f"Invoice {entry} of supplier {party}{mark if year == 2025 and entry > per_year - 10 else ''}"
            amount, day = f"{cents // 100},{cents % 100:02}", f"{year}-{month:02}-{1 + pick.randrange(28):02}"
            expense, start = 600000 + pick.randrange(150), f"ACH;{year}{entry};%d;{day};{month};"
            rows.append(start % 1 + f"{expense};Expense {expense};{text};{amount};0,00;")
            rows.append(start % 2 + f"440000;Suppliers;{text};0,00;{amount};S{party}")
        part = folder / ".part"
        part.write_text("\n".join(rows) + "\n")
        part.replace(folder / f"lines_{year}.csv")  # a new file: the old one may be other dossiers' too


def seed(home: Home, count: int) -> None:
    """An installation of ``count`` dossiers, all of them synced."""
    ids = [dossier(number) for number in range(count)]
    drop = home.root / "drop"
    with House.open(home) as house:
        house.warehouse.create()
        settings = ROW.complete_settings({"root": str(drop)})
        connection = house.registry.add_connection(ROW.slug, "Vandamme", settings=settings)
        fill(house, connection.id, ids)
        for number, each in enumerate(ids[:REAL]):
            write(drop / each, number)
            outcome = sync_dossier(each, house, SyncOptions(publish=number == REAL - 1))
            assert outcome.status == "synced", outcome.error
        copies = [(ids[number % REAL], ids[number]) for number in range(REAL, count)]
        for real, copy in copies:
            for base in (drop, home.landing / ROW.slug):
                shutil.copytree(base / real, base / copy, copy_function=os.link)
        random.Random(1).shuffle(copies)
        with house.warehouse.reader() as reader:
            rows = {
                name: reader.arrow(f"SELECT * FROM ledger.{name}").read_all()
                for name, columns in tables().items()
                if "dossier_id" in columns.names
            }
        with duckdb.connect(":memory:") as db:
            for start in range(0, len(copies), BLOCK):
                _copy(db, house, rows, copies[start : start + BLOCK])
        house.warehouse.publish()


def _copy(
    db: duckdb.DuckDBPyConnection, house: House, rows: dict[str, pa.Table], copies: Sequence[tuple[str, str]]
) -> None:
    """Puts the rows of real dossiers once more under each copy's id, in every table."""
    db.register("copies", pa.table(dict(zip(("real", "id"), zip(*copies, strict=True), strict=True))))
    selects = {}
    for name, found in rows.items():
        db.register(f"real_{name}", found)
        link = ", c.id || '--1' AS link_id" if "link_id" in found.schema.names else ""
        selects[name] = (
            f"SELECT r.* REPLACE (c.id AS dossier_id{link}) FROM copies c JOIN real_{name} r ON r.dossier_id = c.real "
            "ORDER BY c.id"
        )
    if isinstance(house.warehouse, Warehouse):
        db.execute(f"ATTACH '{house.warehouse.live}' AS wh")
        for name, select in selects.items():
            db.execute(f"INSERT INTO wh.ledger.{name} BY NAME {select}")
        db.execute("DETACH wh")
        return
    lines = selects.pop("journal_lines")
    names = ", ".join(line())
    selects["stored_lines"] = f"SELECT {names}, {marked(line())} AS {MARK} FROM ({lines})"
    per_year = ", ".join(f"max({name}) AS {name}" for name in PER_YEAR)
    selects["line_syncs"] = f"SELECT dossier_id, fiscal_year, {per_year} FROM ({lines}) GROUP BY ALL"
    assert home_database(house.home)
    with psycopg.connect(home_database(house.home), autocommit=True) as connection:
        for name, select in selects.items():
            columns = ", ".join(stored()[name].names)
            copy_in(connection, f"ledger.{name}", db.sql(f"SELECT {columns} FROM ({select})").to_arrow_reader(20_000))


def home_database(home: Home) -> str:
    return home.database.reveal() if home.database else ""


def night(home: Home, count: int, runs: int) -> dict[str, float]:
    """The measures of an installation of ``count`` dossiers, whose night is ``runs`` range runs of it (0: all)."""
    figures: dict[str, float] = {}
    ids = [dossier(number) for number in range(count)]
    ranges = list(chunks(ids, set(ids)))[: runs or None]
    covered = ids[: ids.index(ranges[-1][1]) + 1]
    alone = random.Random(2).sample(ids[REAL:], 2 * ALONE)
    changed = random.Random(3).sample(covered, int(len(covered) * CHANGED))
    with House.open(home) as house:
        figures["size of the live warehouse, MB"] = _size(house) / 1e6
        publishing = []
        for kind, these in (("unchanged", alone[:ALONE]), ("changed", alone[ALONE:])):
            seconds, processor = [], []
            for each in these:
                if kind == "changed":
                    write(home.root / "drop" / each, 1, mark=" again")
                used = time.process_time()
                seconds.append(_timed(lambda each=each: _synced(each, house)))
                processor.append(time.process_time() - used)
                publishing.append(_timed(house.warehouse.publish))
            figures[f"one {kind} dossier by itself, ms"] = median(seconds) * 1000
            figures[f"one {kind} dossier, processor, ms"] = median(processor) * 1000
        figures["publishing after one dossier, ms"] = median(publishing) * 1000
        for each in changed:
            write(home.root / "drop" / each, 2, mark=" once more")
        statuses: list[str] = []
        figures["dossiers of the night"] = len(covered)
        used = time.process_time()
        figures["the night, s"] = _timed(lambda: statuses.extend(_range_runs(house, ids, ranges)))
        assert statuses.count("synced") == len(changed), statuses
        assert statuses.count("unchanged") == len(covered) - len(changed)
        figures["the night per dossier, ms"] = figures["the night, s"] / len(covered) * 1000
        figures["the night per dossier, processor, ms"] = (time.process_time() - used) / len(covered) * 1000
        figures["size after the night, MB"] = _size(house) / 1e6
        for question, sql in _QUESTIONS.items():
            with house.warehouse.reader() as reader:
                parameters = [ids[count // 2]] if "?" in sql else None
                found = min(_timed(lambda: reader.execute(sql, parameters).fetchall()) for _ in range(3))  # noqa: B023
            figures[f"{question}, ms"] = found * 1000
    figures["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _size(house: House) -> int:
    store = house.warehouse
    return store.live.stat().st_size if isinstance(store, Warehouse) else store.size()


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _synced(each: str, house: House) -> None:
    outcome = sync_dossier(each, house, SyncOptions(publish=False))
    assert outcome.good, outcome.error


def _range_runs(house: House, ids: Sequence[str], ranges: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The night as its runs make it, one after another; yields what became of each dossier."""
    heard: list[str] = []
    asset = ledger_asset(ROW, hear=lambda outcome: heard.append(outcome.status))
    resources = {ROW.slug: resource_class(ROW)(software=ROW.slug, home=str(house.home.root))}
    with dg.DagsterInstance.local_temp(str(house.home.root)) as instance:
        add_missing(instance, ROW.slug, ids)
        for first, last in ranges:
            dg.materialize(
                [asset], instance=instance, resources=resources, tags=range_tags(first, last), run_config=_QUIET
            )
    yield from heard


def measured(store: str, count: int, runs: int) -> dict[str, float]:
    """One installation, seeded in one process and measured in another."""
    with tempfile.TemporaryDirectory(prefix="grandlivre-warehouse-") as folder:
        server = Server(durable=True) if store == "postgres" else None
        address = server.database() if server else ""
        environment = os.environ | {"GRANDLIVRE_DATABASE_URL": address}
        try:
            for step in ("seed", "night"):
                command = [sys.executable, "-m", "benchmarks.warehouse", "--step", step, folder, str(count), str(runs)]
                done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
                if done.returncode:
                    raise SystemExit(f"{step} failed:\n{done.stderr[-3000:]}")
                if server and step == "seed":  # as the server does by itself some time after
                    with psycopg.connect(address, autocommit=True) as connection:
                        connection.execute("VACUUM ANALYZE")
                        connection.execute("CHECKPOINT")
            return json.loads(done.stdout.splitlines()[-1])
        finally:
            if server:
                server.stop()


def main() -> None:
    """Prints a table per store: what was done, and what it took at each number of dossiers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dossiers", type=int, nargs="+", default=[1000, 3000, 10_000])
    arguments.add_argument("--stores", nargs="+", choices=("duckdb", "postgres"), default=["duckdb", "postgres"])
    arguments.add_argument("--runs", type=int, default=0, help="range runs of the night that are made (0: all)")
    arguments.add_argument("--step", nargs=4, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.step:
        step, folder, count, runs = given.step
        home = Home.from_environment(folder)
        print(json.dumps(night(home, int(count), int(runs)) if step == "night" else seed(home, int(count))))
        return
    for store in given.stores:
        found = {count: measured(store, count, given.runs) for count in given.dossiers}
        print(f"\n{store:42}" + "".join(f"{count:>12,}" for count in found) + "   growth")
        for name in next(iter(found.values())):
            values = [figures[name] for figures in found.values()]
            print(f"{name:42}" + "".join(f"{value:12,.1f}" for value in values) + f"{values[-1] / values[0]:9.1f}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
