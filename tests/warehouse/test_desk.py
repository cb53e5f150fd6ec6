"""Desks: instances that several dossiers use, one after another, as if each were new."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from warehouse import desk
from warehouse.bench import Workbench

_LEFT = """
CREATE TABLE left_table AS SELECT 1 AS one;
CREATE TEMP TABLE left_temporary AS SELECT 1 AS one;
CREATE MACRO left_macro() AS 1;
CREATE TEMP MACRO left_temporary_macro() AS 1;
SET VARIABLE left_variable = 1;
"""


def instance_of(db: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        name for (name,) in db.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
    }


def test_the_next_user_finds_nothing_of_the_one_before(tmp_path: Path) -> None:
    taken, db = desk.take(tmp_path)
    db.execute(_LEFT)
    desk.give_back(taken)
    again, db = desk.take(tmp_path)
    assert again is taken, "the desk was kept"
    assert db.execute("SELECT getvariable('left_variable')").fetchall() == [(None,)]
    for question in ("FROM left_table", "FROM left_temporary", "SELECT left_macro()", "SELECT left_temporary_macro()"):
        with pytest.raises(duckdb.CatalogException):
            db.execute(question)
    assert db.execute("SELECT count(*) > 100 FROM chart.codes").fetchall() == [(True,)]
    desk.give_back(again)


def test_two_users_at_once_have_a_desk_each(tmp_path: Path) -> None:
    with Workbench(tmp_path / "one") as one, Workbench(tmp_path / "two") as two:
        one.db.execute("CREATE TABLE work.mine AS SELECT 1 AS one")
        with pytest.raises(duckdb.CatalogException):
            two.db.execute("FROM work.mine")


def test_a_desk_on_which_something_went_wrong_is_not_used_again(tmp_path: Path) -> None:
    def interrupted() -> None:
        with desk.taken(tmp_path) as db:
            db.execute("ATTACH ':memory:' AS half_done")
            db.execute("BEGIN")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with desk.taken(tmp_path) as db:
        assert "half_done" not in instance_of(db)


def test_each_user_spills_into_its_own_folder(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        with desk.taken(tmp_path / name) as db:
            db.execute("SET memory_limit = '30MB'")
            db.execute(
                "CREATE TABLE big AS SELECT i, hash(i)::VARCHAR || hash(i + 1) AS text FROM range(1_500_000) t(i)"
            )
            assert any((tmp_path / name).iterdir())
            db.execute("SET memory_limit = '192MB'")
