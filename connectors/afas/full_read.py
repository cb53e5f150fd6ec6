"""Reading all lines of an administration, in the order in which it happens, and going on with it another day.

A full read notes which days changed lately, reads the lines in the order of their periods, and then reads again the
days that changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Batch, Checkpoint, Cursor, Event, ExtractRequest, Resumed
from connectors.json_pages import pc
from foundation.errors import Busy, WrongInput

from .changed_days import Known, changed_days, lines_of, marked, of_read
from .inferred import DEEP, FULL_READ_EVERY, READ_ANEW, SHIFTED
from .masters import REFUSALS, MasterReader
from .sources import Source
from .wire import ABOVE, AT_LEAST, EQUALS, AfasWire, Shifted, Where, key_at

_FORM = 1


@dataclass(frozen=True)
class Place:
    """Where a read stands: after ``rows`` rows from a period on (None: from the beginning), the last of which has the
    key ``last``; ``in_period`` of them are of that row's period."""

    year: int | None = None
    period: int = 0
    rows: int = 0
    in_period: int = 0
    last: list[Any] = field(default_factory=list)

    def after(self, rows: pa.RecordBatch, source: Source, deep: int) -> Place:
        """The place behind ``rows``. Once ``deep`` rows were read, it is told from the period on that was reached:
        skipping many rows is slow."""
        last = key_at(source, rows, rows.num_rows - 1)
        same = pc.and_(pc.equal(rows.column("Year"), last[0]), pc.equal(rows.column("Period"), last[1]))
        in_period = pc.sum(same).as_py()
        if in_period == rows.num_rows and list(last[:2]) == self.last[:2]:
            in_period += self.in_period
        here = Place(self.year, self.period, self.rows + rows.num_rows, in_period, list(last))
        if here.rows < deep or (self.year, self.period) == last[:2]:
            return here
        return Place(last[0], last[1], in_period, in_period, list(last))


@dataclass(frozen=True)
class HalfRead:
    """Where a full read stands between two pages; ``upto`` and ``recent`` are what was known of changed days when it
    began (None: they are refused), ``read`` numbers the pass."""

    started_at: str
    since: str | None
    upto: str | None
    recent: Mapping[str, str]
    read: int
    place: Mapping[str, Any]

    @classmethod
    def from_json(cls, state: Cursor) -> HalfRead | None:
        """None for a state that another form of this code wrote."""
        fields = dict(state)
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}


@dataclass
class FullRead:
    """One full read; iterate :meth:`events` to the end, then ask where it ended. ``first`` is the first year that is
    wanted when there are earlier ones."""

    wire: AfasWire
    small: MasterReader
    request: ExtractRequest
    first: int | None
    now: Callable[[], datetime]
    report: Callable[[str, int], None]
    deep: int = DEEP

    def events(self) -> Iterator[Event]:
        self._source, self._count = self.small.sources["transactions"], 0
        self._require_fields()
        half = self._resumed()
        if half:
            yield Resumed()
        self._half = half or self._begun()
        for _ in range(READ_ANEW):
            try:
                yield from self._pages()
                break
            except Shifted:  # what comes again counts in place of what came before
                self._half = replace(self._half, read=self._half.read + 1, place=asdict(Place()))
        else:
            raise Busy(SHIFTED)
        yield from self._catch_up()

    @property
    def started_at(self) -> str:
        return self._half.started_at

    @property
    def read(self) -> int:
        """The last pass over the lines."""
        return self._half.read

    @property
    def known(self) -> Known | None:
        """What is known of changed days in the end; None where AFAS does not tell them."""
        return Known(self._half.upto, self._half.recent) if self._half.upto else None

    def _begun(self) -> HalfRead:
        now = self.now()
        since = self.request.since.isoformat() if self.request.since else None
        start: Known | None = Known.before(now)
        try:
            start = start.after(changed_days(self.wire, self.small.sources["changed_days"], start), now)
        except REFUSALS as refusal:
            self.small.note("no_changed_days", refusal.cause, "every sync reads everything")
            start = None
        upto, recent = (start.upto, start.recent) if start else (None, {})
        return HalfRead(now.isoformat(), since, upto, recent, 1, asdict(Place()))

    def _resumed(self) -> HalfRead | None:
        """The read that was cut short, where it asked for the same and what changed since is told."""
        half = HalfRead.from_json(self.request.resume.state) if self.request.resume else None
        since = self.request.since.isoformat() if self.request.since else None
        if not half or not half.upto or half.since != since:
            return None
        return half if self.now() - datetime.fromisoformat(half.started_at) < FULL_READ_EVERY else None

    def _pages(self) -> Iterator[Event]:
        place: Place | None = Place(**self._half.place)
        while place is not None:
            begun, place = place, None
            for rows in self.wire.rows(self._source, self._where(begun), begun.rows, tuple(begun.last)):
                yield self._batch(rows)
                here = Place(**self._half.place).after(rows, self._source, self.deep)
                self._half = replace(self._half, place=asdict(here))
                yield Checkpoint(self._half.to_json())
                if (here.year, here.period) != (begun.year, begun.period):
                    place = here
                    break

    def _where(self, place: Place) -> Where:
        """The lines from a place's period on."""
        ours = ("UnitId", EQUALS, str(self.small.unit))
        if place.year is None:
            return [[ours]] if self.first is None else [[ours, ("Year", AT_LEAST, str(self.first))]]
        year = str(place.year)
        same = [ours, ("Year", EQUALS, year), ("Period", AT_LEAST, str(place.period))]
        return [same, [ours, ("Year", ABOVE, year)]]

    def _catch_up(self) -> Iterator[Event]:
        """The days that changed since the read began."""
        known = self.known
        if known is None:
            return
        told = changed_days(self.wire, self.small.sources["changed_days"], known)
        days = known.news(told)
        after = known.after(told, self.now())
        self._half = replace(self._half, upto=after.upto, recent=after.recent, read=self._half.read + 1)
        for rows in lines_of(self.wire, self._source, self.small.unit, days):
            yield self._batch(rows)
        yield Batch("days", marked(days, self._half.read))

    def _batch(self, rows: pa.RecordBatch) -> Batch:
        self._count += rows.num_rows
        self.report("lines", self._count)
        return Batch("lines", of_read(rows, self._half.read))

    def _require_fields(self) -> None:
        """Asks which fields the connector has: those that are missing are named before anything is read."""
        try:
            found = self.wire.fields(self._source)
        except REFUSALS:
            return
        missing = [
            self._source.name(name) for name in self._source.schema.names if self._source.name(name) not in found
        ]
        if found and missing:
            raise WrongInput(
                f"the GetConnector {self._source.connector} has no field {', '.join(missing)}",
                next_step="Add it there, or name its own: --set connectors=transactions.FIELD=FIELD.",
            )
