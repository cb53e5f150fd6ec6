"""A night of many small dossiers: ``python -m benchmarks.night [--dossiers 2000] [--stores duckdb postgres]``.

All of them are divisions of one Exact Online (:mod:`benchmarks.night_server`, a process of its own, 50 ms on each call,
the vendor's limits). The nightly schedule decides the runs; they are created in a real Dagster instance and executed
one after another in this process. Per store (all in DuckDB and SQLite, or all in one Postgres):

* the first night reads everything; then 3 % of the dossiers change, and an ordinary night follows;
* that night is run once more: everything is fresh, so that what remains is what Dagster costs;
* a sample of the same dossiers gets a run each, in a process each, as the daemon starts them; fresh again.

Wall time is told as a ratio to what latency and limits allow: calls x latency / dossiers at once, or, where that is
more, the minutes that the dossier with the most calls has to wait for.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from assets.jobs import ledger_job_name, ledger_jobs
from assets.ledgers import ledger_key
from assets.partitions import PARTITION_TAG, add_missing, dossiers_of
from benchmarks.scale import on_postgres, on_sqlite
from connectors.catalog import package
from foundation.secrets import Secret
from pipelines.definitions import defs
from pipelines.schedules import night_tags, nightly_schedule
from portal.instance import PROJECT
from registry.links import Link
from resources.house import House
from resources.packages import resource_class
from resources.warehouse import WarehouseResource

ROW = package("exact_online_be")
LATENCY = 0.05
CHANGED = 0.03
SAMPLE = 3
PER_MINUTE = next(limit.calls for limit in ROW.limits if limit.window == "minute")
AT_ONCE = resource_class(ROW)(software=ROW.slug).dossiers_at_once
JOB = defs.resolve_job_def(ledger_job_name(ROW.slug))
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_STORES = {"duckdb": on_sqlite, "postgres": on_postgres}

Ask = Callable[[str], dict[str, float]]


@dataclass(frozen=True)
class Told:
    """What a night came to. Seconds: ``wall``, ``create`` (the part of it that made the runs), ``processor``."""

    wall: float
    create: float
    processor: float
    calls: int
    most_calls: int
    over_limit: int
    statuses: Counter[str]

    @property
    def bound(self) -> tuple[float, str]:
        """Seconds that the night takes at least, and what they are set by."""
        by_latency = self.calls * LATENCY / AT_ONCE
        by_limit = 60.0 * ((self.most_calls - 1) // PER_MINUTE) if self.most_calls else 0.0
        return (by_latency, "latency") if by_latency >= by_limit else (by_limit, "the limit of a minute")


@contextmanager
def vendor(dossiers: int) -> Iterator[tuple[dict[str, Any], Ask]]:
    """The server process: what it told at its start, and how to give it orders."""
    command = [sys.executable, "-m", "benchmarks.night_server", str(dossiers), "--latency", str(LATENCY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        stdin, stdout = server.stdin, server.stdout

        def ask(order: str) -> dict[str, float]:
            stdin.write(order + "\n")
            stdin.flush()
            return json.loads(stdout.readline())

        try:
            yield json.loads(stdout.readline()), ask
        finally:
            stdin.close()


def link_all(house: House, told: dict[str, Any]) -> list[Link]:
    """A connection, and a link for each division."""
    secrets = {name: Secret(value) for name, value in told["secrets"].items()}
    connection = house.registry.add_connection(ROW.slug, "Vandamme", "Vandamme", told["settings"], secrets)
    return [
        house.registry.add_link(
            connection.id, each, code=each, name=each, dossier_id=f"d{each}", wanted_first_sync=False
        )
        for each in told["divisions"]
    ]


def night(house: House, instance: dg.DagsterInstance, begun: datetime, ask: Ask) -> Told:
    """The runs that the nightly schedule asks for at ``begun``, one after another."""
    before, started, processor = ask("count"), time.perf_counter(), time.process_time()
    schedule = nightly_schedule(ROW, 0, ledger_jobs()[ROW.slug])
    with dg.build_schedule_context(instance, begun, resources={"warehouse": WarehouseResource()}) as context:
        requests = schedule.evaluate_tick(context).run_requests or []
    create = 0.0
    for request in requests:
        at = time.perf_counter()
        run = instance.create_run_for_job(JOB, tags=dict(request.tags), run_config=_QUIET)
        create += time.perf_counter() - at
        execute(instance, run)
    wall, after = time.perf_counter() - started, ask("count")
    runs = [run for run in house.registry.runs(limit=None) if run.started_at >= begun]
    return Told(
        wall=wall,
        create=create,
        processor=time.process_time() - processor,
        calls=int(after["calls"] - before["calls"]),
        most_calls=max((run.vendor_calls or 0 for run in runs), default=0),
        over_limit=int(after["over_limit"] - before["over_limit"]),
        statuses=Counter(run.status for run in runs),
    )


def execute(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """The run in this process; a dossier that failed fails it, and is counted elsewhere."""
    with contextlib.suppress(dg.Failure):
        list(execute_run_iterator(InMemoryJob(JOB), run, instance))


def one_by_one(instance: dg.DagsterInstance, links: list[Link], begun: datetime) -> tuple[float, float]:
    """Seconds, and seconds of processor, of a run of one dossier in a process that loads the code location as the
    daemon's do. The dossiers are fresh, so that none is read."""
    started, processor = time.perf_counter(), processor_of_all()
    for link in links:
        tags = {**night_tags(ROW.slug, begun), PARTITION_TAG: link.dossier_id}
        run = instance.create_run_for_job(JOB, tags=tags, run_config=_QUIET)
        subprocess.run([sys.executable, "-m", "benchmarks.night", "--run", run.run_id], check=True)
    return (time.perf_counter() - started) / len(links), (processor_of_all() - processor) / len(links)


