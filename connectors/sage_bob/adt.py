"""Advantage tables (``.adt``), block by block, into Arrow.

A table is a header of 400 bytes, 200 bytes for each column, and records of one fixed width, so a block of records is a
matrix of bytes and a column is a slice of it: everything below works on whole blocks. Offsets and types are those of
public readers of such tables (Valuya/advantaje, svnee/adt-driver, chasemgray/Ruby-ADT).

The file must be whole: the header states how many records there are, and a file that holds fewer is refused, and so is
one that goes on with records that stand. A table that is encrypted shows a header that makes no sense, and is refused
as that.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from connectors.columns import BATCH_ROWS, TYPES, Kind, UnreadableValue, decode, trimmed
from connectors.sage_bob import adt_values
from connectors.sage_bob.inferred import DELETED, LIVE
from connectors.sage_bob.memo import Memo
from foundation.errors import BadFile

MAGIC = b"Advantage Table\0"
_HEADER, _DESCRIPTOR, _PREFIX = 400, 200, 5
_ENCRYPTED = (
    "Grandlivre cannot read a table that Advantage encrypted, nor one that only points to another server: export the "
    "tables as CSV instead (see docs/packages/sage-bob.md)."
)


@dataclass(frozen=True)
class Column:
    """A column as the header describes it: its type and where it stands in a record."""

    name: str
    type: int
    offset: int
    length: int


class AdtTable:
    """One table with its memo file, if there is one; see :class:`connectors.columns.Table`.

    Raises BadFile on opening when it is not whole. ``warnings`` counts ``undecodable_bytes``, ``unknown_records``
    (neither standing nor deleted: left out) and ``memo_missing``.
    """

    def __init__(self, path: Path, memo: Path | None = None) -> None:
        self.path = path
        self.name = path.name
        self.warnings: Counter[str] = Counter()
        self._memo_path = memo
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(_HEADER)
            self._require_magic(head, size)
            self.rows, self._start, self._width = struct.unpack_from("<I4xII", head, 24)
            (count,) = struct.unpack_from("<H", head, 358)
            self._require_sense(count, size)
            self.fields = {column.name: column for column in self._read_columns(stream, count)}
            self._require_whole(stream, size)

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.fields)

    def _require_magic(self, head: bytes, size: int) -> None:
        if not size:
            raise BadFile("the file is empty", subject=self.name)
        if not head.startswith(MAGIC):
            raise BadFile(
                "it is not an Advantage table: it does not begin as one (encrypted, or of another edition of BOB)",
                subject=self.name,
                next_step=_ENCRYPTED,
            )
        if len(head) < _HEADER:
            raise BadFile(f"the file is cut off inside its header, at byte {size}", subject=self.name)

    def _require_sense(self, count: int, size: int) -> None:
        if not count or self._start != _HEADER + _DESCRIPTOR * count or self._width <= _PREFIX:
            raise BadFile(
                f"its header makes no sense ({count} columns, records of {self._width} bytes from byte {self._start}): "
                "it is damaged or encrypted",
                subject=self.name,
                next_step=_ENCRYPTED,
            )
        if size < self._start:
            raise BadFile(f"the file is cut off in the list of its columns, at byte {size}", subject=self.name)

    def _read_columns(self, stream: IO[bytes], count: int) -> Iterator[Column]:
        for number in range(1, count + 1):
            text = stream.read(_DESCRIPTOR)
            type_, offset, length = struct.unpack_from("<HH2xH", text, 129)
            # What stands behind the first NUL of a name was left there by another one.
            name = text[:128].split(b"\0")[0].decode("cp1252", "replace").strip().upper()
            width = adt_values.WIDTHS.get(type_, 0)
            if not (width in (None, length) and length and _PREFIX <= offset <= self._width - length):
                raise BadFile(
                    f"column {number} ({name!r}) makes no sense (type {type_}, {length} bytes from byte {offset} of a "
                    f"record of {self._width}): the table is damaged or encrypted",
                    subject=self.name,
                    next_step=_ENCRYPTED,
                )
            yield Column(name, type_, offset, length)

    def _require_whole(self, stream: IO[bytes], size: int) -> None:
        there = (size - self._start) // self._width
        if there < self.rows:
            raise BadFile(
                f"the file is cut off in row {there + 1} of the {self.rows} that its header states", subject=self.name
            )
        stream.seek(self._start + self.rows * self._width)
        if there > self.rows and stream.read(_PREFIX) == bytes([LIVE, 0, 0, 0, 0]):
            raise BadFile(
                f"its header states {self.rows} rows, but the file goes on with row {self.rows + 1}",
                next_step="Let BOB finish writing and sync again.",
                subject=self.name,
            )

    @cached_property
    def _memo(self) -> Memo | None:
        return Memo(self._memo_path) if self._memo_path else None

    def batches(self, columns: Mapping[str, Kind], *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """See :class:`connectors.columns.Table`; ``row`` is the physical record, deleted ones counted too."""
        with self.path.open("rb") as stream:
            stream.seek(self._start)
            for first in range(0, self.rows, rows):
                count = min(rows, self.rows - first)
                block = np.frombuffer(stream.read(count * self._width), np.uint8)
                if len(block) != count * self._width:
                    raise BadFile(f"the file ended while row {first + 1} and on were read", subject=self.name)
                records = block.reshape(count, self._width)
                mark = records[:, 0]
                standing = np.flatnonzero(mark == LIVE)
                self.warnings["unknown_records"] += count - len(standing) - int((mark == DELETED).sum())
                yield self._batch(
                    records[standing] if len(standing) < count else records, first + 1 + standing, columns
                )

    def _batch(self, records: np.ndarray, rows: np.ndarray, columns: Mapping[str, Kind]) -> pa.RecordBatch:
        arrays: dict[str, pa.Array] = {}
        for name, kind in columns.items():
            try:
                arrays[name] = self._column(records, name.upper(), kind)
            except UnreadableValue as error:
                row = rows[error.index]
                raise BadFile(f"row {row}, column {name.upper()}: it holds {error}", subject=self.name) from None
        arrays["row"] = pa.array(rows, pa.int64())
        return pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))

    def _column(self, records: np.ndarray, name: str, kind: Kind) -> pa.Array:
        column = self.fields.get(name)
        if column is None:
            return pa.nulls(len(records), TYPES[kind])
        if not adt_values.suits(kind, column.type):
            raise BadFile(f"column {name} has type {column.type}, which cannot be read as {kind}", subject=self.name)
        cells = np.ascontiguousarray(records[:, column.offset : column.offset + column.length])
        if column.type not in adt_values.IN_MEMO:
            found, undecodable = adt_values.values(cells, column.type, kind)
        elif self._memo is None:
            self.warnings["memo_missing"] += int(cells[:, :8].any(axis=1).sum())
            return pa.nulls(len(records), TYPES[kind])
        else:
            texts, undecodable = decode(*self._memo.read(cells))
            found = trimmed(texts)
        self.warnings["undecodable_bytes"] += undecodable
        return found
