"""What a Sage 50 folder is: which source tells its ledger, and which fiscal years a UK company has.

A folder is read as one of

* French: it holds a FEC, a XIMPORT or a RIMPORT;
* UK by CSV: the tables COMPANY, NOMINAL_LEDGER, ... as ``<table>.csv`` and, for the ledger, ``audit_journal.csv`` or
  the audit trail that Sage 50 exports (``audit_trail*.csv``);
* UK by ODBC: it holds Sage's own ``ACCDATA`` and no such export.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from connectors.columns import BRITISH, Table, require_columns
from connectors.contract import FiscalYear
from connectors.csv_tables import CsvTable
from connectors.drop_folder.folder import is_ciel
from connectors.files import fingerprint, is_inside, snapshot_set, unreadable
from connectors.sage50 import tables
from connectors.sage50.inferred import TRAIL_COLUMNS, TRAIL_HEADINGS
from connectors.sage50.odbc import Connection, SqlTable
from foundation.errors import BadFile, Busy, WrongInput

Form = Literal["french", "csv", "odbc"]
TYPES = frozenset(
    (
        *(side + kind for side in "SP" for kind in "ICRAPD"),
        *(side + kind for side in "BCV" for kind in "PR"),
        "JD",
        "JC",
    )
)
"""The types of transactions of the audit trail."""

_NEVER_MISSING = ("company", "nominal_ledger", "audit_journal")
_TRAIL = re.compile(r"audit[ _-]?trail.*\.csv", re.IGNORECASE)
_LEDGERS = ("audit_journal", "audit_trail")
_EXPECTED = (
    "Put the audit trail (audit_trail.csv) with COMPANY.csv and NOMINAL_LEDGER.csv there, or a FEC, XIMPORT or "
    "RIMPORT, or the company's own folder ACCDATA; see docs/packages/sage50.md."
)


@dataclass(frozen=True)
class Contents:
    """A folder by what it holds; ``files`` are the tables exported as CSV, by name in lower case."""

    folder: Path
    form: Form
    files: Mapping[str, Path] = field(default_factory=dict)


def look_into(folder: Path) -> Contents | None:
    """What ``folder`` is read as; None where it is no company. Links that lead out of it are not followed.

    Raises BadFile for two audit trails, Busy when the folder cannot be read.
    """
    try:
        paths = [path for path in sorted(folder.iterdir()) if is_inside(folder, path)]
        files = [path for path in paths if path.is_file()]
        own = any(path.is_dir() and path.name.upper() == "ACCDATA" for path in paths)
    except OSError as error:
        raise unreadable(folder, error) from error
    if any(is_ciel(path) or _is_fec(path) for path in files):
        return Contents(folder, "french")
    found = {
        path.stem.lower(): path
        for path in files
        if path.suffix.lower() == ".csv" and path.stem.lower() in tables.NEEDED
    }
    trails = [path for path in files if _TRAIL.fullmatch(path.name)]
    if len(trails) > 1:
        raise BadFile(
            f"{trails[0].name} and {trails[1].name} both claim to be the audit trail",
            subject=folder.name,
            next_step="Export the whole audit trail into one file and sync again.",
        )
    if trails:
        found["audit_trail"] = trails[0]
    if any(ledger in found for ledger in _LEDGERS):
        return Contents(folder, "csv", found)
    return Contents(folder, "odbc") if own else None


def _is_fec(path: Path) -> bool:
    return "fec" in path.stem.lower() and path.suffix.lower() in (".txt", ".csv", ".tsv")


def require(folder: Path) -> Contents:
    """The same. Raises WrongInput where the folder is no company."""
    contents = look_into(folder)
    if contents is None:
        raise WrongInput(f"{folder.name} is not a Sage 50 company: it holds no ledger", next_step=_EXPECTED)
    return contents


class CsvSource:
    """The exported tables of one folder, copied into ``target`` at one moment and read there."""

    def __init__(self, contents: Contents, target: Path, *, sleep: Callable[[float], None]) -> None:
        paths = list(contents.files.values())
        copies = dict(zip(paths, snapshot_set(paths, target, sleep=sleep), strict=True))
        self.fingerprint = fingerprint(copies.values())
        self._files = {name: copies[path] for name, path in contents.files.items()}
        self._scratch = target / "clean"
        self._open: dict[str, Table] = {}

    def table(self, name: str) -> Table | None:
        """The table, None where there is no such file. Raises BadFile when it cannot be read or lacks a column."""
        if name not in self._open:
            path = self._files.get(name)
            if path is None:
                return None
            opened = (
                _open_trail(path, self._scratch) if name == "audit_trail" else CsvTable(path, BRITISH, self._scratch)
            )
            require_columns(opened, *tables.NEEDED[name])
            self._open[name] = opened
        return self._open[name]

    def close(self) -> None:
        """Nothing is kept open."""


class OdbcSource:
    """The tables behind a connection. Nothing tells whether they changed, so that ``fingerprint`` is None."""

    fingerprint = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def table(self, name: str) -> Table | None:
        """The table, None where this version has none, or where it cannot be had by ODBC (the audit trail)."""
        if name == "audit_trail":
            return None
        try:
            opened = SqlTable(self._connection, name)
        except Exception:  # every driver has a class of its own for a table that is not there
            if name in _NEVER_MISSING:
                raise Busy("the ODBC driver does not give the table", subject=name.upper()) from None
            self.table("company")  # raises when it is the connection that is gone
            return None
        require_columns(opened, *tables.NEEDED[name])
        return opened

    def close(self) -> None:
        self._connection.close()


Source = CsvSource | OdbcSource


def _open_trail(path: Path, scratch: Path) -> CsvTable:
    """An audit trail, with headings or without: its first cell tells. Raises BadFile when it is neither."""
    with path.open("rb") as stream:
        first = re.split(r"[,;\t\r\n]", stream.readline(200).decode("cp1252", "replace").removeprefix("ï»¿"))[0]
    word = first.strip(' "').upper()
    if word in TYPES:
        return CsvTable(path, BRITISH, scratch, headings=TRAIL_COLUMNS)
    if word in ("TYPE", "TRANSACTION TYPE"):
        return CsvTable(path, BRITISH, scratch, aliases=TRAIL_HEADINGS)
    raise BadFile(
        f"row 1 begins with {first[:20]!r}: neither a type of transaction nor the heading Type",
        subject=path.name,
        next_step="Export the audit trail with the columns in which Sage 50 imports it and sync again.",
    )


def company_of(source: Source) -> dict[str, Any]:
    """The one row of COMPANY. Raises BadFile where it is missing or tells no fiscal year."""
    table = source.table("company")
    if table is None:
        raise BadFile(
            "there is no COMPANY.csv, which tells the fiscal year and the control accounts",
            next_step="Write it with the columns NAME, START_MONTH and FINANCIAL_YEAR at least and sync again.",
        )
    rows = [row for batch in table.batches(tables.COMPANY) for row in batch.to_pylist()]
    if len(rows) != 1:
        raise BadFile(f"it holds {len(rows)} rows, not one", subject=table.name)
    month, year = rows[0]["start_month"], rows[0]["financial_year"]
    if month is None or not 1 <= month <= 12 or year is None or not 1900 <= year <= 9000:
        raise BadFile(f"START_MONTH {month} of FINANCIAL_YEAR {year} begins no fiscal year", subject=table.name)
    return rows[0]


def years_of(company: Mapping[str, Any], first: date | None, last: date | None) -> list[FiscalYear]:
    """The current year, and years of twelve months before and after it that reach the dates of the ledger.

    Inferred: what lies before the current year is closed; Sage 50 keeps no dates of earlier years.
    """
    current = date(company["financial_year"], company["start_month"], 1)
    begins = [current]
    while first and first < begins[0]:
        begins.insert(0, begins[0].replace(year=begins[0].year - 1))
    while last and last > _end(begins[-1]):
        begins.append(begins[-1].replace(year=begins[-1].year + 1))
    return [FiscalYear(_label(start), start, _end(start), closed=start < current) for start in begins]


def _end(start: date) -> date:
    last = start.replace(day=1) + timedelta(days=340)
    return last.replace(day=monthrange(last.year, last.month)[1])


def _label(start: date) -> str:
    return f"{start.year}" if start.month == 1 else f"{start.year}/{start.year + 1}"
