"""What each sync reads: everything, what was booked since, or nothing; from a date on; and again where it was cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Resume
from connectors.e_conomic import Economic
from connectors.e_conomic import resources as r
from connectors.e_conomic.inferred import ENTRY_OVERLAP, FULL_READ_EVERY
from connectors.e_conomic.places import Place, Places
from connectors.e_conomic.sandbox import EconomicSandbox, Fault
from connectors.sandbox.company import company
from foundation.errors import Incomplete, RateLimited, VendorDown, WrongInput
from tests.landed import Clock, Landed

from .landed import numbers as entry_numbers
from .landed import read, read_until_cut

JULY = date(2026, 7, 1)


def told(sandbox: EconomicSandbox) -> list[int]:
    books = sandbox.vendor.books
    return sorted(row["entryNumber"] for year in books.names.values() for row in books.entries(year))


@pytest.mark.parametrize("difference", [-1, 0, 1])
def test_every_entry_comes_once_whatever_the_page_holds(
    connector: Economic, sandbox: EconomicSandbox, difference: int
) -> None:
    sandbox.knobs.largest_page = len(sandbox.vendor.books.entries("2025")) + difference
    landed = read(connector)
    assert landed.tables["entries"].column("entryNumber").to_pylist() == told(sandbox)
    assert landed.stated == {"entries": len(told(sandbox))}


def test_nothing_new_is_told_with_a_call_per_year(connector: Economic, sandbox: EconomicSandbox) -> None:
    first, calls = read(connector), connector.calls
    assert read(connector, first).unchanged
    assert connector.calls - calls == 5 + 3
    last = max(row["entryNumber"] for row in sandbox.vendor.books.entries("2026"))
    assert f"entryNumber$gt:{last - ENTRY_OVERLAP}" in sandbox.vendor.requests[-1]


@pytest.mark.parametrize(("year", "day"), [("2026", JULY), ("2025", date(2025, 2, 3)), ("2023/2024", date(2023, 8, 1))])
def test_what_is_booked_later_comes_alone_into_whatever_year(
    connector: Economic, sandbox: EconomicSandbox, year: str, day: date
) -> None:
    first = read(connector)
    booked = sandbox.vendor.books.book(year, day, [("550000", "10.00"), ("700000", "-10.00")])
    second = read(connector, first)
    assert second.incremental
    assert second.tables["entries"].num_rows <= first.tables["entries"].num_rows + 3 * ENTRY_OVERLAP + 2
    assert entry_numbers(second) == sorted([*entry_numbers(first), *booked])
    assert read(connector, second).unchanged


def test_an_entry_that_was_numbered_first_and_appears_last_is_not_missed(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    books = sandbox.vendor.books
    late = books.entries("2026")[-3]
    books._entries["2026"].remove(late)
    books.version += 1
    first = read(connector)
    assert late["entryNumber"] not in entry_numbers(first)
    books._entries["2026"].append(late)
    books.version += 1
    second = read(connector, first)
    assert second.incremental
    assert entry_numbers(second) == told(sandbox)


def test_what_is_booked_into_a_year_while_a_later_one_is_read_comes_next_time(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    """A number is remembered for each year: the greatest of all years would pass these by."""
    answer, books = sandbox.vendor.answer, sandbox.vendor.books

    def busy(request: Any) -> Any:
        if "/2026/entries" in request.target and not books.extra:
            books.book("2025", date(2025, 3, 1), [("550000", "1.00"), ("700000", "-1.00")] * ENTRY_OVERLAP)
            books.book("2026", date(2026, 3, 1), [("550000", "1.00"), ("700000", "-1.00")])
        return answer(request)

    sandbox.vendor.answer = busy
    first = read(connector)
    assert len(told(sandbox)) - len(entry_numbers(first)) == 2 * ENTRY_OVERLAP
    assert entry_numbers(read(connector, first)) == told(sandbox)


def test_a_changed_name_alone_is_a_change_without_entries(connector: Economic, sandbox: EconomicSandbox) -> None:
    first = read(connector)
    sandbox.vendor.self_fields = {"company": {"name": "Other A/S", "country": "Danmark"}}
    second = read(connector, first)
    assert second.incremental
    assert entry_numbers(second) == entry_numbers(first)
    assert second.tables["agreement"].column("company")[0].as_py()["name"] == "Other A/S"


def test_entries_that_are_gone_are_only_told_by_reading_everything(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    first = read(connector)
    sandbox.vendor.books._entries["2026"].pop()
    sandbox.vendor.books.version += 1
    second = read(connector, first)
    assert not second.incremental
    assert entry_numbers(second) == told(sandbox)


def test_a_cursor_is_given_up_after_two_weeks(connector: Economic, clock: Clock) -> None:
    first = read(connector)
    clock.pass_by(days=FULL_READ_EVERY.days, seconds=1)
    second = read(connector, first)
    assert not second.unchanged
    assert not second.incremental


@pytest.mark.parametrize(
    "cursor",
    [{}, {"form": 0}, {"form": 1}, {"form": 1, "years": {}, "other": 1}, {"form": 1, "years": {"2025": {"x": 1}}}],
)
def test_a_cursor_of_another_form_means_a_full_read(connector: Economic, cursor: dict[str, Any]) -> None:
    from connectors.contract import NextCursor

    landed = read(connector, Landed(end=NextCursor(cursor)))
    assert not landed.incremental
    assert landed.tables["entries"].num_rows


def test_a_year_that_was_renamed_or_moved_means_a_full_read(connector: Economic, sandbox: EconomicSandbox) -> None:
    first, books = read(connector), sandbox.vendor.books
    *before, last = company("BE", 0, 3, corrects_by_entries=True).years
    books.company = replace(books.company)
    longer = (*before, replace(last, end=date(2027, 3, 31)))
    object.__setattr__(books.company, "years", longer)
    assert not read(connector, first).incremental


def test_a_new_year_is_read_with_the_changes(connector: Economic, sandbox: EconomicSandbox) -> None:
    first, books = read(connector), sandbox.vendor.books
    year = replace(books.company.years[-1], label="2027", start=date(2027, 1, 1), end=date(2027, 12, 31))
    longer = replace(books.company)
    object.__setattr__(longer, "years", (*books.company.years, year))
    books.company, books.names["2027"], books._entries["2027"] = longer, "2027", []
    booked = books.book("2027", date(2027, 1, 4), [("550000", "1.00"), ("700000", "-1.00")])
    second = read(connector, first)
    assert second.incremental
    assert set(booked) <= set(entry_numbers(second))
    assert "2027" in second.tables["accounting_years"].column("year").to_pylist()


def test_from_a_date_the_years_before_are_not_read(connector: Economic, sandbox: EconomicSandbox) -> None:
    landed = read(connector, since=date(2025, 1, 1))
    assert set(landed.tables["entries"].column("year").to_pylist()) == {"2025", "2026"}
    assert set(landed.tables["totals"].column("year").to_pylist()) == {"2025", "2026"}
    assert not any("2023_6_2024" in request for request in sandbox.vendor.requests)
    assert read(connector, landed, since=date(2025, 1, 1)).unchanged
    assert not read(connector, landed).unchanged


def test_from_a_date_after_an_open_year_its_totals_are_read_back_to_the_last_closed_one(
    connector: Economic, sandbox: EconomicSandbox
) -> None:
    first, second, third = sandbox.vendor.books.company.years
    open_since = replace(sandbox.vendor.books.company)
    object.__setattr__(open_since, "years", (first, replace(second, closed=False), third))
    sandbox.vendor.books.company = open_since
    landed = read(connector, since=date(2026, 1, 1))
    assert landed.tables["totals"].column("year").unique().to_pylist() == ["2025", "2026"]
    assert set(landed.tables["entries"].column("year").to_pylist()) == {"2026"}


def test_a_date_after_all_years_is_named(connector: Economic) -> None:
    with pytest.raises(WrongInput, match="2031-01-01"):
        read(connector, since=date(2031, 1, 1))


def test_fewer_entries_than_the_vendor_counts_is_incomplete(connector: Economic, sandbox: EconomicSandbox) -> None:
    sandbox.knobs.hidden_entries = 1
    with pytest.raises(Incomplete, match="counts"):
        read(connector)


def test_a_repeated_entry_does_not_make_up_for_a_missing_one(connector: Economic, sandbox: EconomicSandbox) -> None:
    sandbox.knobs.largest_page, sandbox.knobs.repeated_entries = 50, True
    with pytest.raises(Incomplete, match="counts"):
        read(connector)


@pytest.mark.parametrize("role", ["customers", "suppliers"])
def test_lists_that_are_refused_are_gone_without(connector: Economic, sandbox: EconomicSandbox, role: str) -> None:
    sandbox.knobs.forbidden = {role}
    landed = read(connector)
    assert [note.code for note in landed.notes] == [f"no_{role}"]
    assert entry_numbers(landed) == told(sandbox)


def test_totals_that_are_refused_are_asked_for_once(connector: Economic, sandbox: EconomicSandbox) -> None:
    sandbox.knobs.absent = {"totals"}
    landed = read(connector)
    assert [note.code for note in landed.notes] == ["no_totals"]
    assert sum("/totals" in request for request in sandbox.vendor.requests) == 1


@pytest.mark.parametrize("kind", ["429_day", "500"])
def test_a_full_read_that_was_cut_short_goes_on_behind_the_last_page(
    connector: Economic, sandbox: EconomicSandbox, clock: Clock, kind: Any
) -> None:
    sandbox.knobs.largest_page = 40
    sandbox.knobs.faults = [Fault(kind, path="/2025/entries", times=-1, skip=2)]
    state, kept = read_until_cut(connector, RateLimited if kind == "429_day" else VendorDown)
    sandbox.knobs.faults.clear()
    clock.pass_by(hours=8)
    booked = sandbox.vendor.books.book("2023/2024", date(2024, 5, 1), [("550000", "5.00"), ("700000", "-5.00")])
    asked = len(sandbox.vendor.requests)
    landed = read(connector, resume=Resume(state, lambda resource, columns: iter(())))
    assert landed.resumed
    assert f"filter=entryNumber$gt:{max(kept[-1].column('entryNumber').to_pylist())}" in "".join(
        request for request in sandbox.vendor.requests[asked:] if "/2025/entries" in request
    )
    numbers = [
        number for table in (*kept, landed.tables["entries"]) for number in table.column("entryNumber").to_pylist()
    ]
    assert sorted(numbers) == told(sandbox)
    assert set(booked) <= set(numbers)
    assert landed.stated["entries"] == len(numbers)
    whole = replace(landed, tables=landed.tables | {"entries": pa.concat_tables([*kept, landed.tables["entries"]])})
    assert read(connector, whole).unchanged


def test_what_is_kept_of_another_window_is_forgotten(
    connector: Economic, sandbox: EconomicSandbox, clock: Clock
) -> None:
    sandbox.knobs.largest_page = 40
    sandbox.knobs.faults = [Fault("429_day", path="/2025/entries", skip=2)]
    state, _ = read_until_cut(connector, RateLimited)
    clock.pass_by(hours=8)
    landed = read(connector, since=date(2025, 1, 1), resume=Resume(state, lambda resource, columns: iter(())))
    assert not landed.resumed


def page_of(numbers: list[int]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"entryNumber": number} for number in numbers], schema=r.ENTRIES)


@given(
    numbers=st.lists(st.integers(1, 2000), unique=True, max_size=300).map(sorted),
    size=st.integers(1, 120),
)
def test_a_place_counts_each_entry_once_and_keeps_the_overlap(numbers: list[int], size: int) -> None:
    place = Place("2026-01-01", "2026-12-31")
    for start in range(0, len(numbers), size):
        page = numbers[max(0, start - 1) : start + size]  # each page repeats the last entry of the one before
        place.take(page_of(page))
    assert place.read == len(numbers)
    assert place.last == max(numbers, default=0)
    assert place.recent == [number for number in numbers if number > place.last - ENTRY_OVERLAP]
    places = Places(None, "2026-11-24T09:00:00+00:00", "m", {"2026": place})
    assert Places.from_json(places.to_json()) == places
