"""Reading a dossier, in the order in which it happens.

Nothing tells what changed, so that all entries are read each time; a digest of every year tells whether they are what
they were. Balances are asked again for the years from the first one that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from connectors.contract import Batch, Cursor, Event, ExtractRequest, FiscalYear, NextCursor, Note, Stated
from connectors.digests import digest
from foundation.errors import WrongInput

from . import resources as r
from .inferred import ENTRIES, GROUP_DIGITS
from .masters import REFUSALS, MasterReader
from .spool import Spool
from .wire import WebConnect

_FORM = 1


@dataclass(frozen=True)
class LedgerCursor:
    """``marks`` are the digests of the entries by year, ``masters`` that of the small tables, ``reading`` counts the
    syncs that found changes."""

    since: str | None
    reading: int
    masters: str
    marks: Mapping[str, str]

    @classmethod
    def from_json(cls, cursor: Cursor | None) -> LedgerCursor | None:
        """None for no cursor, or one of another route or another form of this code."""
        fields = dict(cursor or {})
        if fields.pop("form", None) != _FORM:
            return None
        try:
            return cls(**fields)
        except TypeError:
            return None

    def to_json(self) -> Cursor:
        return {"form": _FORM, **asdict(self)}


@dataclass
class DossierReader:
    """Reads one dossier for one request. ``report`` hears entries so far."""

    wire: WebConnect
    request: ExtractRequest
    language: str
    now: Callable[[], datetime]
    report: Callable[[str, int], None]
    scratch: Path | None = None

    def events(self) -> Iterator[Event]:
        small = MasterReader(self.wire, self.request.external_id, self.language, self.now)
        facts = small.dossier()
        years = small.years(facts)
        since = self.request.since
        if since and not any(year.end >= since for year in years):
            raise WrongInput(
                f"no financial year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        with Spool(years, self.scratch) as spool:
            counted = self._count(small)
            for rows in self.wire.odata.rows(ENTRIES, r.ENTRIES_AS_TOLD):
                spool.add(r.dated(rows))
                self.report("lines", spool.rows)
            told = {
                "Reference": self.request.external_id,
                "Name": facts.get("Name"),
                "Currency": facts.get("Currency"),
                "Since": since,
            }
            masters = {
                "directory": pa.Table.from_pylist([told], schema=r.DIRECTORY),
                "years": _as_table(years),
                "general_accounts": small.accounts(spool.accounts),
                "customers": small.customers(),
                "suppliers": small.suppliers(),
            }
            known = self._known()
            cursor = LedgerCursor(
                since.isoformat() if since else None, known.reading + 1 if known else 1, digest(masters), spool.marks
            )
            if known and (known.masters, known.marks) == (cursor.masters, cursor.marks):
                yield NextCursor(self.request.cursor, unchanged=True)
                return
            for rows in spool.batches():
                yield Batch("entries", rows)
            if counted is not None:
                yield Stated("entries", counted)
            for name, table in masters.items():
                yield Batch(name, table)
            asked = _years_to_ask(years, cursor.marks, known.marks if known else {}, since, self.now().date())
            yield Batch("get_balance", self._balances(asked, spool.accounts, cursor.reading, small))
            small.notes += _notes(spool, years)
        yield from small.notes
        yield NextCursor(cursor.to_json(), frozenset({"get_balance"}) if known else frozenset())

    def _known(self) -> LedgerCursor | None:
        """The cursor of a sync that asked for the same."""
        known = LedgerCursor.from_json(self.request.cursor)
        since = self.request.since.isoformat() if self.request.since else None
        return known if known and known.since == since else None

    def _count(self, small: MasterReader) -> int | None:
        try:
            counted = self.wire.odata.count(ENTRIES, "SysNum")
        except REFUSALS:
            counted = None
        if counted is None:
            small.notes.append(Note("no_counts", "entries are not counted: whether all were sent is not proven by it"))
        return counted

    def _balances(self, years: Sequence[FiscalYear], accounts: set[str], reading: int, small: MasterReader) -> pa.Table:
        """The package's balances of ``years``: of every account, those of long numbers together, and of every class, in
        which accounts without any entry would show."""
        prefixes = sorted({number[:length] for number in accounts for length in (1, GROUP_DIGITS)})
        rows = []
        for year in years:
            try:
                told = [(prefix, self.wire.balance(year.label, prefix)) for prefix in prefixes]
            except REFUSALS as refusal:
                text = f"{refusal.cause.rstrip('.')}: from {year.label} on there is nothing to compare with"
                small.notes.append(Note("no_balances", text))
                break
            rows += [
                {"Year": year.label, "AccountNumber": prefix, "Balance": amount, "Reading": reading}
                for prefix, amount in told
            ]
        return pa.Table.from_pylist(rows, schema=r.BALANCES)


def _years_to_ask(
    years: Sequence[FiscalYear], marks: Mapping[str, str], known: Mapping[str, str], since: date | None, today: date
) -> list[FiscalYear]:
    """The years whose balances may have moved: the first one that changed, and those behind it, to which it is carried
    over. One that has not begun has none."""
    begun = [year for year in years if year.start <= today]
    changed = [place for place, year in enumerate(begun) if marks.get(year.label) != known.get(year.label)]
    if not changed:
        return []
    return [year for year in begun[changed[0] :] if since is None or year.end >= since]


def _notes(spool: Spool, years: Sequence[FiscalYear]) -> Iterator[Note]:
    labels = {year.label for year in years}
    gone = sorted(str(origin) for origin in spool.origins if str(origin) not in labels)
    if gone:
        text = f"open items were carried over from {', '.join(gone)}, which is not there: what stood then is not known"
        yield Note("history_missing", text, len(gone))


def _as_table(years: Sequence[FiscalYear]) -> pa.Table:
    rows = [{"Year": year.label, "Begin": year.start, "End": year.end} for year in years]
    return pa.Table.from_pylist(rows, schema=r.YEARS)
