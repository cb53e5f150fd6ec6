"""Reading a company, in the order in which it happens.

Entries come from the standard interface. What it does not tell of them (journal, counterparty, currency, VAT) comes
from the web service over the ledger entries, where the administrator published one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

import pyarrow as pa

from connectors.contract import Batch, Cursor, Event, ExtractRequest, FiscalYear, NextCursor, Note, Stated
from connectors.digests import digest
from foundation.errors import ReportABug, WrongInput

from . import resources as r
from .entries import LedgerCursor, Seen, overlapping
from .inferred import closing_dates
from .masters import REFUSALS, MasterReader, Masters
from .wire import Routes

ENTRIES = "generalLedgerEntries"
_CHANGES_ONLY = frozenset({ENTRIES, "details"})


@dataclass
class CompanyReader:
    """Reads one company for one request. ``service`` is the published web service, if any."""

    routes: Routes
    request: ExtractRequest
    service: str
    now: Callable[[], datetime]
    report: Callable[[str, int], None]

    def __post_init__(self) -> None:
        company = self.request.external_id
        self._small = MasterReader(self.routes, company, self.now)
        self._standard = self.routes.company(company)
        self._services = self.routes.services(company)

    def events(self) -> Iterator[Event]:
        masters = self._small.read(self.request.since)
        years = r.fiscal_years_of(masters["accountingPeriods"])
        if self.request.since and not any(year.end >= self.request.since for year in years):
            raise WrongInput(
                f"no fiscal year ends at or after {self.request.since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        if self.request.totals_only:
            yield from self._finish(masters, years, None)
            return
        fields = self._detail_fields()
        known = LedgerCursor.from_json(self.request.cursor)
        if known and known.holds(",".join(fields.names), self.now()):
            changes = self._changes(masters, years, fields, known)
            if changes is not None:
                yield from changes
                return
        yield from self._full(masters, years, fields)

    def _full(self, masters: Masters, years: Sequence[FiscalYear], fields: pa.Schema) -> Iterator[Event]:
        started, stated, seen = self.now(), self._count(), Seen(self.report)
        for batch in seen.added(self._entries()):
            yield Batch(ENTRIES, batch)
        if stated is not None:
            yield Stated(ENTRIES, stated)
        yield from self._details(fields, 0)
        cursor = LedgerCursor(
            newest=seen.newest,
            entries=seen.rows,
            modified=seen.modified,
            recent=seen.recent,
            masters=digest(masters),
            details=",".join(fields.names),
            full_read_at=started.isoformat(),
        )
        yield from self._finish(masters, years, cursor.to_json())

    def _changes(
        self, masters: Masters, years: Sequence[FiscalYear], fields: pa.Schema, known: LedgerCursor
    ) -> Iterator[Event] | None:
        """The events of an incremental sync; None when entries are gone that were there, as after a compression or
        a copy that was put back."""
        if self._count(f"entryNumber le {known.newest}") not in (known.entries, None):
            return None
        seen = Seen(self.report, known.newest, known.modified)
        held: list[pa.RecordBatch] = []  # what repeats, at most the overlap, until something new is seen
        coming = chain(seen.added(self._entries(f"entryNumber gt {known.newest}")), self._modified(seen, known))
        for batch in coming:
            held.append(batch)
            if (seen.newest, seen.modified) != (known.newest, known.modified):
                break
        same = (seen.newest, seen.modified, digest(masters)) == (known.newest, known.modified, known.masters)
        if same and seen.recent == known.recent:
            return iter([NextCursor(self.request.cursor, unchanged=True)])

        def changed() -> Iterator[Event]:
            added = 0
            for batch in chain(held, coming):
                added += sum(number > known.newest for number in batch.column("entryNumber").to_pylist())
                yield Batch(ENTRIES, batch)
            yield from self._details(fields, known.newest)
            cursor = replace(
                known,
                newest=seen.newest,
                entries=known.entries + added,
                modified=seen.modified,
                recent=seen.recent,
                masters=digest(masters),
            )
            yield from self._finish(masters, years, cursor.to_json(), _CHANGES_ONLY)

        return changed()

    def _modified(self, seen: Seen, known: LedgerCursor) -> Iterator[pa.RecordBatch]:
        """Entries that were there and were modified since, or shortly before."""
        since = overlapping(known.modified)
        if since:
            yield from seen.changed(
                self._entries(f"lastModifiedDateTime ge {since}Z and entryNumber le {known.newest}")
            )

    def _finish(
        self,
        masters: Masters,
        years: Sequence[FiscalYear],
        cursor: Cursor | None,
        incremental: frozenset[str] = frozenset(),
    ) -> Iterator[Event]:
        """The small tables with the vendor's own balances, notes, and the cursor."""
        rows = [{"label": y.label, "start_date": y.start, "end_date": y.end, "closed": y.closed} for y in years]
        small = {
            **masters,
            "years": pa.Table.from_pylist(rows, schema=r.YEARS),
            "closing": self._closing(years),
            "trialBalances": self._small.trial_balances(list(years)),
        }
        for name, table in small.items():
            yield Batch(name, table)
        yield from self._small.notes
        yield NextCursor(cursor, incremental)

    def _entries(self, where: str = "") -> Iterator[pa.RecordBatch]:
        return self._standard.rows(ENTRIES, r.ENTRIES, where=where, order="entryNumber")

    def _count(self, where: str = "") -> int | None:
        return self._standard.count(ENTRIES, "entryNumber", where=where)

    def _closing(self, years: Sequence[FiscalYear]) -> pa.Table:
        """The numbers of the entries on closing dates of years that are over."""
        ends = [year.end for year in years if year.end <= self.now().date()]
        if not ends or self.request.totals_only:
            return r.CLOSING.empty_table()
        try:
            return self._standard.table(ENTRIES, r.CLOSING, where=closing_dates(ends))
        except ReportABug as refusal:
            self._note("no_closing_dates", refusal.cause, "closing entries are known by their source code alone")
            return r.CLOSING.empty_table()

    def _detail_fields(self) -> pa.Schema:
        """The details that the web service tells; none where there is no such service, with a note."""
        if not self.service:
            self._without_details("no web service over the ledger entries is set")
            return pa.schema([])
        try:
            row = self._services.first(self.service, order="Entry_No")
        except (*REFUSALS, ReportABug) as refusal:
            self._without_details(refusal.cause)
            return pa.schema([])
        told = [field for field in r.DETAILS if row is not None and field.name in row]
        if row is not None and "Entry_No" not in row:
            self._without_details(f"the web service {self.service} tells no Entry_No")
            return pa.schema([])
        return pa.schema(told)

    def _details(self, fields: pa.Schema, after: int) -> Iterator[Event]:
        if not fields.names:
            return
        where = f"Entry_No gt {after}" if after else ""
        for rows in self._services.rows(self.service, fields, where=where, order="Entry_No"):
            columns = [
                rows.column(field.name) if field.name in fields.names else pa.nulls(rows.num_rows, field.type)
                for field in r.DETAILS
            ]
            yield Batch("details", pa.RecordBatch.from_arrays(columns, schema=r.DETAILS))

    def _without_details(self, trouble: str) -> None:
        self._note("no_details", trouble, "journals, counterparties, currencies and VAT are not told")
        self._note(
            "loose_entries", "the standard interface tells no transactions", "lines are put together by document"
        )

    def _note(self, code: str, trouble: str, consequence: str) -> None:
        self._small.notes.append(Note(code, f"{trouble.rstrip('.')}: {consequence}"))
