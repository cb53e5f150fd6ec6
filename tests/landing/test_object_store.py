"""The landing on an object store: a real S3 dialogue, over a socket, with a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from s3fs import S3FileSystem

from assets.sync import Outcome
from connectors.catalog import package
from foundation.errors import Busy, WrongInput
from foundation.home import Home
from resources.landing import Landing
from tests.contract.dossier import Linked, assert_tells, linked, told_by
from tests.landing.ground import Ground, changes, full, gone, ids, lines, rows
from tests.object_store import ObjectStore, object_store

ROW = package("verocount")


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def store(running: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    S3FileSystem.clear_instance_cache()
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    yield running
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def ground(store: ObjectStore, tmp_path: Path) -> Ground:
    return Ground(tmp_path, root=f"s3://landing/{tmp_path.name}")


def objects(ground: Ground, tmp_path: Path) -> list[str]:
    found = S3FileSystem(use_listings_cache=False).find(f"landing/{tmp_path.name}")
    return sorted(path.partition("/p/d/")[2] for path in found)


def test_full_and_incremental_snapshots_lie_in_the_bucket_and_come_back(ground: Ground, tmp_path: Path) -> None:
    first = ground.land("s1", lines(("a", 1, 10), ("b", 1, 20), ("c", 1, 30)), full())
    second = ground.land("s2", lines(("b", 2, 21), ("d", 2, 40)), gone(("c", 2)), changes(2), previous=first)
    assert ids(second) == [("a", 1), ("b", 2), ("d", 2)]
    files = ("lines.parquet", "manifest.json", "names.parquet")
    assert objects(ground, tmp_path) == [f"{each}/{name}" for each in ("s1", "s2") for name in files]
    elsewhere = ground.landing.snapshot("p", "d", "s1", work=tmp_path / "another-machine")
    assert elsewhere is not None
    assert rows(elsewhere) == rows(first)
    assert elsewhere.cursor == {"at": 1}


def test_a_snapshot_is_fetched_only_where_it_is_read(ground: Ground, tmp_path: Path) -> None:
    ground.land("s1", lines(("a", 1, 10)), full())
    work = tmp_path / "another-machine"
    snapshot = ground.landing.snapshot("p", "d", "s1", work=work)
    assert snapshot is not None
    assert not work.exists()
    assert ids(snapshot) == [("a", 1)]
    assert [path.name for path in work.rglob("*.*")] == ["lines.parquet"]


def test_a_crash_between_files_leaves_no_snapshot_and_is_cleared_away(ground: Ground, tmp_path: Path) -> None:
    ground.land("s1", lines(("a", 1, 10)), full())
    fsspec.register_implementation("fragile", Fragile, clobber=True)
    fragile = Ground(tmp_path, root=f"fragile://landing/{tmp_path.name}")
    with pytest.raises(Busy, match="does not answer"):
        fragile.land("s2", lines(("a", 2, 11)), full())
    assert "s2/lines.parquet" in objects(ground, tmp_path)
    assert ground.landing.snapshot("p", "d", "s2", work=ground.work) is None
    ground.landing.prune("p", "d", "s1")
    assert {path.partition("/")[0] for path in objects(ground, tmp_path)} == {"s1"}


def test_pruning_sees_what_another_machine_landed(ground: Ground, tmp_path: Path) -> None:
    for n in range(5):
        ground.land(f"s{n}", full())
    for _ in range(2):
        ground.landing.prune("p", "d", "s0")
    assert {path.partition("/")[0] for path in objects(ground, tmp_path)} == {"s0", "s2", "s3", "s4"}
    there, place = S3FileSystem(skip_instance_cache=True), f"landing/{tmp_path.name}/p/d"
    for n in range(3):
        there.cp_file(f"{place}/s0/manifest.json", f"{place}/t{n}/manifest.json")
    ground.landing.prune("p", "d", "s0")
    assert {path.partition("/")[0] for path in objects(ground, tmp_path)} == {"s0", "t0", "t1", "t2"}


def test_a_dossier_syncs_and_is_made_again_from_the_bucket(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANDLIVRE_LANDING", f"s3://landing/{tmp_path.name}/firm")
    with linked(ROW, tmp_path) as dossier:
        assert dossier.sync().status == "synced"
        assert dossier.sync().status == "unchanged"
        assert not any(dossier.house.home.landing.iterdir())
        assert not any(dossier.house.home.scratch.iterdir())
        _hide_the_package(dossier)
        outcome: Outcome = dossier.sync(from_landing=True)
        assert (outcome.status, outcome.vendor_calls) == ("synced", 0)
        assert_tells(dossier, told_by(ROW))


def _hide_the_package(dossier: Linked) -> None:
    root = Path(dossier.sandbox.settings["root"])
    for path in (root / dossier.sandbox.external_id).iterdir():
        path.write_text("nothing that anybody should read")


def test_a_store_that_does_not_answer_is_waited_for(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("GRANDLIVRE_LANDING", "s3://landing/firm")
    with linked(ROW, tmp_path) as dossier:
        outcome = dossier.sync()
    assert outcome.error is not None
    assert outcome.error.kind == "busy"
    assert "the landing's store does not answer" in str(outcome.error)
    assert "127.0.0.1" not in str(outcome.error)


def test_a_bucket_that_is_not_there_is_not_made(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="does not have that bucket"):
        Ground(tmp_path, root="s3://typing-error").land("s1", full())
    assert S3FileSystem(use_listings_cache=False).ls("") == ["landing"]


@pytest.mark.parametrize(
    ("address", "cause"), [("nothing-known://x", "not one that can be used"), ("gs://x/y", "not installed")]
)
def test_an_address_that_cannot_be_used_says_what_to_do(tmp_path: Path, address: str, cause: str) -> None:
    with pytest.raises(WrongInput, match=cause):
        Landing.of(Home(tmp_path), {"GRANDLIVRE_LANDING": address})


class Fragile(S3FileSystem):
    """A store that takes one file of a snapshot and then goes away."""

    protocol = ("fragile", "s3", "s3a")
    taken = 0

    async def _put_file(self, lpath: Any, rpath: Any, *args: Any, **kwargs: Any) -> Any:
        Fragile.taken += 1
        if Fragile.taken > 1:
            raise ConnectionResetError
        return await super()._put_file(lpath, rpath, *args, **kwargs)
