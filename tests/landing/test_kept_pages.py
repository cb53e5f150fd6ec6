"""What is kept of a read that was cut short: the rows before the last checkpoint, once, and for its own link alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.contract import Batch, Checkpoint, Event, NextCursor, Resource, Resume, Resumed, Stated
from foundation.errors import (
    AskForAccess,
    Busy,
    GrandlivreError,
    Incomplete,
    RateLimited,
    ReportABug,
    SignInAgain,
    VendorDown,
)
from resources.landing import Landing, Snapshot

LINES = Resource("lines", pa.schema([("id", pa.string()), ("amount", pa.decimal128(20, 4))]), ("id",))
NAMES = Resource("names", pa.schema([("name", pa.string())]))
OUT_OF_CALLS = RateLimited("no more calls")


def lines(*ids: str) -> Batch:
    return Batch("lines", pa.table({"id": ids, "amount": pa.array([1] * len(ids), LINES.schema.types[1])}))


def names(*found: str) -> Batch:
    return Batch("names", pa.table({"name": found}))


def at(place: int) -> Checkpoint:
    return Checkpoint({"at": place})


class Ground:
    """A landing, and reads of one dossier that may end badly."""

    def __init__(self, folder: Path, root: str | None = None) -> None:
        self.folder = folder
        self.landing = Landing(root or str(folder / "landing"))
        self.count = 0

    def read(
        self, *events: Event, error: GrandlivreError | None = None, link: str = "l1", lines: Resource = LINES
    ) -> Snapshot | None:
        """One read in a work folder of its own; None when it ended with ``error``."""
        self.count += 1
        work = self.folder / f"work{self.count}"
        work.mkdir()
        resources = [lines, NAMES]
        kept = self.landing.kept("p", "d", link, resources, work=work)

        def told() -> Iterator[Event]:
            yield from events
            if error:
                raise error

        try:
            return self.landing.land("p", "d", f"s{self.count}", resources, told(), work=work, kept=kept)
        except GrandlivreError as raised:
            if raised is not error:
                raise
            return None

    def resume(self, link: str = "l1", lines: Resource = LINES) -> Resume | None:
        work = self.folder / "look"
        work.mkdir(exist_ok=True)
        return self.landing.kept("p", "d", link, [lines, NAMES], work=work).resume

    def state(self, link: str = "l1") -> object:
        resume = self.resume(link)
        return resume and resume.state["at"]


def ids(snapshot: Snapshot | None) -> list[str]:
    assert snapshot is not None
    return pq.read_table(snapshot.files["lines"]).column("id").to_pylist()


@pytest.fixture(params=["local", "elsewhere"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    return Ground(tmp_path, f"memory://kept-{tmp_path.name}" if request.param == "elsewhere" else None)


def test_a_read_that_goes_on_lands_the_kept_rows_and_the_rest(ground: Ground) -> None:
    ground.read(names("x"), lines("a", "b"), at(2), error=OUT_OF_CALLS)
    ground.read(Resumed(), lines("c"), at(3), error=OUT_OF_CALLS)
    assert ground.state() == 3
    snapshot = ground.read(Resumed(), lines("d"), Stated("lines", 4), NextCursor(None))
    assert ids(snapshot) == ["a", "b", "c", "d"]
    assert snapshot is not None
    assert (snapshot.rows, snapshot.rows_read) == ({"lines": 4, "names": 1}, 5)
    assert ground.state() is None, "what is landed is kept no longer"


def test_rows_after_the_last_checkpoint_are_not_kept(ground: Ground) -> None:
    ground.read(names("x"), lines("a"), at(1), lines("b", "c"), names("y"), error=OUT_OF_CALLS)
    resume = ground.resume()
    assert resume is not None
    assert [row for batch in resume.rows("lines", ["id"]) for row in batch.to_pylist()] == [{"id": "a"}]
    snapshot = ground.read(Resumed(), lines("b", "c"), names("y"), NextCursor(None))
    assert ids(snapshot) == ["a", "b", "c"]
    assert snapshot is not None
    assert pq.read_table(snapshot.files["names"]).column("name").to_pylist() == ["x", "y"]


def test_a_read_that_starts_afresh_forgets_what_was_kept(ground: Ground) -> None:
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    assert ids(ground.read(lines("n"), NextCursor(None))) == ["n"]
    assert ground.state() is None
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    ground.read(lines("m"), at(7), error=OUT_OF_CALLS)
    assert ids(ground.read(Resumed(), NextCursor(None))) == ["m"]


@pytest.mark.parametrize("error", [RateLimited("no more"), VendorDown("gone"), SignInAgain("no longer")])
def test_what_cuts_a_read_short_before_its_first_checkpoint_leaves_what_was_kept(
    ground: Ground, error: GrandlivreError
) -> None:
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    ground.read(error=error)
    assert ground.state() == 1


@pytest.mark.parametrize(
    "error", [Incomplete("less"), ReportABug("odd"), Busy("a restore"), AskForAccess("no right"), ValueError("odd")]
)
def test_what_casts_doubt_on_the_rows_forgets_them(ground: Ground, error: Exception) -> None:
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    try:
        ground.read(Resumed(), lines("b"), at(2), error=error)  # type: ignore[arg-type]
    except ValueError:
        assert isinstance(error, ValueError)
    assert ground.state() is None


def test_fewer_rows_than_announced_forget_them_too(ground: Ground) -> None:
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    with pytest.raises(Incomplete):
        ground.read(Resumed(), lines("b"), Stated("lines", 3), NextCursor(None))
    assert ground.state() is None


def test_another_link_or_another_form_of_the_table_finds_nothing(ground: Ground) -> None:
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    assert ground.state("another link") is None
    wider = Resource("lines", LINES.schema.append(pa.field("text", pa.string())), ("id",))
    assert ground.resume(lines=wider) is None
    assert ground.resume(lines=Resource("rows", LINES.schema, ("id",))) is None
    assert ground.state() == 1


def test_going_on_where_nobody_was_is_a_bug(ground: Ground) -> None:
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    with pytest.raises(ReportABug, match="where nobody was"):
        ground.read(lines("b"), Resumed(), NextCursor(None))


def test_old_snapshots_are_cleared_away_and_kept_pages_are_not(ground: Ground) -> None:
    for _ in range(5):
        ground.read(lines("a"), NextCursor(None))
    ground.read(lines("a"), at(1), error=OUT_OF_CALLS)
    ground.landing.prune("p", "d", "s1")
    assert ground.state() == 1


def test_a_place_that_cannot_be_written_does_not_hide_why_the_read_ended(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    dossier = tmp_path / "landing" / "p" / "d"
    dossier.mkdir(parents=True)
    (dossier / "kept").write_text("in the way")
    assert ground.read(lines("a"), at(1), error=RateLimited("no more")) is None
    assert ground.state() is None
