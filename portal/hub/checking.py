"""Whether what came is what was announced, and what the package's room promised: before anything is accepted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from agent.protocol import File
from connectors.contract import Resource

_BLOCK = 1 << 20
_BATCH_ROWS = 65_536


def wrong_resources(files: Sequence[File], known: Mapping[str, Resource]) -> str | None:
    """Why the announced files are not exactly the tables of the package; None when they are."""
    names = [file.resource for file in files]
    surplus = sorted({name[:60] for name in names if name not in known or names.count(name) > 1})
    missing = sorted(known.keys() - set(names))
    if surplus:
        return f"it has tables that are not expected: {', '.join(surplus[:5])}"
    return f"it lacks tables: {', '.join(missing[:5])}" if missing else None


def fault(path: Path, file: File, resource: Resource) -> str | None:
    """Why a file that came is not the one that was announced, or not one of its resource; None when all is well.

    Every page is decoded once: what is accepted can be loaded.
    """
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK):
            digest.update(block)
    if path.stat().st_size != file.size or digest.hexdigest() != file.sha256.lower():
        return f"the file of {file.resource} has another digest than was announced"
    try:
        with pq.ParquetFile(path) as parquet:
            difference = _other_columns(parquet.schema_arrow, resource.schema)
            if difference:
                return f"the file of {file.resource} {difference}"
            rows = sum(batch.num_rows for batch in parquet.iter_batches(_BATCH_ROWS))
    except (pa.ArrowException, OSError, ValueError) as error:
        return f"the file of {file.resource} is not a Parquet file that can be read ({type(error).__name__})"
    if rows != file.rows:
        return f"the file of {file.resource} holds {rows} rows, announced were {file.rows}"
    return None


def _other_columns(found: pa.Schema, expected: pa.Schema) -> str | None:
    columns, promised = _columns(found), _columns(expected)
    if columns == promised:
        return None
    wrong = [f"{name} {kind}" for name, kind in columns if (name, kind) not in promised]
    missing = [f"{name} {kind}" for name, kind in promised if (name, kind) not in columns]
    told = [f"has {', '.join(wrong[:3])}"] if wrong else []
    told += [f"lacks {', '.join(missing[:3])}"] if missing else []
    return " and ".join(told) or "has its columns in another order"


def _columns(schema: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in schema]
