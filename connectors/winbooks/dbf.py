"""dBase and FoxPro tables, block by block, into Arrow.

A table is a header and records of one fixed width, so a block of records is a matrix of bytes and a column is a slice
of it: everything below works on whole blocks. Read are dBase III (``03``, ``83``), FoxPro (``F5``) and Visual FoxPro
(``30``..``32``); memo texts stand in :mod:`connectors.winbooks.memo`.

The file must be whole: the header states how many records there are, and a file that holds fewer, or more, is
refused. Text is Windows-1252 whatever the header's language byte says.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pyarrow as pa

from connectors.winbooks import values
from connectors.winbooks.memo import Memo
from foundation.errors import BadFile

pc: Any = import_module("pyarrow.compute")  # its functions are made at run time, unseen by a type checker

BATCH_ROWS = 50_000
_STANDING, _DELETED, _END = 0x20, 0x2A, 0x1A

Kind = Literal["text", "padded", "money", "day", "flag"]
"""What a column becomes: trimmed text, text as wide as its field, decimal(20,4), date or boolean; blank is null."""

TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "padded": pa.string(),
    "money": values.MONEY,
    "day": pa.date32(),
    "flag": pa.bool_(),
}


@dataclass(frozen=True)
class Field:
    """A column as the header describes it: its one-letter type and where it stands in a record."""

    name: str
    type: str
    offset: int
    length: int

    def slice(self, records: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(records[:, self.offset : self.offset + self.length])


class Table:
    """One table file with its memo file, if there is one. Raises BadFile on opening when it is not whole.

    ``warnings`` counts, over everything read so far: ``undecodable_bytes``, ``unreadable_dates``, ``garbage_rows``
    (records of NULs) and ``memo_missing`` (texts that stand in a memo file that is not there).
    """

    def __init__(self, path: Path, memo: Path | None = None) -> None:
        self.path = path
        self.warnings: Counter[str] = Counter()
        self._memo_path = memo
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(32)
            if len(head) < 32:
                raise BadFile(f"the file is cut off inside its header, at byte {size}", subject=path.name)
            self.version = head[0]
            self.rows, self._start, self.width = struct.unpack("<IHH", head[4:12])
            self.fields = self._read_fields(stream)
            self._require_whole(stream, size)

    def _read_fields(self, stream: IO[bytes]) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        descriptors, offset = stream.read(max(self._start - 32, 0)), 1
        for at in range(0, len(descriptors), 32):
            descriptor = descriptors[at : at + 32]
            if descriptor[0] == 0x0D:
                if offset != self.width:
                    raise BadFile(f"its columns take {offset} bytes of {self.width}", subject=self.path.name)
                return fields
            if len(descriptor) < 32:
                break
            name = descriptor[:11].split(b"\0")[0].decode("ascii", "replace").strip().upper()
            fields[name] = Field(name, chr(descriptor[11]), offset, descriptor[16])
            offset += descriptor[16]
        raise BadFile("the list of columns in its header is cut off", subject=self.path.name)

    def _require_whole(self, stream: IO[bytes], size: int) -> None:
        there = max(size - self._start, 0) // self.width
        if there < self.rows:
            raise BadFile(
                f"the file is cut off in row {there + 1} of the {self.rows} that its header states",
                subject=self.path.name,
            )
        stream.seek(self._start + self.rows * self.width)
        if there > self.rows and stream.read(1) in (b" ", b"*"):
            raise BadFile(
                f"its header states {self.rows} rows, but the file goes on with row {self.rows + 1}",
                next_step="Let the package repair its files (or finish writing) and sync again.",
                subject=self.path.name,
            )

    @cached_property
    def _memo(self) -> Memo | None:
        return Memo(self._memo_path, self.version) if self._memo_path else None

    def require(self, *names: str) -> None:
        """Raises BadFile when the table lacks one of these columns."""
        missing = [name for name in names if name.upper() not in self.fields]
        if missing:
            raise BadFile(f"it has no column {', '.join(missing).upper()}", subject=self.path.name)

    def batches(
        self, columns: Mapping[str, Kind], *, garbage: str | None = None, whole: bool = False, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """The standing (not deleted) records as batches of at most ``rows`` with these columns and ``row``.

        Columns are found whatever their case and named as in ``columns``; one that the table lacks is null. ``row``
        is the physical row, from 1. A record whose column ``garbage`` begins with a NUL byte is left out and counted.
        ``whole`` adds ``record``, the bytes of the record with its memo pointers blanked, to tell exact duplicates.
        Raises BadFile naming the row for an unreadable number or record.
        """
        with self.path.open("rb") as stream:
            stream.seek(self._start)
            for first in range(0, self.rows, rows):
                count = min(rows, self.rows - first)
                block = np.frombuffer(stream.read(count * self.width), np.uint8)
                if len(block) != count * self.width:
                    raise BadFile(f"the file ended while row {first + 1} and on were read", subject=self.path.name)
                records = block.reshape(count, self.width)
                keep = self._standing(records, first, garbage)
                yield self._batch(records[keep], first + 1 + np.flatnonzero(keep), columns, whole)

    def _standing(self, records: np.ndarray, first: int, garbage: str | None) -> np.ndarray:
        mark = records[:, 0]
        void = (mark == 0) & ~records.any(axis=1)
        odd = np.flatnonzero((mark != _STANDING) & (mark != _DELETED) & ~void)
        if len(odd):
            what = "is where the file says it ends" if mark[odd[0]] == _END else "does not begin as a record does"
            raise BadFile(f"row {first + odd[0] + 1} of {self.rows} {what}", subject=self.path.name)
        standing = mark == _STANDING
        field = self.fields.get(garbage.upper()) if garbage else None
        if field:
            void |= standing & (records[:, field.offset] == 0)
        self.warnings["garbage_rows"] += int(void.sum())
        return standing & ~void

    def _batch(self, records: np.ndarray, rows: np.ndarray, columns: Mapping[str, Kind], whole: bool) -> pa.RecordBatch:
        arrays = {name: self._column(records, rows, name, kind) for name, kind in columns.items()}
        arrays["row"] = pa.array(rows, pa.int64())
        if whole:
            blanked = records.copy()
            for name in columns:
                field = self.fields.get(name.upper())
                if field and field.type == "M":
                    blanked[:, field.offset : field.offset + field.length] = 0
            buffer = pa.py_buffer(blanked)
            arrays["record"] = pa.FixedSizeBinaryArray.from_buffers(pa.binary(self.width), len(records), [None, buffer])
        return pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))

    def _column(self, records: np.ndarray, rows: np.ndarray, name: str, kind: Kind) -> pa.Array:
        field = self.fields.get(name.upper())
        if field is None:
            return pa.nulls(len(records), TYPES[kind])
        cells = field.slice(records)
        if kind == "flag":
            return values.flags(cells)
        if kind == "day":
            days, unreadable = values.days(cells, binary=field.type == "T")
            self.warnings["unreadable_dates"] += unreadable
            return days
        texts = self._texts(field, cells, trim=kind != "padded")
        if kind != "money":
            return texts
        try:
            return values.money(texts)
        except ValueError as error:
            bad = values.first_unreadable(texts)
            where = f"row {rows[bad]}" if bad is not None else f"a row from {rows[0]} on"
            raise BadFile(
                f"{where}: {texts[bad].as_py()!r} in {field.name} is no amount"
                if bad is not None
                else f"{where}: an amount in {field.name} is too large",
                subject=self.path.name,
            ) from error

    def _texts(self, field: Field, cells: np.ndarray, *, trim: bool) -> pa.Array:
        if field.type == "M":
            pointers = values.memo_pointers(cells)
            if self._memo is None:
                self.warnings["memo_missing"] += int((pointers > 0).sum())
                return pa.nulls(len(cells), pa.string())
            flat, offsets = self._memo.read(pointers)
        elif field.type in values.BINARY_NUMBERS and field.length in (4, 8) and self.version in (0x30, 0x31, 0x32):
            return values.binary_numbers(cells, field.type)
        else:
            flat, offsets = cells.reshape(-1), np.arange(len(cells) + 1, dtype=np.int64) * field.length
        texts, undecodable = values.decode(flat, offsets)
        self.warnings["undecodable_bytes"] += undecodable
        if trim:
            texts = pc.utf8_trim_whitespace(texts)
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
