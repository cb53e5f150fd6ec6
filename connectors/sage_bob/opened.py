"""A BOB dossier that is open for one reading, wherever its tables stand; which fiscal years ``ac_period`` tells."""

from __future__ import annotations

from abc import ABC, abstractmethod
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from connectors.columns import Table, require_columns
from connectors.contract import FiscalYear, Note
from connectors.sage_bob import tables
from foundation.errors import BadFile

REQUIRED = ("ac_period", "ac_accoun", "ac_ahisto")
ALL = (*REQUIRED, "ac_dbk", "ac_compan", "ac_chisto")

_MEANING = {
    "unknown_records": "records are marked neither as standing nor as deleted, and were left out",
    "undecodable_bytes": "bytes stand for no character of Windows-1252; each shows as a replacement mark",
    "memo_missing": "long texts are missing because their memo file is",
}


@dataclass(frozen=True)
class BookYear:
    """A fiscal year and its months in order, each as (year, month)."""

    label: str
    months: tuple[tuple[int, int], ...]
    closed: bool | None

    @property
    def start(self) -> date:
        return date(*self.months[0], 1)

    @property
    def end(self) -> date:
        return _last_day(*self.months[-1])

    @property
    def fiscal_year(self) -> FiscalYear:
        return FiscalYear(self.label, self.start, self.end, self.closed)

    @property
    def periods(self) -> list[tuple[int, int, int, date, date]]:
        """(place in the year, calendar year, month, first day, last day) of every month."""
        return [
            (place, year, month, date(year, month, 1), _last_day(year, month))
            for place, (year, month) in enumerate(self.months, start=1)
        ]


class OpenDossier(ABC):
    """The tables of one dossier, all of one moment. ``name`` is its sync reference."""

    name: str

    def __init__(self) -> None:
        self._open: dict[str, Table] = {}

    @property
    @abstractmethod
    def state(self) -> object | None:
        """What differs when one of the tables does, as JSON has it; None where only reading them would tell."""
        ...

    @abstractmethod
    def __contains__(self, table: str) -> bool: ...

    @abstractmethod
    def _opened(self, name: str) -> Table: ...

    def table(self, name: str) -> Table:
        """The table, opened. Raises BadFile when it is not whole or lacks a column that is needed."""
        if name not in self._open:
            self._open[name] = self._opened(name)
        require_columns(self._open[name], *tables.NEEDED[name])
        return self._open[name]

    def book_years(self) -> list[BookYear]:
        """The fiscal years, oldest first. Raises BadFile for a month that is none, and where there are no years."""
        table = self.table("ac_period")
        months: dict[str, set[tuple[int, int]]] = {}
        closed: dict[str, list[bool | None]] = {}
        for batch in table.batches(tables.PERIOD):
            for row in batch.to_pylist():
                label, year, month = row["fyear"], row["year"], row["month"]
                if not label or month is None or not 1 <= month <= 12:
                    continue  # the opening, and what stands behind the last month
                if year is None or not 1900 <= year <= 9998:
                    raise BadFile(f"row {row['row']}: {year!r} is no calendar year", subject=table.name)
                months.setdefault(label, set()).add((year, month))
                closed.setdefault(label, []).append(row["fxclosed"])
        if not months:
            raise BadFile("it tells no fiscal year", subject=table.name)
        years = [BookYear(label, tuple(sorted(found)), _all(closed[label])) for label, found in months.items()]
        return sorted(years, key=lambda year: (year.start, year.label))

    def notes(self) -> list[Note]:
        """What was met in the tables read so far, one note per kind."""
        counts = {code: sum(table.warnings.get(code, 0) for table in self._open.values()) for code in _MEANING}
        return [Note(code, f"{count} {_MEANING[code]}", count) for code, count in counts.items() if count]


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _all(flags: list[bool | None]) -> bool | None:
    return None if None in flags else all(flags)
