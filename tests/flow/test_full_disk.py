"""The disk of the state folder fills during a night: yesterday's figures stand, and room is all that it takes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from assets.ledgers import ledger_asset
from assets.partitions import add_missing, range_tags
from foundation.disk import is_full
from foundation.errors import Busy
from resources.house import House, Report
from resources.packages import resource_class
from tests.drop_folder.folders import LINES
from tests.pipelines.firm import QUIET, ROW, materialized, small_house, statuses
from warehouse.desk import Desk

NAMES = ["d0", "d1", "d2"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 32 MB, where we may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk of our own here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster on another disk: what it tells is told."""
    (tmp_path / "dagster").mkdir()
    quiet = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster"), overrides=quiet) as instance:
        yield instance


def fill(disk: Path) -> None:
    """Leaves no room at all."""
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        for size in (1 << 20, 4096, 1):
            try:
                while ballast.write(bytes(size)):
                    pass
            except OSError:
                continue


def free(disk: Path) -> None:
    (disk / "ballast").unlink()


def night(house: House, instance: dg.DagsterInstance, report: Report = lambda stage, rows: None) -> bool:
    resource = resource_class(ROW)(software=ROW.slug, home=str(house.home.root), dossiers_at_once=1)
    return dg.materialize(
        [ledger_asset(ROW, lambda dossier_id: report)],
        instance=instance,
        resources={ROW.slug: resource},
        tags=range_tags(NAMES[0], NAMES[-1]),
        raise_on_error=False,
        run_config=QUIET,
    ).success


def figures(house: House) -> list[tuple[Any, ...]]:
    with house.warehouse.reader() as db:
        return db.execute(
            "SELECT dossier_id, account, sum(amount) FROM ledger.journal_lines GROUP BY ALL ORDER BY ALL"
        ).fetchall()


def told(instance: dg.DagsterInstance) -> str:
    """Everything that the last run said."""
    [run] = instance.get_runs(limit=1)
    return "\n".join(f"{entry.user_message} {entry.dagster_event}" for entry in instance.all_logs(run.run_id))


@pytest.mark.parametrize("stage", ["extract", "load", "publish"])
def test_a_disk_that_fills_in_a_night_costs_nothing_but_the_night(
    disk: Path, instance: dg.DagsterInstance, stage: str
) -> None:
    house = small_house(disk, NAMES)
    add_missing(instance, ROW.slug, NAMES)
    assert night(house, instance)
    yesterday = figures(house)
    for name in NAMES:
        (disk / "drop" / name / "lines_2024.csv").write_text(LINES.replace("1000,00", "2000,00"))
    begun = datetime.now(UTC)
    left = [2]  # the first dossier finds room

    def report(at: str, rows: int) -> None:
        left[0] -= at == stage
        if not left[0]:
            fill(disk)

    assert not night(house, instance, report)
    assert "the disk is full" in told(instance)
    assert "Free space" in told(instance)
    assert " of 3 dossiers failed: " in told(instance)
    assert figures(house) == yesterday
    with pytest.raises(Busy, match="the disk is full while publishing"):
        house.warehouse.publish()
    free(disk)
    assert night(house, instance)
    assert statuses(instance, NAMES) == dict.fromkeys(NAMES, "MATERIALIZED")
    assert set(house.registry.good_since(ROW.slug, begun)) == set(NAMES)
    assert {amount for _, account, amount in figures(house) if account == "550000"} == {2000}
    assert list(house.home.scratch.iterdir()) == []
    assert [path.name for path in house.home.warehouse.glob(".*")] == [".ledger_read.duckdb.spare"]
    assert list(house.home.warehouse.glob("*.wal")) == []
    assert {told["status"] for told in materialized(instance).values()} <= {"synced", "unchanged"}
    house.registry.close()


def test_a_desk_that_cannot_spill_says_that_the_disk_is_full(disk: Path) -> None:
    fill(disk)
    with closing(Desk(memory="24MB")) as desk, pytest.raises(duckdb.Error) as caught:
        desk.begin(disk / "work").execute("CREATE TABLE rows AS SELECT md5(i::VARCHAR) AS a FROM range(2000000) t(i)")
    assert is_full(caught.value)
