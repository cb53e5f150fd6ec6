from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import WrongInput
from registry.calendar import Year, neighbours_moved, refuse_broken
from registry.store import FiscalYear, Link, Registry

D = date.fromisoformat


@dataclass(frozen=True)
class Stated:
    label: str
    start: date
    end: date
    closed: bool | None = None


def whole(*years: int) -> list[Stated]:
    return [Stated(str(year), date(year, 1, 1), date(year, 12, 31), year < 2024) for year in years]


def dates(years: list[FiscalYear]) -> list[tuple[str, str, str]]:
    return [(year.label, str(year.start_date), str(year.end_date)) for year in years]


@pytest.fixture
def dossier(registry: Registry, link: Link) -> str:
    registry.record_package_years(link.dossier_id, whole(2023, 2022, 2024))
    return link.dossier_id


def test_the_years_of_a_package_are_kept_as_stated_oldest_first(registry: Registry, dossier: str) -> None:
    years = registry.fiscal_years(dossier)
    assert [year.label for year in years] == ["2022", "2023", "2024"]
    assert years[2] == FiscalYear("2024", *_both(D("2024-01-01"), D("2024-12-31"), False))
    registry.record_package_years(dossier, whole(2023, 2024, 2025))
    assert [year.label for year in registry.fiscal_years(dossier)] == ["2023", "2024", "2025"]


def _both(start: date, end: date, closed: bool) -> tuple[date, date, bool, str, date, date]:
    return start, end, closed, "package", start, end


def test_years_of_an_unknown_dossier_are_refused(registry: Registry, dossier: str) -> None:
    with pytest.raises(WrongInput, match="did you mean"):
        registry.fiscal_years("bakkerij")
    with pytest.raises(WrongInput):
        registry.record_package_years("bakkerij", [])


def test_a_correction_stands_and_the_packages_own_dates_stay_beside_it(registry: Registry, dossier: str) -> None:
    registry.set_override(dossier, "2022", D("2021-07-01"), D("2022-12-31"), why="long first year", who="sam")
    first = registry.fiscal_years(dossier)[0]
    assert (first.start_date, first.end_date, first.source) == (D("2021-07-01"), D("2022-12-31"), "override")
    assert (first.package_start_date, first.package_end_date) == (D("2022-01-01"), D("2022-12-31"))
    assert first.closed is True
    registry.record_package_years(dossier, whole(2022, 2023, 2024))
    assert registry.fiscal_years(dossier)[0] == first


def test_corrections_are_kept_as_history(registry: Registry, dossier: str) -> None:
    registry.set_override(dossier, "2022", D("2021-07-01"), D("2022-12-31"), "first try", "sam")
    registry.set_override(dossier, "2022", D("2021-10-01"), D("2022-12-31"), "deed of incorporation", "eva")
    years = registry.clear_override(dossier, "2022", who="kim")
    assert {year.source for year in years} == {"package"}
    second, first = registry.override_history(dossier, "2022")
    assert (first.why, first.who, first.active, first.ended_by) == ("first try", "sam", False, "eva")
    assert (second.why, second.who, second.active, second.ended_by) == ("deed of incorporation", "eva", False, "kim")
    assert registry.override_history(dossier, "2023") == []
    assert registry.clear_override(dossier, "2022") == years


@pytest.mark.parametrize(
    ("start", "end", "complaint"),
    [
        ("2023-01-01", "2022-12-31", r"2023 \(2023-01-01 to 2022-12-31\) ends before it starts"),
        (
            "2022-12-31",
            "2023-12-31",
            r"2023 \(2022-12-31 to 2023-12-31\) would overlap year 2022 \(2022-01-01 to 2022-12-31\)",
        ),
        (
            "2023-01-01",
            "2024-01-01",
            r"2023 \(2023-01-01 to 2024-01-01\) would overlap year 2024 \(2024-01-01 to 2024-12-31\)",
        ),
        ("2021-01-01", "2026-01-01", "would overlap year 2022"),
        (
            "2023-01-03",
            "2023-12-31",
            r"between fiscal year 2022 \(2022-01-01 to 2022-12-31\) and year 2023 \(2023-01-03 to 2023-12-31\)"
            r" would be days of no year: 2023-01-01 to 2023-01-02\. To close the gap start it on 2023-01-01",
        ),
        ("2023-01-01", "2023-12-30", r"no year: 2023-12-31\. To close the gap end it on 2023-12-31"),
    ],
)
def test_a_correction_that_breaks_the_calendar_is_refused_with_both_years(
    registry: Registry, dossier: str, start: str, end: str, complaint: str
) -> None:
    with pytest.raises(WrongInput, match=complaint):
        registry.set_override(dossier, "2023", D(start), D(end))
    assert registry.override_history(dossier) == []


