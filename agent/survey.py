"""Which dossiers there are: looked for again and again, and looked into only where something changed.

Of every folder a mark is kept (names, sizes and times of what lies directly in it) with what was found there. A
folder whose mark is the same is not opened again. The mark serves the list of dossiers only: whether a dossier's
books changed is told by the content of its files when it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from agent import durable, machine, protocol
from agent.clock import Clock
from agent.marks import mark_of, mark_of_root, told, years
from agent.settings import Source
from connectors.contract import Connector
from connectors.files import ByFolder
from foundation.errors import Busy, GrandlivreError
from foundation.secrets import redact

FOLDERS_EVERY_SECONDS = 300.0
OTHERS_EVERY_SECONDS = 3600.0
SAVE_EVERY_SECONDS = 30.0
_log = logging.getLogger(__name__)


class Seen(msgspec.Struct):
    """A folder, or all of a source that has none: its mark, and the dossiers found at that mark."""

    mark: str
    dossiers: list[protocol.Dossier] = []


class Known(msgspec.Struct):
    """What is known of a source. ``reader`` tells who looked: another version looks again."""

    software: str
    settings: dict[str, str]
    reader: str
    folders: dict[str, Seen] = {}
    trouble: str | None = None

    @property
    def dossiers(self) -> list[protocol.Dossier]:
        folders = dict(self.folders)  # another thread may be adding to it
        return [dossier for name in sorted(folders) for dossier in folders[name].dossiers]


class Survey:
    """Surveys the sources bit by bit: each :meth:`step` looks into one folder. ``opened`` opens a source's connector.

    ``looked_into`` counts the folders opened since the start. One that does not ``keeps`` leaves the index as it is.
    """

    def __init__(
        self,
        sources: tuple[Source, ...],
        index: Path,
        clock: Clock,
        opened: Callable[[Source], Connector],
        *,
        keeps: bool = True,
    ) -> None:
        self._sources, self._index, self._clock, self._opened = sources, index, clock, opened
        self._keeps = keeps
        self._known = self._load()
        self._due = {source.name: 0.0 for source in sources}
        self._walk: Iterator[None] | None = None
        self._saved_at, self._unsaved = clock.monotonic(), False
        self.looked_into = 0

    @property
    def is_looking(self) -> bool:
        """Whether a survey is under way, or due."""
        return self.wait == 0

    @property
    def wait(self) -> float:
        """Seconds until there is something to look for; 0 when there is now."""
        if self._walk or not self._due:
            return 0.0 if self._walk else FOLDERS_EVERY_SECONDS
        return max(0.0, min(self._due.values()) - self._clock.monotonic())

    def step(self) -> bool:
        """Looks into one folder, if anything is due; false when not."""
        if self._walk is None:
            source = next((each for each in self._sources if self._due[each.name] <= self._clock.monotonic()), None)
            if source is None:
                return False
            self._walk = self._survey(source)
        try:
            next(self._walk)
        except StopIteration:
            self._walk = None
        if self._unsaved and (self._walk is None or self._clock.monotonic() >= self._saved_at + SAVE_EVERY_SECONDS):
            self._save()
        return True

    def complete(self) -> None:
        """Looks until nothing is due, or the service stops."""
        while not self._clock.stopped and self.step():
            pass

    def sources(self) -> list[protocol.Source]:
        """What is known now, to report it."""
        found = []
        for source in self._sources:
            known = self._known[source.name]
            dossiers = list(known.dossiers)
            found.append(
                protocol.Source(name=source.name, software=source.software, dossiers=dossiers, trouble=known.trouble)
            )
        return found

    def _survey(self, source: Source) -> Iterator[None]:
        """One survey of one source. Trouble is noted and leaves the dossiers seen last."""
        known = self._known[source.name]
        pause = OTHERS_EVERY_SECONDS if source.root is None else FOLDERS_EVERY_SECONDS
        before = known.trouble
        try:
            with closing(self._opened(source)) as connector:
                if isinstance(connector, ByFolder):
                    yield from self._by_folder(connector, known)
                else:
                    yield from self._whole(connector, source, known)
            known.trouble = None
        except GrandlivreError as error:
            known.trouble = redact(str(error))
        except Exception as error:
            _log.exception("source %s cannot be surveyed", source.name)
            known.trouble = redact(f"{type(error).__name__}: {error}")
        self._unsaved |= known.trouble != before
        self._due[source.name] = self._clock.monotonic() + pause

    def _by_folder(self, connector: ByFolder, known: Known) -> Iterator[None]:
        folders = connector.folders()
        if known.folders and not folders:
            raise Busy("the root holds no folder any more", next_step="Check that the share is mounted.")
        gone = set(known.folders) - {folder.name for folder in folders}
        known.folders = {name: seen for name, seen in known.folders.items() if name not in gone}
        self._unsaved |= bool(gone)
        for folder in folders:
            mark = mark_of(folder)
            last = known.folders.get(folder.name)
            if last and mark and last.mark == mark:
                continue
            self.looked_into += 1
            known.folders[folder.name] = self._look_into(connector, folder, mark, last)
            self._unsaved = True
            yield

    def _look_into(self, connector: ByFolder, folder: Path, mark: str | None, last: Seen | None) -> Seen:
        """What is found in a folder. Where that cannot be told now, what was found last stands, and the folder is
        looked into again the next time."""
        before = last.dossiers if last else []
        try:
            reference = connector.dossier_in(folder)
        except GrandlivreError as error:
            _log.info("folder %s: %s", folder.name, redact(str(error)))
            return Seen("" if error.transient else mark or "", before)
        if reference is None:
            return Seen(mark or "")
        dossier = told(reference)
        try:
            dossier = msgspec.structs.replace(dossier, years=years(connector, reference))
        except GrandlivreError as error:
            _log.info("no fiscal years of folder %s: %s", folder.name, redact(str(error)))
            kept = [each.years for each in before if each.external_id == dossier.external_id]
            dossier = msgspec.structs.replace(dossier, years=kept[0] if kept else [])
            return Seen("" if error.transient else mark or "", [dossier])
        return Seen(mark or "", [dossier])

    def _whole(self, connector: Connector, source: Source, known: Known) -> Iterator[None]:
        mark = mark_of_root(source.root) if source.root else ""
        last = known.folders.get("")
        if last and mark and last.mark == mark:
            return
        found = []
        for reference in connector.discover():
            self.looked_into += 1
            dossier = told(reference)
            with suppress(GrandlivreError):  # its reading will say what is wrong
                dossier = msgspec.structs.replace(dossier, years=years(connector, reference))
            found.append(dossier)
            yield
        known.folders = {"": Seen(mark, found)}
        self._unsaved = True

    def _load(self) -> dict[str, Known]:
        """The index as it was left; what another version saw, or another configuration, is not known."""
        stored: dict[str, Known] = {}
        with suppress(OSError, msgspec.MsgspecError):
            stored = msgspec.json.decode(self._index.read_bytes(), type=dict[str, Known])
        reader = machine.service_version()
        known = {}
        for source in self._sources:
            fresh = Known(source.software, source.settings, reader)
            last = stored.get(source.name)
            same = last and (last.software, last.settings, last.reader) == (source.software, source.settings, reader)
            known[source.name] = last if last and same else fresh
        return known

    def _save(self) -> None:
        """Keeps what is known; a disk that is full costs no more than looking again after a restart."""
        if self._keeps:
            with suppress(OSError):
                durable.write(self._index, msgspec.json.encode(self._known))
        self._saved_at, self._unsaved = self._clock.monotonic(), False
