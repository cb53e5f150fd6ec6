"""Changes by the moment at which they were made, and the cursor that tells where the next sync may go on.

Lists give rows that were changed since a moment, in no known order. They are asked from a little before the last change
that was seen; a digest of what lay in that overlap tells repetition from news.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa

from connectors.contract import Cursor, ExtractRequest
from connectors.json_pages import pc

from .inferred import FULL_READ_EVERY, OVERLAP, SETTLED

_FORM = 1


def wire_moment(moment: datetime) -> str:
    """A moment as the vendor writes it; texts in this form sort as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def earlier(told: str, span: timedelta) -> str:
    return wire_moment(datetime.fromisoformat(told) - span)


@dataclass(frozen=True)
class Mark:
    """Where one list stands: changes are asked for ``since``; ``newest`` is the last one seen, and ``recent`` the
    digest of those that will come again."""

    since: str
    newest: str
    recent: str


class Feed:
    """What is kept in mind of one list's rows while they stream by. ``began`` is the vendor's time at which the read
    began: what is changed later may be missing in it, whatever else is there."""

    def __init__(self, began: datetime, known: Mark | None = None) -> None:
        self._began = wire_moment(began)
        self._known = known
        self._tail: set[tuple[str, str]] = set()
        self.newest = known.newest if known else ""

    def take(self, rows: pa.RecordBatch) -> None:
        """Notes the rows of a page; needs the columns id and updated_at."""
        moments = pc.fill_null(rows.column("updated_at"), "")
        self.newest = max(self.newest, pc.max(moments).as_py() or "")
        settling = self._known is not None and not self.brings_certain_news  # what was known must be seen whole
        floor = self._known.since if self._known and settling else self.since
        near = rows.filter(pc.greater_equal(moments, floor))
        self._tail = {pair for pair in self._tail if pair[0] >= floor}
        self._tail |= set(zip(near.column("updated_at").to_pylist(), near.column("id").to_pylist(), strict=True))

    @property
    def since(self) -> str:
        """From when on the next sync asks: a little before the last change seen or the begin of this read, but not
        from long ago where nothing changed since."""
        last = min(max(self.newest, earlier(self._began, SETTLED)), self._began)
        return earlier(last, OVERLAP)

    @property
    def brings_certain_news(self) -> bool:
        """Whether something is newer than all that was known; may be asked at any time."""
        return self._known is None or self.newest > self._known.newest

    @property
    def brings_news(self) -> bool:
        """Whether anything was not known; asked after the last row."""
        return self._known is None or self.brings_certain_news or self._digest(self._known.since) != self._known.recent

    @property
    def mark(self) -> Mark:
        return Mark(self.since, self.newest, self._digest(self.since))

    def _digest(self, floor: str) -> str:
        text = "\n".join(f"{moment} {name}" for moment, name in sorted(self._tail) if moment >= floor)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Standing:
    """What the last sync read. ``masters`` is a digest of the small tables.

    Of lines: ``history`` tells whether entries before ``since`` were read, too; ``marks`` has a mark per list. Of
    totals: ``read_at`` is when balances were read last, ``reports`` has a digest per year.
    """

    mode: Literal["lines", "totals"]
    since: str
    masters: str
    full_read_at: str
    history: bool = False
    marks: Mapping[str, Mark] = field(default_factory=dict)
    read_at: str = ""
    reports: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> Standing | None:
        """None for no cursor, or one that an other form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            marks = {name: Mark(**mark) for name, mark in fields.pop("marks").items()}
            return cls(marks=marks, **fields)
        except (KeyError, TypeError, AttributeError):
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, request: ExtractRequest, moment: datetime) -> bool:
        """Whether changes since then are enough for ``request``."""
        mode = "totals" if request.totals_only else "lines"
        recent = moment - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY
        return (self.mode, self.since) == (mode, since_of(request)) and recent


def since_of(request: ExtractRequest) -> str:
    return request.since.isoformat() if request.since else ""
