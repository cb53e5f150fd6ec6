"""Events that a package pushes to a storage of ours, replayed into rows.

Of a topic there are files ``<prefix><topic>Inserted-<offset>-<timestamp>`` and the same for Updated and Deleted, in a
folder per dossier. An inserted row tells everything; an updated one only what changed, the rest is null; a deleted one
its id alone. Where a row is replaced by a whole new one, its deletion says ``miseAJour``, and an insertion follows.
Events are applied in the order of their ``timestamp``, however often and in which order they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from connectors.drop_folder.workbench import Workbench, literal
from connectors.files import is_inside, unreadable
from connectors.json_pages import PageDecoder, PageShape
from foundation.errors import Busy, Incomplete, ReportABug

from .maps import Sink

_BLOCK = 8 << 20
_KINDS = ("Inserted", "Updated", "Deleted")
_BETWEEN_LINES = re.compile(rb"\}\s*\n\s*\{")
_HEAD = [pa.field("id", pa.string()), pa.field("timestamp", pa.int64()), pa.field("miseAJour", pa.bool_())]
# Of events of one moment a deletion that announces an insertion comes first, one for good last.
_ORDER = "(timestamp, CASE WHEN kind = 'Inserted' THEN 1 WHEN kind = 'Updated' THEN 2 WHEN miseAJour THEN 0 ELSE 3 END)"


class SinkFolder:
    """The folder of one dossier. ``files`` counts those that were read."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self._folder = folder
        self._sink = sink
        self.files = 0

    def replay(self, bench: Workbench, topic: str, schema: pa.Schema, unnest: str = "") -> None:
        """Makes the view ``page`` of the rows that stand: those of ``schema``, one for each of the list ``unnest``.

        Raises Busy while a file is being written or an announced insertion is still to come, and Incomplete when the
        package's daily report tells of events that did not arrive.
        """
        table = f"events_{topic}"
        fields = pa.schema([*_HEAD, *(field for field in schema if field.name not in {head.name for head in _HEAD})])
        bench.insert(table, self._kind(fields.empty_table(), ""), create=True)
        for kind in _KINDS:
            for rows in self._events(f"{topic}{kind}", fields):
                bench.insert(table, self._kind(pa.Table.from_batches([rows]), kind))
        self._require_reported(bench, topic, table)
        bench.db.execute(f"CREATE OR REPLACE VIEW standing AS {_standing(table, fields.names)}")
        waiting = bench.row("SELECT count(*), any_value(id) FROM standing WHERE announced")
        if waiting[0]:
            raise Busy(
                f"{waiting[0]} replacements of {topic} have not arrived in the sink yet, such as that of {waiting[1]}",
                subject=self._folder.name,
                next_step="The nightly tries again; if it stays so, ask for the dossier once more (partialInit).",
            )
        rows = f'* REPLACE (unnest("{unnest}") AS "{unnest}")' if unnest else "*"
        bench.db.execute(f"CREATE OR REPLACE VIEW page AS SELECT {rows} FROM standing WHERE NOT gone")

    def _events(self, name: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        decoder = PageDecoder(schema, PageShape(""))
        for block in self._blocks(name):
            try:
                yield decoder.decode(b"[" + b",".join(block.values()) + b"]").rows
            except ValueError:
                raise self._unreadable(block) from None

    def _blocks(self, name: str) -> Iterator[dict[Path, bytes]]:
        """Contents of files, as parts of a JSON list, together up to some size."""
        block: dict[Path, bytes] = {}
        size = 0
        for path in self._paths(name):
            try:
                body = path.read_bytes().strip()
            except OSError as error:
                raise unreadable(path, error) from error
            self.files += 1
            body = body[1:-1].strip() if body.startswith(b"[") else _BETWEEN_LINES.sub(b"},{", body)
            if not body:
                continue
            block[path] = body
            size += len(body)
            if size > _BLOCK:
                yield block
                block, size = {}, 0
        if block:
            yield block

    def _paths(self, name: str) -> Sequence[Path]:
        pattern = re.compile(re.escape(self._sink.prefix + name) + r"-\d+-\d+(\.\w+)?")
        found = (path for path in self._folder.iterdir() if pattern.fullmatch(path.name))
        return sorted(path for path in found if is_inside(self._folder, path))

    def _unreadable(self, block: dict[Path, bytes]) -> Exception:
        for path, body in block.items():
            try:
                msgspec.json.decode(b"[" + body + b"]", type=list[msgspec.Raw])
            except msgspec.MsgspecError:
                return Busy("it is no whole JSON document; it may still be written", subject=path.name)
        return ReportABug(f"events of {self._folder.name} are not readable as rows")

    def _require_reported(self, bench: Workbench, topic: str, table: str) -> None:
        told = [row for row in self._reported() if row["topic"].rpartition(".")[2] in {topic + kind for kind in _KINDS}]
        if not told:
            return
        schema = pa.schema([("topic", pa.string()), ("id", pa.string()), ("timestamp", pa.int64())])
        bench.insert("reported", pa.Table.from_pylist(told, schema=schema), create=True)
        missing, example = bench.row(
            f"""SELECT count(*), any_value(id) FROM reported r WHERE NOT EXISTS (
                FROM {table} e WHERE ends_with(r.topic, {literal(topic)} || e.kind) AND e.id = r.id
                    AND e.timestamp >= r.timestamp)"""
        )
        if missing:
            raise Incomplete(
                f"the daily report tells of {missing} events of {topic} that are not in the sink, such as {example}",
                subject=self._folder.name,
                next_step="Have them sent again (POST .../partialInit with the dossier's key and 1 to 20 days), then "
                "sync again; the figures of the last good sync stand.",
            )

    def _reported(self) -> Iterator[dict[str, Any]]:
        """Topic, id and timestamp of every event that a daily report tells of."""
        if not self._sink.report:
            return
        for block in self._blocks(self._sink.report):
            try:
                reports = msgspec.json.decode(b"[" + b",".join(block.values()) + b"]", type=list[dict[str, Any]])
            except msgspec.MsgspecError:
                raise self._unreadable(block) from None
            for topic in (topic for report in reports for topic in report.get("topics") or ()):
                for row in topic.get("values") or topic.get("records") or ():
                    yield {"topic": str(topic.get("topicName")), "id": row.get("id"), "timestamp": row.get("timestamp")}

    @staticmethod
    def _kind(rows: pa.Table, kind: str) -> pa.Table:
        return rows.append_column("kind", pa.array([kind] * rows.num_rows, pa.string()))


def _standing(table: str, columns: Sequence[str]) -> str:
    """SQL: each id with the last value of every column since it was last deleted; ``gone`` where that is its last
    event, ``announced`` where an insertion was to follow it."""
    values = ", ".join(f'arg_max("{name}", place) AS "{name}"' for name in columns if name not in ("id", "miseAJour"))
    return f"""WITH placed AS (SELECT *, {_ORDER} AS place FROM {table}),
    since AS (
        SELECT *, coalesce(max(place) FILTER (kind = 'Deleted') OVER (PARTITION BY id), (-1::BIGINT, 0)) AS deleted
        FROM placed
    )
    SELECT id, {values}, arg_max(kind, place) = 'Deleted' AS gone,
        arg_max(kind = 'Deleted' AND coalesce(miseAJour, false), place) AS announced
    FROM since WHERE place >= deleted GROUP BY id"""
