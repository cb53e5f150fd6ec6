"""The Dagster instance of an installation: ``$DAGSTER_HOME`` when set, else ``$GRANDLIVRE_HOME/dagster``.

Its configuration is the project's ``dagster.yaml``. A team's has a section more: Dagster then keeps runs and events in
the team's Postgres, in the first schema of the role's search path (``dagster``, by ``deploy/postgres/roles.sql``). With
``$GRANDLIVRE_BROKER_URL`` runs are executed by Celery workers (``deploy/celery``). Addresses stay in the environment,
out of the file.
"""

from __future__ import annotations

import os
from pathlib import Path

from foundation.home import DATABASE_VARIABLE, Home

PROJECT = Path(__file__).resolve().parent.parent
_ON_POSTGRES = f"""
# Runs, events and schedules in Postgres, for every host of the team.
storage:
  postgres:
    postgres_url:
      env: {DATABASE_VARIABLE}
"""


BROKER_VARIABLE = "GRANDLIVRE_BROKER_URL"


def write_instance_config(home: Home) -> None:
    """Puts the configuration in the instance's folder; one that somebody else has put there stays."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    target, source = home.dagster / "dagster.yaml", PROJECT / "dagster.yaml"
    if not source.exists():
        return
    embedded = source.read_text(encoding="utf-8")
    storage = ("", _ON_POSTGRES)
    launcher = ("", (PROJECT / "deploy" / "celery" / "instance.yaml").read_text(encoding="utf-8"))
    ours = [embedded + kept + launched for kept in storage for launched in launcher]
    if not target.exists() or target.read_text(encoding="utf-8") in ours:
        by_celery = bool(os.environ.get(BROKER_VARIABLE, "").strip())
        target.write_text(embedded + storage[home.database is not None] + launcher[by_celery], encoding="utf-8")


def dagster_home(home: Home) -> Path:
    """The folder of the instance, with its configuration in place."""
    given = os.environ.get("DAGSTER_HOME")
    if given:
        return Path(given)
    write_instance_config(home)
    return home.dagster
