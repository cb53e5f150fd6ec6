"""One reading of one dossier: which tables, which fiscal years, in which order, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.columns import Kind
from connectors.contract import Batch, Cursor, Event, NextCursor, Note
from connectors.csv_tables import CsvTable
from connectors.sage_bob import tables
from connectors.sage_bob.ledger import Ledger
from connectors.sage_bob.opened import BookYear, OpenDossier
from foundation.errors import BadFile

_READER = 1
"""Grows when the same tables are read otherwise than before, so that older cursors no longer fit."""


@dataclass(frozen=True)
class Options:
    """What the connection's settings ask for."""

    language: int
    currency: str
    country: str | None
    temporary: bool
    report: Callable[[str, int], None]


class Reading:
    """Reads ``dossier``, with ``scratch`` to spill to; lines of fiscal years that end on or after ``since``."""

    def __init__(self, options: Options, dossier: OpenDossier, since: date | None, scratch: Path) -> None:
        self._options, self._dossier, self._since, self._scratch = options, dossier, since, scratch
        self._state = dossier.state

    @property
    def cursor(self) -> Cursor | None:
        """What was asked, and the state of the tables read for it; None where that is not told."""
        options = self._options
        if self._state is None:
            return None
        asked = [str(self._since or ""), options.language, options.currency, options.temporary]
        return {"reader": _READER, "asked": asked, "files": self._state}

    def events(self) -> Iterator[Event]:
        years = self._dossier.book_years()
        asked = [year for year in years if self._since is None or year.end >= self._since]
        lines = Ledger(self._scratch)
        try:
            notes = self._gather(lines)
            read = _with_opening(lines, years, asked)
            yield from self._describe(years, asked)
            for name, columns in (("ac_accoun", tables.ACCOUN), ("ac_compan", tables.COMPAN), ("ac_dbk", tables.DBK)):
                yield from self._rows(name, columns)
            labels = [year.label for year in years]
            notes += lines.sift(labels, [year.label for year in read], temporary=self._options.temporary)
            yield from self._lines(lines)
            yield from notes
            yield from self._dossier.notes()
            if len(read) > len(asked):
                text = f"{asked[0].label} holds no opening lines: its opening was added up from {read[0].label} on"
                yield Note("opening_derived", text)
            yield NextCursor(self.cursor)
        finally:
            lines.close()

    def _gather(self, lines: Ledger) -> list[Note]:
        """Reads the ledger, and where documents do not balance in it what the customers' and suppliers' one adds.

        An export tells nowhere how many rows it should have: it must balance as a whole.
        """
        table = self._dossier.table("ac_ahisto")
        lines.add(table.batches(tables.AHISTO))
        if lines.unbalanced() and "ac_chisto" in self._dossier:
            notes = lines.add_controls(self._dossier.table("ac_chisto").batches(tables.CHISTO))
        else:
            notes = []
        if isinstance(table, CsvTable) and (off := lines.total()):
            raise BadFile(
                f"debit and credit differ by {off:.2f}",
                next_step="It may be cut off, or filtered when it was exported: export the whole table and sync again.",
                subject=table.name,
            )
        return notes

    def _describe(self, years: list[BookYear], asked: list[BookYear]) -> Iterator[Event]:
        options, name = self._options, self._dossier.name
        row = {
            "name": name,
            "code": name,
            "country": options.country,
            "currency": options.currency,
            "language": options.language,
        }
        yield _batch("dossier", [row], tables.DOSSIER)
        rows: list[dict[str, Any]] = [
            {
                "label": year.label,
                "start_date": year.start,
                "end_date": year.end,
                "closed": year.closed,
                "asked_for": year in asked,
            }
            for year in years
        ]
        yield _batch("fiscal_years", rows, tables.FISCAL_YEARS)
        names = tables.MONTHS.names
        rows = [dict(zip(names, (year.label, *month), strict=True)) for year in years for month in year.periods]
        yield _batch("months", rows, tables.MONTHS)

    def _rows(self, name: str, columns: Mapping[str, Kind]) -> Iterator[Event]:
        schema = next(resource.schema for resource in tables.RESOURCES if resource.name == name)
        yield Batch(name, schema.empty_table())
        if name not in self._dossier:
            yield Note("table_missing", f"the dossier has no table {name}")
            return
        for batch in self._dossier.table(name).batches(columns):
            yield Batch(name, batch.cast(schema))

    def _lines(self, lines: Ledger) -> Iterator[Event]:
        yield Batch("ac_ahisto", tables.LINES.empty_table())
        done = 0
        for batch in lines.batches():
            done += batch.num_rows
            self._options.report("lines", done)
            yield Batch("ac_ahisto", batch)


def _with_opening(lines: Ledger, years: list[BookYear], asked: list[BookYear]) -> list[BookYear]:
    """The years asked for and, where the first of them opens with nothing, those before it, back to one that does."""
    read = list(asked)
    while read and read[0] != years[0] and not lines.opens(read[0].label):
        read.insert(0, years[years.index(read[0]) - 1])
    return read


def _batch(name: str, rows: list[dict[str, Any]], schema: pa.Schema) -> Batch:
    return Batch(name, pa.Table.from_pylist(rows, schema))
