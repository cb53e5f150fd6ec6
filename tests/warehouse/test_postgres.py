"""The warehouse on Postgres: the same figures as on DuckDB, in transactions that do not wait for one another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.sandbox.company import company
from foundation.errors import Busy, WrongInput
from foundation.secrets import Secret
from tests.postgres import Server
from tests.warehouse.conftest import NOON, Ledger, prepared
from warehouse.bench import Trust, Workbench
from warehouse.contract import DossierFacts, LoadRecord, Store
from warehouse.postgres import schema
from warehouse.postgres.mirror import Window, mirror
from warehouse.postgres.store import PostgresWarehouse
from warehouse.store import Warehouse

ROOT = Path(__file__).resolve().parent.parent.parent


class OnPostgres(Ledger):
    """A ledger in a database of its own."""

    store: PostgresWarehouse

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        super().__init__(folder, PostgresWarehouse(Secret(address)))

    def stored(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """What Postgres holds, beside the views."""
        with psycopg.connect(self.address) as connection:
            return connection.execute(sql.encode(), parameters or None).fetchall()


@pytest.fixture
def ledger(tmp_path: Path, postgres: Server) -> Iterator[OnPostgres]:
    found = OnPostgres(tmp_path, postgres.database())
    yield found
    found.store.close()


def views(store: Store) -> list[str]:
    with store.reader() as db:
        return [
            name
            for (name,) in db.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ledger' "
                "AND table_name NOT IN ('stored_lines', 'line_syncs', 'freshness') ORDER BY table_name"
            ).fetchall()
        ]


def test_every_table_and_view_tells_the_same_as_on_duckdb(ledger: OnPostgres, tmp_path: Path) -> None:
    other = Ledger(tmp_path / "embedded", Warehouse(tmp_path / "embedded"))
    for each in (ledger, other):
        each.load(company("BE"), sync="s1")
        each.load(company("FR"), dossier="d2", sync="s2")
        each.load(company("BE", revision=1), sync="s3", moment=NOON + timedelta(days=1))
        each.load(company("BE", revision=2), sync="s4", since=date(2026, 1, 1), moment=NOON + timedelta(days=2))
    names = views(other.store)
    assert {"line_changes", "trial_balance", "journal_lines", "balance_sheet"} <= set(names)
    assert views(ledger.store) == names
    for name in names:
        with ledger.store.reader() as here, other.store.reader() as there:
            ours, theirs = (db.execute(f"SELECT * FROM ledger.{name}") for db in (here, there))
            assert [column[0] for column in ours.description] == [column[0] for column in theirs.description], name
            found = [sorted(rows.fetchall(), key=repr) for rows in (ours, theirs)]
        assert found[0] == found[1], name
    assert other.rows("SELECT count(*) > 0 FROM ledger.line_changes WHERE change = 'deleted'") == [(True,)]


def test_what_stands_and_is_remembered_has_one_form(ledger: OnPostgres, tmp_path: Path) -> None:
    other = Ledger(tmp_path / "embedded", Warehouse(tmp_path / "embedded"))
    found = []
    for each in (ledger, other):
        assert each.store.remembered("d1")["balances"].num_rows == 0
        each.load(company(), sync="s1")
        standing = each.store.standing("d1", keep_before=date(2026, 1, 1))
        tables = {**standing.kept, **each.store.remembered("d1")}
        assert tables["movements"].num_rows > 0
        ordered = {name: t.sort_by([(c, "ascending") for c in t.column_names]) for name, t in tables.items()}
        found.append((standing.sync_id, standing.lines, standing.difference, standing.cursor, ordered))
    assert found[0] == found[1]


def test_a_line_that_is_told_again_is_not_written_again(ledger: OnPostgres) -> None:
    places = "SELECT line_key, ctid::text FROM ledger.stored_lines"
    ledger.load(company(), sync="s1")
    before = dict(ledger.stored(places))
    ledger.load(company(revision=1), sync="s2")
    after = dict(ledger.stored(places))
    told = {str(line.number): line for line in company().lines}
    same = {str(line.number) for line in company(revision=1).lines if told.get(str(line.number)) == line}
    assert len(same) > 0.9 * len(told)
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert ledger.rows("SELECT DISTINCT sync_id FROM ledger.journal_lines") == [("s2",)]


def test_rows_that_come_twice_stay_twice_and_go_one_by_one(ledger: OnPostgres) -> None:
    """A package that states a balance twice: a table without a key keeps its count."""
    facts = DossierFacts("d1", "f", "l", "c", "s", "x", "n", "1", "BE", "EUR", None, "replace", None)
    for copies in (3, 1, 2):
        twice = "INSERT INTO books.trial_balances SELECT * FROM books.trial_balances WHERE account = '400000';" * copies
        with prepared(ledger.folder, company(), spoil=lambda b, sql=twice: b.db.execute(sql) and None) as bench:
            bench.check(Trust())
            ledger.store.load(bench, facts, LoadRecord(f"s{copies}", "s", None, "", "manual", NOON, NOON, 1, 0))
        rows = ledger.rows(
            "SELECT max(n), min(n) FROM (SELECT count(*) AS n FROM ledger.trial_balances WHERE source = 'package' "
            "AND account = '400000' GROUP BY fiscal_year, period) AS counted"
        )
        assert rows == [(2**copies, 2**copies)]


TEXTS = (
    "tab\tbed",
    "new\nline",
    "back\\slash",
    'quote"d',
    "it's",
    "",
    " ",
    "\\N",
    "\\.",
    "NUL\0gone",
    "\x01\x7f",
    "€ 𝄞 ﷽",
    "a,b",
)
AMOUNTS = ("0", "-0.0001", "0.0001", "9999999999999999.9999", "-9999999999999999.9999", "922337203685477.5808", "10000")


def test_texts_and_amounts_of_every_kind_arrive_as_they_were_and_are_known_again(ledger: OnPostgres) -> None:
    def spoil(bench: Workbench) -> None:
        rows = bench.db.execute("SELECT line_key FROM books.journal_lines ORDER BY line_key LIMIT 26").fetchall()
        for (key,), text in zip(rows, TEXTS, strict=False):
            bench.db.execute("UPDATE books.journal_lines SET description = ? WHERE line_key = ?", [text, key])
        for (key,), amount in zip(rows[13:], AMOUNTS, strict=False):
            bench.db.execute(
                "UPDATE books.journal_lines SET currency = 'USD', amount_currency = ?::DECIMAL(20,4) "
                "WHERE line_key = ?",
                [amount, key],
            )

    def load(sync: str) -> None:
        facts = DossierFacts("d1", "firm", "link", "c", "s", "x", "n", "1", "BE", "EUR", None, "replace", None)
        with prepared(ledger.folder, company(), spoil=spoil) as bench:
            bench.check(Trust())
            ledger.store.load(bench, facts, LoadRecord(sync, sync, None, "", "manual", NOON, NOON, 1, 0))

    load("s1")
    texts = [row[0] for row in ledger.rows("SELECT description FROM ledger.journal_lines ORDER BY line_key LIMIT 13")]
    assert texts == [text.replace("\0", "") for text in TEXTS]
    amounts = ledger.rows("SELECT amount_currency FROM ledger.journal_lines ORDER BY line_key OFFSET 13 LIMIT 7")
    assert [row[0] for row in amounts] == [Decimal(amount) for amount in AMOUNTS]
    before = ledger.stored("SELECT count(*), min(ctid)::text, max(ctid)::text FROM ledger.stored_lines")
    load("s2")
    assert ledger.stored("SELECT count(*), min(ctid)::text, max(ctid)::text FROM ledger.stored_lines") == before
    assert ledger.rows("SELECT count(*) FROM ledger.line_changes") == [(0,)]


def test_dossiers_load_at_once_and_one_dossier_loads_after_itself(ledger: OnPostgres) -> None:
    failed: list[BaseException] = []

    def load(number: int) -> None:
        own = Ledger(ledger.folder / str(number), ledger.store)
        try:
            for turn in range(3):
                own.load(company(revision=turn), dossier=f"d{number % 3}", sync=f"s{number}-{turn}")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=load, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    counted = ledger.rows("SELECT dossier_id, count(*), sum(amount) FROM ledger.journal_lines GROUP BY dossier_id")
    possible = {len(company(revision=turn).lines) for turn in range(3)}
    assert len(counted) == 3
    assert {count for _, count, _ in counted} <= possible
    assert {amount for *_, amount in counted} == {0}
    assert ledger.rows("SELECT count(*) FROM ledger.sync_runs") == [(18,)]


def test_a_load_waits_for_no_other_dossier_s(ledger: OnPostgres) -> None:
    with ledger.store.writing("another"):
        ledger.load(company())
    assert ledger.rows("SELECT count(*) FROM ledger.journal_lines") == [(len(company().lines),)]


CHILD = """
import os, signal, sys
from pathlib import Path
from connectors.sandbox.company import company
from tests.warehouse.test_postgres import OnPostgres
from warehouse.postgres.mirror import Mirror
folder, address, dossier, revision, fatal = sys.argv[1:]
ledger = OnPostgres(Path(folder), address)
if fatal == "pushed":
    push = Mirror.push
    def push_and_die(self):
        push(self)
        os.kill(os.getpid(), signal.SIGKILL)
    Mirror.push = push_and_die
