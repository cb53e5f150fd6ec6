"""Reading all lines of a division, in the order in which it happens, and going on with it another day.

A full read notes where the change feed stands, reads the lines in bulk, and then catches up with the feed: what was
booked, changed or deleted while pages were read is right in the end, also when days lie between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from connectors.contract import Checkpoint, Cursor, Event, ExtractRequest, Note, Resumed, Stated
from connectors.json_pages import Page, pc

from . import feed
from . import resources as r
from .feed import Feed, FeedCursor
from .inferred import CURSOR_MARGIN, EVERYTHING, FULL_READ_EVERY, LINES_API, ROW_VERSION_OVERLAP
from .masters import OPEN_QUESTION, REFUSALS, MasterReader
from .progress import Progress
from .wire import ExactWire

_FORM = 1
_WANTED, _EARLIER, _FEED = "wanted", "earlier", "feed"


@dataclass(frozen=True)
class HalfRead:
    """Where a full read stands between two pages.

    ``start`` is the row version from which the feed is read in the end, ``page`` the address of the next page in the
    present ``stage`` (None: its first), ``reached`` how far the feed was read. ``in_bulk`` is False where only the
    feed tells the lines; ``notes`` are pairs of code and message about what was refused so far.
    """

    started_at: str
    since: str | None
    wanted: str
    moved: str
    start: int
    stage: str
    in_bulk: bool
    reached: int
    notes: list[list[str]]
    page: str | None = None
    has_history: bool = False

    @classmethod
    def from_json(cls, state: Cursor) -> HalfRead | None:
        """None for a state that an other form of this code wrote."""
        fields = dict(state)
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> dict[str, Any]:
        return {"form": _FORM, **asdict(self)}

    def holds(self, since: str | None, wanted: str, moved: str, now: datetime) -> bool:
        """Whether a read that wants the same may go on from here."""
        asked = (self.since, self.wanted, self.moved) == (since, wanted, moved)
        return asked and now - datetime.fromisoformat(self.started_at) < FULL_READ_EVERY


class FullRead:
    """One full read; iterate :meth:`events` to the end, then ask where it ended.

    ``first`` is the first FinYear that is wanted when there are earlier ones, ``moved`` the division's dates at which
    the vendor numbers its rows anew.
    """

    def __init__(
        self,
        wire: ExactWire,
        small: MasterReader,
        request: ExtractRequest,
        first: int | None,
        moved: str,
        now: Callable[[], datetime],
        report: Callable[[str, int], None],
    ) -> None:
        self._wire = wire
        self._small = small
        self._request = request
        self._first = first
        self._moved = moved
        self._now = now
        self._wanted = f"FinancialYear ge {first}" if first is not None else EVERYTHING
        self._since = request.since.isoformat() if request.since else None
        self._progress = Progress(report, first)
        self._ends: tuple[Feed, Feed] | None = None

    def events(self) -> Iterator[Event]:
        pages = self._go_on()
        if pages is None:
            pages = self._begin()
        else:
            yield Resumed()
        yield from self._bulk(pages)
        half = self._half
        everything = half.has_history or not half.in_bulk
        stated = self._count(EVERYTHING if everything else self._wanted)
        self._progress.counted_from = None if everything else self._first
        yield from self._catch_up()
        if stated is not None:
            self._progress.require(stated)
            yield Stated("lines", stated)

    @property
    def has_history(self) -> bool:
        """Whether lines before the first year that is wanted were read, too."""
        return self._half.has_history

    def cursor(self, masters: str) -> Cursor | None:
        """Where the next sync may go on; ``masters`` is the digest of the small tables. None without a feed."""
        if self._ends is None:
            return None
        lines, deletions = self._ends
        return FeedCursor(
            lines=lines.newest,
            deleted=deletions.newest,
            recent_lines=lines.recent,
            recent_deleted=deletions.recent,
            masters=masters,
            since=self._since,
            moved=self._moved,
            has_history=self._half.has_history,
            full_read_at=self._half.started_at,
        ).to_json()

    def _begin(self) -> Iterator[Page]:
        """The pages of a new read. Without the place where the feed stands, or without the right to bulk lines, the
        feed from its beginning tells everything, too."""
        now, start = self._now().isoformat(), self._start_of_feed()
        half = HalfRead(now, self._since, self._wanted, self._moved, start or 0, _WANTED, True, start or 0, [])
        try:
            if start is not None:
                pages = self._opened(half)
                self._half = half
                return pages
        except REFUSALS as refusal:
            self._small.note("no_bulk_lines", refusal.cause, "lines are read from the change feed")
        notes = [[note.code, note.message] for note in self._small.notes if note.code in _OF_A_FULL_READ]
        lacking = self._first is not None
        self._half = replace(half, start=0, reached=0, stage=_FEED, in_bulk=False, has_history=lacking, notes=notes)
        return iter(())

    def _go_on(self) -> Iterator[Page] | None:
        """The pages that are left of the read that was cut short; None when there is none to go on with."""
        resume = self._request.resume
        half = HalfRead.from_json(resume.state) if resume else None
        if not (resume and half and half.holds(self._since, self._wanted, self._moved, self._now())):
            return None
        try:
            pages = self._opened(half)
        except OPEN_QUESTION:
            return None  # the vendor no longer knows that address
        self._half = half
        if half.stage == _FEED and half.in_bulk and not half.has_history:
            self._progress.counted_from = self._first
        self._progress.replay(resume.rows("lines", ["ID", "FinancialYear", "Type"]))
        self._small.notes += [Note(code, message) for code, message in half.notes]
        return pages

    def _bulk(self, pages: Iterator[Page]) -> Iterator[Event]:
        """The lines in bulk, as old as the row version at which the feed's part begins: of those that the year's own
        opening lines do not introduce, the earlier ones too."""
        version = max(self._half.start - ROW_VERSION_OVERLAP, 0)
        while self._half.stage != _FEED:
            for page in pages:
                yield self._progress.bulk(page.rows, version)
                if page.next:
                    self._half = replace(self._half, page=page.next)
                    yield Checkpoint(self._half.to_json())
            lacking = self._half.stage == _WANTED and self._first is not None and not self._progress.opening_seen
            stage, history = (_EARLIER, True) if lacking else (_FEED, self._half.has_history)
            self._half = replace(self._half, stage=stage, page=None, has_history=history)
            yield Checkpoint(self._half.to_json())
            pages = self._opened(self._half)

    def _opened(self, half: HalfRead) -> Iterator[Page]:
        """The pages of its stage from the next one on, the first of them fetched."""
        if half.stage == _FEED:
            return iter(())
        condition = half.wanted if half.stage == _WANTED else f"FinancialYear lt {self._first}"
        pages = self._wire.pages(r.BULK_LINES, r.LINES, condition, half.page)
        return chain([next(pages)], pages)

    def _catch_up(self) -> Iterator[Event]:
        """What the feeds tell since the read began."""
        half = self._half
        lines, deletions = feed.changed_lines(self._wire, half.reached), feed.deletions(self._wire, half.start)
        caught_up = False
        try:
            for batch in lines:
                yield self._progress.batch(batch)
                self._half = replace(half, reached=lines.newest)
                yield Checkpoint(self._half.to_json())
            caught_up = True
            deleted = feed.all_rows(deletions)
        except REFUSALS as refusal:
            if not half.in_bulk and not caught_up:
                raise
            self._small.note("no_change_feed", refusal.cause, "every sync reads everything")
            return
        yield from feed.gone(deleted)
        self._ends = lines, deletions

    def _start_of_feed(self) -> int | None:
        """The row version from which changes must be read once a read that begins now is over; None: not told."""
        day = (self._now().astimezone(UTC) - CURSOR_MARGIN).date()
        try:
            found = self._wire.function(
                "read/sync/Sync/SyncTimestamp",
                r.START_OF_FEED,
                modified=f"datetime'{day.isoformat()}'",
                endPoint=f"'{LINES_API}'",
            )
        except OPEN_QUESTION as refusal:
            self._small.note("no_start_of_feed", refusal.cause, "lines are read from the change feed")
            return None
        return pc.max(found.column("TimeStampAsBigInt")).as_py()

    def _count(self, condition: str) -> int | None:
        trouble: str = "the line count is no number"
        try:
            counted = self._wire.count(r.BULK_LINES, condition)
        except OPEN_QUESTION as refusal:
            counted, trouble = None, refusal.cause
        if counted is None:
            self._small.note("no_line_count", trouble, "the number of lines is not compared")
        return counted


_OF_A_FULL_READ = ("no_start_of_feed", "no_bulk_lines")
