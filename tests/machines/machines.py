"""Machines of one installation, as processes with state folders of their own: what they share is what they are told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
import yaml

from foundation.home import Home
from portal.instance import PROJECT, write_instance_config
from tests.pipelines.ui import free_port, until
from tests.processes import group

DEPLOY = PROJECT / "deploy" / "celery"


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The address of a queue of our own."""
    program = shutil.which("redis-server")
    assert program, "redis-server is not installed: apt-get install redis-server"
    port = free_port()
    options = {"port": port, "bind": "127.0.0.1", "dir": folder, "save": "", "appendonly": "no", "loglevel": "warning"}
    command = [program, *(str(part) for name, value in options.items() for part in (f"--{name}", value))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            with redis.Redis(port=port) as client:
                until("Redis to answer", lambda: _answers(client), 30)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def set_up(folder: Path, poll_seconds: int) -> Home:
    """A machine's folders with the instance of its environment; run monitoring looks more often than usual."""
    home = Home.from_environment(folder)
    home.create()
    write_instance_config(home)
    written = home.dagster / "dagster.yaml"
    config = yaml.safe_load(written.read_text())
    config["run_monitoring"]["poll_interval_seconds"] = poll_seconds
    written.write_text(yaml.safe_dump(config))
    return home


@dataclass(frozen=True)
class Worker:
    """A machine that executes runs."""

    name: str
    home: Home
    log: Path

    @property
    def ready(self) -> bool:
        return f"{self.name}@" in (told := self.log.read_text()) and " ready." in told


@contextmanager
def workers(names: list[str], folder: Path, shared: Mapping[str, str]) -> Iterator[list[Worker]]:
    """A worker per name, started as the unit in deploy/ does it, one run at a time each."""
    with ExitStack() as stack:
        yield [stack.enter_context(_worker(name, folder / name, shared)) for name in names]


@contextmanager
def _worker(name: str, folder: Path, shared: Mapping[str, str]) -> Iterator[Worker]:
    worker = Worker(name, set_up(folder, 2), folder / "worker.log")
    environment = {
        **os.environ,
        **shared,
        "GRANDLIVRE_HOME": str(worker.home.root),
        "DAGSTER_HOME": str(worker.home.dagster),
        "PYTHONPATH": f"{PROJECT}{os.pathsep}{DEPLOY}",
    }
    command = [sys.executable, "-m", "celery", "-A", "dagster_celery.app", "worker", "--concurrency", "1"]
    with group([*command, "-n", f"{name}@%h", "--loglevel", "INFO"], environment, worker.log):
        yield worker