def test_a_boundary_moves_with_its_neighbours_and_moves_back(registry: Registry, dossier: str) -> None:
    before = registry.fiscal_years(dossier)
    with pytest.raises(WrongInput):
        registry.set_override(dossier, "2023", D("2023-01-01"), D("2024-03-31"))
    years = registry.set_override(dossier, "2023", D("2022-10-01"), D("2024-03-31"), "broken", move_neighbours=True)
    assert dates(years) == [
        ("2022", "2022-01-01", "2022-09-30"),
        ("2023", "2022-10-01", "2024-03-31"),
        ("2024", "2024-04-01", "2024-12-31"),
    ]
    assert {year.source for year in years} == {"override"}
    assert registry.clear_override(dossier, "2023") == before


def test_a_neighbour_is_not_swallowed(registry: Registry, dossier: str) -> None:
    with pytest.raises(WrongInput, match=r"would leave nothing of year 2024 \(2024-01-01 to 2024-12-31\)"):
        registry.set_override(dossier, "2023", D("2023-01-01"), D("2024-12-31"), move_neighbours=True)


def test_a_year_that_the_package_does_not_know_is_refused_with_near_misses(registry: Registry, dossier: str) -> None:
    with pytest.raises(WrongInput, match=r"no fiscal year '2O24'; did you mean 2024\. Its years are: 2022, 2023, 2024"):
        registry.set_override(dossier, "2O24", D("2025-01-01"), D("2025-12-31"))
    with pytest.raises(WrongInput, match="no fiscal year '1999'"):
        registry.clear_override(dossier, "1999")


def test_people_may_give_the_years_of_a_package_that_states_none(registry: Registry, link: Link) -> None:
    registry.set_override(link.dossier_id, "2023", D("2023-01-01"), D("2023-12-31"))
    years = registry.set_override(link.dossier_id, "2024", D("2024-01-01"), D("2024-12-31"))
    assert [(year.label, year.source, year.package_start_date) for year in years] == [
        ("2023", "override", None),
        ("2024", "override", None),
    ]


def test_after_a_transfer_the_years_before_the_date_stay_those_of_the_old_package(
    registry: Registry, dossier: str
) -> None:
    xero = registry.add_connection("xero", "Vandamme")
    registry.relink(dossier, xero.id, "t", mode="from_date", transfer_date=D("2024-01-01"))
    new = [Stated("FY23", D("2023-07-01"), D("2023-12-31")), *whole(2024, 2025)]
    for _ in range(2):
        registry.record_package_years(dossier, new)
        assert [year.label for year in registry.fiscal_years(dossier)] == ["2022", "2023", "2024", "2025"]
    registry.relink(dossier, xero.id, "t")
    registry.record_package_years(dossier, new)
    assert [year.label for year in registry.fiscal_years(dossier)] == ["FY23", "2024", "2025"]


def test_a_first_link_from_a_date_keeps_every_year_that_its_package_states(registry: Registry, link: Link) -> None:
    registry.relink(link.dossier_id, link.connection_id, "x", mode="from_date", transfer_date=D("2024-01-01"))
    registry.record_package_years(link.dossier_id, whole(2023, 2024))
    assert [year.label for year in registry.fiscal_years(link.dossier_id)] == ["2023", "2024"]


lengths = st.lists(st.integers(1, 800), min_size=1, max_size=8)


def calendar(days: list[int]) -> list[Year]:
    """Years of those lengths, one after the other without a hole."""
    start, years = date(2015, 1, 1), []
    for number, length in enumerate(days):
        end = start + timedelta(days=length - 1)
        years.append(Year(str(number), start, end))
        start = end + timedelta(days=1)
    return years


def is_whole(years: list[Year]) -> bool:
    ordered = sorted(years, key=lambda year: year.start)
    lengths_right = all(year.start <= year.end for year in ordered)
    return lengths_right and all(later.start - earlier.end == timedelta(days=1) for earlier, later in pairwise(ordered))


@given(lengths, st.data())
def test_a_change_is_accepted_exactly_when_the_calendar_stays_whole(days: list[int], data: st.DataObject) -> None:
    years = calendar(days)
    place = data.draw(st.integers(0, len(years) - 1))
    near = st.integers(-3, 3) | st.integers(-900, 900)
    old = years[place]
    start = old.start + timedelta(days=data.draw(near))
    end = old.end + timedelta(days=data.draw(near))
    changed = Year(old.label, start, end)
    others = [year for year in years if year is not old]
    if is_whole([*others, changed]):
        refuse_broken(changed, others)
    else:
        with pytest.raises(WrongInput, match=r"fiscal year"):
            refuse_broken(changed, others)


@given(lengths, st.data())
def test_with_its_neighbours_moved_a_year_always_fits_or_is_refused(days: list[int], data: st.DataObject) -> None:
    years = calendar(days)
    old = years[data.draw(st.integers(0, len(years) - 1))]
    start = old.start + timedelta(days=data.draw(st.integers(-900, 900)))
    changed = Year(old.label, start, start + timedelta(days=data.draw(st.integers(0, 900))))
    others = [year for year in years if year is not old]
    try:
        moved = {year.label: year for year in neighbours_moved(changed, others, old.start)}
        after = [moved.get(year.label, year) for year in others]
        refuse_broken(changed, after)
    except WrongInput:
        return
    assert is_whole([*after, changed])
    assert len(after) == len(others)
