"""An installation as ``grandlivre init`` and a first look of Dagster leave it: made once per process, copied per test.

Making one takes a second of migrations and schemas; a copy takes a hundredth.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import dagster as dg

from foundation.home import Home
from portal.instance import write_instance_config
from resources.house import House

_DAGSTER_STORAGE = ("history", "schedules")


@cache
def _made() -> Home:
    folder = tempfile.mkdtemp(prefix="grandlivre-installation-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Home(Path(folder) / "home")
    with House.open(home) as house:
        house.warehouse.create()
    write_instance_config(home)
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        instance.get_runs(limit=1)
        instance.all_asset_keys()
        instance.all_instigator_state()
    return home


def installed(root: Path) -> Home:
    """A new installation in ``root``, which must not exist; nobody is connected, nothing is linked."""
    shutil.copytree(_made().root, root, ignore=shutil.ignore_patterns("vault.key"))
    return Home(root)


def empty_warehouse(folder: Path) -> Path:
    """The folder of a new warehouse on DuckDB. A copy's files keep their times, by which they count as published."""
    return Path(shutil.copytree(_made().warehouse, folder))


def dagster_storage(folder: Path) -> Path:
    """The folder of a new Dagster instance, made already, without a configuration."""
    for name in _DAGSTER_STORAGE:
        if (_made().dagster / name).exists():
            shutil.copytree(_made().dagster / name, folder / name)
    return folder
