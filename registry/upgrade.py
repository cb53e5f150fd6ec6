"""Brings a database to the newest version of the tables, once, whoever comes first.

To add a version: change :mod:`registry.models`, then
``command.revision(configuration(connection), "what changes", autogenerate=True)`` on a database of the version
before, and read what it wrote. Versions are numbered in a line; their files start with the number.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from foundation.errors import WrongInput
from foundation.home import Home
from registry.database import explained, for_writing
from registry.locks import held

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"


def newest() -> str:
    """The number of the newest version."""
    return max(path.name.split("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def standing(connection: Connection) -> str | None:
    """The version that a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one open connection; there is no configuration file."""
    from alembic.config import Config  # late: it costs as much to import as the rest, and is seldom needed

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, home: Home) -> None:
    """Makes or alters the tables where needed, in one transaction: a crash leaves the version before.

    Safe when several processes open a new installation at once. Raises WrongInput when the database was written by
    a newer version of the program.
    """
    with explained():
        with engine.connect() as connection:
            if _is_current(standing(connection)):
                return
        busy = "another process has been upgrading the registry for a minute"
        with held(home.locks / "registry.lock", timeout=60, busy=busy), for_writing(engine).begin() as connection:
            if connection.dialect.name == "postgresql":  # the file lock does not reach other hosts
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('grandlivre.registry'))"))
            if not _is_current(standing(connection)):
                from alembic import command

                command.upgrade(configuration(connection), "head")


def _is_current(version: str | None) -> bool:
    if version is not None and version > newest():
        raise WrongInput(
            f"the registry is at version {version}, newer than this program, which knows {newest()}",
            next_step="Install the version of Grandlivre that wrote it, or a later one.",
        )
    return version == newest()
