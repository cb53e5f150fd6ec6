"""Tables that a package, or its user, exports as CSV: the table's own column names first, then a row per line.

Separated by TAB, ``;`` or ``,``; UTF-8 or Windows-1252; quotes per RFC 4180. Read in blocks, so that memory does not
grow with the file. A row with another number of fields than the header stops the reading, with its number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from connectors.columns import BATCH_ROWS, Kind, UnreadableValue, Writing, convert
from connectors.drop_folder.headings import split
from connectors.drop_folder.text import clean
from foundation.errors import BadFile

_SEPARATORS = ("\t", ";", ",")
_BLOCK = 1 << 18  # some thirty of them are read ahead
_WRONG_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_AGAIN = "It may be cut off, or a text may hold the separator without quotes. Export the table again and sync again."


class CsvTable:
    """One file; see :class:`connectors.columns.Table`. Rows are counted as in the file, the header is row 1.

    ``headings`` stand for the header of a file that has none; ``aliases`` tell what other names in the header mean,
    both in capitals. A cleaned copy is left in ``scratch``. Raises BadFile when the file is empty, cannot be read as
    text, ends inside quotes or names a column twice.
    """

    def __init__(
        self,
        path: Path,
        writing: Writing,
        scratch: Path,
        headings: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.name = path.name
        self.warnings: Counter[str] = Counter()
        self._writing = writing
        scratch.mkdir(parents=True, exist_ok=True)
        self._path = clean(path, scratch / f"{path.name}.clean").path
        first = self.first_line()
        self._separator = max(_SEPARATORS, key=lambda sign: len(split(first, sign)))
        cells = [cell.strip().upper() for cell in split(first, self._separator)]
        self._headless = bool(headings)
        named = [name.upper() for name in headings][: len(cells)] if headings else cells
        self._names = [(aliases or {}).get(name, name) for name in named]
        if not any(cells):
            raise BadFile("the file is empty", subject=self.name)
        twice = [name for name, times in Counter(filter(None, self._names)).items() if times > 1]
        if twice:
            raise BadFile(f"its header names the column {twice[0]} twice", subject=self.name)
        if headings and len(cells) > len(headings):
            raise BadFile(f"row 1 has {len(cells)} fields, expected are {len(headings)}", subject=self.name)
        self._require_closed_quotes()

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(filter(None, self._names))

    def first_line(self) -> str:
        with self._path.open(encoding="utf-8", newline="\n") as stream:
            return stream.readline(1 << 16).rstrip("\n")

    def batches(self, columns: Mapping[str, Kind], *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """See :class:`connectors.columns.Table`."""
        places = {name: f"c{self._names.index(name.upper())}" for name in columns if name.upper() in self._names}
        done = 1 - self._headless
        for block in self._blocks(sorted(set(places.values()))):
            for at in range(0, block.num_rows, rows):
                part = block.slice(at, rows)
                yield self._batch(part, columns, places, done + 1)
                done += part.num_rows

    def _blocks(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        names = [f"c{place}" for place in range(len(self._names))]
        try:
            yield from arrow_csv.open_csv(
                self._path,
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, column_names=names, skip_rows=1 - self._headless
                ),
                parse_options=arrow_csv.ParseOptions(delimiter=self._separator, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=wanted or names[:1],
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            counts = _WRONG_WIDTH.search(str(error))
            told = (
                f"row {counts[1]} has {counts[3]} fields, the header has {counts[2]}"
                if counts
                else f"it cannot be read as CSV ({str(error).splitlines()[0]})"
            )
            raise BadFile(told, subject=self.name, next_step=_AGAIN) from error

    def _batch(
        self, block: pa.RecordBatch, columns: Mapping[str, Kind], places: Mapping[str, str], first: int
    ) -> pa.RecordBatch:
        arrays: dict[str, pa.Array] = {}
        for name, kind in columns.items():
            texts = block.column(places[name]) if name in places else pa.nulls(block.num_rows, pa.string())
            try:
                arrays[name] = convert(texts, kind, self._writing)
            except UnreadableValue as error:
                raise BadFile(f"row {first + error.index}, column {name.upper()}: {error}", subject=self.name) from None
        arrays["row"] = pa.array(np.arange(first, first + block.num_rows, dtype=np.int64))
        return pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))

    def _require_closed_quotes(self) -> None:
        with self._path.open("rb") as stream:
            quotes = sum(chunk.count(b'"') for chunk in iter(lambda: stream.read(1 << 20), b""))
        if quotes % 2:
            raise BadFile("the file ends inside a text between quotes", subject=self.name, next_step=_AGAIN)
