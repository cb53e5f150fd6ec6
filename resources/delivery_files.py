"""The files of deliveries: what comes in lies below the state folder; what was accepted, below the landing.

A folder is named after a hash of the delivery's id, which a service chose. Where the landing is an object store, every
machine that syncs finds the accepted files there; those that come in are the hub's alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from foundation.home import Home
from registry.store import AgentDelivery
from resources.landing_files import Copies, LandingFiles, landing_root

_KEPT = "deliveries"


class DeliveryFiles:
    """The files of all deliveries of one installation. Raises what :class:`LandingFiles` does."""

    def __init__(self, home: Home, landing: str | None = None) -> None:
        self._incoming = home.incoming
        self._kept = LandingFiles(landing or landing_root(home))

    def append(self, delivery: AgentDelivery, resource: str, offset: int, data: bytes) -> None:
        """Stores ``data`` at ``offset``, durably. What lies behind, of a write that was cut, goes."""
        path = self._coming(delivery, resource)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(offset)
            file.seek(offset)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def find(self, delivery: AgentDelivery, resource: str, near: Path) -> Path:
        """The path of a file that came whole, also when it is kept already; ``near`` is a folder for a copy of it."""
        path = self._coming(delivery, resource)
        return path if path.exists() else Path(self._kept.here(f"{_place(delivery)}/{resource}.parquet", near))

    def keep(self, delivery: AgentDelivery, resources: Collection[str]) -> None:
        """Puts the files that came to where syncs find them. To be repeated after a crash."""
        for resource in resources:
            path = self._coming(delivery, resource)
            if path.exists():
                self._kept.put(path, f"{_place(delivery)}/{resource}.parquet")
        self.drop_incoming(delivery)

    def kept(self, delivery: AgentDelivery, resources: Collection[str], near: Path) -> Mapping[str, str]:
        """The local path of each kept file, by resource; copies are made in the folder ``near`` where needed."""
        return Copies(self._kept, _place(delivery), resources, near)

    def drop_incoming(self, delivery: AgentDelivery) -> None:
        """Removes what came of a delivery and was not kept."""
        shutil.rmtree(self._coming(delivery, "").parent, ignore_errors=True)

    def drop_kept(self, delivery: AgentDelivery) -> None:
        """Removes the kept files of a delivery that another replaced; there may be none."""
        if self._kept.folders(_place(delivery)):
            self._kept.remove(_place(delivery))

    def drop_strays(self, known: Collection[AgentDelivery], agents: Collection[str]) -> None:
        """Removes what lies here of none of the ``known`` deliveries. Only before anything is taken in."""
        folders = {(each.agent_id, _folder(each)) for each in known}
        for path in self._incoming.glob("*/*"):
            if (path.parent.name, path.name) not in folders:
                shutil.rmtree(path, ignore_errors=True)
        for agent_id in agents:
            for folder in self._kept.folders(f"{_KEPT}/{agent_id}"):
                if (agent_id, folder) not in folders:
                    self._kept.remove(f"{_KEPT}/{agent_id}/{folder}")

    def _coming(self, delivery: AgentDelivery, resource: str) -> Path:
        return self._incoming / delivery.agent_id / _folder(delivery) / f"{resource}.part"


def _folder(delivery: AgentDelivery) -> str:
    return hashlib.sha256(delivery.delivery_id.encode()).hexdigest()[:32]


def _place(delivery: AgentDelivery) -> str:
    return f"{_KEPT}/{delivery.agent_id}/{_folder(delivery)}"
