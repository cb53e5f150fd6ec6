"""Taking in what a connector tells: rows go to one Parquet file per resource, everything else is noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import (
    Batch,
    Checkpoint,
    Cursor,
    Deleted,
    Event,
    NextCursor,
    Note,
    Resource,
    Resumed,
    Stated,
)
from foundation.errors import GrandlivreError, Incomplete, RateLimited, ReportABug, SignInAgain, VendorDown
from resources.kept_pages import KeptPages


@dataclass
class _Open:
    """A resource while it is being written."""

    writer: pq.ParquetWriter
    path: Path
    rows: int = 0

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self.writer.write_table(table)
        self.rows += table.num_rows


class Intake:
    """What was heard of a connector. There is a file for every resource, also for one without rows."""

    def __init__(self, known: Mapping[str, Resource], work: Path, kept: KeptPages | None = None) -> None:
        self.stated: dict[str, int] = {}
        self.deleted: dict[str, list[pa.Table]] = {}
        self.notes: list[Note] = []
        self.end: NextCursor | None = None
        self._kept = kept
        self._checkpoint: tuple[Cursor, dict[str, int]] | None = None
        self._opened: dict[str, _Open] = {}
        for name, resource in known.items():
            path = work / f"{name}.new.parquet"
            dictionary: Any = [column for column in resource.schema.names if column not in resource.key]
            writer = pq.ParquetWriter(path, resource.schema, compression="lz4", use_dictionary=dictionary)
            self._opened[name] = _Open(writer, path)

    @property
    def rows(self) -> dict[str, int]:
        """Rows written by resource, those included that were kept of an earlier read."""
        return {name: entry.rows for name, entry in self._opened.items()}

    @property
    def paths(self) -> dict[str, Path]:
        return {name: entry.path for name, entry in self._opened.items()}

    def take_in(self, events: Iterable[Event], name: str) -> None:
        """Streams batches to the files, and closes them, whatever happens. Where the read is cut short, what came
        before its last checkpoint is kept under ``name``."""
        try:
            try:
                for event in events:
                    self._take_in(event)
            finally:
                for entry in self._opened.values():
                    entry.writer.close()
        except GrandlivreError as error:
            if self._kept and self._checkpoint and cut_short(error):
                state, rows = self._checkpoint
                if self._kept.keep(state, rows, self.paths, name):
                    error.next_step += f" The {sum(rows.values())} rows read so far are kept."
            raise

    def _take_in(self, event: Event) -> None:
        match event:
            case Batch(resource=name, rows=rows):
                self._opened[name].write(rows)
            case Deleted(resource=name, keys=keys):
                self.deleted.setdefault(name, []).append(keys)
            case Stated(resource=name, count=count):
                self.stated[name] = count
            case Note():
                self.notes.append(event)
            case NextCursor():
                self.end = event
            case Checkpoint(state=state):
                self._checkpoint = state, self.rows
            case Resumed():
                self._resume()

    def _resume(self) -> None:
        if self._kept is None or any(self.rows.values()):
            raise ReportABug("the connector goes on from where nobody was")
        for name in self._kept.resources:
            for rows in self._kept.rows(name):
                self._opened[name].write(rows)


def cut_short(error: Exception) -> bool:
    """Whether what was read before the error is as good as it was."""
    return isinstance(error, RateLimited | VendorDown | SignInAgain) and not isinstance(error, Incomplete)
