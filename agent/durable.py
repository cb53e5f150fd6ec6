"""Files that are there whole or not at all, whenever the power fails."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PRIVATE = 0o600
_PATIENCE = 50


def write(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replaces ``path`` by ``content``: a reader, also one after a crash, finds the old bytes or the new ones.

    Written by an administrator, it belongs to whom its folder belongs to: the service must be able to read it.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as stream:
        if sys.platform != "win32" and os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    _replace(part, path)
    sync_folder(path.parent)


def _replace(part: Path, path: Path) -> None:
    """Windows refuses it while somebody reads the old file, which takes no more than a moment."""
    for _ in range(_PATIENCE if os.name == "nt" else 0):
        try:
            os.replace(part, path)
            return
        except PermissionError:
            time.sleep(0.02)
    os.replace(part, path)


def sync_file(path: Path) -> None:
    """Returns once the file's bytes are on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Returns once the folder's names are on the disk. Windows has no such call, and needs none for a rename."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
