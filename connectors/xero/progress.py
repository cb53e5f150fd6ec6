"""What is kept in mind of the journals, while they stream by and from one sync to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from connectors.json_pages import pc

from .calendar import month_end, vendor_moment
from .inferred import JOURNAL_OVERLAP

_ONE_DAY = date.resolution


@dataclass
class Progress:
    """How far journals were read, and how old the oldest are.

    ``reached`` is the greatest number seen, ``recent`` the numbers near it; ``sourced`` and ``unsourced`` are the days
    (ISO 8601) of the oldest journal with and without a ``SourceType``, ``newest`` that of the latest journal.
    ``touched`` is the day of the oldest journal that is news.
    """

    reached: int = 0
    recent: list[int] = field(default_factory=list)
    sourced: str = ""
    unsourced: str = ""
    newest: str = ""
    touched: str = ""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Progress | None:
        """None for fields that an other form of this code wrote."""
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "touched"}

    @property
    def start(self) -> int:
        """The number after which journals are read next: slow ones may appear below the greatest one seen."""
        return max(self.reached - JOURNAL_OVERLAP, 0)

    def brings_news(self, rows: pa.RecordBatch) -> bool:
        numbers = set(rows.column("JournalNumber").to_pylist())
        return bool(numbers - set(self.recent))

    def take(self, rows: pa.RecordBatch) -> None:
        """Notes the journals of a page."""
        numbers = rows.column("JournalNumber")
        news = rows.filter(pc.invert(pc.is_in(numbers, pa.array(self.recent, pa.int64()))))
        with_source = pc.is_valid(news.column("SourceType"))
        self.sourced = _oldest(self.sourced, news.filter(with_source))
        self.unsourced = _oldest(self.unsourced, news.filter(pc.invert(with_source)))
        self.touched = _oldest(self.touched, news)
        self.newest = max([self.newest, *_days(news)])
        self.reached = max(self.reached, pc.max(numbers).as_py() or 0)
        floor = self.reached - JOURNAL_OVERLAP
        self.recent = [number for number in {*self.recent, *numbers.to_pylist()} if number > floor]

    @property
    def conversion(self) -> date | None:
        """The day at whose end the conversion balances stand: that of the oldest journals, where none has a source."""
        if self.unsourced and (not self.sourced or self.unsourced < self.sourced):
            return date.fromisoformat(self.unsourced)
        return None

    @property
    def first_day(self) -> date | None:
        """The first day of the books; None without journals."""
        converted = self.conversion
        if converted:
            return converted + _ONE_DAY if converted == month_end(converted) else converted
        return date.fromisoformat(self.sourced) if self.sourced else None


def _days(rows: pa.RecordBatch) -> list[str]:
    days: Iterable[str | None] = rows.column("JournalDate").unique().to_pylist()
    return [vendor_moment(told).date().isoformat() for told in days if told]


def _oldest(known: str, rows: pa.RecordBatch) -> str:
    return min(filter(None, [known, *_days(rows)]), default="")
