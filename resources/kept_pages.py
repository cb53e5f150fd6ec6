"""What is kept of a full read that was cut short, so that the next sync asks only for the rest.

``<root>/<software>/<dossier>/kept/``: one Parquet file per resource with rows, and ``manifest.json``, written last,
with the connector's last checkpoint and how many rows came before it. It is no snapshot: nothing reads it but the sync
that goes on from there, and then it is gone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import Cursor, Resource, Resume
from foundation.errors import GrandlivreError, WrongInput
from resources.landing_files import LandingFiles

FOLDER = "kept"
log = logging.getLogger("grandlivre.landing")


class KeptPages:
    """The kept pages of one dossier in ``folder``. Those of another ``owner`` (link), or with other columns than a
    resource has today, are as good as none. ``work`` is a local folder of the running sync."""

    def __init__(self, files: LandingFiles, folder: str, owner: str, resources: Sequence[Resource], work: Path) -> None:
        self._files = files
        self._folder = folder
        self._owner = owner
        self._schemas = {resource.name: resource.schema for resource in resources}
        self._work = work
        self._near: dict[str, str] = {}
        self._manifest = self._read()

    @property
    def resume(self) -> Resume | None:
        """What a connector may go on from; None when nothing is kept."""
        return Resume(self._manifest["state"], self.rows) if self._manifest else None

    @property
    def resources(self) -> Sequence[str]:
        """The resources of which rows are kept."""
        return list(self._manifest["rows"]) if self._manifest else []

    def rows(self, resource: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The kept rows of a resource, in the order in which they came."""
        left = self._manifest["rows"].get(resource, 0) if self._manifest else 0
        if left == 0:
            return
        with pq.ParquetFile(self._near[resource]) as file:
            for batch in file.iter_batches(columns=list(columns) if columns else None):
                yield batch.slice(0, left)
                left -= batch.num_rows
                if left <= 0:
                    return

    def keep(self, state: Cursor, rows: Mapping[str, int], files: Mapping[str, Path], name: str) -> bool:
        """Keeps the first ``rows`` rows of ``files``, read up to ``state``, in the place of what was kept before.

        ``name`` sets the files apart from those. Trouble with that is no reason to fail in another way: then False.
        """
        wanted = {resource: count for resource, count in rows.items() if count}
        manifest = {"owner": self._owner, "state": state, "rows": wanted, "name": name}
        try:
            for resource in wanted:
                self._files.put(files[resource], self._place(resource, name))
            draft = self._work / "kept.json"
            draft.write_text(json.dumps(manifest), encoding="utf-8")
            self._files.put(draft, f"{self._folder}/manifest.json")
            self._clear_but(name)
        except (OSError, GrandlivreError) as error:
            log.warning("what was read of %s is not kept: %s", self._folder, error)
            return False
        return True

    def drop(self) -> None:
        """Removes what is kept."""
        try:
            if self._names():
                self._files.remove(self._folder)
        except (OSError, GrandlivreError) as error:
            log.warning("%s stays: %s", self._folder, error)

    def _read(self) -> dict[str, Any] | None:
        """The manifest, and the files fetched; None where there are none that can be gone on with."""
        found = self._files.read(f"{self._folder}/manifest.json")
        if found is None:
            return None
        try:
            manifest = json.loads(found)
            if manifest["owner"] != self._owner:
                return None
            for resource in manifest["rows"]:
                place = self._place(resource, manifest["name"])
                self._near[resource] = self._files.here(place, self._work / FOLDER)
                if pq.read_schema(self._near[resource]) != self._schemas[resource]:
                    return None
        except (ValueError, KeyError, OSError, pa.ArrowException, WrongInput) as error:
            log.warning("what is kept in %s cannot be read: %s", self._folder, error)
            return None
        return manifest

    def _place(self, resource: str, name: str) -> str:
        return f"{self._folder}/{name}.{resource}.parquet"

    def _names(self) -> set[str]:
        before, _, name = self._folder.rpartition("/")
        return self._files.folders(before).get(name, set())

    def _clear_but(self, name: str) -> None:
        for file in self._names():
            if file != "manifest.json" and not file.startswith(f"{name}."):
                self._files.remove(f"{self._folder}/{file}")
