"""Loads replace and never double, on each store; on DuckDB one writer, and readers that nobody disturbs."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.sandbox.company import company
from foundation.errors import Busy, WrongInput
from tests.installation import empty_warehouse
from tests.warehouse.conftest import NOON, Ledger
from warehouse.store import Warehouse


class Embedded(Ledger):
    """A warehouse on DuckDB, whose files a test looks into."""

    store: Warehouse

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Warehouse(empty_warehouse(folder / "warehouse")))


@pytest.fixture
def embedded(tmp_path: Path) -> Embedded:
    return Embedded(tmp_path)


def count(ledger: Ledger) -> int:
    return int(str(ledger.rows("SELECT count(*) FROM ledger.journal_lines")[0][0]))


def test_loading_again_replaces_and_never_doubles(ledger: Ledger) -> None:
    ledger.load(company(), sync="s1")
    again = ledger.load(company(revision=1), sync="s2")
    assert again.deleted == len(company().lines)
    assert count(ledger) == len(company(revision=1).lines)
    for table in ("dossiers", "fiscal_years", "accounts", "journals", "counterparties"):
        rows = ledger.rows(f"SELECT * FROM ledger.{table}")
        assert len(set(rows)) == len(rows) > 0, table
    assert ledger.rows("SELECT sync_id, rows_loaded FROM ledger.sync_runs ORDER BY sync_id") == [
        ("s1", len(company().lines)),
        ("s2", len(company(revision=1).lines)),
    ]


def test_dossiers_do_not_touch_one_another(ledger: Ledger) -> None:
    ledger.load(company("BE"), dossier="a")
    ledger.load(company("FR"), dossier="b")
    ledger.load(company("BE", revision=1), dossier="a", sync="s2")
    numbers = {account.number for account in company("FR").accounts}
    assert {row[0] for row in ledger.rows("SELECT number FROM ledger.accounts WHERE dossier_id = 'b'")} == numbers
    assert ledger.rows(
        "SELECT dossier_id, count(*) FROM ledger.journal_lines GROUP BY dossier_id ORDER BY dossier_id"
    ) == [
        ("a", len(company("BE", 1).lines)),
        ("b", len(company("FR").lines)),
    ]


def test_a_load_that_breaks_leaves_yesterday_s_figures(embedded: Embedded) -> None:
    embedded.load(company(), sync="s1")
    broken = "CREATE OR REPLACE TABLE ledger.check_results (only_this INTEGER)"  # the load's last insert will fail
    with duckdb.connect(str(embedded.store.live)) as db:
        db.execute(broken)
    with pytest.raises(duckdb.Error):
        embedded.load(company(revision=1), sync="s2")
    with duckdb.connect(str(embedded.store.live), read_only=True) as db:
        lines = db.execute("SELECT DISTINCT sync_id FROM ledger.journal_lines").fetchall()
        runs = db.execute("SELECT sync_id FROM ledger.sync_runs").fetchall()
    assert lines == [("s1",)]
    assert runs == [("s1",)]


def test_a_warehouse_that_nobody_created_by_hand_has_the_common_chart_too(tmp_path: Path) -> None:
    store = Warehouse(tmp_path / "fresh")
    store.publish()
    with store.reader() as db:
        assert db.execute("SELECT name_en, side FROM ledger.common_chart WHERE code = 'A60'").fetchall() == [
            ("Trade debtors", "D")
        ]


def test_standing_is_what_the_last_load_wrote(ledger: Ledger) -> None:
    assert ledger.store.standing("d1").sync_id is None
    ledger.load(company(), sync="s1")
    standing = ledger.store.standing("d1")
    assert (standing.sync_id, standing.snapshot_id, standing.cursor) == ("s1", "s1", {"n": 1})
    assert standing.lines == len(company().lines)
    assert standing.difference == 0


def test_publishing_twice_without_a_load_between_does_nothing(embedded: Embedded) -> None:
    embedded.load(company())
    before = embedded.store.published.stat().st_ino
    assert embedded.store.publish() is False
    assert embedded.store.published.stat().st_ino == before


def test_confirming_moves_the_age_of_the_figures_only(ledger: Ledger) -> None:
    ledger.load(company())
    ledger.store.confirm("d1", NOON + timedelta(hours=5))
    ledger.store.publish()
    assert ledger.rows("SELECT last_synced_at FROM ledger.dossiers") == [
        ((NOON + timedelta(hours=5)).replace(tzinfo=None),)
    ]
    assert count(ledger) == len(company().lines)


def test_an_unlinked_dossier_keeps_its_figures_and_says_so_until_it_is_synced_again(ledger: Ledger) -> None:
    ledger.load(company(), dossier="d1")
    ledger.load(company("FR"), dossier="d2")
    ledger.store.mark_unlinked("d1")
    ledger.store.publish()
    states = "SELECT dossier_id, status FROM ledger.freshness ORDER BY 1"
    assert ledger.rows(states) == [("d1", "unlinked"), ("d2", "synced")]
    assert count(ledger) == len(company().lines) + len(company("FR").lines)
    ledger.store.confirm("d1", NOON)
    ledger.store.publish()
    assert ledger.rows(states) == [("d1", "synced"), ("d2", "synced")]


def test_without_anything_published_a_reader_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="grandlivre demo"), Warehouse(tmp_path).reader():
        pass


def test_a_writer_that_waits_too_long_says_so(embedded: Embedded) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with embedded.store._locked():
            held.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)
    try:
        with pytest.raises(Busy, match="another process"):
            Warehouse(embedded.store.folder, lock_timeout=0.2).standing("d1")
    finally:
        release.set()
        holder.join()


READER = """
import sys, duckdb
db = duckdb.connect(sys.argv[1], read_only=True)
print(db.execute("SELECT count(*) FROM ledger.journal_lines").fetchall()[0][0], flush=True)
for line in sys.stdin:
    rows = db.execute("SELECT count(*), sum(amount) FROM ledger.journal_lines").fetchall()[0]
    assert rows[1] == 0, rows
    print(rows[0], flush=True)
