"""From when on changes are asked for again, whatever the moments are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import ExtractRequest
from connectors.sage_accounting.feed import Feed, Standing, wire_moment
from connectors.sage_accounting.inferred import FULL_READ_EVERY, OVERLAP, SETTLED

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECONDS = st.integers(-300_000, 3_000)
ROWS = st.lists(st.tuples(SECONDS, st.integers(0, 50)), max_size=30)


def batch(rows: list[tuple[int, int]]) -> pa.RecordBatch:
    moments = [wire_moment(START + timedelta(seconds=seconds)) for seconds, _ in rows]
    columns = [pa.array([str(name) for _, name in rows], pa.string()), pa.array(moments, pa.string())]
    return pa.RecordBatch.from_arrays(columns, names=["id", "updated_at"])


@given(ROWS)
def test_no_change_lies_between_two_reads_and_nothing_old_is_asked_for_forever(rows: list[tuple[int, int]]) -> None:
    feed = Feed(START)
    feed.take(batch(rows))
    since = datetime.fromisoformat(feed.mark.since)
    assert START - SETTLED - OVERLAP <= since <= START - OVERLAP, "what is changed after the read began comes"
    if rows:
        newest = START + timedelta(seconds=max(seconds for seconds, _ in rows))
        assert since <= max(newest, START - SETTLED) - OVERLAP


@given(ROWS, st.integers(0, 400_000))
def test_the_same_again_is_no_news_in_whatever_order_and_later(rows: list[tuple[int, int]], later: int) -> None:
    feed = Feed(START)
    feed.take(batch(rows))
    mark = feed.mark
    repeated = [row for row in rows if wire_moment(START + timedelta(seconds=row[0])) >= mark.since]
    again = Feed(START + timedelta(seconds=later), mark)
    for row in reversed(repeated):
        again.take(batch([row]))
    assert not again.brings_news


@given(ROWS, st.tuples(SECONDS, st.just(99)))
def test_a_row_that_was_not_there_is_news_also_below_the_newest(
    rows: list[tuple[int, int]], late: tuple[int, int]
) -> None:
    feed = Feed(START)
    feed.take(batch(rows))
    mark = feed.mark
    if wire_moment(START + timedelta(seconds=late[0])) < mark.since:
        return  # the vendor is not asked for it
    again = Feed(START, mark)
    again.take(batch([row for row in rows if wire_moment(START + timedelta(seconds=row[0])) >= mark.since]))
    again.take(batch([late]))
    assert again.brings_news


def test_a_cursor_of_another_form_and_one_that_is_too_old_are_of_no_use() -> None:
    standing = Standing("lines", "", "digest", wire_moment(START), marks={"contacts": Feed(START).mark})
    assert Standing.from_json(standing.to_json()) == standing
    assert Standing.from_json({**standing.to_json(), "form": 0}) is None
    assert Standing.from_json({**standing.to_json(), "marks": {"contacts": {"where": 1}}}) is None
    request = ExtractRequest("b")
    assert standing.holds(request, START + timedelta(days=1))
    assert not standing.holds(request, START + FULL_READ_EVERY)
    assert not standing.holds(ExtractRequest("b", totals_only=True), START)
    assert not standing.holds(ExtractRequest("b", since=START.date()), START)
