"""Periods and fiscal years: the vendor tells when periods end, and which are open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pyarrow as pa
from lxml import etree

from connectors import soap
from connectors.contract import FiscalYear
from foundation.errors import ReportABug

from . import frames
from . import resources as r
from .faults import VENDOR
from .inferred import MONTH_LIKE
from .wire import TwinfieldWire

_DAY = timedelta(days=1)
_SERVICE = "PeriodService"

Ends = Mapping[int, list[tuple[int, str, bool, date]]]
"""Year to its periods: number, name, whether it is open, last day."""


def read_periods(wire: TwinfieldWire) -> pa.Table:
    """Every listed period of every year of the office, with the first day that follows from the ends."""
    answer = wire.service(frames.query("the fiscal years", _SERVICE, "GetYears"))
    years = sorted({_number(element.text) for element in answer.iter("{*}int")})
    ends: dict[int, list[tuple[int, str, bool, date]]] = {}
    for year in years:
        answer = wire.service(frames.query(f"the periods of {year}", _SERVICE, "GetPeriods", {"Year": str(year)}))
        found = [_period(element) for element in answer.iter("{*}Period")]
        if found:
            ends[year] = sorted(found)
    return pa.Table.from_pylist(list(with_starts(ends)), schema=r.PERIODS)


def with_starts(ends: Ends) -> Iterator[dict[str, object]]:
    """Rows of periods. A period starts on the day after the one before it ended, across years."""
    before: date | None = None
    for year, periods in sorted(ends.items()):
        for number, name, is_open, end in periods:
            start = before + _DAY if before else _first_day(periods)
            yield {"year": year, "number": number, "name": name, "open": is_open, "start_date": start, "end_date": end}
            before = end


def fiscal_years_of(periods: pa.Table) -> list[FiscalYear]:
    """Fiscal years, oldest first; closed when none of their periods is open."""
    years: dict[int, list[dict[str, object]]] = {}
    for row in periods.to_pylist():
        years.setdefault(row["year"], []).append(row)
    return [
        FiscalYear(
            str(year),
            min(row["start_date"] for row in rows),  # type: ignore[type-var]
            max(row["end_date"] for row in rows),  # type: ignore[type-var]
            closed=not any(row["open"] for row in rows),
        )
        for year, rows in sorted(years.items())
    ]


def _first_day(periods: list[tuple[int, str, bool, date]]) -> date:
    """Where the first year of all begins."""
    ends = [end for *_, end in periods]
    if len(ends) > 1 and (ends[1] - ends[0]).days <= MONTH_LIKE:
        return ends[0].replace(day=1)
    last = ends[-1]
    year_before = last.replace(year=last.year - 1, day=28) if (last.month, last.day) == (2, 29) else None
    return (year_before or last.replace(year=last.year - 1)) + _DAY


def _period(element: etree._Element) -> tuple[int, str, bool, date]:
    told = soap.texts(element)
    try:
        end = date.fromisoformat(told["EndDate"][:10])
        return _number(told["Number"]), told.get("Name", ""), told.get("Open", "").lower() == "true", end
    except (KeyError, ValueError):
        raise ReportABug(f"{VENDOR} tells a period without number or end") from None


def _number(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        raise ReportABug(f"{VENDOR} sent {text!r} for a year or period") from None
