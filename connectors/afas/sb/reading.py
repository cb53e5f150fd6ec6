"""Reading an administration of AFAS SB, in the order in which it happens.

No call lists changed or deleted entries. The package's own totals tell which years changed: these are read whole, and
replace what stood of them. Totals are asked for again at the end: a year that moved meanwhile is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Cursor, Event, ExtractRequest, NextCursor, Note
from connectors.digests import digest
from connectors.json_pages import pc
from foundation.errors import AskForAccess, Busy, WrongInput

from . import resources as r
from .inferred import FULL_READ_EVERY, READ_ANEW, SHIFTED
from .wire import VENDOR, SbWire

_FORM = 1
Balances = Mapping[str, str]
"""A year's id to a digest of the package's own totals of it."""


@dataclass(frozen=True)
class YearCursor:
    """Where a sync ended: digests of what was read, the last pass over lines, and when everything was read."""

    masters: str
    balances: Balances
    since: str | None
    read: int
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None, since: date | None, now: datetime) -> YearCursor | None:
        """None for a cursor that a sync that wants the years from ``since`` on cannot go on from."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            found = cls(**fields)
        except TypeError:
            return None
        fresh = now - datetime.fromisoformat(found.full_read_at) < FULL_READ_EVERY
        return found if fresh and found.since == _text(since) else None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}


@dataclass(frozen=True)
class MasterReader:
    """Reads the small tables of an administration, and what is asked of its lines."""

    wire: SbWire
    environment: str
    administration: str
    country: str
    currency: str

    def dossier(self, since: date | None) -> pa.Table:
        """The administration's own row. Raises WrongInput when there is none."""
        rows = self.wire.table(r.ADMINISTRATIONS, f"Id eq {self.administration}").to_pylist()
        if not rows:
            raise WrongInput(
                f"{VENDOR} has no administration {self.administration} in {self.environment} for this connection",
                next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
            )
        ours = {"Environment": self.environment, "Country": self.country, "Currency": self.currency, "Since": since}
        return pa.Table.from_pylist([rows[0] | ours], schema=r.DOSSIER)

    def years(self, totals: pa.Table) -> pa.Table:
        """The years from the first one on that has ``totals``; all of them where none has."""
        found = self._of(r.YEARS)
        used = found.filter(pc.is_in(found.column("Id"), totals.column("AccountingYearId").combine_chunks()))
        if not used.num_rows:
            return found
        return found.filter(pc.greater_equal(found.column("StartDate"), pc.min(used.column("StartDate"))))

    def periods(self) -> pa.Table:
        return self._of(r.PERIODS)

    def accounts(self) -> pa.Table:
        return self._of(r.ACCOUNTS)

    def totals(self) -> pa.Table:
        return self._of(r.TOTALS)

    def lines(self, year: str) -> Iterator[pa.RecordBatch]:
        return self.wire.rows(r.ENTRIES, f"AdministrationId eq {self.administration} and AccountingYearId eq {year}")

    def _of(self, source: r.Source) -> pa.Table:
        return self.wire.table(source, f"AdministrationId eq {self.administration}")


@dataclass
class AdministrationReader:
    """Reads one administration for one request; ``report`` hears the lines so far."""

    small: MasterReader
    request: ExtractRequest
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def events(self) -> Iterator[Event]:
        since, started = self.request.since, self.now()
        dossier, totals = self.small.dossier(since), self.small.totals()
        years = self.small.years(totals)
        wanted = r.ending_from(years, since)
        if since and not wanted:
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        periods, accounts = self.small.periods(), self.small.accounts()
        masters = {"dossier": dossier, "years": years, "periods": periods, "accounts": accounts}
        cursor = YearCursor.from_json(self.request.cursor, since, started)
        told = _balances(totals, wanted)
        if cursor and told == cursor.balances and digest(masters) == cursor.masters:
            yield NextCursor(self.request.cursor, unchanged=True)
            return
        for name, table in masters.items():
            yield Batch(name, table)
        if self.request.totals_only:
            yield from _finish(totals, None)
            return
        known, read, passes = (cursor.balances, cursor.read, 0) if cursor else ({}, 0, 0)
        self._count = 0
        try:
            while moved := [year for year, balance in told.items() if known.get(year) != balance]:
                if passes == READ_ANEW:
                    raise Busy(SHIFTED)
                read, passes = read + 1, passes + 1
                for year in moved:
                    yield from self._read(year, read)
                known, totals = told, self.small.totals()
                told = _balances(totals, wanted)
        except AskForAccess as refusal:  # apps that are not a partner's may read totals, but no entries
            yield Note("totals_only", f"{refusal.cause}: the entries cannot be read, and totals stand for them")
            yield from _finish(totals, None)
            return
        full_read_at = cursor.full_read_at if cursor else started.isoformat()
        ended = YearCursor(digest(masters), told, _text(since), read, full_read_at)
        yield from _finish(totals, ended.to_json(), frozenset({"lines", "years_read"} if cursor else ()))

    def _read(self, year: str, read: int) -> Iterator[Event]:
        """The lines of a year, as the pass ``read`` finds them."""
        for rows in self.small.lines(year):
            self._count += rows.num_rows
            self.report("lines", self._count)
            numbers = pa.repeat(pa.scalar(read, pa.int64()), rows.num_rows)
            yield Batch("lines", pa.RecordBatch.from_arrays([*rows.columns, numbers], schema=r.LINES))
        yield Batch("years_read", pa.Table.from_pylist([{"AccountingYearId": year, "Read": read}], r.YEARS_READ))


def _balances(totals: pa.Table, years: list[str]) -> dict[str, str]:
    column = totals.column("AccountingYearId")
    return {year: digest({"totals": totals.filter(pc.equal(column, year))}) for year in years}


def _finish(totals: pa.Table, cursor: Cursor | None, incremental: frozenset[str] = frozenset()) -> Iterator[Event]:
    yield Batch("totals", totals)
    yield NextCursor(cursor, incremental)


def _text(since: date | None) -> str | None:
    return since.isoformat() if since else None
