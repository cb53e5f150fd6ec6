"""The service is installed without the hub: nothing of it is imported, and nothing that only the hub needs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.agent.ground import enrolled
from tests.agent.hub import TestHub

ROOT = Path(__file__).resolve().parents[2]

PROOF = """
import sys
from importlib.abc import MetaPathFinder

REFUSED = {"dagster", "sqlalchemy", "alembic", "warehouse", "registry", "resources", "assets", "sensors", "portal",
           "pipelines", "starlette", "psycopg", "pandas", "cryptography", "typer", "rich", "fsspec",
           "arrow_odbc", "pytds", "firebirdsql"}

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(f"{name} is not part of the service")
        return None

sys.meta_path.insert(0, Refuse())
import importlib, pkgutil, agent
for module in pkgutil.iter_modules(agent.__path__):
    if module.name != "windows_service":
        importlib.import_module(f"agent.{module.name}")
from connectors.catalog import PACKAGES
for row in PACKAGES.values():
    if row.level == "on_premise" and row.available:
        row.load_room()
assert "duckdb" in sys.modules
"""


def test_the_service_and_every_room_it_reads_with_load_without_the_hub() -> None:
    done = subprocess.run([sys.executable, "-c", PROOF], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_slim_install_lists_what_is_imported_and_as_the_whole_project_does() -> None:
    """Every library of the slim install is pinned as in the project, and only folders of the service are packaged."""
    slim = tomllib.loads((ROOT / "deploy" / "agent" / "pyproject.toml").read_text())
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {line for line in slim["project"]["dependencies"] if "tzdata" not in line} < set(
        whole["project"]["dependencies"]
    )
    for extra, wanted in slim["project"]["optional-dependencies"].items():
        assert wanted == whole["project"]["optional-dependencies"][extra]
    assert slim["project"]["version"] == whole["project"]["version"]
    assert slim["project"]["scripts"]["grandlivre-agent"] == whole["project"]["scripts"]["grandlivre-agent"]
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in slim["project"]["dependencies"]}
    assert names.isdisjoint({"dagster", "sqlalchemy", "alembic", "psycopg", "pandas", "typer"})


def test_the_slim_install_brings_every_library_that_its_folders_import() -> None:
    """Those of foundation.postgres apart, which only a hub uses; drivers of databases come on demand."""
    sources = [path for folder in ("agent", "connectors", "foundation") for path in (ROOT / folder).rglob("*.py")]
    names: set[str] = set()
    for source in sources:
        if source.name in ("postgres.py", "windows_service.py"):
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    slim = tomllib.loads((ROOT / "deploy" / "agent" / "pyproject.toml").read_text())
    extras = slim["project"]["optional-dependencies"]
    lines = [*slim["project"]["dependencies"], *extras["sql"], *extras["firebird"]]
    known = {"arrow-odbc": "arrow_odbc", "python-tds": "pytds"}
    brought = {known.get(name, name) for name in (re.split(r"[<>=;\[ ]", line)[0] for line in lines)}
    assert names - sys.stdlib_module_names - {"agent", "connectors", "foundation"} == brought - {"tzdata"}


WINDOWS = """
import sys, threading, types

class Framework:
    statuses = []
    def __init__(self, arguments): pass
    def ReportServiceStatus(self, status): self.statuses.append(status)

handled, options, logged = [], {}, []
util, win, manager = (types.ModuleType(name) for name in ("win32serviceutil", "win32service", "servicemanager"))
util.ServiceFramework = Framework
util.HandleCommandLine = lambda cls, serviceClassString, argv: handled.append((serviceClassString, argv[1:]))
util.SetServiceCustomOption = lambda name, key, value: options.__setitem__(key, value)
util.GetServiceCustomOption = lambda name, key, default: options.get(key, default)
win.SERVICE_STOP_PENDING = 3
manager.LogErrorMsg = logged.append
sys.modules.update({module.__name__: module for module in (util, win, manager)})

from pathlib import Path
from agent import windows_service

windows_service.manage("install", Path(sys.argv[1]))
assert handled == [("agent.windows_service.WindowsService", ["--startup", "delayed", "install"])], handled
service = windows_service.WindowsService([])
stop = threading.Timer(2, service.SvcStop)
stop.start()
service.SvcDoRun()
assert Framework.statuses == [3] and not logged
options["Config"] = "/nowhere/agent.toml"
try:
    windows_service.WindowsService([]).SvcDoRun()
except Exception as error:
    assert "no configuration" in logged[0]
else:
    raise AssertionError
"""


def test_the_windows_coat_starts_and_stops_the_service(tmp_path: Path, hub: TestHub, books: Path) -> None:
    """With stand-ins for pywin32, for want of a Windows."""
    config = enrolled(tmp_path, hub, books)
    command = [sys.executable, "-c", WINDOWS, str(config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(hub.reports) >= 1
    assert (tmp_path / "spool" / "agent.log").exists()
