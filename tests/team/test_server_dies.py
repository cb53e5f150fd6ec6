"""The Postgres of a team is killed: nothing is half loaded, and once it is back one more run completes all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from assets.sync import Outcome
from connectors.catalog import package
from tests.contract.dossier import assert_tells, linked, told_by
from tests.machines.aftermath import assert_all_is_done, assert_nothing_is_half_done, assert_nothing_is_left
from tests.machines.books import Books, dump
from tests.machines.nights import Installation
from tests.pipelines.ui import until
from tests.postgres import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that may die."""
    server = Server()
    yield server
    server.stop()


@contextmanager
def lines_held(address: str) -> Iterator[None]:
    """Lets nobody write lines, so that a load stays where it is: the other tables are written, nothing is committed."""
    with psycopg.connect(address) as db:
        db.execute("LOCK TABLE ledger.stored_lines IN SHARE MODE")
        try:
            yield
        finally:
            db.close()


def waits(address: str) -> bool:
    """Whether somebody waits for the lines."""
    with psycopg.connect(address) as db:
        return db.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchall() != [(0,)]


def test_a_load_whose_server_dies_leaves_yesterdays_figures_and_says_what_to_do(server: Server, tmp_path: Path) -> None:
    row, address = package("winbooks"), server.database()
    with linked(row, tmp_path, database=address) as dossier:
        assert dossier.sync().status == "synced"
        dossier.sandbox.show(told_by(row, 1))
        outcomes: list[Outcome] = []
        at_work = threading.Thread(target=lambda: outcomes.append(dossier.sync()))
        with lines_held(address):
            at_work.start()
            until("the load", lambda: waits(address))
            server.crash()
        at_work.join(60)
        [outcome] = outcomes
        assert outcome.error is not None
        assert outcome.error.kind == "busy"
        assert "database does not answer" in str(outcome.error)
        assert "then try again" in str(outcome.error)
        server.start_again()
        assert_tells(dossier, told_by(row))
        again = dossier.sync()
        assert again.status == "synced", again.error
        assert_tells(dossier, told_by(row, 1))
        kinds = {run.error_kind for run in dossier.house.registry.runs() if run.status == "failed"}
        assert kinds == {"crashed"}, "the death could not be noted while the server was away"
        assert list(dossier.house.home.scratch.iterdir()) == []


def test_a_load_whose_session_is_ended_is_busy_and_recorded_so(postgres: Server, tmp_path: Path) -> None:
    row, address = package("winbooks"), postgres.database()
    with linked(row, tmp_path, database=address) as dossier:
        outcomes: list[Outcome] = []
        at_work = threading.Thread(target=lambda: outcomes.append(dossier.sync()))
        with lines_held(address):
            at_work.start()
            until("the load", lambda: waits(address))
            postgres.run("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        at_work.join(60)
        [outcome] = outcomes
        assert outcome.error is not None
        assert "the database does not answer" in str(outcome.error)
        [run] = dossier.house.registry.runs()
        assert run.error_kind == "busy"
        assert dossier.sync().status == "synced"
        assert_tells(dossier, told_by(row))


def test_a_night_whose_server_dies_is_completed_by_one_more_run(server: Server, tmp_path: Path) -> None:
    books = Books(tmp_path / "books", 6)  # more than are read at once: there is something left when the server dies
    books.write()
    made = [Installation(tmp_path / name, books, server.empty_database()) for name in "ab"]
    with closing(made[0]) as calm, closing(made[1]) as struck:
        begun = datetime.now(UTC)
        calm.night(begun)
        processes = struck.start(begun)
        until("the first dossiers", lambda: struck.good(begun), every=0.05)
        server.crash()
        for process in processes:
            process.join(120)
        assert "database does not answer" in struck.log.read_text()
        server.start_again()
        struck.notice()
        assert_nothing_is_half_done(struck, begun)
        struck.night(begun)
        assert_all_is_done(struck, begun)
        assert_nothing_is_left(struck)
        assert dump(struck.house) == dump(calm.house)
