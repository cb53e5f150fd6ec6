"""A night as the daemon has it: its runs are created beforehand, and a process of its own executes each of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from assets.jobs import ledger_job_name
from assets.ledgers import ledger_key
from assets.partitions import add_missing, dossiers_of, range_tags
from foundation.home import DATABASE_VARIABLE, Home
from foundation.secrets import Secret
from pipelines.definitions import defs
from pipelines.schedules import night_tags
from portal.instance import dagster_home
from resources.house import House
from sensors.abandoned import abandoned, end_crashed
from tests.machines.books import PACKAGES, Books

_PROCESSES = multiprocessing.get_context("forkserver")  # it has imported everything: a run's process begins at once
_PROCESSES.set_forkserver_preload(
    [
        "tests.machines.nights",
        *("alembic.command", "mako.template", "sqlalchemy.dialects.postgresql.psycopg", "dagster_postgres"),
        *("connectors.drop_folder", "warehouse.postgres.store", "pandas", "pyarrow.compute"),
        *("dagster._daemon", "rich.traceback", "structlog"),
    ]
)
_OUTPUT_STAYS = """
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""
_LATER = timedelta(minutes=2)  # no run is called abandoned in its first minute


def execute(run_id: str, environment: Mapping[str, str], log: Path) -> None:
    """What the process of a run does, with its output in a file."""
    os.setsid()
    os.environ.update(environment)
    tempfile.tempdir = None
    with log.open("ab", buffering=0) as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        run = instance.get_run_by_id(run_id)
        assert run
        execute_run(InMemoryJob(defs.resolve_job_def(run.job_name)), run, instance)


class Installation:
    """An installation with the books linked, embedded or (with ``database``) a team's."""

    def __init__(self, folder: Path, books: Books, database: str | None = None) -> None:
        self.books = books
        self.home = Home(folder / "home", Secret(database) if database else None)
        self.house = House.open(self.home)
        books.link(self.house)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.log = folder / "runs.log"
        self._environment = {
            "GRANDLIVRE_HOME": str(self.home.root),
            "DAGSTER_HOME": str(dagster_home(self.home)),
            "TMPDIR": str(self.temporary),
            DATABASE_VARIABLE: database or "",
        }
        with (self.home.dagster / "dagster.yaml").open("a") as config:  # a run has two processes less to start
            config.write(_OUTPUT_STAYS)
        os.environ[DATABASE_VARIABLE] = database or ""  # the instance's storage reads it there
        try:
            self.instance = dg.DagsterInstance.from_config(self._environment["DAGSTER_HOME"])
        finally:
            os.environ.pop(DATABASE_VARIABLE)
        for software in PACKAGES:
            add_missing(self.instance, software, books.names(software))

    def close(self) -> None:
        self.instance.dispose()
        self.house.__exit__()

    def start(self, begun: datetime) -> list[BaseProcess]:
        """Creates a run per package, over all its dossiers, and starts their processes."""
        created = []
        for software in PACKAGES:
            names = self.books.names(software)
            tags = {**range_tags(names[0], names[-1]), **night_tags(software, begun)}
            job = defs.resolve_job_def(ledger_job_name(software))
            created.append(self.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED))
        processes: list[BaseProcess] = []
        for run in created:
            processes.append(_PROCESSES.Process(target=execute, args=(run.run_id, self._environment, self.log)))
            processes[-1].start()
        return processes

    def night(self, begun: datetime) -> float:
        """A whole night; returns its seconds."""
        started = time.monotonic()
        for process in self.start(begun):
            process.join(240)
            assert process.exitcode == 0, self.log.read_text()
        return time.monotonic() - started

    def strike(self, processes: list[BaseProcess], after: float) -> bool:
        """Kills the runs' process groups after some seconds, and does what is done about them; whether any was still at
        work then."""
        time.sleep(after)
        for process in processes:
            if process.pid and process.is_alive():
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:  # so young that it leads no group yet, and has no children
                    process.kill()
        for process in processes:
            process.join(30)
        assert {process.exitcode for process in processes} <= {0, -signal.SIGKILL}, self.log.read_text()
        self.notice()
        return any(process.exitcode for process in processes)

    def notice(self) -> None:
        """What the daemon does about dead processes, once they have been dead for some minutes: two looks of the sensor
        at those that had begun; run monitoring ends the others."""
        later, suspects = datetime.now(UTC) + _LATER, set[str]()
        for _ in range(2):
            dead, suspects = abandoned(self.instance, self.house.registry.locks, later, suspects)
            for run in dead:
                self.instance.report_run_failed(run, "The process of this run ended before the run did.")
        waiting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING])
        for run in self.instance.get_runs(waiting):
            self.instance.report_run_failed(run, "The run did not start.")
        end_crashed(self.house.registry, later)

    def partitions(self) -> dict[str, str]:
        """What Dagster shows of each dossier."""
        shown = {}
        for software in PACKAGES:
            names, of = self.books.names(software), dossiers_of(software)
            found = self.instance.get_status_by_partition(ledger_key(software), names, of) or {}
            shown |= {name: status.value if (status := found.get(name)) else "MISSING" for name in names}
        return shown

    def good(self, begun: datetime) -> set[str]:
        """The dossiers that the registry calls read since then."""
        return {name for software in PACKAGES for name in self.house.registry.good_since(software, begun)}


def kill_again_and_again(
    calm: Installation,
    struck: Installation,
    kills: int,
    moments: Random,
    look: Callable[[datetime], None],
) -> tuple[int, float]:
    """Nights in both, over the same books; the one is left alone, the other killed so many times, at moments within
    the span that the undisturbed night took.

    A night is begun anew until it comes to its end; then the books change, and the next night begins. After the last
    kill one more run is left to its end. ``look`` is called after each kill with the night's begin. Returns the number
    of nights, and the seconds of an undisturbed one.
    """
    nights, left = 0, kills
    while True:
        calm.books.write(nights)
        begun = datetime.now(UTC)
        undisturbed = calm.night(begun)
        nights += 1
        while left and struck.strike(struck.start(begun), moments.uniform(0, undisturbed)):
            left -= 1
            look(begun)
        if not left:
            struck.night(begun)
            return nights, undisturbed
