"""The summary of the night: every sync is counted where it belongs, under keys that never change."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from assets.nightly import CAUSES, nightly, plotted, summary
from registry.store import SyncRun
from tests.pipelines.firm import Firm
from tests.pipelines.test_retries import run

START = datetime(2025, 3, 1, 1, 0, tzinfo=UTC)


def ended(number: int, status: str, kind: str | None, seconds: int, lines: int, calls: int) -> SyncRun:
    begun = run(number, status, kind, START + timedelta(minutes=number))
    return dataclasses.replace(
        begun,
        dossier_id=f"d{number % 4}",
        finished_at=begun.started_at + timedelta(seconds=seconds),
        rows_loaded=lines,
        vendor_calls=calls,
    )


ENDED = st.lists(
    st.tuples(
        st.sampled_from(["synced", "unchanged", "parked", "failed"]),
        st.sampled_from(CAUSES),
        st.integers(0, 900),
        st.integers(0, 10**6),
        st.integers(0, 500),
    ),
    max_size=20,
).map(lambda rows: [ended(number, *row) for number, row in enumerate(rows)])


@given(ENDED)
def test_dossiers_are_counted_by_their_latest_sync_and_sums_are_over_all(runs: list[SyncRun]) -> None:
    found = summary(reversed(runs), [])
    latest = {each.dossier_id: each for each in runs}
    assert found.ended == Counter(each.status for each in latest.values())
    assert found.failed.total() == found.ended["failed"]
    assert (found.runs, found.lines) == (len(runs), sum(each.rows_loaded for each in runs))
    assert found.calls.total() == sum(each.vendor_calls for each in runs)
    seconds = [seconds for _, seconds in found.slowest]
    assert seconds == sorted(seconds, reverse=True)[:5]
    assert len(seconds) == min(5, len(runs))


@given(ENDED, ENDED)
def test_metadata_has_the_same_keys_and_types_every_night(one: list[SyncRun], other: list[SyncRun]) -> None:
    first, second = plotted(summary(one, [])), plotted(summary(other, []))
    assert {name: type(value) for name, value in first.items()} == {name: type(value) for name, value in second.items()}


def test_a_sync_that_still_runs_is_left_out() -> None:
    running = dataclasses.replace(run(1, "running", None), finished_at=None)
    assert summary([running], []).runs == 0


def test_the_asset_tells_the_last_24_hours(firm: Firm) -> None:
    (firm.root / "second").rename(firm.root / ".second")
    firm.materialize(firm.ids[0], "third")
    result = dg.materialize([nightly], resources={"warehouse": firm.warehouse})
    told = {
        name: value.value
        for name, value in result.asset_materializations_for_node("warehouse__nightly")[0].metadata.items()
    }
    assert (told["dossiers"], told["synced"], told["failed"]) == (3, 2, 1)
    assert sum(int(str(told[f"failed_{cause}"])) for cause in CAUSES) == 1
    assert told["lines"] == sum(each.rows_loaded for each in firm.house.registry.runs())
    assert set(told["calls_per_connection"]) == {firm.connection_id}  # type: ignore[arg-type]
