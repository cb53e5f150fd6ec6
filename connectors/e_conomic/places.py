"""Where the reading of each accounting year stands: which entry numbers were seen last, and how many were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Cursor, FiscalYear
from connectors.json_pages import pc
from foundation.errors import Incomplete

from .inferred import ENTRY_OVERLAP, FULL_READ_EVERY
from .wire import VENDOR

_FORM = 1


@dataclass
class Place:
    """One year. ``recent`` are the numbers seen within the overlap, ascending; ``read`` counts entries read so far."""

    start: str
    end: str
    recent: list[int] = field(default_factory=list)
    read: int = 0

    @classmethod
    def of(cls, year: FiscalYear) -> Place:
        return cls(year.start.isoformat(), year.end.isoformat())

    @property
    def last(self) -> int:
        """The greatest entry number seen."""
        return self.recent[-1] if self.recent else 0

    @property
    def again(self) -> int:
        """The number after which a later sync reads: what lies in the overlap comes again."""
        return max(0, self.last - ENTRY_OVERLAP)

    def take(self, rows: pa.RecordBatch) -> None:
        """Counts the entries of a page that were not seen before. Pages come in the order of entry numbers."""
        numbers = rows.column("entryNumber")
        self.read += pc.count_distinct(numbers.filter(pc.greater(numbers, self.last))).as_py()
        newest = max(self.last, pc.max(numbers).as_py() or 0)
        near = numbers.filter(pc.greater(numbers, newest - ENTRY_OVERLAP)).to_pylist()
        self.recent = sorted({number for number in (*self.recent, *near) if number > newest - ENTRY_OVERLAP})

    def require(self, counted: int) -> None:
        """Raises Incomplete when fewer entries came than the vendor counts."""
        if self.read < counted:
            raise Incomplete(f"{VENDOR} counts {counted} entries in the year from {self.start} and sent {self.read}")


@dataclass(frozen=True)
class Places:
    """Where all years stand that a link asks for from ``since`` on; what a cursor, or a checkpoint, holds."""

    since: str | None
    begun_at: str
    """When the full read began that this rests on."""
    masters: str
    years: Mapping[str, Place]

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> Places | None:
        """None for no cursor, or one that an other form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            years = {name: Place(**place) for name, place in fields.pop("years").items()}
            return cls(years=years, **fields)
        except (KeyError, TypeError, AttributeError):
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, years: Mapping[str, FiscalYear], now: datetime) -> bool:
        """Whether a read may go on from here: the same link, no year renamed, moved or gone, and not too old."""
        return (
            self.since == (since.isoformat() if since else None)
            and all(
                name in years and (place.start, place.end) == (Place.of(years[name]).start, Place.of(years[name]).end)
                for name, place in self.years.items()
            )
            and now - datetime.fromisoformat(self.begun_at) < FULL_READ_EVERY
        )
