"""Where a company's lines stand: between two syncs, and in the middle of a full read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from connectors.contract import Cursor

from .inferred import FULL_READ_EVERY, OVERLAP

_FORM = 1
_STAMP = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class ChangeCursor:
    """``newest`` is the greatest ``write_date`` that was there before changes were read (UTC, Odoo's form), ``recent``
    the digest of the lines written shortly before it or since, ``count`` the number of posted lines."""

    newest: str
    recent: str
    count: int
    masters: str
    since: str | None
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> ChangeCursor | None:
        """None for no cursor, or one that another form of this code wrote: then everything is read again."""
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
        """Whether changes since this cursor are enough for a sync that wants ``since``."""
        same = self.since == (since.isoformat() if since else None)
        return same and now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY


@dataclass(frozen=True)
class HalfRead:
    """A full read after a page: it goes on behind id ``after``, and reads what was written from ``newest`` on at its
    end."""

    newest: str
    after: int
    since: str | None
    started_at: str

    @classmethod
    def from_json(cls, state: Cursor) -> HalfRead | None:
        fields = dict(state)
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        same = self.since == (since.isoformat() if since else None)
        return same and now - datetime.fromisoformat(self.started_at) < FULL_READ_EVERY


def read_from(newest: str) -> str:
    """The moment from which changes are read, given the newest that was seen."""
    return (datetime.strptime(newest, _STAMP) - OVERLAP).strftime(_STAMP)  # noqa: DTZ007 - Odoo's times are UTC


@dataclass
class Recent:
    """Remembers which lines were written from a moment on."""

    floor: str
    seen: set[tuple[str, int]] = field(default_factory=set)

    def watch(self, rows: pa.RecordBatch) -> None:
        stamps, ids = rows.column("write_date").to_pylist(), rows.column("id").to_pylist()
        self.seen |= {pair for pair in zip(stamps, ids, strict=True) if pair[0] and pair[0] >= self.floor}

    @property
    def digest(self) -> str:
        return digest_of(self.seen)


def digest_of(pairs: Iterable[tuple[str, int]]) -> str:
    text = "\n".join(f"{stamp} {key}" for stamp, key in sorted(pairs))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
