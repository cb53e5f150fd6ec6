"""Reading from Postgres with the placeholders that DuckDB takes, in a transaction that cannot write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg
import pyarrow as pa

from warehouse.contract import Parameters, Rows

_BATCH = 20_000
_QUOTED = r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$"""
_TOKENS = re.compile(rf"(?P<quoted>{_QUOTED}) | (?P<place>\?) | \$(?P<name>[a-z_]\w*) | (?P<percent>%)", re.X | re.S)
_TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    21: pa.int32(),
    23: pa.int32(),
    20: pa.int64(),
    700: pa.float64(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", tz="UTC"),
}
_NUMERIC = 1700


class PostgresReader:
    """A :class:`warehouse.contract.Reader` on an open connection, which stays its opener's to close."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._names = (f"answer_{n}" for n in count(1))
        self._open: list[psycopg.ServerCursor] = []

    def __enter__(self) -> PostgresReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def execute(self, query: str, parameters: Parameters = None, /) -> Rows:
        """Runs one question; the whole answer is fetched. Several statements in one text are refused."""
        cursor = self._connection.cursor()
        cursor.execute(self._bound(query, parameters), prepare=True)
        return cursor

    def arrow(self, query: str, parameters: Parameters = None) -> pa.RecordBatchReader:
        """The answer in record batches, fetched as they are read."""
        cursor = self._connection.cursor(name=next(self._names))
        self._open.append(cursor)
        cursor.execute(self._bound(query.strip().rstrip(";"), parameters))
        first = cursor.fetchmany(_BATCH)
        columns = cursor.description or ()
        schema = pa.schema([(c.name, _type(c, [row[n] for row in first])) for n, c in enumerate(columns)])

        def batches() -> Iterator[pa.RecordBatch]:
            rows = first
            while rows:
                yield _batch(rows, schema)
                rows = cursor.fetchmany(_BATCH)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def close(self) -> None:
        """Lets go of answers that were not read to their end."""
        while self._open:
            self._open.pop().close()

    def _bound(self, query: str, parameters: Parameters) -> bytes:
        """The question with its values in place, quoted by the driver."""
        if parameters is None:
            return query.encode()
        text = translated(query, parameters).encode()
        return psycopg.ClientCursor(self._connection).mogrify(text, parameters).encode()


def translated(query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> str:
    """``?`` and ``$name`` as the driver writes them, outside of quotes and comments."""
    named = isinstance(parameters, Mapping)

    def replacement(found: re.Match[str]) -> str:
        if found["quoted"] is not None:
            return found[0].replace("%", "%%")
        if found["percent"]:
            return "%%"
        if found["name"]:
            return f"%({found['name']})s" if named else found[0]
        return found[0] if named else "%s"

    return _TOKENS.sub(replacement, query)


def _type(column: Any, values: Sequence[Any]) -> pa.DataType:
    """The Arrow type of a column; decimals without a stated scale get that of the longest among ``values``."""
    if column.type_code == _NUMERIC:
        if column.precision is not None and column.precision <= 38:
            return pa.decimal128(column.precision, max(column.scale or 0, 0))
        exponents = [v.as_tuple().exponent for v in values if isinstance(v, Decimal) and v.is_finite()]
        return pa.decimal128(38, min(max([4, *(-e for e in exponents if isinstance(e, int))]), 18))
    return _TYPES.get(column.type_code, pa.string())


def _batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if schema.names else ()
    arrays = [_array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([None if v is None else str(v) for v in values], kind)
    if pa.types.is_decimal(kind):
        step = Decimal(1).scaleb(-kind.scale)
        return pa.array([v if v is None or _fits(v, kind.scale) else v.quantize(step) for v in values], kind)
    return pa.array(values, kind)


def _fits(value: Decimal, scale: int) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -exponent <= scale
