"""Clients as they come to the rows that are landed: each field under our name, as the package writes it.

What no field was taken from goes untouched into ``extra``, as JSON with every digit as it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from connectors.contract import Resource
from foundation.errors import ReportABug

from .interface import FIELDS

SCHEMA = pa.schema([(name, pa.string()) for name in (*FIELDS, "extra")])
CLIENTS = Resource("clients", SCHEMA, key=("external_id",))

Record = Mapping[str, msgspec.Raw]
_MISSING = msgspec.Raw(b"null")


def landed(records: Iterable[Record], fields: Mapping[str, Sequence[str]]) -> pa.Table:
    """The records as rows of :data:`SCHEMA`; one that comes twice (a page moved while it was read) comes once, as it
    came last. Raises ReportABug for a record without an id."""
    rows: dict[str, dict[str, str | None]] = {}
    for record in records:
        row: dict[str, str | None] = dict.fromkeys(FIELDS)
        used: set[str] = set()
        for field, names in fields.items():
            for name in names:
                if (text := _text(_at(record, name))) is not None:
                    row[field] = text
                    used.add(name.partition(".")[0])
                    break
        key = row["external_id"]
        if not key:
            raise ReportABug(
                f"a client came without {' or '.join(fields['external_id'])}",
                next_step="Give a map of the interface that names its id: see the package's page in docs/packages.",
            )
        rest = {name: value for name, value in record.items() if name not in used and bytes(value) != b"null"}
        row["extra"] = msgspec.json.encode(rest).decode() if rest else None
        rows[key] = row
    return pa.Table.from_pylist(list(rows.values()), schema=SCHEMA)


def _at(record: Record, name: str) -> msgspec.Raw:
    """The value that ``name`` leads to; ``null`` where there is none."""
    first, _, rest = name.partition(".")
    found = record.get(first, _MISSING)
    for step in filter(None, rest.split(".")):
        found = _step(found, step)
    return found


def _step(value: msgspec.Raw, step: str) -> msgspec.Raw:
    try:
        if bytes(value).lstrip().startswith(b"["):
            items = msgspec.json.decode(value, type=list[msgspec.Raw])
            key, equals, wanted = step.partition("=")
            if equals:
                return next((item for item in items if _text(_step(item, key)) == wanted), _MISSING)
            return items[int(step)] if step.isdecimal() and int(step) < len(items) else _MISSING
        return msgspec.json.decode(value, type=dict[str, msgspec.Raw]).get(step, _MISSING)
    except msgspec.ValidationError:  # something else than an object stands there
        return _MISSING


def _text(value: msgspec.Raw) -> str | None:
    """A value as text: a text without the space around it, everything else as it was sent; None for nothing."""
    raw = bytes(value).strip()
    if raw in (b"null", b"[]", b"{}"):
        return None
    if raw.startswith(b'"'):
        return str(msgspec.json.decode(raw)).strip() or None
    return raw.decode()


def members(body: bytes) -> dict[str, Any]:
    """The members of a JSON object, undecoded. Raises msgspec.DecodeError for anything else."""
    return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
