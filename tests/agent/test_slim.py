"""The service is installed without the hub: nothing of it is imported, and nothing that only the hub needs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROOF = """
import sys
from importlib.abc import MetaPathFinder

REFUSED = {"dagster", "sqlalchemy", "alembic", "warehouse", "registry", "resources", "assets", "sensors", "portal",
           "pipelines", "starlette", "psycopg", "pandas", "cryptography", "typer", "rich", "fsspec", "openpyxl"}

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
    assert slim["project"]["version"] == whole["project"]["version"]
    assert slim["project"]["scripts"]["grandlivre-agent"] == whole["project"]["scripts"]["grandlivre-agent"]
    names = {re.split(r"[<>=;\[ ]", line)[0] for line in slim["project"]["dependencies"]}
    assert names.isdisjoint({"dagster", "sqlalchemy", "alembic", "psycopg", "pandas", "typer"})