"""


def test_a_reader_in_another_process_holds_the_snapshot_while_50_loads_run(embedded: Embedded) -> None:
    embedded.load(company())
    first = len(company().lines)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(embedded.store.published)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert int(reader.stdout.readline()) == first
        for number in range(50):
            embedded.load(company(revision=number % 2), dossier=f"d{number % 7}", sync=f"s{number}")
            reader.stdin.write("again\n")
            reader.stdin.flush()
            assert int(reader.stdout.readline()) == first
        reader.stdin.close()
        assert reader.wait(30) == 0, reader.stderr.read() if reader.stderr else ""
    assert embedded.rows("SELECT count(DISTINCT dossier_id), sum(amount) FROM ledger.journal_lines") == [(7, 0)]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from connectors.sandbox.company import company
from tests.warehouse.conftest import Ledger
import warehouse.scripts as scripts
from warehouse.store import Warehouse
ledger = Ledger(Path(sys.argv[1]))
ledger.load(company(), sync="s1")
run = scripts.run
def run_and_die(db, name):
    run(db, name)
    if name == "load":
        os.kill(os.getpid(), signal.SIGKILL)
scripts.run = run_and_die
ledger.load(company(revision=1), sync="s2")
"""


def test_a_process_killed_inside_a_load_leaves_the_old_state_and_no_lock(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parent.parent.parent
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(root)], capture_output=True, text=True, timeout=120
    )
    assert killed.returncode == -9, killed.stderr
    ledger = Ledger(tmp_path)
    assert ledger.rows("SELECT DISTINCT sync_id FROM ledger.journal_lines") == [("s1",)]
    ledger.load(company(revision=1), sync="s3")
    assert count(ledger) == len(company(revision=1).lines)


COMMITTED = """
import os, signal, sys, duckdb
db = duckdb.connect(sys.argv[1])
db.execute("UPDATE ledger.dossiers SET name = 'renamed'")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_had_committed_is_published(embedded: Embedded) -> None:
    embedded.load(company())
    killed = subprocess.run([sys.executable, "-c", COMMITTED, str(embedded.store.live)], timeout=60)
    assert killed.returncode == -9
    assert embedded.store.publish() is True
    assert embedded.rows("SELECT name FROM ledger.dossiers") == [("renamed",)]
