"""One reading of one dossier: which files, which book years, in which order, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Cursor, Event, NextCursor, Note
from connectors.winbooks import inferred, ledger, tables
from connectors.winbooks.copies import LIVE, REQUIRED, Copies
from connectors.winbooks.dbf import Kind, Table
from connectors.winbooks.dossier import BookYear, Parameters, find_archive
from connectors.winbooks.ledger import Ledger
from foundation.errors import WrongInput

_READER = 1
"""Grows when the same files are read otherwise than before, so that older cursors no longer fit."""


@dataclass(frozen=True)
class Options:
    """What the connection's settings ask for."""

    root: Path
    language: int
    simulations: bool
    path_map: Mapping[str, Path]
    sleep: Callable[[float], None]
    report: Callable[[str, int], None]


class Reading:
    """Reads ``folder`` by way of copies in ``scratch``; lines of book years that end on or after ``since``."""

    def __init__(self, options: Options, folder: Path, since: date | None, scratch: Path) -> None:
        self._options, self._folder, self._since, self._scratch = options, folder, since, scratch
        self._live = Copies(folder, folder.name, LIVE, scratch / "live", required=REQUIRED, sleep=options.sleep)
        self._archives: dict[str, Copies | None] = {}
        self._notes: list[Note] = []

    @property
    def cursor(self) -> Cursor:
        """What was asked, and a fingerprint of the files read for it: the live ones, each archive's by book year."""
        asked = [str(self._since or ""), self._options.language, self._options.simulations]
        archives = {code: copies and copies.fingerprint for code, copies in self._archives.items()}
        return {"reader": _READER, "asked": asked, "files": {"live": self._live.fingerprint, **archives}}

    def equals(self, cursor: Cursor) -> bool:
        """Whether a reading now would find what the one that left ``cursor`` found."""
        if self.cursor["files"]["live"] != cursor.get("files", {}).get("live"):
            return False
        for year in self._live.parameters().book_years():
            if year.code in cursor["files"]:
                self._archive(year)
        return self.cursor == cursor

    def events(self) -> Iterator[Event]:
        parameters = self._live.parameters()
        years = parameters.book_years()
        asked = [year for year in years if self._since is None or year.end >= self._since]
        lines = Ledger(self._scratch)
        try:
            read = self._gather(lines, years, asked)
            yield from self._describe(parameters, years, asked)
            yield from self._rows("acf", tables.ACF, "number")
            yield from self._rows("csf", tables.CSF, "number")
            yield from self._rows("dbk", tables.DBK, "dbkid")
            self._notes += lines.sift(_codes(years), _codes(read), self._simulation_journals())
            yield from self._lines(lines)
            yield from self._notes
            yield from self._remarks(lines, years, asked, read)
            for copies in (self._live, *self._archives.values()):
                yield from copies.notes() if copies else ()
            yield NextCursor(self.cursor)
        finally:
            lines.close()

    def _gather(self, lines: Ledger, years: list[BookYear], asked: list[BookYear]) -> list[BookYear]:
        """Reads the lines of the years ``asked``; returns the years read.

        Where the first of them opens with nothing, the years before it are read too, back to one that does. Raises
        WrongInput when the archive of a year asked for is not found and the live file lacks its lines.
        """
        lines.add(_act(self._live.table("act")), inferred.LIVE)
        for year in asked:
            if not self._add_archive(lines, year):
                raise WrongInput(
                    f"book year {year.label} is archived in {year.archive}, which was not found",
                    next_step="Put that folder beside the dossier, set path_map, or link from a later date.",
                    subject=self._folder.name,
                )
        read = list(asked)
        while read and read[0] != years[0] and not lines.holds(read[0].code, opening=True):
            before = years[years.index(read[0]) - 1]
            if not self._add_archive(lines, before):
                return asked
            read.insert(0, before)
        return read

    def _add_archive(self, lines: Ledger, year: BookYear) -> bool:
        """Adds the lines of a year's archive, if it has one; false when it has and its lines are nowhere."""
        in_live = lines.holds(year.code)
        if in_live and not year.archive:
            return True
        archive = self._archive(year)
        if archive:
            lines.add(_act(archive.table("act")), inferred.ARCHIVE, only=year.code)
        elif in_live:
            text = f"the archive {year.archive} of book year {year.label} was not found; the live file's lines stand"
            self._notes.append(Note("archive_missing", text))
        return archive is not None or in_live or not year.archive

    def _archive(self, year: BookYear) -> Copies | None:
        """The archive that the parameters name, else the folder beside the dossier that is named after the year."""
        if year.code not in self._archives:
            stored = year.archive or f"{self._folder.name}-{year.end.year}"
            folder = find_archive(self._options.root, stored, self._options.path_map)
            target = self._scratch / f"archive-{year.code}"
            self._archives[year.code] = folder and Copies(
                folder, self._folder.name, ("act",), target, required=("act",), sleep=self._options.sleep
            )
        return self._archives[year.code]

    def _describe(self, parameters: Parameters, years: list[BookYear], asked: list[BookYear]) -> Iterator[Event]:
        dossier = parameters.dossier(self._folder.name)
        row = {"account_length": parameters.account_length, "language": self._options.language}
        for name in ("name", "code", "country", "currency", "vat_number"):
            row[name] = getattr(dossier, name)
        yield _batch("company", [row], tables.COMPANY)
        rows: list[dict[str, Any]] = [
            {
                "code": year.code,
                "label": year.label,
                "start_date": year.start,
                "end_date": year.end,
                "closed": year.closed,
                "asked_for": year in asked,
            }
            for year in years
        ]
        yield _batch("book_years", rows, tables.BOOK_YEARS)
        names = tables.PERIODS.names
        rows = [dict(zip(names, (year.code, *period), strict=True)) for year in years for period in year.periods]
        yield _batch("periods", rows, tables.PERIODS)

    def _rows(self, name: str, columns: Mapping[str, Kind], key: str) -> Iterator[Event]:
        schema = next(resource.schema for resource in tables.RESOURCES if resource.name == name)
        yield Batch(name, schema.empty_table())
        if name not in self._live:
            self._notes.append(Note("table_missing", f"the dossier has no table _{name}"))
            return
        table = self._live.table(name)
        table.require(key)
        for batch in table.batches(columns):
            yield Batch(name, batch.cast(schema))

    def _lines(self, lines: Ledger) -> Iterator[Event]:
        yield Batch("act", ledger.SCHEMA.empty_table())
        done = 0
        for batch in lines.batches():
            done += batch.num_rows
            self._options.report("lines", done)
            yield Batch("act", batch)

    def _simulation_journals(self) -> list[str]:
        if self._options.simulations or "dbk" not in self._live:
            return []
        rows = (row for batch in self._live.table("dbk").batches(tables.DBK) for row in batch.to_pylist())
        return [row["dbkid"] for row in rows if row["dbktype2"] == inferred.SIMULATION_JOURNAL and row["dbkid"]]

    def _remarks(
        self, lines: Ledger, years: list[BookYear], asked: list[BookYear], read: list[BookYear]
    ) -> Iterator[Note]:
        """What the books themselves give reason to say."""
        if len(read) > len(asked):
            text = f"{asked[0].label} holds no opening entry: what it opens with was added up from {read[0].label} on"
            yield Note("opening_derived", text)
        for before, year in pairwise(years):
            opens = lines.holds(year.code, opening=True)
            if year in asked and opens and before.closed is False:
                text = f"{before.label} is still open, so the opening entry of {year.label} is provisional"
                yield Note("opening_provisional", text)
            elif year in asked and not opens and len(read) == len(asked):
                yield Note(
                    "opening_absent", f"{year.label} holds no opening entry; balances carry over from the year before"
                )
        for year in read:
            off = lines.out_of_balance(year.code) if year.closed else 0
            if off:
                text = f"the closed book year {year.label} is out of balance by {off}; it is loaded as it is"
                yield Note("loose_closed_years", text)


def _act(table: Table) -> Iterator[pa.RecordBatch]:
    table.require("accountgl", "amounteur", "bookyear")
    return table.batches(ledger.COLUMNS, garbage="docorder", whole=True)


def _batch(name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> Batch:
    return Batch(name, pa.Table.from_pylist(rows, schema))


def _codes(years: list[BookYear]) -> list[str]:
    return [year.code for year in years]
