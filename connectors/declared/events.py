"""What one sync tells of a dossier that is read whole, and how it is known that nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.contract import Cursor, Event, ExtractRequest, NextCursor
from connectors.drop_folder.resources import LINES, RESOURCES
from connectors.drop_folder.workbench import Workbench

from .reading import DossierReader

_READER = 1  # part of the cursor: a newer reader reads again


def events(
    reader: DossierReader, request: ExtractRequest, map_mark: str, report: Callable[[str, int], None]
) -> Iterator[Event]:
    """What one sync reads. There is no feed of changes: everything is read, and is unchanged when it is what it was."""
    bench = reader.bench
    reader.open(request.external_id)
    condition = reader.read(request.since)
    cursor = _cursor(bench, request, condition, map_mark)
    if cursor == request.cursor:
        yield NextCursor(cursor, unchanged=True)
        return
    for resource in RESOURCES:
        where = condition if resource is LINES else "true"
        yield from bench.batches(resource, where)
        report(resource.name, bench.row(f"SELECT count(*) FROM {resource.name}")[0])
    yield from bench.notes
    yield NextCursor(cursor)


def _cursor(bench: Workbench, request: ExtractRequest, condition: str, map_mark: str) -> Cursor:
    """Everything on which the answer depends: the rows in whatever order, the notes, what was asked, and who reads."""
    marks = {}
    for resource in RESOURCES:
        columns = ", ".join(f'"{name}"' for name in resource.schema.names if name not in ("row", "file"))
        where = condition if resource is LINES else "true"
        rows, mark = bench.row(
            f"SELECT count(*), sum(hash(t)::HUGEINT) FROM (SELECT {columns} FROM {resource.name} WHERE {where}) t"
        )
        marks[resource.name] = f"{rows}:{mark}"
    return {
        "rows": marks,
        "notes": [note.message for note in bench.notes],
        "since": request.since.isoformat() if request.since else None,
        "map": map_mark,
        "reader": _READER,
    }
