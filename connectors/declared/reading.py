"""Reading one dossier by its resource map: lists first, then the lines of each fiscal year, into a workbench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from connectors.contract import FiscalYear
from connectors.drop_folder import dates, lists
from connectors.drop_folder.resources import DOSSIER
from connectors.drop_folder.workbench import Workbench, literal
from foundation.errors import AskForAccess, FixTheData, Incomplete, WrongInput

from . import years
from .maps import ResourceMap
from .sink import SinkFolder
from .tables import SCRATCH, Filling
from .wire import DeclaredWire

_ROWS_AT_ONCE = 20_000
_CORRECT = "Put the map right with a file of your own (--set resource_map=FILE); docs/resource-maps.md tells how."


@dataclass
class DossierReader:
    """Fills ``bench`` from ``wire``, and from the sink that ``sink_of`` opens for a dossier's entity.

    ``journal_types`` are those that the package does not tell, by code.
    """

    bench: Workbench
    wire: DeclaredWire
    declared: ResourceMap
    sink_of: Callable[[str], SinkFolder]
    country: str | None
    today: date
    journal_types: Mapping[str, str] = field(default_factory=dict)
    _rows: int = 0

    def __post_init__(self) -> None:
        self.bench.db.execute(SCRATCH)

    def dossiers(self) -> list[dict[str, str | None]]:
        """Every dossier that can be seen, with the columns of table ``dossiers``."""
        self._fill("dossiers", {})
        found = self.bench.db.sql("FROM dossiers").to_arrow_table().to_pylist()
        return [row | {"country": row["country"] or self.country} for row in found]

    def open(self, external_id: str) -> None:
        """Finds the dossier. Raises WrongInput for one that is not listed."""
        row = next((row for row in self.dossiers() if row["id"] == external_id), None)
        if row is None:
            raise WrongInput(
                f"{self.declared.vendor} lists no dossier {external_id!r}",
                next_step="See `grandlivre discover CONNECTION` for those that the connection can see.",
            )
        self._values = {"dossier": external_id}
        self._sink = row["entity"] or external_id
        told = {name: row[name] for name in ("vat_number", "country", "currency")}
        told |= {"code": row["code"] or external_id, "name": row["name"] or external_id}
        told |= {"currency": (row["currency"] or "EUR").upper(), "format": "api"}
        self.bench.insert("dossier", pa.Table.from_pylist([told], schema=DOSSIER.schema))

    def years(self) -> list[FiscalYear]:
        """The fiscal years, oldest first. Raises FixTheData where there are none."""
        self._fill("fiscal_years", self._values)
        return years.settle(self.bench, self.declared, self.today)

    def read(self, since: date | None) -> str:
        """Reads everything; answers an SQL condition on ``lines`` that keeps what ``since`` needs."""
        found = self.years()
        for table in ("accounts", "journals", "parties"):
            self._fill(table, self._values)
        self._type_journals()
        condition = self._read_lines(found, since)
        years.forget_unused(self.bench)
        lists.complete_from_lines(self.bench)
        return condition

    def _read_lines(self, all_years: list[FiscalYear], since: date | None) -> str:
        wanted = [year for year in all_years if since is None or year.end >= since]
        earlier = [year for year in all_years if year not in wanted]
        if not wanted:
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        if any(section.topic for section in self.declared.of_table("lines").values()):
            self._fill("lines", self._values, year=_YEAR_OF_DATE)
            self._require_years()
        else:
            self._read_years(wanted)
            if earlier and not self._opens(wanted[0]):
                self._read_years(earlier)
        if earlier and self._opens(wanted[0]):
            return f"year IN ({', '.join(literal(year.label) for year in wanted)})"
        return "true"

    def _read_years(self, some: list[FiscalYear]) -> None:
        for year in some:
            place = {"label": year.label, "start": year.start.isoformat(), "end": year.end.isoformat()}
            self._fill("lines", {**self._values, **place}, year=literal(year.label))
            self._require_once(year)

    def _opens(self, year: FiscalYear) -> bool:
        """Whether lines of the year tell what it opens with (as the books will see them)."""
        return self.bench.row(
            """SELECT count(*) FROM lines l LEFT JOIN journals j ON j.code = l.journal
            WHERE l.year = ? AND (l.kind = 'opening' OR l.period = 0 OR (j.type = 'opening' AND l.date <= ?))""",
            [year.label, year.start],
        )[0]

    def _require_once(self, year: FiscalYear) -> None:
        """A list that moves while its pages are read tells a line twice, and another not at all; one that pays no heed
        to the days asked for tells every line in every year."""
        twice, entry = self.bench.row(
            """SELECT count(*), any_value(entry) FROM (SELECT entry FROM lines WHERE year = ? AND line_no IS NOT NULL
            GROUP BY journal, entry, line_no HAVING count(*) > 1)""",
            [year.label],
        )
        if twice:
            raise Incomplete(
                f"{self.declared.vendor} tells {twice} lines of {year.label} twice, such as one of entry {entry}",
                next_step="Somebody may have booked while it was read: sync again. If it stays so, fields.entry or "
                "fields.line_no of resources.lines do not identify a line.",
            )

        bounded = any(
            "{start}" in text
            for section in self.declared.of_table("lines").values()
            for text in (section.path, *section.query.values())
        )
        outside = self.bench.row(
            "SELECT count(*) FROM lines WHERE year = ? AND date NOT BETWEEN ? AND ?", [year.label, year.start, year.end]
        )[0]
        if bounded and outside:
            raise WrongInput(
                f"{self.declared.vendor} tells {outside} lines outside {year.start} to {year.end}, the days asked for",
                next_step=f"Correct resources.lines.query. {_CORRECT}",
            )

    def _require_years(self) -> None:
        without, day = self.bench.row("SELECT count(*), min(date) FROM lines WHERE year IS NULL")
        if without:
            raise FixTheData(f"{without} lines lie in no fiscal year that is told, the first of {day}")

    def _type_journals(self) -> None:
        for code, kind in self.journal_types.items():
            known = self.bench.row("SELECT count(*) FROM journals WHERE code = ?", [code])[0]
            sql = "UPDATE journals SET type = $2 WHERE code = $1"
            self.bench.db.execute(sql if known else "INSERT INTO journals VALUES ($1, $1, $2)", [code, kind])

    def _fill(self, table: str, values: Mapping[str, str], **given: str) -> None:
        for name, section in self.declared.of_table(table).items():
            filling = Filling(name, section, table, self.declared.amounts)
            try:
                for _ in self._pages(filling, values):
                    self._take(filling, given)
            except (AskForAccess, WrongInput) as refusal:
                if not section.optional:
                    raise
                self.bench.note(f"no_{name}", f"{refusal.cause.rstrip('.')}: the sync goes on without")

    def _pages(self, filling: Filling, values: Mapping[str, str]) -> Iterator[None]:
        """Makes ``page`` the rows of the list, some pages at a time."""
        section, db = filling.section, self.bench.db
        if section.topic:
            self.sink_of(self._sink).replay(self.bench, section.topic, filling.schema, section.unnest)
            yield
            return
        for rows in _together(self.wire.rows(filling.name, section, filling.schema, values)):
            db.register("page", rows)
            yield
            db.unregister("page")

    def _take(self, filling: Filling, given: Mapping[str, str]) -> None:
        required, times = list(filling.required()), list(filling.times())
        self.bench.db.execute(filling.staging())
        count, *found = self.bench.row(filling.checks())
        empty, odd = dict(zip(required, found, strict=False)), dict(zip(times, found[len(required) :], strict=True))
        for column, rows in empty.items():
            if rows:
                raise self._not_told(filling, column, f"{rows} of {count} rows do not tell it")
        for column, text in odd.items():
            if text is not None:
                raise self._not_told(filling, column, f"{text!r} is not a day")
        more = dict(given)
        if filling.table == "lines":
            more |= {"file": literal(filling.name), "row": f"{self._rows} + told_row"}
        self.bench.db.execute(filling.insertion(more))
        if sql := filling.identification():
            self.bench.db.execute(sql)
        self._rows += count if filling.table == "lines" else 0

    def _not_told(self, filling: Filling, column: str, why: str) -> WrongInput:
        told = self.wire.fields_told(filling.section.rows)
        seen = f"; a row has the fields {', '.join(told)}" if told else ""
        name = filling.section.fields.get(column)
        return WrongInput(
            f"{self.declared.vendor}: resources.{filling.name}.fields.{column} is {name!r}, and {why}{seen}",
            next_step=_CORRECT,
        )


def _together(pages: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Small pages as larger tables: what is done with one costs much the same, whatever its size."""
    waiting: list[pa.RecordBatch] = []
    for rows in pages:
        waiting.append(rows)
        if sum(batch.num_rows for batch in waiting) >= _ROWS_AT_ONCE:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


_YEAR_OF_DATE = (
    f"(SELECT any_value(label) FROM fiscal_years WHERE {dates.parsed('told.date')} BETWEEN start_date AND end_date)"
)
