"""Tables in and out of Postgres by COPY, exactly: whole columns at a time, no Python per row.

In goes COPY's binary format, out comes CSV that is read with the types of an Arrow schema. The binary format is of
https://www.postgresql.org/docs/current/sql-copy.html: per row the number of fields (int16), per field its length
(int32, -1 for NULL) and its value, all big-endian. A ``numeric`` is a row of digits in base 10,000, with the place of
the first and how many decimals to show (``numeric_send`` in Postgres).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter

from foundation.errors import ReportABug

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)  # signature, no flags, no extension
_TAIL = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"  # a length of -1
_DAYS = 10_957  # from 1970, where Arrow counts from, to 2000, where Postgres does
_MICROSECONDS = _DAYS * 86_400_000_000
_ROWS = 20_000
_IN_MEMORY = 32 << 20  # bytes of CSV; more goes through a file
_BLOCK = 8 << 20  # bytes of CSV that are parsed at once; the longest row must fit


def copy_in(connection: psycopg.Connection, table: str, rows: pa.RecordBatchReader) -> int:
    """Appends ``rows`` to ``schema.table``, by column name; returns how many they were."""
    into = sql.Identifier(*table.split("."))
    # Texts last: fields of a fixed width that stand side by side are encoded as one.
    names = sorted(rows.schema.names, key=lambda name: _is_text(rows.schema.field(name).type))
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    filled = (batch for batch in rows if batch.num_rows)
    first, count = next(filled, None), 0
    if first is None:
        return 0
    with (
        connection.cursor() as cursor,
        # A thread of its own sends, so that the next rows are encoded while the server takes these.
        cursor.copy(
            sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(into, columns), writer=QueuedLibpqWriter(cursor)
        ) as copy,
    ):
        copy.write(_HEAD)
        for batch in chain([first], filled):
            copy.write(encoded(batch.select(names)))
            count += batch.num_rows
        copy.write(_TAIL)
    return count


@contextmanager
def copy_out(
    connection: psycopg.Connection, query: str, parameters: Sequence[Any], schema: pa.Schema
) -> Iterator[pa.RecordBatchReader]:
    """The answer to ``query`` (with ``%s`` for parameters), whose columns are those of ``schema`` in order."""
    text = psycopg.ClientCursor(connection).mogrify(query.encode(), parameters)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY ({text}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)".encode()) as copy:
                for block in copy:
                    spool.write(block)
            count = cursor.rowcount
        spool.seek(0)
        yield _parsed(spool, schema) if count else schema.empty_table().to_reader()


def _parsed(file: Any, schema: pa.Schema) -> pa.RecordBatchReader:
    return csv.open_csv(
        file,
        csv.ReadOptions(column_names=schema.names, block_size=_BLOCK),
        csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=schema,
            null_values=[""],  # NULL comes without quotes, an empty text with them
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def encoded(batch: pa.RecordBatch) -> memoryview:
    """The rows of a batch in COPY's binary format, without its head and tail."""
    fields = [_always(len(batch.columns).to_bytes(2, "big"), len(batch))]
    for column in batch.columns:
        fields += _fields(column)
    parts: list[Any] = []
    for fixed, run in groupby(fields, key=lambda field: isinstance(field, np.ndarray)):
        side_by_side = list(run)
        parts += [_bytes(np.hstack(side_by_side))] if fixed else side_by_side
    joined = pc.call_function("binary_join_element_wise", [*parts, pa.scalar(b"")], pc.JoinOptions())
    offsets, data = joined.buffers()[1:]
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[joined.offset] : ends[joined.offset + len(joined)]]


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _fields(column: pa.Array) -> list[np.ndarray | pa.Array]:
    """A column's fields: a matrix of bytes where all are of one width, a column of bytes where they are not."""
    if column.null_count == len(column):
        return [_always(_NULL, len(column))]
    if _is_text(column.type):
        if not column.null_count and _all_alike(column):
            text = column[0].as_py().encode()
            return [_always(len(text).to_bytes(4, "big") + text, len(column))]
        lengths = pc.fill_null(pc.cast(pc.call_function("binary_length", [column]), pa.int32()), -1)
        return [
            _big_endian(lengths, "i4"),
            pc.fill_null(pc.cast(pc.cast(column, pa.string()), pa.binary()), b""),
        ]
    values = _values(column)
    width = values.shape[1]
    length = _always(width.to_bytes(4, "big"), len(column))
    if not column.null_count:
        return [length, values]
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    fields = np.hstack((length, values))
    fields[~valid, :4] = np.frombuffer(_NULL, np.uint8)
    return [_bytes(fields, np.where(valid, 4 + width, 4))]


