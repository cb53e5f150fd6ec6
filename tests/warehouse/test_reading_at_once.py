"""Readers of one process that are open at the same time, as the portal's are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from tests.installation import empty_warehouse
from warehouse.store import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(empty_warehouse(tmp_path / "warehouse"))
    opened.publish()
    yield opened
    opened.close()


def publish_dossiers(warehouse: Warehouse, *names: str) -> None:
    with duckdb.connect(str(warehouse.live)) as db:
        db.execute("DELETE FROM ledger.dossiers")
        for name in names:
            db.execute("INSERT INTO ledger.dossiers BY NAME SELECT ? AS dossier_id", [name])
    assert warehouse.publish()


def dossiers(warehouse: Warehouse) -> list[str]:
    with warehouse.reader() as db:
        return [row[0] for row in db.execute("SELECT dossier_id FROM dossiers ORDER BY 1").fetchall()]


def test_one_that_is_open_keeps_its_figures_and_the_next_sees_what_was_published_since(warehouse: Warehouse) -> None:
    publish_dossiers(warehouse, "a")
    with warehouse.reader() as early:
        publish_dossiers(warehouse, "a", "b")
        assert dossiers(warehouse) == ["a", "b"]
        publish_dossiers(warehouse, "c")
        assert dossiers(warehouse) == ["c"]
        assert early.execute("SELECT dossier_id FROM dossiers").fetchall() == [("a",)]


def test_many_at_once_are_answered(warehouse: Warehouse) -> None:
    publish_dossiers(warehouse, "a")
    with ThreadPoolExecutor(8) as pool:
        assert set(map(tuple, pool.map(lambda _: dossiers(warehouse), range(64)))) == {("a",)}


def test_no_name_of_a_reader_is_left(warehouse: Warehouse) -> None:
    publish_dossiers(warehouse, "a")
    before = sorted(path.name for path in warehouse.folder.iterdir())
    with warehouse.reader():
        assert sorted(path.name for path in warehouse.folder.iterdir()) == before
