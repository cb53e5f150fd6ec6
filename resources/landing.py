"""The landing: immutable, complete snapshots of what a package told, as Parquet.

``<root>/<software>/<dossier>/<snapshot>/<resource>.parquet`` and ``manifest.json``, written last: a folder without a
manifest is not a snapshot. A snapshot is always complete: when a package sends changes only, they are merged with
the snapshot before (newer rows win, deleted keys go), so that figures can be made again without asking the vendor.
Work files are local and only finished files are put into the landing, which may be an object store: see
:mod:`resources.landing_files`. What is kept of a read that was cut short lies beside the snapshots
(:mod:`resources.kept_pages`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import Cursor, Event, Note, Resource
from foundation.disk import is_full
from foundation.errors import Busy, Incomplete, ReportABug
from foundation.home import Home
from resources import kept_pages
from resources.intake import Intake, cut_short
from resources.kept_pages import KeptPages
from resources.landing_files import Copies, LandingFiles, landing_root
from warehouse import desk

_BATCH_ROWS = 100_000
_KEEP = 3  # snapshots kept per dossier: the one in use, the one being made, one to look back at


@dataclass(frozen=True)
class Snapshot:
    """A landed snapshot. ``files`` is a local path per resource, ``rows`` its row count, ``cursor`` where the change
    feed stood, ``notes`` what the connector wants a person to know (code, message, count), ``stated`` the counts that
    the package announced by resource (all of them came)."""

    snapshot_id: str
    files: Mapping[str, str]
    rows: Mapping[str, int]
    cursor: Cursor | None
    notes: tuple[Note, ...] = ()
    rows_read: int = 0
    unchanged: bool = False
    stated: Mapping[str, int] = field(default_factory=dict)


class Landing:
    """Snapshots below ``root``, a folder or any fsspec URL. ``work`` is always a local folder that belongs to the
    running sync alone. Raises Busy when the store does not answer, WrongInput when it refuses."""

    def __init__(self, root: str) -> None:
        self._files = LandingFiles(root)

    @classmethod
    def of(cls, home: Home, environment: Mapping[str, str] = os.environ) -> Landing:
        """The landing that ``$GRANDLIVRE_LANDING`` names, by default the folder of the installation."""
        return cls(landing_root(home, environment))

    def land(
        self,
        software: str,
        dossier_id: str,
        snapshot_id: str,
        resources: Iterable[Resource],
        events: Iterable[Event],
        *,
        work: Path,
        previous: Snapshot | None = None,
        kept: KeptPages | None = None,
    ) -> Snapshot:
        """Writes everything that ``events`` tell and returns the complete snapshot.

        Raises Incomplete when fewer rows came than the package stated, and Busy when the disk is full; then no
        snapshot exists and what was written is removed. Where a budget, the vendor or the sign-in cut the read short,
        the rows up to the last checkpoint go to ``kept``; any other end empties it.
        """
        known = {resource.name: resource for resource in resources}
        drafts = work / "landing"
        drafts.mkdir(parents=True, exist_ok=True)
        try:
            snapshot = self._land(software, dossier_id, snapshot_id, known, events, previous, drafts, kept)
        except (OSError, duckdb.IOException) as error:
            if is_full(error):
                raise Busy(
                    "the disk is full while landing",
                    next_step="Free space below the state folder, then sync again; nothing was lost.",
                ) from None
            raise
        except Exception as error:
            if kept and not cut_short(error):
                kept.drop()
            raise
        finally:
            shutil.rmtree(drafts, ignore_errors=True)
        if kept:
            kept.drop()
        return snapshot

    def _land(
        self,
        software: str,
        dossier_id: str,
        snapshot_id: str,
        known: Mapping[str, Resource],
        events: Iterable[Event],
        previous: Snapshot | None,
        work: Path,
        kept: KeptPages | None,
    ) -> Snapshot:
        intake = Intake(known, work, kept)
        intake.take_in(events, snapshot_id)
        pa.default_memory_pool().release_unused()  # what answers were decoded in; the workbench needs memory next
        end = intake.end
        if end is None:
            raise ReportABug("the connector ended without saying where it stands")
        if end.unchanged:
            if previous is None:
                raise ReportABug("the connector calls unchanged what was never landed")
            return Snapshot(
                previous.snapshot_id, previous.files, previous.rows, end.cursor, tuple(intake.notes), unchanged=True
            )
        read = intake.rows
        for name, count in intake.stated.items():
            if read.get(name, 0) < count:
                raise Incomplete(f"the package announced {count} rows of {name} and sent {read.get(name, 0)}")
        paths = intake.paths
        for name in end.incremental:
            if previous is None:
                raise ReportABug(f"changes of {name} came without a snapshot to change")
            paths[name] = _merge(known[name], previous.files[name], paths[name], intake.deleted.get(name, []), work)
        folder, near = f"{software}/{dossier_id}/{snapshot_id}", _near(work.parent, snapshot_id)
        rows = {}
        for name, path in paths.items():
            rows[name] = pq.read_metadata(path).num_rows
            self._files.put(path, f"{folder}/{name}.parquet")
            if not self._files.local:  # what was sent away is used next: it need not be fetched
                near.mkdir(parents=True, exist_ok=True)
                shutil.move(path, near / f"{name}.parquet")
        manifest = {
            "snapshot_id": snapshot_id,
            "software": software,
            "dossier_id": dossier_id,
            "rows": rows,
            "rows_read": sum(read.values()),
            "cursor": end.cursor,
            "stated": intake.stated,
            "notes": [[note.code, note.message, note.count] for note in intake.notes],
        }
        draft = work / "manifest.json"
        draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        self._files.put(draft, f"{folder}/manifest.json")
        return self._snapshot(folder, manifest, near)

    def kept(
        self, software: str, dossier_id: str, owner: str, resources: Sequence[Resource], *, work: Path
    ) -> KeptPages:
        """What is kept of a read of the dossier through the link ``owner`` that was cut short."""
        return KeptPages(self._files, f"{software}/{dossier_id}/{kept_pages.FOLDER}", owner, resources, work)

    def snapshot(self, software: str, dossier_id: str, snapshot_id: str, *, work: Path) -> Snapshot | None:
        """A snapshot by its id, its files readable locally; None when it is not (or no longer) there."""
        folder = f"{software}/{dossier_id}/{snapshot_id}"
        manifest = self._files.read(f"{folder}/manifest.json") if snapshot_id else None
        return self._snapshot(folder, json.loads(manifest), _near(work, snapshot_id)) if manifest else None

    def prune(self, software: str, dossier_id: str, standing: str) -> None:
        """Removes what a crash left unfinished and old snapshots, never the one that stands in the warehouse."""
        found = self._files.folders(f"{software}/{dossier_id}")
        found.pop(kept_pages.FOLDER, None)
        complete = sorted(name for name, files in found.items() if "manifest.json" in files)
        for name in sorted(found.keys() - {standing, *complete[-_KEEP:]}):
            self._files.remove(f"{software}/{dossier_id}/{name}")

    def _snapshot(self, folder: str, manifest: Mapping[str, Any], near: Path) -> Snapshot:
        return Snapshot(
            manifest["snapshot_id"],
            Copies(self._files, folder, manifest["rows"].keys(), near),
            manifest["rows"],
            manifest["cursor"],
            tuple(Note(*note) for note in manifest["notes"]),
            manifest["rows_read"],
            stated=manifest.get("stated", {}),
        )


def _near(work: Path, snapshot_id: str) -> Path:
    """Where copies of a remote snapshot's files lie while a sync works with them."""
    return work / "landed" / snapshot_id


