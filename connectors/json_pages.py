"""Pages of JSON rows to Arrow, exactly and fast.

The fast way hands the whole page to Arrow's own reader with a schema: amounts are parsed as decimals from their
text, so that no double ever stands between. A page of another shape (rows without their wrapper, numbers as text,
fields of another kind) is read the slow way, value by value, to the same result.

Amounts arrive as doubles and carry their noise (100.30000000000001). They are read with up to 38 decimals and rounded
half up to the four that books keep.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.json

from foundation.errors import ReportABug, VendorDown

pc: Any = pyarrow.compute  # its functions are made at import, out of sight of a type checker

MONEY = pa.decimal128(20, 4)
_WIRE_MONEY = pa.decimal256(76, 38)
_WIRE_INTEGER = pa.decimal128(19, 0)  # unlike int64 it takes numbers as text, too
_FOUR = Decimal("0.0001")

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Rows of one answer, in the schema asked for, and the address of the next page, if there is one."""

    rows: pa.RecordBatch
    next: str | None


@dataclass(frozen=True)
class PageShape:
    """Where a vendor puts rows and the next address: an object ``wrapper`` with fields ``rows`` and ``next``.

    ``unwrap`` finds them in a whole document of any shape that the vendor uses; it raises ValueError for others.
    """

    wrapper: str
    rows: str
    next: str
    unwrap: Callable[[Any], tuple[list[Row], str | None]]


class PageDecoder:
    """Decodes pages whose rows have ``schema`` (text, int64, bool and :data:`MONEY` fields; others are ignored).

    A field that is missing or null is null.
    """

    def __init__(self, schema: pa.Schema, shape: PageShape) -> None:
        self.schema = schema
        self._shape = shape
        row = pa.struct([pa.field(field.name, _wire_type(field.type)) for field in schema])
        wrapper = pa.struct([(shape.rows, pa.list_(row)), (shape.next, pa.string())])
        self._options = pyarrow.json.ParseOptions(
            explicit_schema=pa.schema([(shape.wrapper, wrapper)]),
            unexpected_field_behavior="ignore",
            newlines_in_values=True,
        )

    def decode(self, body: bytes) -> Page:
        """Raises ValueError when ``body`` is not such a page, ReportABug when a value cannot be what it should be."""
        try:
            return self._decode_whole(body)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, _OtherShape):
            return self._decode_by_value(body)

    def _decode_whole(self, body: bytes) -> Page:
        if not body.lstrip().startswith(b"{"):  # Arrow's reader ends the process on a bare null
            raise _OtherShape
        reading = pyarrow.json.ReadOptions(use_threads=False, block_size=len(body) + 1)
        table = pyarrow.json.read_json(io.BytesIO(body), read_options=reading, parse_options=self._options)
        if table.num_rows != 1:
            raise _OtherShape
        wrapper = table.column(self._shape.wrapper).chunk(0)
        rows = wrapper.field(self._shape.rows)
        if not rows[0].is_valid:
            raise _OtherShape
        fields = rows.flatten()
        if fields.null_count:
            raise _OtherShape
        columns = [_landed(pc.struct_field(fields, field.name), field.type) for field in self.schema]
        return Page(pa.RecordBatch.from_arrays(columns, schema=self.schema), wrapper.field(self._shape.next)[0].as_py())

    def _decode_by_value(self, body: bytes) -> Page:
        document = json.loads(body, parse_float=str, parse_int=str)
        rows, next_page = self._shape.unwrap(document)
        columns = [_column([row.get(field.name) for row in rows], field) for field in self.schema]
        return Page(pa.RecordBatch.from_arrays(columns, schema=self.schema), next_page)


class _OtherShape(Exception):
    """The page is not shaped as the fast way wants it."""


def pages(
    fetch: Callable[[str], bytes], first: str, decoder: PageDecoder, resolve: Callable[[str], str]
) -> Iterator[pa.RecordBatch]:
    """The rows of every page from ``first`` on; see :func:`whole_pages`."""
    return (page.rows for page in whole_pages(fetch, first, decoder, resolve))


def whole_pages(
    fetch: Callable[[str], bytes], first: str, decoder: PageDecoder, resolve: Callable[[str], str]
) -> Iterator[Page]:
    """Every page from ``first`` on; while one is decoded and used, the next is fetched already.

    ``resolve`` makes an address to call of the one told. A page that does not decode is fetched once more. Raises
    VendorDown when it still does not, or when the pages run in a circle.
    """
    seen: set[int] = set()
    url: str | None = first
    with ThreadPoolExecutor(1, thread_name_prefix="next-page") as ahead:
        body = fetch(first)
        while url is not None:
            if hash(url) in seen:
                raise VendorDown("the vendor's pages run in a circle")
            seen.add(hash(url))
            hint = peek_next(body, decoder)
            coming = ahead.submit(fetch, resolve(hint)) if hint else None
            try:
                page = decoder.decode(body)
            except ValueError:
                page, coming = _decode_again(fetch, url, decoder), None
            yield page
            url = resolve(page.next) if page.next else None
            if url is not None:
                body = coming.result() if coming and hint == page.next else fetch(url)


def _decode_again(fetch: Callable[[str], bytes], url: str, decoder: PageDecoder) -> Page:
    try:
        return decoder.decode(fetch(url))
    except ValueError as error:
        raise VendorDown("the vendor's answer is not readable as data") from error


def peek_next(body: bytes, decoder: PageDecoder) -> str | None:
    """The next address without decoding the page; a guess, to be compared with what decoding finds."""
    name = json.dumps(decoder._shape.next).encode()
    at = body.rfind(name)
    if at < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(body[at + len(name) :].decode(errors="replace").lstrip().lstrip(": "))
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def concatenated(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """The rows of all batches as one table; empty when there are none."""
    return pa.Table.from_batches(batches, schema=schema)


def _wire_type(kind: pa.DataType) -> pa.DataType:
    if kind == MONEY:
        return _WIRE_MONEY
    return _WIRE_INTEGER if kind == pa.int64() else kind


def _landed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if kind == MONEY:
        return pc.round(column, 4, "half_towards_infinity").cast(MONEY)
    return column.cast(kind)


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    """A column from values that may be of another kind than they should; numbers are text here."""
    try:
        if field.type == MONEY:
            return pa.array([None if _blank(v) else _money(v) for v in values], MONEY)
        if field.type == pa.int64():
            return pa.array([None if _blank(v) else int(Decimal(str(v))) for v in values], pa.int64())
        if field.type == pa.bool_():
            return pa.array([None if _blank(v) else str(v).lower() in ("true", "1") for v in values], pa.bool_())
        return pa.array([None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values], field.type)
    except (InvalidOperation, TypeError, ValueError, OverflowError) as error:
        raise ReportABug(f"the vendor's field {field.name} holds something that is no {field.type}") from error


def _blank(value: Any) -> bool:
    return value is None or value == ""


def _money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(_FOUR, rounding=ROUND_HALF_UP)
