"""Files of packages that live on a server: safe folder names, copies that were not torn, fingerprints.

A sync reference of such a package is the name of a folder directly under the configured root, and nothing else. A
package keeps its files open and writes to them while we read, so a file is copied first and the copy is believed
only when neither the size nor the modification time of its source moved meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from operator import attrgetter
from pathlib import Path
from typing import Protocol, runtime_checkable

from connectors.contract import Connector, DossierRef
from foundation.disk import is_full
from foundation.errors import AskForAccess, Busy, GrandlivreError, WrongInput

ATTEMPTS = 5
PAUSE_SECONDS = 1.0
Copy = Callable[[Path, Path], object]
"""Copies the bytes of one file to another."""
Name = Callable[[Path], str]
"""What a file of a set is called; by default its own name."""
_OWN: Name = attrgetter("name")
_CHOOSE = "Give the folder's name as `grandlivre discover` shows it."


@runtime_checkable
class ByFolder(Connector, Protocol):
    """A connector whose dossiers are folders of a root, so that one can be looked into without the others.

    ``discover`` tells ``dossier_in`` of each of ``folders``, in that order.
    """

    def folders(self) -> list[Path]:
        """The folders that may be dossiers, by name. Raises what :func:`list_dossier_folders` does."""
        ...

    def dossier_in(self, folder: Path) -> DossierRef | None:
        """The dossier in one folder; None where it holds none. Raises BadFile or Busy where that cannot be told."""
        ...


def list_dossier_folders(root: Path) -> list[Path]:
    """The folders directly under ``root``, by name. Hidden and system folders, and links that lead out, are not shown.

    Raises Busy when the root cannot be reached (a share that is not mounted may come back), WrongInput when it is not
    a folder, AskForAccess when the service may not list it.
    """
    with _reached(root):
        return [path for path in map(root.joinpath, sorted(os.listdir(root))) if _is_dossier(root, path)]


@contextmanager
def _reached(root: Path) -> Iterator[None]:
    try:
        yield
    except NotADirectoryError:
        raise WrongInput(
            f"the root {root} is not a folder", next_step="Correct the connection's setting root."
        ) from None
    except PermissionError:
        raise AskForAccess(
            f"the service may not list the root {root}",
            next_step="Give the account that runs the service the right to read and list that folder.",
        ) from None
    except OSError as error:
        raise Busy(
            f"the root {root} cannot be reached: {error.strerror or error}",
            next_step="Check that the share is mounted and the setting root is right; the nightly run tries again.",
        ) from error


def _is_dossier(root: Path, path: Path) -> bool:
    return path.name[0] not in ".$" and path.is_dir() and is_inside(root, path)


def resolve_dossier_folder(root: Path, reference: str) -> Path:
    """The folder directly under ``root`` that a sync reference names, spelled exactly.

    Raises WrongInput for anything that is not one plain folder name (``..``, a path, a drive), for a link that leads
    out of the root, for a name in another case (naming the right one) and for an unknown name; and what
    :func:`list_dossier_folders` raises.
    """
    quoted = repr(reference)
    if not reference.strip() or reference in (".", "..") or any(sign in reference for sign in "/\\:\0"):
        raise WrongInput(f"the sync reference {quoted} is not a folder name", next_step=_CHOOSE)
    with _reached(root):
        # The names alone say how it is spelled; thousands of folders are not looked into for the sake of one.
        if reference in os.listdir(root) and _is_dossier(root, root / reference):
            return root / reference
    if (root / reference).is_symlink() and not is_inside(root, root / reference):
        raise WrongInput(f"the folder {quoted} is a link that leads out of the root", next_step=_CHOOSE)
    folders = [path.name for path in list_dossier_folders(root)]
    raise unknown_reference(reference, folders, f"there is no such folder under {root}")


def unknown_reference(reference: str, folders: Sequence[str], why: str) -> WrongInput:
    """The error for a sync reference that is none of ``folders``: the right spelling where only the case differs, else
    those that look like it."""
    same = [name for name in folders if _folded(name) == _folded(reference)]
    if same:
        return WrongInput(f"the sync reference {reference!r} is spelled {same[0]!r}", next_step=f"Use {same[0]!r}.")
    near = get_close_matches(reference, folders, n=3)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else "Give it as `grandlivre discover` shows it."
    return WrongInput(f"unknown sync reference {reference!r}: {why}", next_step=hint)


def is_inside(root: Path, path: Path) -> bool:
    """Whether ``path``, with every link followed, lies below ``root``."""
    try:
        resolved, top = path.resolve(), root.resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        return False
    return resolved != top and resolved.is_relative_to(top)


def snapshot(source: Path, target_dir: Path, *, sleep: Callable[[float], None], copy: Copy = shutil.copyfile) -> Path:
    """A copy of ``source`` in ``target_dir``, of one moment; see :func:`snapshot_set`."""
    return snapshot_set([source], target_dir, sleep=sleep, copy=copy)[0]


def snapshot_set(
    sources: Sequence[Path],
    target_dir: Path,
    *,
    sleep: Callable[[float], None],
    copy: Copy = shutil.copyfile,
    name: Name = _OWN,
) -> list[Path]:
    """Copies of files that belong together (a table and its memo file), all of one moment, under their names.

    Sizes and modification times are compared before the first copy and after the last; what moved meanwhile is copied
    again, up to ``ATTEMPTS`` times with ``sleep`` between. The names must differ. Raises Busy when a file keeps
    changing, is locked or has gone, or when the disk of ``target_dir`` is full.
    """
    target_dir.mkdir(parents=True, exist_ok=True)
    copied: dict[Path, tuple[int, int]] = {}
    trouble, subject = "", ""
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(PAUSE_SECONDS * attempt)
        try:
            for source in sources:
                before = _state(source)
                if copied.get(source) != before:
                    copy(source, target_dir / name(source))
                    copied[source] = before
            moved = [source for source in sources if _state(source) != copied[source]]
            if not moved:
                return [target_dir / name(source) for source in sources]
            trouble, subject = "it keeps changing while it is read", str(moved[0])
        except OSError as error:
            if is_full(error):
                raise Busy(f"the disk of {target_dir} is full", next_step="Make room there and sync again.") from error
            trouble, subject = f"it cannot be read ({error.strerror or error})", str(error.filename)
    raise Busy(trouble, subject=subject, next_step="Close the package for a moment, or let the nightly try again.")


def fingerprint(paths: Iterable[Path], name: Name = _OWN) -> str:
    """A short text that differs when a file of the set is added, taken away, renamed or holds other bytes.

    Made of each file's name, size and content; not of its time, which a copy or a mere visit of the package moves
    and which a restored backup does not. The order of ``paths`` does not matter. Raises Busy when one cannot be read.
    """
    parts = []
    for path in paths:
        try:
            with path.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            parts.append(f"{name(path)}\0{path.stat().st_size}\0{content}")
        except OSError as error:
            raise unreadable(path, error) from error
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def unreadable(path: Path, error: OSError) -> GrandlivreError:
    """The error of our tree for a file that the operating system would not let us read."""
    return Busy(f"it cannot be read ({error.strerror or error})", subject=str(path))


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
