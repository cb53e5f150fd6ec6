"""Where the change feed of documents stands for a dossier."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from connectors.contract import Cursor

from .inferred import FULL_READ_EVERY, STAMP_KEPT

_FORM = 1


@dataclass(frozen=True)
class FeedCursor:
    """``stamp`` is asked for, at ``stamped_at`` it was made, and ``feed`` is the digest of what was answered: rows do
    not tell when they were changed, so that news is what makes the same question's answer another.

    ``version`` is the greatest one given to a row, ``masters`` the digest of the small tables.
    """

    stamp: str
    stamped_at: str
    feed: str
    masters: str
    version: int
    since: str | None
    full_read_at: str

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> FeedCursor | None:
        """None for one that an other form of this code wrote."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> Cursor:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: date | None, now: datetime) -> bool:
        """Whether changes suffice for a sync that wants the same."""
        same = self.since == (since.isoformat() if since else None)
        return same and now - datetime.fromisoformat(self.full_read_at) < FULL_READ_EVERY

    def is_stale(self, now: datetime) -> bool:
        """Whether the stamp should move on, lest ever more is sent again."""
        return now.astimezone(UTC) - datetime.fromisoformat(self.stamped_at) >= STAMP_KEPT
