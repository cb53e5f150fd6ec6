"""Bad news gets a clear error, and yesterday's figures stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.sync import SyncOptions, sync_dossier
from connectors.catalog import package
from connectors.sandbox.company import company
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.flow.test_kill_and_resume import ROOT


@pytest.fixture
def dossier(tmp_path: Path) -> Iterator[Linked]:
    with linked(package("verocount"), tmp_path) as found:
        assert found.sync().status == "synced"
        yield found


def folder_of(dossier: Linked) -> Path:
    return Path(dossier.sandbox.settings["root"]) / dossier.sandbox.external_id


def lines_file(dossier: Linked, year: str) -> Path:
    return next(path for path in folder_of(dossier).glob("lines*") if year in path.name)


def rewrite(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))
    ready = path.parent / "READY"
    if ready.exists():
        ready.touch()


def test_an_unbalanced_file_is_refused_and_yesterday_stands(dossier: Linked) -> None:
    path = lines_file(dossier, "2025")
    rows = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    rewrite(path, "".join(rows[:-1]))
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert outcome.error.kind in ("bad_file", "bad_data", "checks_failed")
    assert dossier.dossier_id in str(outcome.error)
    assert_tells(dossier, told_by(dossier.row))
    last = dossier.house.registry.last_run(dossier.dossier_id)
    assert last is not None
    assert (last.status, last.error_kind) == ("failed", outcome.error.kind)


def test_a_dossier_that_became_empty_is_refused_unless_confirmed(dossier: Linked) -> None:
    for path in folder_of(dossier).glob("lines*"):
        header = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)[0]
        rewrite(path, header)
    for path in folder_of(dossier).glob("trial_balance*"):
        path.unlink()
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert outcome.error.kind == "empty"
    assert "--accept-empty" in str(outcome.error)
    assert_tells(dossier, told_by(dossier.row))
    confirmed = dossier.sync(accept_empty=True)
    assert confirmed.status == "synced", confirmed.error
    assert dossier.query("SELECT count(*) FROM ledger.journal_lines") == [(0,)]


def test_a_dossier_whose_folder_went_away_fails_and_yesterday_stands(dossier: Linked) -> None:
    shutil.rmtree(folder_of(dossier))
    outcome = dossier.sync()
    assert outcome.status == "failed"
    assert_tells(dossier, told_by(dossier.row))


def test_two_syncs_of_one_dossier_at_once_are_refused(dossier: Linked) -> None:
    inside, release = threading.Event(), threading.Event()

    def slow(stage: str, rows: int) -> None:
        if stage == "extract":
            inside.set()
            release.wait(30)

    first: list[object] = []
    thread = threading.Thread(
        target=lambda: first.append(sync_dossier(dossier.dossier_id, dossier.house, SyncOptions(), slow))
    )
    thread.start()
    assert inside.wait(30)
    second = dossier.sync()
    release.set()
    thread.join()
    assert second.status == "failed"
    assert second.error is not None
    assert second.error.kind == "busy"
    assert first[0].good  # type: ignore[attr-defined]


def test_from_landing_without_a_snapshot_says_what_to_do(tmp_path: Path) -> None:
    with linked(package("verocount"), tmp_path) as dossier:
        outcome = dossier.sync(from_landing=True)
        assert outcome.status == "failed"
        assert "without --from-landing" in str(outcome.error)


def test_an_unknown_dossier_is_an_outcome_and_not_an_exception(dossier: Linked) -> None:
    outcome = sync_dossier("nobody", dossier.house)
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert outcome.error.kind == "wrong_input"


LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from assets.sync import SyncOptions, sync_dossier
from foundation.home import Home
from resources.house import House
house = House.open(Home(Path(sys.argv[1])))
def report(stage, rows):
    if stage == "extract":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
outcome = sync_dossier(sys.argv[2], house, SyncOptions(), report)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(outcome.status, outcome.error.kind if outcome.error else None, outcome.error)
"""


def test_a_disk_that_fills_while_landing_is_said_and_costs_nothing(tmp_path: Path) -> None:
    with linked(package("winbooks"), tmp_path) as dossier:
        dossier.sync()
        dossier.sandbox.show(company("BE", 1, entries_per_month=120))
        # No file may grow past half a megabyte: to the writer that is a disk without room.
        arguments = [str(dossier.house.home.root), dossier.dossier_id, "500000"]
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.stdout.startswith("failed busy"), done.stdout + done.stderr
        assert re.search(r"disk .*is full", done.stdout), done.stdout
        assert_tells(dossier, told_by(dossier.row))
        assert list(dossier.house.home.scratch.iterdir()) == []
        dossier.sandbox.show(told_by(dossier.row, 1))
        assert dossier.sync().status == "synced"
        assert_tells(dossier, told_by(dossier.row, 1))


def test_what_nobody_foresaw_is_an_outcome_too_and_ends_its_run(tmp_path: Path) -> None:
    with linked(package("verocount"), tmp_path) as dossier:

        def broken(stage: str, rows: int) -> None:
            if stage == "check":
                raise ZeroDivisionError("nobody foresaw this")

        outcome = sync_dossier(dossier.dossier_id, dossier.house, SyncOptions(), broken)
        assert outcome.status == "failed"
        assert outcome.error is not None
        assert outcome.error.kind == "bug"
        assert "ZeroDivisionError" in str(outcome.error)
        run = dossier.house.registry.last_run(dossier.dossier_id)
        assert run is not None
        assert run.status == "failed"
        assert dossier.sync().status == "synced"
