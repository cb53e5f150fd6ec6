"""Reading a company, in the order in which it happens.

A full read takes the posted lines by id, and then what was written while it went on; later reads take what was written
since. Both end with a sweep of the ids that stand in open years: a line whose id is not among them was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Event, ExtractRequest, NextCursor, Note, Resumed, Stated
from connectors.json_pages import pc
from foundation.errors import Incomplete, WrongInput

from . import resources as r
from .balances import Balances
from .cursor import ChangeCursor, HalfRead, Recent, read_from
from .faults import VENDOR
from .ledger import LINE, of_company, posted, span
from .masters import MasterReader, Masters, digest, locked_until
from .wire import OdooWire
from .years import as_table, end_with_months, fiscal_years


@dataclass
class CompanyReader:
    """Reads one company for one request. ``record`` is its own; ``report`` hears the lines so far."""

    wire: OdooWire
    record: dict[str, Any]
    request: ExtractRequest
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self._company = int(self.record["id"])
        self._small = MasterReader(self.wire, self._company, self.record)
        since = self.request.since
        self._posted = posted(self._company)
        self._wanted = [*self._posted, *([["date", ">=", since.isoformat()]] if since else [])]
        self._read = 0
        self._ids: list[pa.Array] = []

    def events(self) -> Iterator[Event]:
        masters = self._small.read()
        if self.request.totals_only:
            yield from self._finish(masters, None)
            yield NextCursor(None)
            return
        newest = self.wire.first(LINE, of_company(self._company), "write_date", "write_date desc")
        known = ChangeCursor.from_json(self.request.cursor)
        if newest and known and known.holds(self.request.since, self.now()):
            yield from self._changes(masters, newest, known)
        else:
            yield from self._full(masters, newest)

    def _changes(self, masters: Masters, newest: str, known: ChangeCursor) -> Iterator[Event]:
        count = self.wire.count(LINE, self._posted)
        same = (newest, count, digest(masters)) == (known.newest, known.count, known.masters)
        if same and self._recent(newest).digest == known.recent:
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        recent = Recent(read_from(newest))
        for rows in self._written_since(known.newest):
            recent.watch(rows)
            yield self._batch(rows, 1)
        cursor = ChangeCursor(newest, recent.digest, count, digest(masters), known.since, known.full_read_at)
        yield from self._finish(masters, cursor)
        yield NextCursor(cursor.to_json(), frozenset({"lines"}))

    def _recent(self, newest: str) -> Recent:
        """What was written lately, by ids and times alone."""
        recent = Recent(read_from(newest))
        for rows in self._written_since(newest, r.STAMPS):
            recent.watch(rows)
        return recent

    def _full(self, masters: Masters, newest: str | None) -> Iterator[Event]:
        since = self.request.since.isoformat() if self.request.since else None
        half = HalfRead(newest or "", 0, since, self.now().isoformat())
        resume = self.request.resume
        begun = HalfRead.from_json(resume.state) if resume else None
        if resume and begun and begun.holds(self.request.since, self.now()):
            half = begun
            yield Resumed()
            self._ids += [rows.column("id") for rows in resume.rows("lines", ["id"])]
        for rows in self.wire.rows(LINE, self._wanted, r.MOVE_LINES, after=half.after):
            self._ids.append(rows.column("id"))
            yield self._batch(rows, 0)
            last = rows.column("id")[-1].as_py()
            yield Checkpoint(HalfRead(half.newest, last, half.since, half.started_at).to_json())
        stated = self.wire.count(LINE, self._wanted)
        recent = Recent(read_from(half.newest)) if half.newest else None
        if recent:
            for rows in self._written_since(half.newest):
                recent.watch(rows)
                self._ids.append(rows.filter(pc.equal(rows.column("parent_state"), "posted")).column("id"))
                yield self._batch(rows, 1)
        self._require(stated)
        yield Stated("lines", stated)
        count = stated if self.request.since is None else self.wire.count(LINE, self._posted)
        cursor = None
        if recent:
            cursor = ChangeCursor(half.newest, recent.digest, count, digest(masters), since, half.started_at)
        yield from self._finish(masters, cursor)
        yield NextCursor(cursor.to_json() if cursor else None)

    def _written_since(self, newest: str, schema: pa.Schema = r.MOVE_LINES) -> Iterator[pa.RecordBatch]:
        """Lines of any date and state: one that is a draft again must go, one that moved to an earlier year too."""
        written = [*of_company(self._company), ["write_date", ">=", read_from(newest)]]
        return self.wire.rows(LINE, written, schema)

    def _batch(self, rows: pa.RecordBatch, reading: int) -> Batch:
        self._read += rows.num_rows
        self.report("lines", self._read)
        told = pa.repeat(pa.scalar(reading, pa.int64()), rows.num_rows)
        return Batch("lines", pa.RecordBatch.from_arrays([*rows.columns, told], schema=r.LINES))

    def _require(self, stated: int) -> None:
        """Raises Incomplete when fewer lines came than the database counts."""
        received = pc.count_distinct(pa.chunked_array(self._ids, pa.int64())).as_py()
        if received < stated:
            raise Incomplete(f"{VENDOR} counts {stated} lines and sent {received}")

    def _finish(self, masters: Masters, cursor: ChangeCursor | None) -> Iterator[Event]:
        """What follows the lines: the sweep, the calendar, the small tables, the database's own sums, notes."""
        books = span(self.wire, self.record, self.now().date())
        locked = locked_until(self.record)
        years = fiscal_years(self.record, masters["year_records"], books.first, books.last, locked)
        since = self.request.since
        if since and not any(year.end >= since for year in years):
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        swept_from = locked + timedelta(days=1) if locked else date.min
        if cursor:
            open_years = [["date", ">", locked.isoformat()]] if locked else []
            for ids in self.wire.ids(LINE, [*self._wanted, *open_years]):
                yield Batch("standing", pa.RecordBatch.from_arrays([ids], schema=r.STANDING))
        grain = "month" if end_with_months(years) else "day"
        balances = Balances(self.wire, self._company, since, books.opening, grain)
        tables = {
            "dossier": self._dossier(swept_from if cursor else None, books.opening),
            "fiscal_years": as_table(years, r.FISCAL_YEARS),
            **{name: masters[name] for name in ("accounts", "account_types", "journals", "taxes")},
            **self._small.read_followers(self.wire.groups(LINE, self._posted, "partner_id")),
            **balances.read(),
        }
        for name, table in tables.items():
            yield Batch(name, table)
        drafts = self.wire.count(LINE, [*of_company(self._company), ["parent_state", "=", "draft"]])
        if drafts:
            yield Note("drafts_left_out", f"{drafts} lines of draft entries are in no figure", drafts)

    def _dossier(self, swept_from: date | None, opening: int | None) -> pa.Table:
        row = {**self.record, "Since": self.request.since, "SweptFrom": swept_from, "OpeningMove": opening}
        return pa.Table.from_pylist([row], schema=r.DOSSIER)