ledger.load(company(revision=int(revision)), dossier=dossier, sync=f"s-{revision}")
if fatal == "loaded":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def child(ledger: OnPostgres, name: str, dossier: str, revision: int, fatal: str = "") -> subprocess.Popen[str]:
    (ledger.folder / name).mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(ledger.folder / name), ledger.address, dossier, str(revision), fatal],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> int:
    _, trouble = process.communicate(timeout=120)
    assert "Traceback" not in trouble, trouble
    return process.returncode


@pytest.mark.parametrize(("fatal", "stands"), [("pushed", "s1"), ("loaded", "s-1")])
def test_a_process_killed_in_a_load_leaves_the_old_state_or_the_new_one_and_no_lock(
    ledger: OnPostgres, fatal: str, stands: str
) -> None:
    ledger.load(company(), sync="s1")
    assert ended(child(ledger, "killed", "d1", 1, fatal)) == -signal.SIGKILL
    told = company(revision=0 if stands == "s1" else 1)
    assert ledger.rows("SELECT DISTINCT sync_id FROM ledger.journal_lines") == [(stands,)]
    assert ledger.rows("SELECT count(*) FROM ledger.journal_lines") == [(len(told.lines),)]
    ledger.load(company(revision=2), sync="s3")
    assert ledger.rows("SELECT count(*) FROM ledger.journal_lines") == [(len(company(revision=2).lines),)]


