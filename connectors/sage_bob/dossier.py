"""What a BOB folder is: which file is which table, and which fiscal years ``ac_period`` tells.

A dossier is a folder of Advantage tables (``ac_accoun.adt``, ...) or of the same tables exported as CSV, upper or lower
case.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connectors.columns import CONTINENTAL, Table, require_columns
from connectors.contract import FiscalYear, Note
from connectors.csv_tables import CsvTable
from connectors.files import fingerprint, is_inside, snapshot_set, unreadable
from connectors.sage_bob import tables
from connectors.sage_bob.adt import AdtTable
from foundation.errors import BadFile, WrongInput

REQUIRED = ("ac_period", "ac_accoun", "ac_ahisto")
ALL = (*REQUIRED, "ac_dbk", "ac_compan", "ac_chisto")

_MEANING = {
    "unknown_records": "records are marked neither as standing nor as deleted, and were left out",
    "undecodable_bytes": "bytes stand for no character of Windows-1252; each shows as a replacement mark",
    "memo_missing": "long texts are missing because their memo file is",
}


def find_table(folder: Path, table: str) -> list[Path]:
    """A table's file, followed by its memo file if there is one; the Advantage table goes before an export of it.

    Links that lead out of the folder are not followed. Raises Busy when the folder cannot be read.
    """
    try:
        files = {path.name.lower(): path for path in sorted(folder.iterdir())}
    except OSError as error:
        raise unreadable(folder, error) from error
    for ends in ((".adt", ".adm"), (".csv",)):
        found = [files[f"{table}{end}"] for end in ends if f"{table}{end}" in files]
        if found and found[0].suffix.lower() == ends[0]:
            return found if all(path.is_file() and is_inside(folder, path) for path in found) else []
    return []


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


class Copies:
    """The tables ``wanted`` of one folder, all of one moment, opened and read in ``target`` and nowhere else.

    ``fingerprint`` is that of all of these files together. Raises WrongInput when the folder lacks one of those
    ``required``, and what :func:`connectors.files.snapshot_set` raises.
    """

    def __init__(
        self,
        folder: Path,
        target: Path,
        wanted: tuple[str, ...] = ALL,
        required: tuple[str, ...] = REQUIRED,
        *,
        sleep: Callable[[float], None],
    ) -> None:
        found = {table: find_table(folder, table) for table in wanted}
        missing = [table for table in required if not found[table]]
        if missing:
            raise WrongInput(
                f"{folder.name} is not a BOB dossier: it has no {', '.join(f'{table}.adt' for table in missing)}",
                next_step="Give a folder of BOB50DATA, as `grandlivre discover` shows it.",
            )
        sources = [path for paths in found.values() for path in paths]
        copies = dict(zip(sources, snapshot_set(sources, target, sleep=sleep), strict=True))
        self.fingerprint = fingerprint(copies.values())
        self._scratch = target
        self._paths = {table: [copies[path] for path in paths] for table, paths in found.items()}
        self._open: dict[str, Table] = {}

    def __contains__(self, table: str) -> bool:
        return bool(self._paths[table])

    def table(self, name: str) -> Table:
        """The table, opened. Raises BadFile when the file is not whole or lacks a column that is needed."""
        if name not in self._open:
            paths = self._paths[name]
            exported = paths[0].suffix.lower() == ".csv"
            self._open[name] = (
                CsvTable(paths[0], CONTINENTAL, self._scratch / "clean") if exported else AdtTable(*paths)
            )
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
