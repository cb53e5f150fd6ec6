"""The small tables of an office: what it is, its periods, accounts, customers and suppliers, daybooks.

They are read whole on every sync, an unchanged one too. What the user may not read is gone without, with a note.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
from lxml import etree

from connectors.contract import Note
from foundation.errors import AskForAccess, ReportABug

from . import frames
from . import resources as r
from .inferred import SEARCH_COST
from .wire import TwinfieldWire
from .years import read_periods

Masters = Mapping[str, pa.Table]
_ROWS_OF_A_SEARCH = 1000


@dataclass
class MasterReader:
    """Reads the small tables; ``notes`` collects what was refused."""

    wire: TwinfieldWire
    notes: list[Note] = field(default_factory=list)

    def read(self, since: date | None) -> Masters:
        """The tables; ``since`` is kept with the office. Raises AskForAccess where the office itself is refused."""
        office = self._office(since)
        return {
            "office": office,
            "periods": read_periods(self.wire),
            "accounts": self._dimensions(("BAS", "PNL"), r.ACCOUNTS),
            "cards": self._optional("cards", r.CARDS, lambda: self._dimensions(("DEB", "CRD"), r.CARDS)),
            "journals": self._optional("journals", r.JOURNALS, self._journals),
        }

    def _office(self, since: date | None) -> pa.Table:
        document = self.wire.document(frames.read_office(self.wire.office))
        row = {name: document.findtext(f".//{name}") or None for name in r.OFFICE.names}
        row |= {"code": document.findtext("code"), "name": document.findtext("name"), "since": None}
        table = pa.Table.from_pylist([row], schema=r.OFFICE)
        return table.set_column(table.num_columns - 1, r.OFFICE.field("since"), pa.array([since], pa.date32()))

    def _dimensions(self, kinds: tuple[str, ...], schema: pa.Schema) -> pa.Table:
        found = []
        for kind in kinds:
            document = self.wire.document(frames.read_dimensions(self.wire.office, kind))
            found += [_row(element, schema) for element in document.iter("dimension")]
        return pa.Table.from_pylist(found, schema=schema)

    def _journals(self) -> pa.Table:
        """Daybooks by the finder, page by page."""
        found: list[dict[str, str | None]] = []
        while True:
            question = frames.search("daybooks", "TRS", len(found) + 1, _ROWS_OF_A_SEARCH, SEARCH_COST)
            answer = self.wire.service(question)
            page = list(_items(answer))
            found += page
            told = next((element.text for element in answer.iter("{*}TotalRows")), None)
            if not page or len(found) >= int(told or 0):
                return pa.Table.from_pylist(found, schema=r.JOURNALS)

    def _optional(self, name: str, schema: pa.Schema, read: object) -> pa.Table:
        try:
            return read()  # type: ignore[operator]
        except (AskForAccess, ReportABug) as refusal:
            self.notes.append(Note(f"no_{name}", f"{refusal.cause.rstrip('.')}: the sync goes on without"))
            return schema.empty_table()


def digest(masters: Masters) -> str:
    """A short text that differs when a row of the tables does."""
    found = hashlib.sha256()
    for name in sorted(masters):
        table = masters[name].combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        found.update(sink.getvalue())
    return found.hexdigest()[:32]


def _row(element: etree._Element, schema: pa.Schema) -> dict[str, str | None]:
    """A dimension's fields, wherever they stand in it; its own code and name come first."""
    row = {name: element.findtext(name) or element.findtext(f".//{name}") or None for name in schema.names}
    return row | {"status": element.get("status")}


def _items(answer: etree._Element) -> Iterator[dict[str, str | None]]:
    for item in answer.iter("{*}ArrayOfString"):
        code, name = [child.text for child in item][:2]
        yield {"code": code, "name": name}
