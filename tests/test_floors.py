"""The house has floors: a folder imports only from floors below it (design: "The house")."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = (
    "pipelines",
    "portal",
    "sensors",
    "assets",
    "resources",
    "agent",
    "registry",
    "warehouse",
    "connectors",
    "foundation",
)
GROUND = ("registry", "warehouse", "connectors")  # they know neither Dagster nor each other


def imported(source: Path) -> set[str]:
    """Top-level names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def offences(floor: str) -> list[str]:
    below = set(FLOORS[FLOORS.index(floor) + 1 :]) | {floor}
    if floor in GROUND:
        below = {floor, "foundation"}
    if floor == "agent":  # it is installed without the hub
        below = {"agent", "connectors", "foundation"}
    found = []
    for source in sorted((ROOT / floor).rglob("*.py")):
        names = imported(source)
        found += [f"{source.relative_to(ROOT)} imports {name}" for name in names & set(FLOORS) - below]
        if floor in (*GROUND, "agent", "foundation"):
            found += [f"{source.relative_to(ROOT)} imports {name}" for name in names if name.startswith("dagster")]
        found += [f"{source.relative_to(ROOT)} imports {name}" for name in names & {"tests", "benchmarks"}]
    return found


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_imports_only_from_floors_below_it(floor: str) -> None:
    assert offences(floor) == []


def test_every_folder_of_code_is_a_floor() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders - {"tests", "benchmarks"} == set(FLOORS)