def test_several_processes_load_the_same_dossier_and_different_ones(ledger: OnPostgres) -> None:
    work = [("a", 0), ("a", 1), ("b", 1), ("c", 2)]
    running = [child(ledger, f"p{n}", dossier, revision) for n, (dossier, revision) in enumerate(work)]
    assert [ended(process) for process in running] == [0] * len(work)
    counted = dict(ledger.rows("SELECT dossier_id, count(*) FROM ledger.journal_lines GROUP BY dossier_id"))
    lines = [len(company(revision=n).lines) for n in range(3)]
    assert counted["a"] in lines[:2]
    assert (counted["b"], counted["c"]) == (lines[1], lines[2])


def test_a_reader_sees_one_state_while_loads_go_on(ledger: OnPostgres) -> None:
    ledger.load(company(), sync="s1")
    with ledger.store.reader() as db:
        question = "SELECT count(*), min(sync_id), max(sync_id) FROM ledger.journal_lines"
        before = db.execute(question).fetchall()
        ledger.load(company(revision=1), sync="s2")
        assert db.execute(question).fetchall() == before == [(len(company().lines), "s1", "s1")]
    assert ledger.rows("SELECT DISTINCT sync_id FROM ledger.journal_lines") == [("s2",)]


def test_rows_that_somebody_else_changed_meanwhile_stop_the_load(ledger: OnPostgres) -> None:
    ledger.load(company(), sync="s1")
    with (
        Workbench(ledger.folder) as bench,
        ledger.store.writing("d1") as connection,
        mirror(bench.db, connection, Window("d1", None), "wh.ledger.journal_lines") as rows,
    ):
        bench.db.execute("DELETE FROM wh.ledger.journal_lines")
        ledger.stored("UPDATE ledger.stored_lines SET description = 'touched' RETURNING 1")
        with pytest.raises(Busy, match="somebody else changed"):
            rows.push()
    assert ledger.rows("SELECT count(*) FROM ledger.journal_lines") == [(len(company().lines),)]


