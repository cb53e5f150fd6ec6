"""Reading all lines of an administration, and going on with it another day where a limit cut it short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from connectors.contract import Checkpoint, Cursor, Event, ExtractRequest, Resumed

from .changes import Change, fresh, read_digest
from .inferred import FULL_READ_EVERY
from .lines import LineReader
from .masters import REFUSALS, MasterReader

_FORM = 1


@dataclass(frozen=True)
class HalfRead:
    """Where a full read stands: when it began, what the change digest told then (None: not told), the months that were
    read."""

    started_at: str
    since: str | None
    seen: list[str] | None
    done: list[str]

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

    def holds(self, since: str | None, now: datetime) -> bool:
        return self.since == since and now - datetime.fromisoformat(self.started_at) < FULL_READ_EVERY


class FullRead:
    """One full read: iterate :meth:`events` to the end, then ask where it ended.

    Every month is read once; those in which the digest tells changes since the read began are read again.
    """

    def __init__(
        self,
        masters: MasterReader,
        lines: LineReader,
        request: ExtractRequest,
        now: Callable[[], datetime],
    ) -> None:
        self._masters = masters
        self._lines = lines
        self._since = request.since.isoformat() if request.since else None
        self._resume = request.resume
        self._now = now
        self._after: list[Change] | None = None
        self.read = 1
        """The number of the last reading."""

    def events(self, months: Sequence[date]) -> Iterator[Event]:
        half = HalfRead.from_json(self._resume.state) if self._resume else None
        if self._resume and half and half.holds(self._since, self._now()):
            yield Resumed()
            self._lines.count = sum(rows.num_rows for rows in self._resume.rows("lines", ["id"]))
        else:
            half = HalfRead(self._now().isoformat(), self._since, self._digest(self._now()), [])
        self._half = half
        left = [month for month in months if month.isoformat() not in half.done]
        for event in self._lines.events(left, self.read):
            yield event
            if event.resource == "readings":
                done = [f"{part}-01" for part in event.rows.column("Part").to_pylist()]
                half = replace(half, done=[*half.done, *done])
                yield Checkpoint(half.to_json())
        changes = self._changes_meanwhile(half)
        if changes:
            self.read += 1
            yield from self._lines.events(touched(changes, months), self.read)

    @property
    def started_at(self) -> str:
        return self._half.started_at

    @property
    def seen(self) -> list[str] | None:
        """What the digest told by the end; None where it tells nothing, so that no later sync may go by it."""
        if self._half.seen is None:
            return None
        return sorted(change.mark for change in self._after) if self._after is not None else []

    def _digest(self, since: datetime) -> list[str] | None:
        """Marks of what the digest tells when the read begins; [] when that is too much to be told."""
        try:
            changes = read_digest(self._lines.wire, self._lines.administration, since, self._now())
        except REFUSALS as refusal:
            self._masters.note("no_change_digest", refusal.cause, "every sync reads everything")
            return None
        return [change.mark for change in changes or ()]

    def _changes_meanwhile(self, half: HalfRead) -> list[Change]:
        if half.seen is None:
            return []
        since = datetime.fromisoformat(half.started_at)
        self._after = read_digest(self._lines.wire, self._lines.administration, since, self._now())
        return fresh(self._after or (), half.seen)


def touched(changes: Sequence[Change], months: Sequence[date]) -> list[date]:
    """Those of ``months`` in which changed lines lie, in order."""
    found = {change.day.replace(day=1) for change in changes if change.day}
    return [month for month in months if month in found]
