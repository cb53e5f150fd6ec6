"""Days and years, whatever the rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.xero.calendar import YearEnd, vendor_moment, years_from
from foundation.errors import ReportABug

RULES = st.builds(YearEnd, st.integers(1, 12), st.integers(1, 31))
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@given(RULES, DAYS)
def test_a_day_lies_in_the_year_that_ends_on_or_after_it(rule: YearEnd, day: date) -> None:
    end = rule.on_or_after(day)
    assert rule.before(end) < day <= end
    assert rule.start_of(day) == rule.before(end) + timedelta(days=1)
    assert 365 <= (end - rule.before(end)).days <= 366


@given(RULES, DAYS, st.integers(0, 3000))
def test_years_follow_one_another_and_only_the_first_may_be_cut_short(rule: YearEnd, start: date, days: int) -> None:
    last = start + timedelta(days=days)
    years = years_from(start, last, rule)
    assert years[0].start == start
    assert years[-1].start <= last <= years[-1].end
    assert [year.start for year in years[1:]] == [year.end + timedelta(days=1) for year in years[:-1]]
    assert all(year.whole for year in years[1:])
    assert years[0].whole == (rule.start_of(start) == start)
    labels = [year.told(None).label for year in years]
    assert len(set(labels)) == len(labels)


@given(RULES, DAYS)
def test_the_months_of_a_year_end_with_it(rule: YearEnd, day: date) -> None:
    year = years_from(rule.start_of(day), day, rule)[0]
    ends = year.month_ends()
    assert ends == sorted(set(ends))
    assert ends[-1] == year.end
    assert 12 <= len(ends) <= 13
    assert all((end + timedelta(days=1)).day == 1 for end in ends[:-1])


def test_a_day_that_a_month_does_not_have_is_its_last() -> None:
    assert YearEnd(2, 31).on_or_after(date(2024, 1, 1)) == date(2024, 2, 29)
    assert YearEnd(2, 29).on_or_after(date(2025, 1, 1)) == date(2025, 2, 28)
    assert YearEnd(4, 5).on_or_after(date(2025, 4, 6)) == date(2026, 4, 5)


def test_a_year_is_closed_when_the_lock_reaches_its_end() -> None:
    year = years_from(date(2025, 1, 1), date(2025, 6, 1), YearEnd(12, 31))[0]
    assert [year.told(day).closed for day in (None, date(2025, 12, 30), date(2025, 12, 31))] == [None, False, True]


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_both_forms_of_a_moment_are_in_utc(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    milliseconds = int(aware.timestamp()) * 1000
    for told in (f"/Date({milliseconds})/", f"/Date({milliseconds}+0000)/", f"/Date({milliseconds}+1300)/"):
        assert vendor_moment(told) == aware
    assert vendor_moment(moment.isoformat()) == aware
    assert vendor_moment(moment.isoformat() + ".1234567") - aware < timedelta(seconds=1)


def test_days_before_1970_and_nonsense() -> None:
    assert vendor_moment("/Date(-86400000+0000)/").date() == date(1969, 12, 31)
    for told in ("", "/Date()/", "/Date(x)/", "yesterday", "None", "/Date(99999999999999999999)/"):
        with pytest.raises(ReportABug, match="date"):
            vendor_moment(told)
