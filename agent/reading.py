"""Reads one dossier with its package's room and spools what it tells: one Parquet file per resource.

The rows stream: a file's row groups are written as they fill, so that memory does not grow with a dossier.
"""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from agent.clock import Clock
from agent.protocol import Delivery, File, Refusal, Remark, Request
from agent.secrets_file import read_secrets
from agent.settings import Settings, Source
from agent.spool import MOST_ATTEMPTS, Spool, digest_of
from connectors import contract
from connectors.catalog import package
from connectors.contract import Access, Batch, Connector, Event, ExtractRequest, NextCursor, Note, Stated
from foundation.disk import is_full
from foundation.errors import Busy, GrandlivreError, ReportABug, WrongInput
from foundation.secrets import redact

ROW_GROUP_ROWS = 1 << 16
ROW_GROUP_BYTES = 16 << 20
_log = logging.getLogger(__name__)


class Stopped(Exception):
    """The service ends; what was being read is read again when it starts."""


class NoSpace(Exception):
    """There is no room for this delivery beside those that wait; there may be later."""


def open_source(settings: Settings, source: Source, clock: Clock, scratch: Path) -> Connector:
    """The room's connector for a source, as the hub would open it for files of its own."""
    row = package(source.software)
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    access = Access(
        software=source.software,
        settings=source.settings,
        secrets=read_secrets(settings.secrets_file, source),
        now=clock.now,
        sleep=clock.sleep,
        scratch=scratch,
    )
    return row.load_room().open_connector(access)


class Reader:
    """Meets requests. ``opened`` opens a source's connector."""

    def __init__(
        self, settings: Settings, spool: Spool, clock: Clock, opened: Callable[[Source], Connector] | None = None
    ) -> None:
        self._settings, self._spool, self._clock = settings, spool, clock
        self._scratch = spool.scratch / "reading"
        self._opened = opened or (lambda source: open_source(settings, source, clock, self._scratch))

    def read(self, request: Request) -> Refusal | None:
        """Spools the dossier, or says why that cannot be. Raises NoSpace and Stopped, after which it is asked again."""
        if self._spool.begin(request.request_id) > MOST_ATTEMPTS:
            self._spool.end()
            return _refusal(ReportABug(f"reading it ended the service {MOST_ATTEMPTS} times", next_step=None))
        try:
            self._read(request)
            refusal = None
        except (NoSpace, Stopped):
            self._spool.end()
            raise
        except GrandlivreError as error:
            refusal = _refusal(error)
        except Exception as error:
            if is_full(error):
                refusal = _refusal(Busy("the disk of the spool is full", next_step="Make room on the server."))
            else:
                _log.exception("%s of source %s cannot be read", request.external_id, request.source)
                refusal = _refusal(ReportABug(f"{type(error).__name__}: {error}"))
        self._spool.end()
        return refusal

    def _read(self, request: Request) -> None:
        self._require_room()
        source = self._settings.source(request.source)
        if source.software != request.software:
            raise WrongInput(
                f"source {source.name!r} holds {source.software} and not {request.software}",
                next_step="Choose another source, or correct the service's configuration.",
            )
        delivery_id, begun = uuid.uuid4().hex, self._clock.now()
        folder = self._spool.new(delivery_id)
        try:
            with closing(self._opened(source)) as connector:
                asked = ExtractRequest(request.external_id, request.since, request.cursor, request.totals_only)
                taken = _Taken(folder, connector.resources, self._require_room)
                taken.take_in(connector.extract(asked))
            self._spool.complete(
                Delivery(
                    delivery_id=delivery_id,
                    request_id=request.request_id,
                    source=request.source,
                    software=request.software,
                    external_id=request.external_id,
                    read_at=begun,
                    since=request.since,
                    totals_only=request.totals_only,
                    cursor=taken.end.cursor,
                    unchanged=taken.end.unchanged,
                    stated=taken.stated,
                    remarks=taken.remarks,
                    files=[] if taken.end.unchanged else taken.files(),
                )
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _require_room(self) -> None:
        if self._clock.stopped:
            raise Stopped
        if short := self._spool.shortage():
            if not self._spool.is_empty:
                raise NoSpace(short)
            raise Busy(f"{short}, too little for this dossier", next_step="Raise it in the service's [limits].")


class _Taken:
    """What was heard of a connector. There is a file for every resource, also for one without rows."""

    def __init__(self, folder: Path, resources: Iterable[contract.Resource], require_room: Callable[[], None]) -> None:
        self.stated: dict[str, int] = {}
        self.remarks: list[Remark] = []
        self.end = NextCursor(None)
        self._ended = False
        self._require_room = require_room
        self._sinks = {resource.name: _Sink(folder, resource) for resource in resources}

    def take_in(self, events: Iterable[Event]) -> None:
        try:
            for event in events:
                self._take_in(event)
            if not self._ended:
                raise ReportABug("the room did not say where its reading ends")
            for sink in self._sinks.values():
                sink.flush()
        finally:
            for sink in self._sinks.values():
                sink.close()

    def _take_in(self, event: Event) -> None:
        match event:
            case Batch(resource=name, rows=rows):
                if self._sinks[name].write(rows):
                    self._require_room()
            case Stated(resource=name, count=count):
                self.stated[name] = count
            case Note(code=code, message=message, count=count):
                self.remarks.append(Remark(code=code, message=message, count=count))
            case NextCursor() if not event.incremental:
                self.end, self._ended = event, True
            case contract.Checkpoint():
                """A reading on this server is not cut short by a vendor's limits."""
            case _:
                # No room of level on_premise tells changes; see agent.protocol.Delivery.
                raise ReportABug("the room tells changes only, where a delivery is whole")

    def files(self) -> list[File]:
        return [sink.described() for sink in self._sinks.values()]


class _Sink:
    """The file of one resource. Rows are gathered to row groups of a size that is read well."""

    def __init__(self, folder: Path, resource: contract.Resource) -> None:
        self._resource, self._path = resource, folder / f"{resource.name}.parquet"
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = self._rows = 0
        dictionary: Any = [column for column in resource.schema.names if column not in resource.key]
        self._writer = pq.ParquetWriter(self._path, resource.schema, compression="lz4", use_dictionary=dictionary)

    def write(self, rows: pa.RecordBatch | pa.Table) -> bool:
        """Takes rows; true when some went to the disk."""
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self._waiting_bytes += table.nbytes
        if self._waiting_rows < ROW_GROUP_ROWS and self._waiting_bytes < ROW_GROUP_BYTES:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        if self._waiting_rows:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=ROW_GROUP_ROWS)
        self._rows += self._waiting_rows
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0

    def close(self) -> None:
        self._writer.close()

    def described(self) -> File:
        size, digest = self._path.stat().st_size, digest_of(self._path)
        return File(resource=self._resource.name, rows=self._rows, size=size, sha256=digest)


def _refusal(error: GrandlivreError) -> Refusal:
    told = redact(f"{error.subject}: {error.cause}" if error.subject else error.cause)
    return Refusal(kind=error.kind, cause=told, next_step=error.next_step)
