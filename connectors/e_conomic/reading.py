"""Reading an agreement, in the order in which it happens.

Entries are read year by year in the order of their numbers. The first sync, and one whose cursor is of no more use,
reads them all; others read what was booked since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import pyarrow as pa

from connectors.contract import (
    Batch,
    Checkpoint,
    Cursor,
    Event,
    ExtractRequest,
    NextCursor,
    Note,
    Resumed,
    Stated,
)
from connectors.digests import digest
from foundation.errors import AskForAccess, ReportABug, WrongInput

from . import resources as r
from .places import Place, Places
from .wire import VENDOR, EconomicWire

REFUSALS = (AskForAccess, WrongInput)
"""403 and 404: a role or a module is missing, or the feature is not there at all."""

Masters = Mapping[str, pa.Table]


@dataclass
class AgreementReader:
    """Reads one agreement for one request. ``report`` hears the entries so far."""

    wire: EconomicWire
    request: ExtractRequest
    now: Callable[[], datetime]
    report: Callable[[str, int], None]
    notes: list[Note] = field(default_factory=list)

    def events(self) -> Iterator[Event]:
        agreement = agreement_of(self.wire, self.request.external_id)
        self._links = {row["year"]: row for row in self.wire.table("accounting-years", r.YEAR_LINKS).to_pylist()}
        self._all = {year.label: year for year in r.fiscal_years_of(self._landed_years())}
        since = self.request.since
        self._years = {name: year for name, year in self._all.items() if since is None or year.end >= since}
        if since and not self._years:
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        masters = {
            "agreement": agreement.append_column(r.AGREEMENT.field("since"), pa.array([since], pa.date32())),
            "accounting_years": self._landed_years(),
            "accounts": self.wire.table("accounts", r.ACCOUNTS),
            "customers": self._optional("customers", r.CUSTOMERS),
            "suppliers": self._optional("suppliers", r.SUPPLIERS),
        }
        known = Places.from_json(self.request.cursor)
        changes = None
        if known and known.holds(since, self._years, self.now()):
            changes = self._changes(masters, known)
        yield from self._full(masters) if changes is None else changes

    def _changes(self, masters: Masters, known: Places) -> Iterator[Event] | None:
        """The events of an incremental sync; None when entries are gone that stood, which only a full read tells."""
        told, places = digest(masters), deepcopy(dict(known.years))
        coming = self._entries(places, afresh=False)
        held: list[Event] = []  # what repeats, at most the overlap of each year, until something new is seen
        for event in coming:
            held.append(event)
            if any(place.last > self._known(known, name).last for name, place in places.items()):
                break
        else:
            before = {name: set(place.recent) for name, place in known.years.items()}
            if any(numbers - set(places[name].recent) for name, numbers in before.items()):
                return None
            late = any(set(place.recent) - before.get(name, set()) for name, place in places.items())
            if told == known.masters and not late:
                return iter([NextCursor(self.request.cursor, unchanged=True)])

        def changed() -> Iterator[Event]:
            yield from chain(held, coming)
            cursor = Places(known.since, known.begun_at, told, places)
            yield from self._finish(masters, cursor.to_json(), frozenset({"entries"}))

        return changed()

    def _full(self, masters: Masters) -> Iterator[Event]:
        since = self.request.since.isoformat() if self.request.since else None
        kept = Places.from_json(self.request.resume.state) if self.request.resume else None
        if kept and kept.holds(self.request.since, self._years, self.now()):
            yield Resumed()
            begun_at, places = kept.begun_at, deepcopy(dict(kept.years))
        else:
            begun_at, places = self.now().isoformat(), dict[str, Place]()
        for event in self._entries(places, afresh=True):
            yield event
            if isinstance(event, Batch):
                yield Checkpoint(Places(since, begun_at, "", places).to_json())
        cursor = Places(since, begun_at, digest(masters), places)
        yield from self._finish(masters, cursor.to_json())

    def _entries(self, places: dict[str, Place], *, afresh: bool) -> Iterator[Event]:
        """The entries of every year from its place on, which moves along. ``afresh``: those that a place tells of are
        part of this read; otherwise they are known, and only those in the overlap come again."""
        read = stated = 0
        for name, year in self._years.items():
            place = places.setdefault(name, Place.of(year))
            start, before = place.last if afresh else place.again, place.read if afresh else 0
            seen = Place(place.start, place.end, recent=[start] if start else [])
            after = {"filter": f"entryNumber$gt:{start}"} if start else {}
            entries = self.wire.collection(self._links[name]["entries"], r.ENTRIES, **after, sort="entryNumber")
            for rows in entries:
                seen.take(rows)
                place.take(rows)
                read += rows.num_rows
                self.report("entries", read)
                if rows.num_rows:
                    yield Batch("entries", r.of_year(rows, name))
            seen.require(entries.results)
            if not afresh:
                place.recent = [number for number in seen.recent if number > place.again]
            stated += before + entries.results
        yield Stated("entries", stated)

    def _finish(self, masters: Masters, cursor: Cursor, incremental: frozenset[str] = frozenset()) -> Iterator[Event]:
        """The small tables, those that move only when others do, notes, and the cursor."""
        for name, table in masters.items():
            yield Batch(name, table)
        for name in self._years:
            periods = self.wire.table(self._links[name]["periods"], r.PERIODS)
            yield Batch("periods", r.of_year(periods, name))
        for name in (*self._history(), *self._years):
            yield Batch("totals", r.of_year(self._totals(name), name))
        yield from self.notes
        yield NextCursor(cursor, incremental)

    def _history(self) -> list[str]:
        """The years before the first wanted one whose totals tell what it opens with: back to the last one that has
        opening entries of its own, which a year has once the one before is closed."""
        earlier = [year for year in self._all.values() if year.label not in self._years]
        needed: list[str] = []
        while earlier and not earlier[-1].closed:
            needed.append(earlier.pop().label)
        return needed[::-1]

    def _totals(self, year: str) -> pa.Table:
        if any(note.code == "no_totals" for note in self.notes):
            return r.TOTALS.empty_table()
        return self._optional("totals", r.TOTALS, self._links[year]["totals"])

    def _optional(self, name: str, schema: pa.Schema, place: str = "") -> pa.Table:
        """A table that is empty, with a note, where it is refused."""
        try:
            return self.wire.table(place or name, schema)
        except REFUSALS as refusal:
            self.notes.append(Note(f"no_{name}", f"{refusal.cause.rstrip('.')}: the sync goes on without"))
            return schema.empty_table()

    def _landed_years(self) -> pa.Table:
        return pa.Table.from_pylist(list(self._links.values()), schema=r.YEARS)

    @staticmethod
    def _known(known: Places, year: str) -> Place:
        return known.years.get(year, Place("", ""))


def agreement_of(wire: EconomicWire, external_id: str = "") -> pa.Table:
    """What the tokens lead to. Raises WrongInput when that is another agreement than ``external_id``."""
    found = wire.document("self", r.SELF)
    number = found.column("agreementNumber")[0].as_py()
    if number is None:
        raise ReportABug(f"{VENDOR} does not tell the number of the agreement")
    if external_id and str(number) != external_id:
        raise WrongInput(
            f"the tokens lead to agreement {number} of {VENDOR}, not to {external_id}",
            next_step="Each agreement has a connection of its own: connect the other one with its own grant token.",
        )
    return found