def _merge(resource: Resource, before: str, changes: Path, deleted: list[pa.Table], work: Path) -> Path:
    """The snapshot's rows with changes applied, as a new file: changed keys and deleted keys go, new rows come.

    Of several rows with one key in the changes, the one with the greatest version stands; a deletion counts only
    where the row that it names is not newer than the deletion itself.
    """
    if not resource.key:
        raise ReportABug(f"{resource.name} has no key and cannot be sent as changes")
    target = work / f"{resource.name}.merged.parquet"
    named = (*resource.key, *((resource.version,) if resource.version else ()))
    gone = pa.concat_tables(deleted) if deleted else pa.schema([resource.schema.field(c) for c in named]).empty_table()
    keys = ", ".join(f'"{column}"' for column in resource.key)
    same = " AND ".join(f'r."{column}" = g."{column}"' for column in resource.key)
    newest, not_newer = "", ""
    if resource.version:
        version = f'"{resource.version}"'
        newest = f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {version} DESC NULLS LAST) = 1"
        not_newer = f"AND (r.{version} IS NULL OR g.{version} IS NULL OR r.{version} <= g.{version})"
    with desk.taken(work) as db:
        db.register("gone", gone)
        db.execute(f"CREATE TEMP TABLE changed AS SELECT * FROM read_parquet({_text(changes)}) {newest}")
        merged = f"""
            SELECT * FROM (
                SELECT * FROM read_parquet({_text(before)}) b
                WHERE NOT EXISTS (SELECT 1 FROM changed g WHERE {same.replace("r.", "b.")})
                UNION ALL SELECT * FROM changed
            ) r
            WHERE NOT EXISTS (SELECT 1 FROM gone g WHERE {same} {not_newer})"""
        # Written here and not by DuckDB's COPY, which may never return when its query or its disk fails (2.0.1).
        with pq.ParquetWriter(target, resource.schema, compression="lz4") as writer:
            for batch in db.sql(merged).to_arrow_reader(_BATCH_ROWS):
                writer.write_table(pa.Table.from_batches([batch]).cast(resource.schema))
    return target


def _text(path: str | Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
