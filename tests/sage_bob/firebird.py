"""A Firebird server of the distribution, run for the tests alone, and BOB dossiers written into its databases."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import firebirdsql

from connectors.contract import Access
from connectors.sage_bob import open_connector
from connectors.sage_bob.adt_writer import Column
from connectors.sage_bob.client import SageBob
from connectors.sage_bob.sandbox import tables_of
from connectors.sandbox.company import Company
from foundation.secrets import Secret

USER, PASSWORD = "SYSDBA", "a word for tests"
_FOLDERS = ("/usr/lib/*/firebird/[34].0", "/usr/lib*/firebird/[34].0", "/opt/firebird")
_STANDING = b"\x04"

NEAR = {"C": "VARCHAR({0}) CHARACTER SET WIN1252", "I": "INTEGER", "F": "DOUBLE PRECISION", "L": "BOOLEAN",
        "D": "DATE", "T": "TIMESTAMP", "M": "BLOB SUB_TYPE TEXT"}  # fmt: skip
"""The types that Advantage columns have in Firebird."""
FAR = {"C": "CHAR({0}) CHARACTER SET NONE", "I": "NUMERIC(18,0)", "F": "NUMERIC(18,4)", "L": "CHAR(1)",
       "D": "TIMESTAMP", "T": "TIMESTAMP", "M": "BLOB SUB_TYPE TEXT"}  # fmt: skip
"""Others that a database might have."""


class FirebirdServer:
    """``address`` as the connection's setting takes it."""

    def __init__(self, port: int, isql: str) -> None:
        self.port, self._isql = port, isql
        self.address = f"127.0.0.1/{port}"

    def connection(self, database: Path, **more: Any) -> Any:
        return firebirdsql.connect(
            host="127.0.0.1",
            port=self.port,
            database=str(database),
            user=USER,
            password=PASSWORD,
            charset="UTF8",
            **more,
        )

    def run(self, database: Path, *statements: str) -> None:
        with closing(self.connection(database)) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
                connection.commit()

    def make(self, database: Path, *statements: str) -> Path:
        """A database, made and filled in one go."""
        database.parent.mkdir(parents=True, exist_ok=True)
        made = f"CREATE DATABASE '{self.address}:{database}' USER '{USER}' PASSWORD '{PASSWORD}'"
        script = ";\n".join([made, *statements, "COMMIT"]) + ";\n"
        told = subprocess.run([self._isql, "-q", "-b"], input=script, text=True, check=False, capture_output=True)
        assert told.returncode == 0, told.stderr
        return database

    def write_company(self, database: Path, company: Company, types: Mapping[str, str] = NEAR) -> Path:
        """The company in BOB's tables: the standing records of the sandbox's Advantage tables."""
        statements: list[str] = []
        for table, (columns, records) in tables_of(company).items():
            rows = [row.values for row in records if row.mark == _STANDING]
            statements += table_with(table, columns, rows, types)
        return self.make(database, *statements)

    def connect(self, root: Path | None = None, *, password: str = PASSWORD, **settings: str) -> SageBob:
        given = {"firebird_server": self.address, "username": USER, **({"root": str(root)} if root else {}), **settings}
        return open_connector(Access("sage_bob", given, {"password": Secret(password)}, sleep=lambda seconds: None))


def table_with(
    table: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], types: Mapping[str, str]
) -> list[str]:
    """Statements that make a table and fill it; the column without a name stays away."""
    named = [(place, column) for place, column in enumerate(columns) if column.name]
    made = ", ".join(f'"{column.name}" {types[column.letter].format(column.length)}' for _, column in named)
    told = (", ".join(_literal(row[place], types[column.letter]) for place, column in named) for row in rows)
    name = table.upper()
    return [f"CREATE TABLE {name} ({made})", "COMMIT", *(f"INSERT INTO {name} VALUES ({values})" for values in told)]


def _literal(value: Any, type_: str) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper() if type_ == "BOOLEAN" else f"'{'FT'[value]}'"
        case datetime():
            return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"
        case date():
            return f"DATE '{value}'"
        case str():
            return f"_WIN1252 x'{value.encode('cp1252').hex()}'"
        case _:
            return f"{value}e0" if type_.startswith("DOUBLE") else str(value)


def reason_without() -> str | None:
    """Why there is no server to be run here; None where there is one."""
    if not _installed():
        return "no Firebird server is installed (Debian: firebird3.0-server)"
    return None


def _installed() -> tuple[Path, str, str] | None:
    folder = next((path for pattern in _FOLDERS for path in sorted(Path("/").glob(pattern[1:]))), None)
    places = os.environ.get("PATH", "") + ":/usr/sbin:/opt/firebird/bin"
    server, isql = shutil.which("firebird", path=places), shutil.which("isql-fb", path=places)
    return (folder, server, isql) if folder and server and isql else None


@contextmanager
def firebird_server(folder: Path) -> Iterator[FirebirdServer]:
    """A server on a free port, whose configuration, users and databases lie in ``folder``."""
    installed = _installed()
    assert installed, reason_without()
    home, server, isql = installed
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "lock").mkdir(parents=True)
    for name in ("plugins", "intl"):
        shutil.copytree(home / name, folder / name)
    for name in ("firebird.msg", "plugins.conf"):
        shutil.copy(home / name, folder / name)
    security = folder / "security.fdb"
    (folder / "databases.conf").write_text(f"security.db = {security}\n")
    (folder / "firebird.conf").write_text(
        f"RemoteServicePort = {port}\nRemoteBindAddress = 127.0.0.1\nSecurityDatabase = {security}\n"
    )
    surroundings = os.environ | {"FIREBIRD": str(folder), "FIREBIRD_LOCK": str(folder / "lock")}
    user = (
        f"create database '{security}';\ncommit;\ncreate user {USER} password '{PASSWORD}' using plugin Srp;\ncommit;\n"
    )
    subprocess.run([isql, "-q"], input=user, text=True, env=surroundings, check=True, capture_output=True)
    process = subprocess.Popen([server], env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield FirebirdServer(port, isql)
    finally:
        process.kill()  # told to end, it waits for those who are connected
        process.wait(30)


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the Firebird server does not come up")
