from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Event, NextCursor, Note, Stated
from foundation.errors import ReportABug, VendorDown
from tests.landing.ground import LINES, NAMES, Ground, changes, full, gone, ids, lines, rows


def test_a_full_read_lands_every_resource_also_the_empty_ones(tmp_path: Path) -> None:
    snapshot = Ground(tmp_path).land("s1", lines(("a", 1, 10)), lines(("b", 1, 20)), full())
    assert ids(snapshot) == [("a", 1), ("b", 1)]
    assert rows(snapshot, "names") == []
    assert snapshot.rows == {"lines": 2, "names": 0}
    assert snapshot.cursor == {"at": 1}


def test_changes_are_merged_with_the_snapshot_before(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    first = ground.land("s1", lines(("a", 1, 10), ("b", 1, 20), ("c", 1, 30)), full())
    second = ground.land("s2", lines(("b", 2, 21), ("d", 2, 40)), gone(("c", 2)), changes(2), previous=first)
    assert ids(second) == [("a", 1), ("b", 2), ("d", 2)]
    assert ids(first) == [("a", 1), ("b", 1), ("c", 1)], "a landed snapshot never changes"


def test_a_row_newer_than_its_deletion_stays(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    first = ground.land("s1", lines(("a", 1, 10)), full())
    second = ground.land("s2", lines(("a", 5, 11)), gone(("a", 4)), changes(5), previous=first)
    assert ids(second) == [("a", 5)]


def test_of_two_changes_of_one_row_the_later_stands(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    first = ground.land("s1", lines(("a", 1, 10)), full())
    second = ground.land("s2", lines(("a", 3, 13), ("a", 2, 12)), changes(3), previous=first)
    assert rows(second) == [("a", 3, 13)]


def test_fewer_rows_than_stated_is_no_snapshot(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    with pytest.raises(VendorDown, match="announced 2 rows of lines and sent 1"):
        ground.land("s1", Stated("lines", 2), lines(("a", 1, 10)), full())
    assert ground.landing.snapshot("p", "d", "s1", work=ground.work) is None


def test_an_extraction_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    ground = Ground(tmp_path)

    def breaking() -> Iterator[Event]:
        yield lines(("a", 1, 10))
        raise VendorDown("gone")

    with pytest.raises(VendorDown):
        ground.landing.land("p", "d", "s1", [LINES, NAMES], breaking(), work=ground.work)
    assert not list(ground.work.iterdir())
    assert not ground.root.exists() or not list(ground.root.rglob("*.parquet"))


def test_an_extraction_without_an_end_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ReportABug):
        Ground(tmp_path).land("s1", lines(("a", 1, 10)))


def test_unchanged_gives_the_snapshot_before_with_the_new_cursor(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    first = ground.land("s1", lines(("a", 1, 10)), full())
    second = ground.land("s2", NextCursor({"at": 9}, unchanged=True), previous=first)
    assert second.unchanged
    assert second.snapshot_id == "s1"
    assert second.cursor == {"at": 9}


def test_notes_and_cursor_come_back_from_the_manifest(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    ground.land("s1", Note("odd", "three odd rows", 3), full(7))
    found = ground.landing.snapshot("p", "d", "s1", work=ground.work)
    assert found is not None
    assert found.notes == (Note("odd", "three odd rows", 3),)
    assert found.cursor == {"at": 7}


def test_pruning_keeps_three_and_the_standing_one_and_clears_the_unfinished(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    for n in range(6):
        ground.land(f"s{n}", full())
    (ground.root / "p" / "d" / "s2" / "manifest.json").unlink()
    ground.landing.prune("p", "d", "s0")
    assert sorted(path.name for path in (ground.root / "p" / "d").iterdir()) == ["s0", "s3", "s4", "s5"]


def test_another_file_system_works_alike(tmp_path: Path) -> None:
    ground = Ground(tmp_path, root=f"memory://landing-{tmp_path.name}")
    first = ground.land("s1", lines(("a", 1, 10)), full())
    second = ground.land("s2", lines(("b", 2, 20)), changes(2), previous=first)
    assert ids(second) == [("a", 1), ("b", 2)]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=30))
def test_a_merged_snapshot_equals_the_rows_that_stand(steps: list[tuple[str, bool]]) -> None:
    import tempfile

    standing: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        snapshot = ground.land("s0", full())
        for number, (key, removed) in enumerate(steps[:6], start=1):
            if removed:
                standing.pop(key, None)
                event: Event = gone((key, number))
            else:
                standing[key] = number
                event = lines((key, number, number))
            snapshot = ground.land(f"s{number}", event, changes(number), previous=snapshot)
        assert ids(snapshot) == sorted(standing.items())
