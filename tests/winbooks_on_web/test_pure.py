"""Objects in two halves, dates, book years: without any wire."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.winbooks_on_web.dates import days, milliseconds
from connectors.winbooks_on_web.objects import joined
from connectors.winbooks_on_web.sandbox.parts import part_of
from connectors.winbooks_on_web.years import book_years
from foundation.errors import ReportABug

addresses = st.lists(st.integers(), max_size=6)
parties = st.lists(
    st.tuples(st.text(max_size=3), addresses, st.one_of(st.none(), st.integers())), min_size=1, max_size=12
)


@given(parties, st.integers(1, 9), st.booleans())
def test_whatever_way_a_list_is_cut_its_objects_are_whole(
    told: list[tuple[str, list[int], int | None]], size: int, ids: bool
) -> None:
    whole: list[Any] = []
    for place, (name, numbers, memo) in enumerate(told):
        third = {"Code": f"T{place}", "Name": name, "Addresses": [{"Box": n} for n in numbers], "Tags": numbers}
        row: dict[str, Any] = {"Code": f"C{place}", "Name": name, "Third": third, "Kinds": numbers}
        row |= {"Id": f"id-{place}"} if ids else {}
        row |= {"Memo": memo} if memo is not None else {}
        whole.append(row)
    parts, path = [], ""
    while True:
        part, path = part_of(whole, path, size)
        parts.append(part)
        if not path:
            break
    assert joined(parts) == whole


def test_neighbours_without_code_are_not_taken_for_one() -> None:
    lines = [{"Id": "1", "Amount": "1.00"}, {"Id": "2", "Amount": "2.00"}]
    assert joined([lines[:1], lines[1:]]) == lines
    assert joined([[["a", 1]], [["a", 1]]]) == [["a", 1], ["a", 1]], "arrays are never halves"


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_a_day_is_the_one_that_began_in_belgium(day: date) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Brussels"))
    ticks = round(midnight.timestamp() * 1000)
    column = pa.array([f"/Date({ticks})/", None, f"{day}T00:00:00", f"/Date({ticks}+0200)/"])
    assert days(column, "BookDate").to_pylist() == [day, None, day, day]


@given(st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1)))
def test_a_moment_is_exact_to_the_millisecond(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    ticks = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1000)
    assert milliseconds(pa.array([f"/Date({ticks})/", None]), "Modified").to_pylist() == [ticks, None]


def test_what_is_no_date_is_told() -> None:
    with pytest.raises(ReportABug, match="BookDate"):
        days(pa.array(["/Date(1520491871000)/", "yesterday"]), "BookDate")


def period(year: str, number: int, month: date) -> dict[str, Any]:
    return {
        "Id": f"{year}-{number}",
        "BookYear_Id": year,
        "Number": number,
        "RelatedYear": month.year,
        "RelatedMonth": month.month,
    }


def test_a_year_is_as_long_as_its_months_and_closes_in_the_period_that_repeats_the_last() -> None:
    months = [date(2024, 10, 1), date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1)]
    told = [period("a", 0, months[0])] + [period("a", n, month) for n, month in enumerate(months, start=1)]
    (year,) = book_years([{"Id": "a", "Code": "BJ1"}], [*reversed(told), period("a", 5, months[-1])])
    assert (year.year.label, year.year.start, year.year.end) == ("BJ1", date(2024, 10, 1), date(2025, 1, 31))
    assert [each.kind for each in year.periods] == ["opening", *["normal"] * 4, "closing"]


def test_a_last_period_with_a_month_of_its_own_is_an_ordinary_one() -> None:
    told = [period("a", n, date(2025, n or 1, 1)) for n in range(3)]
    (year,) = book_years([{"Id": "a", "Code": "2025"}], told)
    assert [each.kind for each in year.periods] == ["opening", "normal", "normal"]
    assert year.year.end == date(2025, 2, 28)


def test_dates_that_a_year_tells_go_before_its_months() -> None:
    told = {"Id": "a", "Code": "2025", "DateBegin": "/Date(1735686000000)/", "DateEnd": "2025-12-15T00:00:00"}
    (year,) = book_years([told], [period("a", 1, date(2025, 3, 1))])
    assert (year.year.start, year.year.end) == (date(2025, 1, 1), date(2025, 12, 15))


def test_labels_are_unique_and_a_year_that_can_hold_nothing_is_left_out() -> None:
    rows = [{"Id": "b", "Code": "BJ"}, {"Id": "a", "Code": "BJ"}, {"Id": "c"}, {"Id": "d", "Code": "leeg"}]
    told = [period("b", 1, date(2026, 1, 1)), period("a", 1, date(2025, 1, 1)), period("c", 1, date(2027, 1, 1))]
    found = book_years(rows, told)
    assert [each.year.label for each in found] == ["BJ 2025-01-31", "BJ 2026-01-31", "2027-01-31"]
