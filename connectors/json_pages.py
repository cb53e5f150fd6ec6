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
_BARE = "rows"


@dataclass(frozen=True)
class Page:
    """Rows of one answer, in the schema asked for, and the address of the next page, if there is one."""

    rows: pa.RecordBatch
    next: str | None


@dataclass(frozen=True)
class PageShape:
    """Where a vendor puts rows and the next address, as paths of field names: ``d/results`` and ``d/__next``.

    ``rows`` "" means that the document is the list of rows itself; ``next`` "" that no next page is told. ``unwrap``
    finds both in a whole document of any other shape that the vendor uses; it raises ValueError for those that it does
    not.
    """

    rows: str
    next: str = ""
    unwrap: Callable[[Any], tuple[list[Row], str | None]] | None = None

    def found_in(self, document: Any) -> tuple[list[Row], str | None]:
        """Rows and next address of a decoded document. Raises ValueError when there are none."""
        if self.unwrap:
            return self.unwrap(document)
        rows = _at(document, self.rows)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("no rows in the answer")
        following = _at(document, self.next) if self.next else None
        return rows, following if isinstance(following, str) and following else None


def _at(document: Any, path: str) -> Any:
    for name in filter(None, path.split("/")):
        document = document.get(name) if isinstance(document, dict) else None
    return document


class PageDecoder:
    """Decodes pages whose rows have ``schema``: text, int64, bool and :data:`MONEY`, and lists or structs of these.

    A field that is missing or null is null; fields that are not in the schema are ignored.
    """

    def __init__(self, schema: pa.Schema, shape: PageShape) -> None:
        self.schema = schema
        self.shape = shape
        row = pa.struct([pa.field(field.name, _wire_type(field.type)) for field in schema])
        self._rows = (shape.rows or _BARE).split("/")
        self._next = [*filter(None, shape.next.split("/"))]
        self._options = pyarrow.json.ParseOptions(
            explicit_schema=_document_schema(self._rows, self._next, pa.list_(row)),
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
        if not self.shape.rows:
            body = b'{"%s":%s}' % (_BARE.encode(), body)
        elif not body.lstrip().startswith(b"{"):  # Arrow's reader ends the process on a bare null
            raise _OtherShape
        reading = pyarrow.json.ReadOptions(use_threads=False, block_size=len(body) + 1)
        table = pyarrow.json.read_json(io.BytesIO(body), read_options=reading, parse_options=self._options)
        if table.num_rows != 1:
            raise _OtherShape
        rows = _field(table, self._rows)
        if not rows[0].is_valid:
            raise _OtherShape
        fields = rows.flatten()
        if fields.null_count:
            raise _OtherShape
        columns = [_landed(pc.struct_field(fields, field.name), field.type) for field in self.schema]
        following = _field(table, self._next)[0].as_py() if self._next else None
        return Page(pa.RecordBatch.from_arrays(columns, schema=self.schema), following or None)

    def _decode_by_value(self, body: bytes) -> Page:
        document = json.loads(body, parse_float=str, parse_int=str)
        rows, next_page = self.shape.found_in(document)
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


def numbered_pages(
    fetch: Callable[[str], bytes], address: Callable[[int], str], decoder: PageDecoder, full: int, first: int = 1
) -> Iterator[pa.RecordBatch]:
    """The rows of pages that are asked for by number: ``address(n)`` from ``first`` on, until one has fewer than
    ``full`` rows. While one is used, the next is fetched already. Raises VendorDown like :func:`whole_pages`."""
    with ThreadPoolExecutor(1, thread_name_prefix="next-page") as ahead:
        number = first
        body = fetch(address(number))
        while True:
            try:
                rows = decoder.decode(body).rows
            except ValueError:
                rows = _decode_again(fetch, address(number), decoder).rows
            coming = ahead.submit(fetch, address(number + 1)) if rows.num_rows >= full else None
            yield rows
            if coming is None:
                return
            number, body = number + 1, coming.result()


def following_pages(
    fetch: Callable[[str], bytes],
    address: Callable[[int], str],
    decoder: PageDecoder,
    last: Callable[[pa.RecordBatch], int],
    after: int = 0,
) -> Iterator[pa.RecordBatch]:
    """The rows of pages that are asked for by what the page before ended with: ``address(n)`` is that of the rows
    behind ``n``, ``last(rows)`` where a page ends. Only an empty page is the end, however short the one before. While a
    page is used, the next is fetched already. Raises VendorDown like :func:`whole_pages`."""
    with ThreadPoolExecutor(1, thread_name_prefix="next-page") as ahead:
        body = fetch(address(after))
        while True:
            try:
                rows = decoder.decode(body).rows
            except ValueError:
                rows = _decode_again(fetch, address(after), decoder).rows
            if not rows.num_rows:
                return
            reached = last(rows)
            if reached <= after:
                raise VendorDown("the vendor's pages run in a circle")
            coming = ahead.submit(fetch, address(reached))
            yield rows
            after, body = reached, coming.result()


def _decode_again(fetch: Callable[[str], bytes], url: str, decoder: PageDecoder) -> Page:
    try:
        return decoder.decode(fetch(url))
    except ValueError as error:
        raise VendorDown("the vendor's answer is not readable as data") from error


def peek_next(body: bytes, decoder: PageDecoder) -> str | None:
    """The next address without decoding the page; a guess, to be compared with what decoding finds."""
    found = peek_value(body, decoder.shape.next.rpartition("/")[2]) if decoder.shape.next else None
    return found if isinstance(found, str) else None


def peek_value(body: bytes, name: str) -> Any:
    """The value of the last field of that name, without decoding the page: for what vendors tell behind the rows. None
    where there is no such field, or nothing that can be read."""
    quoted = json.dumps(name).encode()
    at = body.rfind(quoted)
    if at < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(
            body[at + len(quoted) :].decode(errors="replace").lstrip().lstrip(": ")
        )
    except ValueError:
        return None
    return found


def concatenated(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """The rows of all batches as one table; empty when there are none."""
    return pa.Table.from_batches(batches, schema=schema)


def _document_schema(rows: Sequence[str], following: Sequence[str], kind: pa.DataType) -> pa.Schema:
    """The schema of a document with ``kind`` at one path and text at the other."""
    tree: dict[str, Any] = {}
    for path, leaf in ((rows, kind), (following, pa.string())):
        branch = tree
        for name in path[:-1]:
            branch = branch.setdefault(name, {})
        if path:
            branch[path[-1]] = leaf

    def fields(branch: dict[str, Any]) -> list[pa.Field]:
        return [
            pa.field(name, pa.struct(fields(leaf)) if isinstance(leaf, dict) else leaf) for name, leaf in branch.items()
        ]

    return pa.schema(fields(tree))


def _field(table: pa.Table, path: Sequence[str]) -> pa.Array:
    found = table.column(path[0]).chunk(0)
    for name in path[1:]:
        found = pc.struct_field(found, name)
    return found


def _wire_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(inner.name, _wire_type(inner.type)) for inner in kind])
    if pa.types.is_list(kind):
        return pa.list_(_wire_type(kind.value_type))
    if kind == MONEY:
        return _WIRE_MONEY
    return _WIRE_INTEGER if kind == pa.int64() else kind


