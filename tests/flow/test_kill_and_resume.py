"""A sync killed at any step leaves yesterday's figures or today's, no lock and no litter; the next sync is complete."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connectors.catalog import package
from tests.contract.dossier import Linked, assert_tells, linked, told_by

ROOT = Path(__file__).resolve().parent.parent.parent
STAGES = ("link", "extract", "land", "normalize", "map", "check", "load", "tell", "publish")
CHILD = """
import os, signal, sys
from pathlib import Path
from assets.sync import SyncOptions, sync_dossier
from foundation.home import Home
from resources.house import House
home, dossier, fatal = sys.argv[1:]
def report(stage, rows):
    if stage == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
print(sync_dossier(dossier, House.open(Home(Path(home))), SyncOptions(), report))
"""


def sync_and_die(dossier: Linked, stage: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(dossier.house.home.root), dossier.dossier_id, stage],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == -9, f"{stage}: {done.stdout} {done.stderr}"


TABLES = ("journal_lines", "accounts", "fiscal_years", "periods", "journals", "counterparties", "trial_balances")


def everything(dossier: Linked) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the dossier, ordered, without what names the sync."""
    found = {}
    for table in TABLES:
        left_out = "EXCLUDE (link_id, sync_id)" if table == "journal_lines" else ""
        found[table] = dossier.query(f"SELECT * {left_out} FROM ledger.{table} ORDER BY ALL")
    return found


def assert_clean(dossier: Linked) -> None:
    """No run is left running, and no unfinished file is left."""
    assert {run.status for run in dossier.house.registry.runs(dossier.dossier_id)} <= {"synced", "failed", "unchanged"}
    assert list(dossier.house.home.scratch.iterdir()) == []
    landed = dossier.house.home.landing / dossier.row.slug / dossier.dossier_id
    assert all((folder / "manifest.json").exists() for folder in landed.iterdir())


@cache
def undisturbed(slug: str) -> dict[str, list[tuple[object, ...]]]:
    """What two syncs that nobody killed make of the same books."""
    row = package(slug)
    with TemporaryDirectory() as folder, linked(row, Path(folder)) as calm:
        calm.sync()
        calm.sandbox.show(told_by(row, 1))
        calm.sync()
        return everything(calm)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("slug", ["winbooks", "exact_online_be"])
def test_killed_at_a_step_then_resumed_equals_an_undisturbed_sync(slug: str, stage: str, tmp_path: Path) -> None:
    row = package(slug)
    with linked(row, tmp_path) as dossier:
        assert dossier.sync().status == "synced"
        yesterday = everything(dossier)
        dossier.sandbox.show(told_by(row, 1))
        sync_and_die(dossier, stage)
        published = everything(dossier)
        assert published == yesterday, "readers see yesterday's figures until today's are published"
        outcome = dossier.sync()
        assert outcome.good, outcome.error
        assert_tells(dossier, told_by(row, 1))
        assert_clean(dossier)
        assert everything(dossier) == undisturbed(slug)


def test_a_first_sync_killed_while_landing_leaves_nothing_behind(tmp_path: Path) -> None:
    row = package("verocount")
    with linked(row, tmp_path) as dossier:
        sync_and_die(dossier, "land")
        assert dossier.query("SELECT count(*) FROM ledger.journal_lines") == [(0,)]
        assert dossier.sync().status == "synced"
        assert_tells(dossier, told_by(row))
        assert_clean(dossier)
        crashed = [run for run in dossier.house.registry.runs(dossier.dossier_id) if run.error_kind == "crashed"]
        assert len(crashed) == 1
