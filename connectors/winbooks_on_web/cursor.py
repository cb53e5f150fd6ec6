"""Where a folder's ledger stands: between two syncs, and in the middle of a full read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from connectors.contract import Cursor
from connectors.digests import digest
from connectors.json_pages import pc

from .inferred import FULL_READ_EVERY, OVERLAP

_FORM = 1
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Feed:
    """Changes of an entity: ``newest`` is the greatest moment of a change that was there (milliseconds), ``recent`` the
    digest of what was changed shortly before it or since."""

    newest: int
    recent: str = ""

    @property
    def asked_from(self) -> int:
        return self.newest - OVERLAP // _MILLISECOND

    def after(self, rows: pa.Table) -> Feed:
        """The feed once ``rows``, everything changed from :attr:`asked_from` on, were seen."""
        newest = max(self.newest, pc.max(rows.column("Modified")).as_py() or 0)
        return Feed(newest, digest_of(rows, Feed(newest).asked_from))

    def knows(self, rows: pa.Table) -> bool:
        """Whether ``rows``, everything changed from :attr:`asked_from` on, are what was seen before."""
        return digest_of(rows, self.asked_from) == self.recent


def digest_of(rows: pa.Table, since: int) -> str:
    """What identifies the rows changed from ``since`` on, whatever else they tell."""
    stamps = rows.select(["Id", "Modified"])
    return digest({"changed": stamps.filter(pc.greater_equal(stamps.column("Modified"), since))})


@dataclass(frozen=True)
class LedgerCursor:
    """``counts`` are the lines of each period, ``reading`` the greatest number of a reading so far, ``masters`` the
    digest of the small tables."""

    since: str | None
    full_read_at: str
    reading: int
    masters: str
    counts: Mapping[str, int]
    lines: Feed
    headers: Feed

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> LedgerCursor | None:
        """None for no cursor, or one that another form of this code wrote: then everything is read again."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            lines, headers = (Feed(**fields.pop(name)) for name in ("lines", "headers"))
            return cls(**fields, lines=lines, headers=headers)
        except (KeyError, TypeError):
            return None

    def to_json(self) -> Cursor:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        """Whether changes suffice for a sync that wants the same."""
        same = self.since == (since.isoformat() if since else None)
        return same and now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY


@dataclass
class Progress:
    """A full read on its way: entities and years that are done, where the present one is, the lines of each period so
    far, and the newest changes that were there when it began (None: not told)."""

    since: str | None
    began_at: str
    newest_line: int | None
    newest_header: int | None
    done: list[str] = field(default_factory=list)
    after: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, state: Cursor | None) -> Progress | None:
        fields: dict[str, Any] = dict(state or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> Cursor:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        same = self.since == (since.isoformat() if since else None)
        return same and now - datetime.fromisoformat(self.began_at) < FULL_READ_EVERY
