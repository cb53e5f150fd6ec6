"""What was read and is not yet at the hub: one folder per delivery, complete once its ``delivery.json`` is there.

::

    <spool>/deliveries/<delivery_id>/<resource>.parquet
    <spool>/deliveries/<delivery_id>/delivery.json       written last
    <spool>/scratch/                                     the rooms' copies while they read
    <spool>/index.json                                   the dossiers seen (agent.survey)
    <spool>/reading.json                                 which request is read now, and how often it was begun
    <spool>/agent.lock                                   held by the one service that works here
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from agent import durable, machine
from agent.protocol import Delivery
from agent.settings import Limits
from foundation.errors import Busy, WrongInput

MOST_ATTEMPTS = 5


class _Reading(msgspec.Struct):
    request_id: str
    attempts: int


class Spool:
    """The folder of one service, taken by :meth:`taken`. Creating the object touches nothing."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.index = folder / "index.json"
        self._deliveries = folder / "deliveries"
        self._reading = folder / "reading.json"
        self._limits = limits or Limits()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Holds the spool alone, cleared of what a stopped service left half done. Raises Busy when it is taken,
        WrongInput when it cannot be written."""
        try:
            for folder in (self.folder, self._deliveries):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.folder / "agent.lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise Busy(
                f"a service already works with the spool {self.folder}",
                next_step="Stop that one first, or give this one a spool of its own.",
            ) from None
        except OSError as error:
            raise WrongInput(
                f"the spool {self.folder} cannot be written ({error.strerror or error})",
                next_step="Give the account of the service the right to write there.",
            ) from None
        try:
            self.clear()
            yield
        finally:
            lock.release()

    def clear(self) -> None:
        """Removes what was half read, and the rooms' copies."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700, exist_ok=True)
        for folder in self._deliveries.iterdir():
            if not (folder / "delivery.json").is_file():
                shutil.rmtree(folder, ignore_errors=True)

    def new(self, delivery_id: str) -> Path:
        """An empty folder for a delivery that is about to be read."""
        folder = self._deliveries / delivery_id
        folder.mkdir(mode=0o700)
        return folder

    def complete(self, delivery: Delivery) -> None:
        """Makes a delivery count: its files are on the disk, then its description."""
        folder = self._deliveries / delivery.delivery_id
        for file in delivery.files:
            durable.sync_file(self.file(delivery, file.resource))
        durable.write(folder / "delivery.json", msgspec.json.encode(delivery))
        durable.sync_folder(self._deliveries)

    def drop(self, delivery_id: str) -> None:
        """Forgets a delivery; its description goes first, so that no half of it counts."""
        folder = self._deliveries / delivery_id
        (folder / "delivery.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def deliveries(self) -> list[Delivery]:
        """All that are complete, the oldest first. One whose description is damaged is read again when asked for."""
        found = []
        for path in self._deliveries.glob("*/delivery.json"):
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=Delivery))
            except (OSError, msgspec.MsgspecError):
                self.drop(path.parent.name)
        return sorted(found, key=lambda delivery: (delivery.read_at, delivery.delivery_id))

    def is_whole(self, delivery: Delivery) -> bool:
        """Whether its files are what they were when it was read."""
        try:
            return all(digest_of(self.file(delivery, file.resource)) == file.sha256 for file in delivery.files)
        except OSError:
            return False

    def file(self, delivery: Delivery, resource: str) -> Path:
        return self._deliveries / delivery.delivery_id / f"{resource}.parquet"

    @property
    def bytes(self) -> int:
        """What waits here, deliveries that are being read included."""
        return sum(_size(path) for path in self._deliveries.glob("*/*"))

    @property
    def free_bytes(self) -> int:
        return machine.free_bytes(self.folder)

    @property
    def is_empty(self) -> bool:
        return next(self._deliveries.glob("*/delivery.json"), None) is None

    def shortage(self) -> str | None:
        """Why nothing more may be written now, in a person's words; None when it may."""
        if self.bytes >= self._limits.spool_bytes:
            return f"the spool holds its {self._limits.spool_bytes >> 20} MB"
        if self.free_bytes < self._limits.free_bytes:
            return f"the disk of {self.folder} has less than {self._limits.free_bytes >> 20} MB free"
        return None

    def begin(self, request_id: str) -> int:
        """Notes that a request is about to be read; returns how often it was begun without an end, this time included.
        A dossier that takes the service down with it must not do so for ever."""
        try:
            last = msgspec.json.decode(self._reading.read_bytes(), type=_Reading)
        except (OSError, msgspec.MsgspecError):
            last = _Reading("", 0)
        attempts = last.attempts + 1 if last.request_id == request_id else 1
        durable.write(self._reading, msgspec.json.encode(_Reading(request_id, attempts)))
        return attempts

    def end(self) -> None:
        self._reading.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
