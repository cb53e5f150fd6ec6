"""Fiscal years: those that a company keeps as records, and between them those that follow from its year-end."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa

from connectors.contract import FiscalYear

_DAY = timedelta(days=1)


def computed_year(day: date, last_day: int, last_month: int) -> tuple[date, date]:
    """The first and last day of the year that contains ``day``, by a company's ``fiscalyear_last_day`` and ``_month``.

    The 28th or 29th of February and the 30th or 31st of any month mean the month's end, as in Odoo.
    """
    end = _year_end(day.year, last_day, last_month)
    if end < day:
        end = _year_end(day.year + 1, last_day, last_month)
    return _year_end(end.year - 1, last_day, last_month) + _DAY, end


def _year_end(year: int, last_day: int, month: int) -> date:
    days = monthrange(year, month)[1]
    at_the_end = last_day >= 30 or (month == 2 and last_day >= 28)
    return date(year, month, days if at_the_end else min(max(last_day, 1), days))


def fiscal_years(
    company: dict[str, object], records: pa.Table, first: date, last: date, locked: date | None
) -> list[FiscalYear]:
    """The years that contain ``first`` to ``last``, without gaps, oldest first; closed up to ``locked``.

    ``records`` (of the module that keeps them) stand as they are; years between them are cut where they begin and end.
    """
    kept = sorted(
        (date.fromisoformat(row["date_from"]), date.fromisoformat(row["date_to"]), row["name"] or "")
        for row in records.to_pylist()
        if row["date_from"] and row["date_to"] and row["date_from"] <= row["date_to"]
    )
    last_day = int(str(company.get("fiscalyear_last_day") or 31))
    last_month = int(str(company.get("fiscalyear_last_month") or 12))
    found: list[FiscalYear] = []
    day = first
    while day <= last:
        label, start, end = _year_of(day, kept, last_day, last_month)
        start = max(start, found[-1].end + _DAY) if found else start
        if label in {year.label for year in found}:
            label = f"{label} ({start:%Y-%m-%d})"
        found.append(FiscalYear(label, start, end, closed=locked is not None and end <= locked))
        day = end + _DAY
    return found


def _year_of(
    day: date, records: Sequence[tuple[date, date, str]], last_day: int, last_month: int
) -> tuple[str, date, date]:
    """Label, first and last day of the year that contains ``day``."""
    start, end = computed_year(day, last_day, last_month)
    for record_start, record_end, name in records:
        if record_start <= day <= record_end:
            return name or _label(record_start, record_end), record_start, record_end
        if record_end < day:
            start = max(start, record_end + _DAY)
        else:
            end = min(end, record_start - _DAY)
    return _label(start, end), start, end


def _label(start: date, end: date) -> str:
    return str(end.year) if start.year == end.year else f"{start.year}-{end.year}"


def as_table(years: Sequence[FiscalYear], schema: pa.Schema) -> pa.Table:
    """The years as they are landed."""
    rows = [{"label": y.label, "date_from": y.start, "date_to": y.end, "closed": y.closed} for y in years]
    return pa.Table.from_pylist(rows, schema=schema)


def end_with_months(years: Sequence[FiscalYear]) -> bool:
    """Whether every year ends with a calendar month, so that months can be summed by."""
    return all((year.end + _DAY).day == 1 and year.start.day == 1 for year in years)
