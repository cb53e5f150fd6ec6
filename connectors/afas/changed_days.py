"""Booking days on which something was added, changed or deleted, of all administrations alike, and how far they are
known.

AFAS deletes for good and lists no deleted lines: a day that changed is read again, and what is not found there any
more is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Cursor

from . import resources as r
from .inferred import CLOCK_OVERLAP, CURSOR_MARGIN, DAYS_PER_CALL, DUTCH_TIME, FULL_READ_EVERY, SETTLING
from .sources import Source
from .wire import AT_LEAST, EQUALS, AfasWire, Where


@dataclass(frozen=True)
class Known:
    """Changes up to ``upto`` (the vendor's local time) are known; ``recent`` are the days that the next question will
    tell again, with the moment of their change."""

    upto: str
    recent: Mapping[str, str]

    @classmethod
    def before(cls, now: datetime) -> Known:
        """Nothing is known of what changed since the day before ``now``."""
        return cls(f"{now - CURSOR_MARGIN:%Y-%m-%dT%H:%M:%S}", {})

    def news(self, told: Mapping[str, str]) -> list[str]:
        """The days in ``told`` that changed since."""
        return sorted(day for day, moment in told.items() if self.recent.get(day) != moment)

    def after(self, told: Mapping[str, str], now: datetime) -> Known:
        """What is known once the days in ``told`` were read, at ``now``. A day that changed just now is read again next
        time: more may have changed within the same second."""
        upto = max([self.upto, *(moment[:19] for moment in told.values())])
        start, settled = _earlier(upto), f"{(now - SETTLING).astimezone(DUTCH_TIME):%Y-%m-%dT%H:%M:%S}"
        return Known(upto, {day: moment for day, moment in told.items() if start <= moment[:19] < settled})


def changed_days(wire: AfasWire, source: Source, known: Known) -> dict[str, str]:
    """Booking day to the moment of its last change, from a little before ``known`` ends."""
    found: dict[str, str] = {}
    for row in wire.table(source, [[("Modified", AT_LEAST, _earlier(known.upto))]]).to_pylist():
        if row["EntryDate"] and row["Modified"]:
            day = row["EntryDate"][:10]
            found[day] = max(found.get(day, ""), row["Modified"])
    return found


def lines_of(wire: AfasWire, source: Source, unit: int, days: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The lines of an administration that are booked on ``days``."""
    for start in range(0, len(days), DAYS_PER_CALL):
        where: Where = [
            [("UnitId", EQUALS, str(unit)), ("EntryDate", EQUALS, f"{day}T00:00:00")]
            for day in days[start : start + DAYS_PER_CALL]
        ]
        yield from wire.table(source, where).to_batches()


def marked(days: Sequence[str], read: int) -> pa.Table:
    """Rows of the resource ``days``: the days that pass ``read`` read again."""
    return pa.Table.from_pylist([{"EntryDate": day, "Read": read} for day in days], schema=r.DAYS)


def of_read(rows: pa.RecordBatch, read: int) -> pa.RecordBatch:
    """Lines as they are landed: with the number of the pass that read them."""
    numbers = pa.array([read], pa.int64()).take(pa.array([0] * rows.num_rows, pa.int32()))
    return pa.RecordBatch.from_arrays([*rows.columns, numbers], schema=r.LINES)


def _earlier(moment: str) -> str:
    return f"{datetime.fromisoformat(moment[:19]) - CLOCK_OVERLAP:%Y-%m-%dT%H:%M:%S}"


_FORM = 1


@dataclass(frozen=True)
class DayCursor:
    """Where a sync ended. ``masters`` and ``balances`` are digests of what was read; ``read`` is the last pass."""

    upto: str
    recent: Mapping[str, str]
    masters: str
    balances: str
    since: str | None
    read: int
    full_read_at: str

    @property
    def known(self) -> Known:
        return Known(self.upto, self.recent)

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> DayCursor | None:
        """None for a cursor that another form of this code wrote."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        """Whether a sync that wants the years from ``since`` on may go on from here."""
        fresh = now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY
        return fresh and self.since == (since.isoformat() if since else None)