def test_one_text_is_one_question_and_nothing_is_written_through_a_reader(ledger: OnPostgres) -> None:
    ledger.load(company())
    for attempt in (
        "DELETE FROM ledger.dossiers",
        "SELECT 1; DELETE FROM ledger.dossiers",
        "COMMIT; DELETE FROM ledger.dossiers",
        "CREATE TEMP TABLE t (x int); SELECT 1",
        "DO $$ BEGIN DELETE FROM ledger.dossiers; END $$",
        "COPY ledger.dossiers TO PROGRAM 'cat'; SELECT 1",
    ):
        with pytest.raises(WrongInput, match="the query failed"), ledger.store.reader() as db:
            db.execute(attempt)
    assert ledger.rows("SELECT count(*) FROM ledger.dossiers") == [(1,)]


@pytest.mark.parametrize(
    ("query", "values", "answer"),
    [
        ("SELECT ?, ?::DATE", ["a'b", date(2026, 1, 2)], ("a'b", date(2026, 1, 2))),
        ("SELECT $b, $a::INTEGER, $b", {"a": 3, "b": "x"}, ("x", 3, "x")),
        ("SELECT '?' || ?, '$a' -- ? $a 100%\n, \"?\" FROM (SELECT 1 AS \"?\") q", ["x"], ("?x", "$a", 1)),
        ("SELECT 10 % 3, 'a' LIKE '%', /* ? */ $a IS NULL, $$? $a$$", {"a": None}, (1, True, True, "? $a")),
        ("SELECT 10 % 3, 'it''s ?'", None, (1, "it's ?")),
    ],
)
def test_placeholders_are_those_of_duckdb(ledger: OnPostgres, query: str, values: Any, answer: tuple[Any, ...]) -> None:
    with ledger.store.reader() as db:
        assert db.execute(query, values).fetchall() == [answer]
        if values is not None:
            assert tuple(column[0].as_py() for column in db.arrow(query, values).read_all().columns) == answer


def test_an_answer_of_many_batches_comes_whole_and_exact(ledger: OnPostgres) -> None:
    with ledger.store.reader() as db:
        rows = db.arrow(
            "SELECT n, n::numeric / 8 AS eighth, n::numeric(20,4) AS money FROM generate_series(1, 50000) n"
        )
        table = rows.read_all()
        assert db.execute("SELECT 1").fetchall() == [(1,)]
    assert (table.num_rows, str(table.schema.field("money").type)) == (50_000, "decimal128(20, 4)")
    assert table["eighth"][49_998].as_py() == Decimal(49_999) / 8


def test_without_a_schema_a_reader_is_told_what_to_do(postgres: Server) -> None:
    store = PostgresWarehouse(Secret(postgres.empty_database()))
    assert not store.readable
    with pytest.raises(WrongInput, match="grandlivre demo"), store.reader():
        pass


def test_newer_views_reach_an_existing_schema_and_other_people_s_views_are_never_dropped(
    ledger: OnPostgres,
) -> None:
    ledger.load(company())
    with psycopg.connect(ledger.address, autocommit=True) as connection:
        connection.execute("COMMENT ON SCHEMA ledger IS 'older'")
        connection.execute("DROP VIEW ledger.freshness")
        connection.execute("CREATE VIEW ledger.freshness AS SELECT 1 AS old")
        connection.execute("ALTER TABLE ledger.accounts DROP COLUMN confidence")
        PostgresWarehouse(Secret(ledger.address)).create()
        assert ledger.rows("SELECT lines FROM ledger.freshness") == [(len(company().lines),)]
        assert schema.is_current(connection)
        connection.execute("COMMENT ON SCHEMA ledger IS 'older'")
        connection.execute("DROP VIEW ledger.freshness")
        connection.execute("CREATE VIEW ledger.freshness AS SELECT 1 AS old")
        connection.execute("CREATE VIEW public.mine AS SELECT * FROM ledger.freshness")
        with pytest.raises(WrongInput, match="mine"):
            PostgresWarehouse(Secret(ledger.address)).create()
        assert connection.execute("SELECT * FROM public.mine").fetchall() == [(1,)]


def test_an_address_that_does_not_answer_or_is_none_is_told_without_its_password() -> None:
    for address, cause in (
        ("postgresql://u:hush@127.0.0.1:1/d", "does not answer"),
        ("mysql://u:hush@h/d", "not that of a Postgres"),
        ("postgresql://u:hush@h/d?nonsense=1", "cannot be read"),
    ):
        with pytest.raises((Busy, WrongInput), match=cause) as caught:
            PostgresWarehouse(Secret(address)).create()
        assert "hush" not in str(caught.value)
