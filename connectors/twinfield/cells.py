"""The cells of a browse as columns, without an object for each: an answer of 100,000 rows has three million cells.

The rows of an answer look alike: the same cells in the same order, only the text differs. So the tags are learnt from
one row, every other row is compared with them, all at once, and what stands between them are the values. Rows that
look otherwise are left to the reader of XML (:func:`.wire.rows`), to the same result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from connectors.json_pages import pc

PART_BYTES = 8 << 20
LINE = "key/line"
_ROW_END, _END = b"</tr>", b"</browse>"
_TAG = re.compile(r'(\w+)(?: \w+="[^"<>&]*")*>')
_FIELD = re.compile(r' field="([^"]*)"')
_EMPTY = re.compile(rb"<((\w+)[^<>]*?)\s*/>")
_ODD_REFERENCE = re.compile(rb"&(?!(?:lt|gt|amp|quot|apos);)")
# Not allowed in XML, or read as something else (a carriage return).
_CONTROLS = bytes(sign for sign in range(32) if sign not in b"\t\n")
_NAMED = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


@dataclass(frozen=True)
class Part:
    """Some rows of an answer: ``end`` is where they end in it, ``texts`` are columns by browse field, and by
    :data:`LINE`, the number of the line. An empty text is null."""

    end: int
    rows: int
    texts: Mapping[str, pa.Array]


def parts(document: bytes, start: int, size: int = PART_BYTES) -> Iterator[Part]:
    """The rows from ``start`` on, as far as they look alike: what stands behind the last part is not read."""
    last = len(document) - len(_END)
    while start < last:
        end = document.find(_ROW_END, min(start + size, last - len(_ROW_END)), last) + len(_ROW_END)
        part = _part(document[start:end], end) if end > start else None
        if part is None:
            return
        yield part
        start = end


def _part(rows: bytes, end: int) -> Part | None:
    """None for rows that are not all alike, or may be no XML."""
    if len(rows.translate(None, _CONTROLS)) < len(rows) or _ODD_REFERENCE.search(rows):
        return None
    if b"/>" in rows:
        rows = _EMPTY.sub(rb"<\1></\2>", rows)
    try:
        rows.decode()
    except UnicodeDecodeError:
        return None
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, len(rows)], np.int32)), pa.py_buffer(rows))
    tokens = pc.split_pattern(whole, "<").flatten()
    width = rows.count(b"<", 0, rows.index(_ROW_END)) + 1
    count, more = divmod(len(tokens) - 1, width)
    if more or tokens[0].as_py():
        return None
    first = np.arange(1, len(tokens), width)
    path: list[str] = []
    found: dict[str, pa.Array] = {}
    for place in range(width):
        column = tokens.take(pa.array(first + place))
        sample = column[0].as_py()
        if sample.startswith("/"):
            if sample != f"/{path.pop() if path else None}>" or not pc.all(pc.equal(column, sample)).as_py():
                return None
            continue
        tag = _TAG.match(sample)
        if tag is None or not pc.all(pc.starts_with(column, tag[0])).as_py():
            return None
        path.append(tag[1])
        field = _FIELD.search(tag[0])
        if field and len(path) == 2:
            found[field[1]] = _text(column, tag[0], escaped=b"&" in rows)
        elif path == ["tr", "key", "line"]:
            found.setdefault(LINE, _text(column, tag[0], escaped=b"&" in rows))
    return Part(end, count, found)


def _text(tokens: pa.Array, tag: str, *, escaped: bool) -> pa.Array:
    """What stands behind the tag, empty texts as nulls."""
    texts = pc.replace_substring(tokens, tag, "", max_replacements=1)
    if escaped:
        for told, sign in _NAMED:
            texts = pc.replace_substring(texts, told, sign)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
