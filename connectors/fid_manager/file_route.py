"""The file route: ``clients.csv`` in the connection's folder, one row per client, replaced by each export.

Columns may stand in any order, separated by semicolons, commas or tabs; those that are not known are kept in ``extra``.
"""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from connectors.client_lists.records import SCHEMA
from connectors.contract import Access
from connectors.drop_folder.text import clean
from connectors.files import list_dossier_folders, snapshot
from foundation.errors import BadFile, Busy

from .inferred import FILE_NAME, HEADINGS

_SEPARATORS = ";,\t"
_NEEDED = ("code", "name")


class FileRoute:
    """Reads the list from a file; ``calls`` counts copies."""

    mark = "file 1"  # to be raised when the file is read otherwise

    def __init__(self, access: Access) -> None:
        self._root = Path(access.setting("root"))
        self._scratch = access.scratch
        self._sleep = access.sleep or time.sleep
        self.calls = 0

    def probe(self) -> None:
        """The file is there, and readable as a list of clients."""
        self.table()

    def table(self) -> pa.Table:
        """The clients of the file. Raises Busy while it is missing or written to, BadFile for one that cannot be
        right, naming the line."""
        list_dossier_folders(self._root)  # says what is wrong with the folder
        source = self._root / FILE_NAME
        if not source.exists():
            raise Busy(
                f"there is no {FILE_NAME} in {self._root}",
                next_step="Export the client list to that folder under this name (see docs/packages/fid-manager.md).",
            )
        with TemporaryDirectory(prefix="clients-", dir=self._scratch) as folder:
            copy = snapshot(source, Path(folder), sleep=self._sleep)
            self.calls += 1
            text = clean(copy, copy.with_suffix(".clean")).path
            with text.open(encoding="utf-8", newline="") as lines:
                return parsed(lines.read())

    def close(self) -> None:
        """Nothing is kept open."""


def parsed(text: str) -> pa.Table:
    """The clients of a file's text, landed."""
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[dict[str, str | None]] = []
    try:
        headings = [cell.strip().lower() for cell in next(reader, [])]
        _require(headings)
        seen: dict[str, int] = {}
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(_row(headings, cells, reader.line_num, seen))
    except csv.Error as error:
        raise BadFile(f"line {reader.line_num} is not readable ({error})", subject=FILE_NAME) from None
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _require(headings: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in headings]
    twice = sorted({name for name in headings if name and headings.count(name) > 1})
    if missing or twice:
        fault = f"has no column {' and '.join(missing)}" if missing else f"has two columns {twice[0]!r}"
        raise BadFile(f"the first line {fault}", subject=FILE_NAME)


def _row(headings: list[str], cells: list[str], line: int, seen: dict[str, int]) -> dict[str, str | None]:
    if len(cells) != len(headings):
        raise BadFile(f"line {line} has {len(cells)} columns where {len(headings)} are promised", subject=FILE_NAME)
    told = {name: cell.strip() for name, cell in zip(headings, cells, strict=True) if name and cell.strip()}
    code = told.get("code")
    if not code:
        raise BadFile(f"line {line} has no code", subject=FILE_NAME)
    if code in seen:
        raise BadFile(f"client {code} stands on line {seen[code]} and on line {line}", subject=FILE_NAME)
    seen[code] = line
    rest = {name: value for name, value in told.items() if name not in HEADINGS}
    row: dict[str, str | None] = {HEADINGS[name]: value for name, value in told.items() if name in HEADINGS}
    return row | {"external_id": code, "extra": json.dumps(rest, ensure_ascii=False) if rest else None}
