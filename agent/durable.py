"""Files that are there whole or not at all, whenever the power fails; and whose they are, whatever the umask."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PRIVATE, PUBLIC = 0o600, 0o644
ACCOUNT = "grandlivre-agent"
"""The account of the service on Linux, as docs/on-premise.md makes it."""
_PATIENCE = 50


def write(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Replaces ``path`` by ``content``: a reader, also one after a crash, finds the old bytes or the new ones.

    Its rights are ``mode``, however strict the umask is. Written by an administrator, it belongs to whom its folder
    belongs to: the service must be able to read it.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as stream:
        if sys.platform != "win32" and os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(stream.fileno(), owner.st_uid, owner.st_gid)
        if sys.platform != "win32":
            os.fchmod(stream.fileno(), mode)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    _replace(part, path)
    sync_folder(path.parent)


def make_folder(folder: Path, mode: int = 0o700, account: str = ACCOUNT) -> None:
    """Makes ``folder`` with the rights ``mode``, and what lacks above it so that all may pass, whatever the umask.

    A private one made by an administrator belongs to ``account``, where there is such an account. One that is there
    already stays as it is.
    """
    lacking = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(lacking):
        each.mkdir(mode=0o700, exist_ok=True)
        if each == folder and not mode & 0o077:
            _give(each, account)
        each.chmod(mode if each == folder else 0o755)


def _give(folder: Path, account: str) -> None:
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    import pwd  # not there under Windows

    try:
        found = pwd.getpwnam(account)
    except KeyError:
        return
    os.chown(folder, found.pw_uid, found.pw_gid)


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
