"""Fiscal years: as the package lists them, or, where it lists none, as the resource map says that they end."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from connectors.contract import FiscalYear
from connectors.drop_folder.resources import FISCAL_YEARS
from connectors.drop_folder.workbench import Workbench
from foundation.errors import FixTheData, WrongInput

from .maps import ResourceMap, Years


def settle(bench: Workbench, declared: ResourceMap, today: date) -> list[FiscalYear]:
    """The years of table ``fiscal_years``, oldest first: rows of one label are its periods, and a year without one is
    called after its last day. Without rows they follow from the map. Raises FixTheData where there are none."""
    bench.db.execute(
        """CREATE OR REPLACE TABLE fiscal_years AS
        SELECT label, min(start_date) AS start_date, max(end_date) AS end_date, bool_and(closed) AS closed,
            coalesce(any_value(periods), CASE WHEN count(*) > 1 THEN count(*) END)::INTEGER AS periods,
            'package' AS source
        FROM (SELECT * REPLACE (coalesce(label, year(end_date)::VARCHAR) AS label) FROM fiscal_years)
        GROUP BY label ORDER BY 2"""
    )
    if declared.years and not declared.of_table("fiscal_years"):
        rows = [
            {"label": year.label, "start_date": year.start, "end_date": year.end, "source": "map"}
            for year in repeated(declared.years, today)
        ]
        bench.insert("fiscal_years", pa.Table.from_pylist(rows, schema=FISCAL_YEARS.schema))
    found = bench.rows("SELECT label, start_date, end_date, closed FROM fiscal_years ORDER BY start_date")
    if not found:
        raise FixTheData(f"{declared.vendor} tells no fiscal year of the dossier")
    return [FiscalYear(*row) for row in found]


def forget_unused(bench: Workbench) -> None:
    """Years that follow from the map begin with the first that has lines."""
    bench.db.execute(
        "DELETE FROM fiscal_years WHERE source = 'map' AND end_date < (SELECT min(date) FROM lines) "
        "AND label NOT IN (SELECT year FROM lines WHERE year IS NOT NULL)"
    )


def repeated(years: Years, today: date) -> list[FiscalYear]:
    """Years of twelve months from the one that ends in ``years.first`` to the one that ``today`` is in; each is called
    after the calendar year in which it ends. Raises WrongInput for an end that is no day."""
    try:
        month, day = (int(part) for part in years.end.split("-"))
        date(2023, month, day)  # no leap year: 29 February is the last day of February
    except ValueError:
        if years.end != "02-29":
            raise WrongInput(
                f"years.end is {years.end!r}", next_step="Give it as month and day in the resource map, such as 06-30."
            ) from None
        month, day = 2, 28
    found: list[FiscalYear] = []
    number = years.first
    while not found or found[-1].end < today:
        start, end = (_last_day(year, month, day) for year in (number - 1, number))
        found.append(FiscalYear(str(number), start + timedelta(days=1), end))
        number += 1
    return found


def _last_day(year: int, month: int, day: int) -> date:
    """That day of a year; the last of February is the 29th in a leap year."""
    if (month, day) == (2, 28):
        return date(year, 3, 1) - timedelta(days=1)
    return date(year, month, day)
