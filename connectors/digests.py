"""Fingerprints of small tables: whether what is read whole each time is what was read before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pyarrow as pa


def digest(tables: Mapping[str, pa.Table]) -> str:
    """A short text that differs when a row of the tables does, whatever their order. Nested columns count, but do not
    tell the order of rows that are alike in all others."""
    found = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        order = [(field.name, "ascending") for field in table.schema if not pa.types.is_nested(field.type)]
        ordered = table.sort_by(order).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, ordered.schema) as writer:
            writer.write_table(ordered)
        found.update(sink.getvalue())
    return found.hexdigest()[:32]


def digest_of_text(text: str) -> str:
    """A short text that differs when ``text`` does."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