def measure(store: str, dossiers: int) -> None:
    """Both nights of one installation, printed."""
    with tempfile.TemporaryDirectory(prefix="grandlivre-night-") as folder, ExitStack() as stack:
        base = Path(folder)
        os.chmod(base, 0o755)
        disk = stack.enter_context(_STORES[store](base))
        (base / "dagster").mkdir()
        config = yaml.safe_load((PROJECT / "dagster.yaml").read_text()) | disk.settings
        (base / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(config))
        os.environ["GRANDLIVRE_HOME"] = str(base / "home")
        os.environ["DAGSTER_HOME"] = str(base / "dagster")
        house = stack.enter_context(House.open())
        house.warehouse.create()
        instance = stack.enter_context(dg.DagsterInstance.get())
        told, ask = stack.enter_context(vendor(dossiers))
        links = link_all(house, told)
        add_missing(instance, ROW.slug, [link.dossier_id for link in links])
        print(f"\n{store}, {dossiers:,} dossiers, {AT_ONCE} at once, {LATENCY * 1000:.0f} ms a call:", flush=True)
        show("first night", night(house, instance, house.now(), ask), dossiers)
        changed = int(ask(f"change {max(1, round(dossiers * CHANGED))}")["changed"])
        begun = house.now()
        show(f"ordinary night, {changed} changed", night(house, instance, begun, ask), dossiers)
        again = night(house, instance, begun, ask)
        assert not again.calls, "a dossier that is fresh was read again"
        ids = [link.dossier_id for link in links]
        statuses = instance.get_status_by_partition(ledger_key(ROW.slug), ids, dossiers_of(ROW.slug))
        green = sum(status is not None and status.value == "MATERIALIZED" for status in (statuses or {}).values())
        alone, alone_processor = one_by_one(instance, links[:: max(1, dossiers // SAMPLE)][:SAMPLE], begun)
        each, each_processor = again.wall / dossiers, again.processor / dossiers
        print(
            f"  orchestration: {each * 1000:.1f} ms a dossier (goal: at most 30), {each_processor * 1000:.1f} ms of "
            f"processor; {again.create / again.wall:.0%} of it to create the runs\n"
            f"  a run each:    {alone * 1000:.0f} ms a dossier, {alone_processor * 1000:.0f} ms of processor: "
            f"{alone / each:.0f} times as much (goal: at least 50), {alone_processor / each_processor:.0f} times in "
            f"processor"
        )
        print(f"  {green} of {dossiers} partitions are materialized; peak memory {peak():.0f} MB", flush=True)


def show(name: str, told: Told, dossiers: int) -> None:
    bound, by = told.bound
    print(
        f"  {name}: {told.wall:.0f} s = {told.wall / bound:.2f} times the bound of {bound:.0f} s set by {by} "
        f"(goal: at most 1.3)\n"
        f"    {told.calls / dossiers:.1f} calls a dossier, {told.over_limit} over a limit; "
        f"{told.processor / dossiers * 1000:.0f} ms of processor a dossier; {dict(told.statuses)}",
        flush=True,
    )


def processor_of_all() -> float:
    """Seconds of processor of this process and of those that it waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def peak() -> float:
    """Megabytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measures each store in a process of its own, because of its peak memory."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dossiers", type=int, default=2000)
    arguments.add_argument("--stores", nargs="+", choices=sorted(_STORES), default=sorted(_STORES))
    arguments.add_argument("--run", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.run:
        with dg.DagsterInstance.get() as instance:
            run = instance.get_run_by_id(given.run)
            assert run is not None
            execute(instance, run)
    elif len(given.stores) == 1:
        measure(given.stores[0], given.dossiers)
    else:
        for store in given.stores:
            command = [sys.executable, "-m", "benchmarks.night", "--dossiers", str(given.dossiers), "--stores", store]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
