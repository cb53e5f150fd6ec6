"""A room's dossier in files: read whole, damaged, read again, as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fuzz.damage import Damage
from tests.fuzz.rooms import ROOMS
from tests.fuzz.told import Told, told

SEED = int(os.environ.get("SEED", "1"))
EXAMPLES = settings().max_examples // 3  # a sync costs more than the usual example


class Books:
    """The dossier as it was written; ``whole`` is what a sync makes of it."""

    def __init__(self, name: str, root: Path, work: Path) -> None:
        self.name, self.room, self.root, self.work = name, ROOMS[name], root, work
        self.external_id = self.room.write(root)
        self.files = {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.name != "READY"
        }
        self.ledgers = [name for name in self.files if Path(name).match(self.room.ledger)]
        assert self.ledgers
        self.whole = Told()
        self.whole = self.read()

    def __repr__(self) -> str:
        return self.name

    def read(self) -> Told:
        connector = self.room.connector(self.root, self.work)
        known = self.whole if self.whole.figures else None
        return told(connector, self.external_id, totals_only=self.room.totals_only, work=self.work, known=known)

    def damaged(self, *strikes: Damage) -> Told:
        """What a sync makes of the files after ``strikes``; the files are as before then."""
        changed: dict[str, bytes | None] = {}
        for strike in strikes:
            changed |= strike.strike({**self.files, **{name: data for name, data in changed.items() if data}})
        try:
            for name, data in changed.items():
                if data is None:
                    (self.root / name).unlink()
                else:
                    (self.root / name).write_bytes(data)
            self.mark_ready()
            return self.read()
        finally:
            self.restore(*changed)

    def restore(self, *names: str) -> None:
        for name in names:
            (self.root / name).write_bytes(self.files[name])
        self.mark_ready()

    def mark_ready(self) -> None:
        """Where an export ends with a marker, it ended."""
        for marker in self.root.rglob("READY"):
            marker.touch()


def opened(name: str, folders: pytest.TempPathFactory) -> Books:
    """The dossier of a room, written and read."""
    books = Books(name, folders.mktemp("root"), folders.mktemp("work"))
    assert books.whole.refusal is None
    assert books.whole.figures
    assert not books.whole.off
    return books
