"""The Dagster instance of an installation: ``$DAGSTER_HOME`` when set, else ``$GRANDLIVRE_HOME/dagster``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from foundation.home import Home

PROJECT = Path(__file__).resolve().parent.parent


def write_instance_config(home: Home) -> None:
    """Puts the project's ``dagster.yaml`` in the instance's folder, unless somebody has put another there."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    target, source = home.dagster / "dagster.yaml", PROJECT / "dagster.yaml"
    if source.exists() and not target.exists():
        shutil.copyfile(source, target)


def dagster_home(home: Home) -> Path:
    """The folder of the instance, with its configuration in place."""
    given = os.environ.get("DAGSTER_HOME")
    if given:
        return Path(given)
    write_instance_config(home)
    return home.dagster
