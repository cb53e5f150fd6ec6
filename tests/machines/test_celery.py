"""A night on several machines: four Celery workers, one Postgres, one object store, Dagster's own queue."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from s3fs import S3FileSystem

from assets.jobs import ledger_job_name, ledger_jobs
from assets.ledgers import ledger_key
from assets.partitions import add_missing
from assets.sync import SyncOptions, sync_dossier
from connectors.catalog import package
from foundation.home import Home
from pipelines.schedules import nightly_schedule
from registry.locks import Locks
from registry.store import Registry
from resources.house import House
from resources.landing import Landing
from resources.warehouse import WarehouseResource
from sensors.abandoned import abandoned
from tests.machines.books import PACKAGES, Books, told
from tests.machines.machines import redis_server, set_up, workers
from tests.object_store import object_store
from tests.pipelines.test_queue import process_of
from tests.pipelines.ui import Ui, running, until
from tests.postgres import Server
from warehouse.store import Warehouse

EACH, RUN_OF = 20, 5
MACHINES = ["antwerp", "bruges", "ghent", "namur"]
_OF_THE_TRIGGER = {"sync_runs"}
SECRETS = ("GRANDLIVRE_DATABASE_URL", "GRANDLIVRE_VAULT_KEY", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def shared(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What all machines are told: one Postgres, one object store, one queue, one key."""
    S3FileSystem.clear_instance_cache()
    with object_store() as store, redis_server(tmp_path) as queue:
        environment = {
            "GRANDLIVRE_DATABASE_URL": postgres.empty_database(),
            "GRANDLIVRE_BROKER_URL": queue,
            "GRANDLIVRE_LANDING": "s3://landing/firm",
            "GRANDLIVRE_VAULT_KEY": Fernet.generate_key().decode(),
            "GRANDLIVRE_DOSSIERS_PER_RUN": str(RUN_OF),
            **store.environment,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield environment
    S3FileSystem.clear_instance_cache()


def undisturbed(folder: Path, books: Books) -> dict[str, list[tuple[Any, ...]]]:
    """What the same books come to on one machine, in one process, one after the other."""
    home = Home(folder / "alone")
    home.create()
    with House(home, Registry.open(home), Landing(str(home.landing)), Warehouse(home.warehouse)) as house:
        books.link(house)
        for name in books.all_names:
            assert sync_dossier(name, house, SyncOptions(publish=False)).status == "synced"
        house.warehouse.publish()
        return told(house, without=_OF_THE_TRIGGER)


def launch_night(ui: Ui, instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Launches what the packages' nights ask for, through the queue; returns the ids of the runs."""
    launched = []
    for software in PACKAGES:
        schedule = nightly_schedule(package(software), 0, ledger_jobs()[software])
        resources = {"warehouse": WarehouseResource(home=str(home.root))}
        with dg.build_schedule_context(instance, datetime.now(UTC), resources=resources) as context:
            requests = schedule.evaluate_tick(context).run_requests or []
        assert len(requests) == EACH // RUN_OF
        launched += [ui.launch(ledger_job_name(software), request.tags) for request in requests]
    return launched


@contextmanager
def kept_waiting(address: str, dossier_id: str) -> Iterator[None]:
    """Holds a dossier's rows, so that the run that loads it is at work for as long as the test wants."""
    with psycopg.connect(address) as db:
        db.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"grandlivre.rows:{dossier_id}"])
        yield


def statuses(instance: dg.DagsterInstance, run_ids: list[str]) -> Counter[str]:
    return Counter(run.status.value for run in instance.get_runs(dg.RunsFilter(run_ids=run_ids)))


def tasks_of(address: str) -> list[dict[str, Any]]:
    """What the queue keeps of the tasks: their arguments, and who executed them."""
    with redis.Redis.from_url(address) as queue:
        return [json.loads(queue.get(key) or b"{}") for key in queue.keys("celery-task-meta-*")]


def kill(instance: dg.DagsterInstance, locks: Locks, run_of_a_process: str, run_of_a_machine: str) -> None:
    """Kills the process of one run, and of another the whole machine: worker, run, and all that they hold. Waits until
    both are noticed: the process by its worker, the machine by the lock that it no longer holds."""
    process, on_a_machine = (
        until("the run's process", partial(process_of, instance, run)) for run in (run_of_a_process, run_of_a_machine)
    )
    os.kill(process, signal.SIGKILL)
    os.killpg(os.getpgid(on_a_machine), signal.SIGKILL)
    until("the death to be noticed", lambda: statuses(instance, [run_of_a_process])["FAILURE"])
    soon, suspects = datetime.now(UTC) + timedelta(minutes=2), set[str]()  # the sensor looks once a minute
    for dead in (False, True):
        found, suspects = abandoned(instance, locks, soon, suspects)
        assert [run.run_id for run in found] == [run_of_a_machine] * dead
    instance.report_run_failed(found[0])


def test_four_workers_come_to_what_one_process_comes_to_and_what_is_killed_loses_nothing(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    books = Books(tmp_path / "books", EACH)
    books.write()
    head = set_up(tmp_path / "head", poll_seconds=2)
    with (
        ThreadPoolExecutor() as aside,
        workers(MACHINES, tmp_path, shared) as crew,
        running(head, tmp_path / "ui.log") as ui,
        House.open(Home.from_environment(head.root)) as house,
        dg.DagsterInstance.from_config(str(head.dagster)) as instance,
    ):
        alone = aside.submit(undisturbed, tmp_path, books)
        books.link(house)
        for software in PACKAGES:
            add_missing(instance, software, books.names(software))
        until("the workers", lambda: all(worker.ready for worker in crew))
        address = shared["GRANDLIVRE_DATABASE_URL"]
        with ExitStack() as stack:
            for software in PACKAGES:
                stack.enter_context(kept_waiting(address, books.names(software)[0]))
            runs = launch_night(ui, instance, head)
            struck = runs[:: EACH // RUN_OF]  # the first of each package
            others = [run for run in runs if run not in struck]
            until("the other runs", lambda: statuses(instance, others)["SUCCESS"] == len(others))
            kill(instance, house.registry.locks, *struck)
        for run in struck:
            its_child = dg.RunsFilter(tags={"dagster/parent_run_id": run})
            again = until("the second try", partial(instance.get_run_ids, its_child))
            until("the second try to end", lambda again=again: statuses(instance, list(again))["SUCCESS"])

        assert told(house, without=_OF_THE_TRIGGER) == alone.result()
        for software in PACKAGES:
            records = instance.fetch_materializations(ledger_key(software), limit=1000).records
            assert {record.partition_key for record in records} == set(books.names(software))
            latest = house.registry.latest_runs(("synced", "unchanged"), software=software)
            assert set(latest) == set(books.names(software))
    tasks = tasks_of(shared["GRANDLIVRE_BROKER_URL"])
    at_work = {str(task["worker"]).partition("@")[0] for task in tasks}
    assert len(at_work & set(MACHINES)) >= len(MACHINES) - 1, "one of them may have died over its first run"
    assert not [name for name in SECRETS if shared[name] in json.dumps(tasks)], "the queue holds no secret"
