"""Decisions without a vendor: bounds of book years, months, widths, faults."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import Reply
from connectors.yuki.changes import Change, Standing, fresh
from connectors.yuki.inferred import LARGE_ANSWER, SMALL_ANSWER, WIDE
from connectors.yuki.lines import next_width
from connectors.yuki.sandbox import xml
from connectors.yuki.wire import SessionLapsed, ways
from connectors.yuki.years import book_years, last_day, months, next_to_ask, whole_period
from foundation.errors import AskForAccess, RateLimited, ReportABug, SignInAgain

DAY = timedelta(days=1)
_DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))
_BOUNDS = st.none() | st.builds(lambda start, length: (start, start + length * DAY), _DAYS, st.integers(1, 731))


@given(st.integers(1990, 2040), st.integers(1, 12), st.integers(1, 24), st.booleans())
def test_bounds_at_month_ends_are_read_whether_a_day_late_or_not(
    year: int, month: int, length: int, late: bool
) -> None:
    start = date(year, month, 1)
    end = last_day(date(year + (month + length - 2) // 12, (month + length - 2) % 12 + 1, 1))
    shift = DAY if late else timedelta(0)
    assert whole_period(f"{start + shift}T00:00:00 {end + shift}T00:00:00") == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "2024-01-02T00:00:00",
        "2024-01-02T00:00:00 2023-01-01T00:00:00",
        "0001-01-01T00:00:00 0001-01-01T00:00:00",
        "2020-01-01T00:00:00 2024-12-31T00:00:00",
        "soon later",
    ],
)
def test_nonsense_is_no_book_year(text: str | None) -> None:
    assert whole_period(text) is None


@given(st.dictionaries(st.integers(1990, 2040), _BOUNDS, max_size=12), st.none() | _DAYS)
def test_book_years_never_overlap_and_keep_their_numbers(
    told: dict[int, tuple[date, date] | None], first_day: date | None
) -> None:
    found = book_years(told, first_day)
    assert all(year.start <= year.end and year.number in told for year in found)
    assert all(before.end < after.start for before, after in pairwise(found))
    assert first_day is None or all(year.start >= first_day for year in found)
    assert len({year.number for year in found}) == len(found)


def test_a_calendar_year_stands_in_without_leaving_a_gap() -> None:
    told = {2025: (date(2024, 7, 1), date(2025, 6, 30)), 2026: (date(2025, 7, 1), date(2026, 6, 30)), 2027: None}
    assert [(year.start, year.end, year.assumed) for year in book_years(told, None)][-1] == (
        date(2026, 7, 1),
        date(2027, 12, 31),
        True,
    )


def test_years_are_asked_for_up_to_the_one_that_holds_today() -> None:
    today = date(2026, 11, 24)
    assert next_to_ask({}, 2025, today) == 2025
    assert next_to_ask({2025: None}, 2025, today) == 2026
    assert next_to_ask({2026: None}, 2025, today) is None
    assert next_to_ask({2026: (date(2026, 1, 1), date(2026, 12, 31))}, 2025, today) is None
    assert next_to_ask({2026: (date(2025, 7, 1), date(2026, 6, 30))}, 2025, today) == 2027


@given(st.dictionaries(st.integers(2000, 2030), st.none(), min_size=1, max_size=5))
def test_months_cover_every_day_of_the_years_once(told: dict[int, None]) -> None:
    years = book_years(dict(told), None)
    found = months(years)
    assert found == sorted(set(found))
    assert all(any(month <= year.start.replace(day=1) for month in found) for year in years)
    assert found[-1] == years[-1].end.replace(day=1)


@given(st.integers(1, WIDE), st.integers(0, 2 * LARGE_ANSWER))
def test_a_call_is_for_one_month_to_a_year_and_narrows_when_answers_are_large(width: int, size: int) -> None:
    found = next_width(width, size)
    assert 1 <= found <= WIDE
    assert (found <= width) if size > LARGE_ANSWER else (found >= width)
    assert (found == width) or not SMALL_ANSWER <= size <= LARGE_ANSWER


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=20))
def test_what_was_told_before_is_no_news(told: list[tuple[str, str]]) -> None:
    changes = [Change(key, None, deleted=False, mark=mark) for key, mark in told]
    assert fresh(changes, [change.mark for change in changes]) == []
    assert fresh(changes, []) == changes


@pytest.mark.parametrize(
    ("text", "code", "kind"),
    [
        ("Daily limit exceeded", "Client", RateLimited),
        ("Invalid access key", "Client", SignInAgain),
        ("Invalid session", "Server", SessionLapsed),
        ("The role has no right to this web service", "Client", AskForAccess),
        ("Domain is not active", "Client", AskForAccess),
        ("You are not authorized", "Server", AskForAccess),
        ("Something else", "Client", ReportABug),
    ],
)
def test_a_fault_is_told_by_what_people_can_do(text: str, code: str, kind: type[Exception]) -> None:
    found = _refusal(text, code)
    assert type(found) is kind
    assert "Yuki" in str(found)


def test_a_fault_of_the_server_s_own_may_pass() -> None:
    assert _refusal("Timeout expired.", "Server") is None


def _refusal(text: str, code: str) -> Exception | None:
    answer = xml.fault(xml.Fault(text, code))
    return ways(lambda: datetime(2026, 11, 24, tzinfo=UTC)).refusal(Reply(answer.status, {}, answer.body))


def test_a_cursor_of_another_form_is_of_no_use() -> None:
    assert Standing.from_json(None) is None
    assert Standing.from_json({"form": 0}) is None
    assert Standing.from_json({"form": 1, "since": None}) is None
