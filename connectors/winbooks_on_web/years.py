"""A folder's book years: what their periods make of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from connectors.contract import FiscalYear

from . import resources as r
from .dates import day_of
from .inferred import YEAR_DATES, YEAR_NAMES
from .objects import Row


@dataclass(frozen=True)
class Period:
    """A book period. ``kind`` is opening, normal or closing."""

    id: str
    number: int
    start: date
    end: date
    kind: str


@dataclass(frozen=True)
class BookYear:
    """A book year: its id in the package, and what it is in common terms."""

    id: str
    year: FiscalYear
    periods: tuple[Period, ...]

    def ids(self, *kinds: str) -> list[str]:
        """The ids of the periods of these kinds; of all without any."""
        return [period.id for period in self.periods if not kinds or period.kind in kinds]


def book_years(years: Iterable[Row], periods: Iterable[Row]) -> list[BookYear]:
    """The book years, oldest first. One without any period and any date is left out, for it can hold nothing."""
    told: dict[str, list[Row]] = defaultdict(list)
    for row in periods:
        told[str(row.get("BookYear_Id"))].append(row)
    rows = [row for row in years if row.get("Id")]
    names = Counter(_name(row) for row in rows)
    found = []
    for row in rows:
        months = _periods(told[str(row["Id"])])
        bounds = _bounds(row, months)
        if bounds is None:
            continue
        name = _name(row)
        label = name if name and names[name] == 1 else f"{name} {bounds[1]}".strip()
        found.append(BookYear(str(row["Id"]), FiscalYear(label, *bounds), months))
    return sorted(found, key=lambda each: each.year.start)


def as_tables(years: Iterable[BookYear]) -> dict[str, pa.Table]:
    """The years and their periods, as they are landed."""
    rows: list[dict[str, Any]] = []
    periods: list[dict[str, Any]] = []
    for each in years:
        year = each.year
        rows.append({"Id": each.id, "label": year.label, "start_date": year.start, "end_date": year.end})
        periods += [
            {
                "Id": period.id,
                "BookYear_Id": each.id,
                "kind": period.kind,
                "Number": period.number,
                "start_date": period.start,
                "end_date": period.end,
            }
            for period in each.periods
        ]
    return {
        "book_years": pa.Table.from_pylist(rows, schema=r.BOOK_YEARS),
        "book_periods": pa.Table.from_pylist(periods, schema=r.BOOK_PERIODS),
    }


def _periods(rows: list[Row]) -> tuple[Period, ...]:
    """The periods of one year by number: 0 opens, the highest closes where it shares its month with another."""
    rows = sorted((row for row in rows if _is_whole(row)), key=lambda row: int(row["Number"]))
    inner = [row for row in rows if int(row["Number"]) > 0]
    closing = inner[-1] if len(inner) > 1 and _month(inner[-1]) in map(_month, inner[:-1]) else None
    return tuple(
        Period(
            str(row["Id"]),
            int(row["Number"]),
            _month(row),
            _end(_month(row)),
            "opening" if int(row["Number"]) == 0 else "closing" if row is closing else "normal",
        )
        for row in rows
    )


def _is_whole(row: Row) -> bool:
    return all(row.get(name) is not None for name in ("Id", "Number", "RelatedYear", "RelatedMonth"))


def _bounds(row: Row, periods: tuple[Period, ...]) -> tuple[date, date] | None:
    for names in YEAR_DATES:
        first, last = (day_of(row.get(name), name) for name in names)
        if first and last:
            return first, last
    months = [period for period in periods if period.kind == "normal"] or periods
    return (min(each.start for each in months), max(each.end for each in months)) if months else None


def _name(row: Row) -> str:
    return next((str(row[name]).strip() for name in YEAR_NAMES if row.get(name)), "")


def _month(row: Row) -> date:
    return date(int(row["RelatedYear"]), int(row["RelatedMonth"]), 1)


def _end(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