def _all_alike(column: pa.Array) -> bool:
    return pc.call_function("all", [pc.call_function("equal", [column, column[0]])]).as_py()


def _always(value: bytes, count: int) -> np.ndarray:
    return np.broadcast_to(np.frombuffer(value, np.uint8), (count, len(value)))


def _values(column: pa.Array) -> np.ndarray:
    """The values of a fixed width as a matrix of bytes; what stands for NULL does not matter."""
    kind = column.type
    if pa.types.is_decimal(kind) and kind.scale == 4 and kind.precision <= 20:
        return _numeric(column)
    if pa.types.is_boolean(kind):
        return _big_endian(pc.fill_null(pc.cast(column, pa.int8()), 0), "i1")
    if pa.types.is_int32(kind):
        return _big_endian(pc.fill_null(column, 0), "i4")
    if pa.types.is_int64(kind):
        return _big_endian(pc.fill_null(column, 0), "i8")
    if pa.types.is_date32(kind):
        return _big_endian(pc.fill_null(pc.cast(column, pa.int32()), 0), "i4", _DAYS)
    if pa.types.is_timestamp(kind) and kind.tz is None:
        micros = pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64())
        return _big_endian(pc.fill_null(micros, 0), "i8", _MICROSECONDS)
    raise ReportABug(f"a column of type {kind} has no place in the warehouse")


def _numeric(column: pa.Array) -> np.ndarray:
    """Decimals of 20 digits, 4 of them behind the point: five digits in base 10,000, the first of them times 10^12."""
    words = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)[column.offset : column.offset + len(column)]
    low, high = words[:, 0], words[:, 1]
    negative = high.view(np.int64) < 0
    low, high = np.where(negative, -low, low), np.where(negative, ~high + (low == 0), high)
    # 2^64 is 1,844 times 10^16 and a rest; the value is below 2^67, so that nothing overflows.
    rest = high * np.uint64(6_744_073_709_551_616) + low % np.uint64(10**16)
    first = high * np.uint64(1_844) + low // np.uint64(10**16) + rest // np.uint64(10**16)
    rest %= np.uint64(10**16)
    number = np.zeros((len(column), 9), ">i2")  # digits, weight of the first, sign, decimals to show; then the digits
    number[:, 0], number[:, 1], number[:, 2], number[:, 3] = 5, 3, np.where(negative, 0x4000, 0), 4
    number[:, 4] = first
    for place in (8, 7, 6, 5):
        rest, number[:, place] = np.divmod(rest, np.uint64(10_000))
    return number.view(np.uint8)


def _big_endian(values: pa.Array, kind: str, since: int = 0) -> np.ndarray:
    numbers = values.to_numpy(zero_copy_only=False) - since
    return numbers.astype(f">{kind}").view(np.uint8).reshape(len(values), -1)


def _bytes(matrix: np.ndarray, lengths: np.ndarray | None = None) -> pa.Array:
    """A column of bytes from the rows of a matrix, of each row the first ``lengths``."""
    count, width = matrix.shape
    if lengths is None:
        data, ends = np.ascontiguousarray(matrix), np.arange(1, count + 1) * width
    else:
        data, ends = matrix[np.arange(width) < lengths[:, None]], np.cumsum(lengths)
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    return pa.BinaryArray.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
