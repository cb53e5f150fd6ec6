"""The files of the landing, wherever they are kept: a folder here, or an object store by an fsspec URL.

Credentials, endpoint and region of a store are those of its own library (for S3 ``AWS_ACCESS_KEY_ID``,
``AWS_ENDPOINT_URL`` and so on, or the machine's role): nothing of them passes through here.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from foundation.disk import is_full
from foundation.errors import Busy, GrandlivreError, WrongInput
from foundation.home import Home

VARIABLE = "GRANDLIVRE_LANDING"
_WITHOUT_FOLDERS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"})  # making a folder would make a bucket
_OURS = (AttributeError, LookupError, TypeError)  # mistakes in code, never what a store answers


def landing_root(home: Home, environment: Mapping[str, str] = os.environ) -> str:
    """What ``$GRANDLIVRE_LANDING`` names, by default the folder of the installation."""
    return environment.get(VARIABLE, "").strip() or str(home.landing)


class LandingFiles:
    """Files below ``root``, named by relative paths with slashes.

    Every method raises Busy when the store does not answer, and WrongInput when it refuses. A finished ``put`` is
    seen by every process at once: listings are never remembered.
    """

    def __init__(self, root: str) -> None:
        self._fs, self._root = _opened(root)
        self.local = isinstance(self._fs, LocalFileSystem)
        protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else set(self._fs.protocol)
        self._folders = not protocols & _WITHOUT_FOLDERS

    def put(self, source: Path, place: str) -> None:
        """Puts the finished file ``source`` there, whole or not at all, and takes it from where it was where it can."""
        target = f"{self._root}/{place}"
        if self.local:
            os.makedirs(target.rpartition("/")[0], exist_ok=True)
            shutil.move(source, target)
            return
        with self._answering():
            if self._folders:
                self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(source), target)

    def read(self, place: str) -> bytes | None:
        """What the file holds; None where there is none."""
        with self._answering():
            try:
                return self._fs.cat_file(f"{self._root}/{place}")
            except (FileNotFoundError, NotADirectoryError):
                return None

    def here(self, place: str, near: Path) -> str:
        """The path of a file on this machine: the file itself, or a copy in the folder ``near`` that is made once."""
        if self.local:
            return f"{self._root}/{place}"
        copy = near / place.rpartition("/")[2]
        if not copy.exists():
            near.mkdir(parents=True, exist_ok=True)
            part = copy.with_suffix(".part")
            with self._answering():
                self._fs.get_file(f"{self._root}/{place}", str(part))
            os.replace(part, copy)
        return str(copy)

    def folders(self, place: str) -> dict[str, set[str]]:
        """The folders below ``place`` and the names of the files in each, found by one listing."""
        root = f"{self._root}/{place}"
        found: dict[str, set[str]] = defaultdict(set)
        with self._answering():
            for path in self._fs.find(root):
                folder, _, name = str(path).rpartition("/")
                found[folder.rpartition("/")[2]].add(name)
        return dict(found)

    def remove(self, place: str) -> None:
        """Removes a file, or a folder and what is in it."""
        with self._answering():
            self._fs.rm(f"{self._root}/{place}", recursive=True)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turns what a store's library raises into the error tree; errors of a local disk stay what they are."""
        try:
            yield
        except (GrandlivreError, *_OURS):
            raise
        except Exception as error:
            if self.local or is_full(error):
                raise
            raise _told(error) from None


class Copies(Mapping[str, str]):
    """The local path of each file of a snapshot, by resource. A file of a remote store is fetched when it is asked for,
    and only then: a dossier that did not change costs no download."""

    def __init__(self, files: LandingFiles, folder: str, names: Collection[str], near: Path) -> None:
        self._files, self._folder, self._names, self._near = files, folder, names, near

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        return self._files.here(f"{self._folder}/{name}.parquet", self._near)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _opened(root: str) -> tuple[Any, str]:
    scheme = root.partition("://")[0]
    try:
        fs, path = fsspec.core.url_to_fs(root, use_listings_cache=False)
    except ImportError:
        extra = "grandlivre[s3]" if scheme in ("s3", "s3a") else f"the fsspec library for {scheme}"
        raise WrongInput(
            f"what reads {scheme}:// addresses is not installed", next_step=f"Install {extra}, then try again."
        ) from None
    except (ValueError, OSError):
        raise WrongInput(
            "the address of the landing is not one that can be used",
            next_step=f"Give {VARIABLE} as a folder or as s3://BUCKET/FOLDER.",
        ) from None
    return fs, str(path).rstrip("/")


def _told(error: Exception) -> GrandlivreError:
    """An error of a store as one of the tree. Its text stays out: it may repeat an address with a key in it."""
    what = type(error).__name__
    if isinstance(error, PermissionError) or "Credentials" in what:
        return WrongInput(
            f"the landing's store refuses us ({what})",
            next_step="Check the credentials in the environment, and their right to list, read, write and delete.",
        )
    if isinstance(error, FileNotFoundError) or "Validation" in what:
        return WrongInput(
            f"the landing's store does not have that bucket or file ({what})",
            next_step=f"Check {VARIABLE}; a bucket is made by its owner, not by a sync.",
        )
    return Busy(f"the landing's store does not answer ({what})")
