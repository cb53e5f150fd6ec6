"""A copy of a large file, brought up to date and into place at the cost of what changed in it.

Where the filesystem lets files share blocks (XFS, Btrfs), the copy costs next to nothing. Elsewhere the copy that was
in place before is kept as a spare: the blocks in which it differs are written, and it changes places with the present
one. A reader may still have the spare open and must keep what it opened; then, and where the system cannot tell, the
copy is made whole.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "linux":
    import fcntl

_BLOCK = 1 << 18  # as large as DuckDB's, which change as a whole
_CLONE = 0x40049409  # FICLONE in linux/fs.h


def replace_with_copy(source: Path, target: Path) -> int:
    """Makes ``target`` hold what ``source`` holds, by an atomic rename: who has it open keeps what they opened.

    Returns the bytes that had to be written. The caller sees to it that nobody writes to ``source`` and that this runs
    once at a time. What a killed process leaves unfinished is mended, or written over, by the next.
    """
    fresh, spare, before = (target.with_name(f".{target.name}.{end}") for end in ("fresh", "spare", "before"))
    try:
        if _cloned(source, fresh):
            spare.unlink(missing_ok=True)
            os.replace(fresh, target)
            return 0
        written = _brought_up_to_date(source, spare)
        if written is None:
            shutil.copyfile(source, fresh)
            written = source.stat().st_size
            _settle(fresh)
            os.replace(fresh, spare)
        before.unlink(missing_ok=True)
        with suppress(OSError):  # nothing there yet, or a filesystem without hard links: no spare next time
            os.link(target, before)
        os.replace(spare, target)
        if before.exists():
            os.replace(before, spare)
        return written
    finally:
        fresh.unlink(missing_ok=True)


def _cloned(source: Path, target: Path) -> bool:
    """Whether the filesystem made ``target`` share the blocks of ``source``."""
    if sys.platform != "linux":
        return False
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new, _CLONE, old.fileno())
        except OSError:
            return False
        os.fsync(new.fileno())
    return True


def _brought_up_to_date(source: Path, spare: Path) -> int | None:
    """Writes the blocks in which the spare differs and returns their bytes; None where it may not be written to."""
    if not spare.exists():
        return None
    with source.open("rb") as old, spare.open("r+b") as new, _alone(new.fileno()) as alone:
        if not alone:
            return None
        written = place = 0
        while block := old.read(_BLOCK):
            if new.read(len(block)) != block:
                new.seek(place)
                new.write(block)
                written += len(block)
            place += len(block)
            new.seek(place)
        new.truncate(place)
        new.flush()
        os.fsync(new.fileno())
    return written


@contextmanager
def _alone(file: int) -> Iterator[bool]:
    """Whether nobody else has the file open, in this process or another; who comes now waits for the end of the block.

    A lease (fcntl F_SETLEASE) is what the system grants only then. It tells by a signal that somebody waits, which
    would end the process, but for a signal that is ignored.
    """
    if sys.platform != "linux":
        yield False
        return
    try:
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _settle(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