def _landed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_struct(kind):
        inner = [_landed(column.field(field.name), field.type) for field in kind]
        return pa.StructArray.from_arrays(inner, fields=list(kind), mask=column.is_null())
    if pa.types.is_list(kind):
        values = _landed(column.flatten(), kind.value_type)
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        ends = pc.cumulative_sum(lengths)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
        return pa.ListArray.from_arrays(offsets, values, type=kind, mask=column.is_null())
    if kind == MONEY:
        return pc.round(column, 4, "half_towards_infinity").cast(MONEY)
    return column.cast(kind)


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    """A column from values that may be of another kind than they should; numbers are text here."""
    try:
        return pa.array([_value(value, field.type) for value in values], field.type)
    except (InvalidOperation, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ReportABug(f"the vendor's field {field.name} holds something that is no {field.type}") from error


def _value(value: Any, kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return None if value is None else {inner.name: _value(value.get(inner.name), inner.type) for inner in kind}
    if pa.types.is_list(kind):
        return None if value is None else [_value(each, kind.value_type) for each in value]
    if kind == MONEY:
        return None if _blank(value) else _money(value)
    if kind == pa.int64():
        return None if _blank(value) else int(Decimal(str(value)))
    if kind == pa.bool_():
        return None if _blank(value) else str(value).lower() in ("true", "1")
    return None if value is None else value if isinstance(value, str) else json.dumps(value)


def _blank(value: Any) -> bool:
    return value is None or value == ""


def _money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(_FOUR, rounding=ROUND_HALF_UP)
