"""The small tables of an administration: its years, accounts, contacts, open items, and its own balances."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pyarrow as pa

from connectors.contract import Note
from foundation.errors import AskForAccess, ReportABug

from . import resources as r
from .inferred import COMMERCIAL, CONTACT_PAGE, RGS_VERSION, YEARS_BACK
from .wire import YukiWire, read_rows
from .years import BookYear, book_years, next_to_ask, whole_period

REFUSALS = (AskForAccess, ReportABug)
"""No right to the operation, or the vendor does not know it."""
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass
class MasterReader:
    """Reads the tables of administration ``id`` of domain ``domain``; ``notes`` collects what was refused."""

    wire: YukiWire
    id: str
    domain: str
    notes: list[Note] = field(default_factory=list)

    def years(self, first_day: date | None, today: date, known: Sequence[BookYear] = ()) -> list[BookYear]:
        """The book years up to today, as told one by one; those of ``known`` are not asked for again."""
        told: dict[int, tuple[date, date] | None] = {
            year.number: None if year.assumed else (year.start, year.end) for year in known
        }
        first = first_day.year if first_day else today.year - YEARS_BACK
        while (number := next_to_ask(told, min(first, today.year), today)) is not None:
            told[number] = self._bounds(number)
        found = book_years(told, first_day)
        assumed = [year.label for year in found if year.assumed]
        if assumed:
            self.note("assumed_years", f"no book year is told for {', '.join(assumed)}", "calendar years stand in")
        return found

    def accounts(self) -> pa.Table:
        found = self._rows("AccountingInfo", "GetGLAccountScheme", "GlAccount", r.ACCOUNTS)
        return found.sort_by("code")

    def rgs(self, country: str) -> pa.Table:
        """The codes of the Dutch reference chart; elsewhere accounts carry national numbers."""
        if country != "NL":
            return r.RGS.empty_table()
        return self._optional(
            "reference_codes",
            "accounts are mapped by type",
            r.RGS,
            lambda: self._rows("AccountingInfo", "GetRGSScheme", "RGSEntry", r.RGS, rgsVersion=RGS_VERSION),
        )

    def contacts(self, after: datetime | None, base: int | None) -> tuple[pa.Table, int | None]:
        """The domain's contacts that were changed after a moment (None: all), and the number of the first page.

        While that is not known (None), page 0 is asked first: it may be empty, refused, or the same as page 1.
        """
        pages: list[pa.Table] = []
        seen: set[str] = set()
        number = base or 0
        while True:
            page = self._contact_page(after, number, lenient=base is None and number == 0)
            fresh = page.filter(pa.array([key not in seen for key in page.column("ID").to_pylist()], pa.bool_()))
            seen.update(fresh.column("ID").to_pylist())
            pages.append(fresh)
            if base is None and page.num_rows:
                base = number
            if base is None and number == 0:
                number = 1
            elif page.num_rows < CONTACT_PAGE or (not fresh.num_rows and number > 1):
                return pa.concat_tables(pages), base
            else:
                number += 1

    def items(self) -> pa.Table:
        """The open items of customers and suppliers: only they tell when something is due."""

        def read() -> pa.Table:
            found = []
            for side, operation in (("debtor", "OutstandingDebtorItems"), ("creditor", "OutstandingCreditorItems")):
                told = self._rows(
                    "Accounting", operation, "Item", r.ITEMS, includeBankTransactions="false", sortOrder="DateAsc"
                )
                found.append(r.with_columns(told, r.ITEMS, Side=side))
            return pa.concat_tables(found)

        return self._optional("due_dates", "lines have no due dates", r.ITEMS, read)

    def start_balances(self, year: BookYear) -> pa.Table:
        return self._rows(
            "AccountingInfo",
            "GetStartBalanceByGlAccount",
            "AccountStartBalance",
            r.TOLD_START,
            bookyear=year.label,
            financialMode=COMMERCIAL,
        )

    def balances(self, year: BookYear) -> pa.Table:
        """What every account stands at when ``year`` ends."""
        return self._rows(
            "Accounting", "GLAccountBalance", "GLAccount", r.TOLD_BALANCES, transactionDate=year.end.isoformat()
        )

    def note(self, code: str, trouble: str, consequence: str) -> None:
        self.notes.append(Note(code, f"{trouble.rstrip('.')}: {consequence}"))

    def _bounds(self, number: int) -> tuple[date, date] | None:
        try:
            body = self.wire.call("AccountingInfo", "GetPeriodDateTable", self._parameters(yearID=str(number)))
        except ReportABug as refusal:
            self.note("no_book_year", refusal.cause, f"whether there is a book year {number} is not known")
            return None
        found = pa.Table.from_batches(read_rows(body, "GetPeriodDateTableResult", r.PERIOD), schema=r.PERIOD)
        return whole_period(found.column("wholePeriod")[0].as_py()) if found.num_rows else None

    def _contact_page(self, after: datetime | None, number: int, *, lenient: bool) -> pa.Table:
        parameters = {
            "domainID": self.domain,
            "searchOption": "All",
            "searchValue": "",
            "sortOrder": "CreatedAsc",
            "modifiedAfter": f"{after or LONG_AGO:%Y-%m-%dT%H:%M:%S}",
            "active": "Both",
            "pageNumber": str(number),
            "contactType": "Both",
        }
        try:
            return self.wire.rows("Contact", "GetSuppliersAndCustomers", "Contact", r.CONTACTS, parameters)
        except ReportABug:
            if not lenient:
                raise
            return r.CONTACTS.empty_table()

    def _rows(self, service: str, operation: str, tag: str, schema: pa.Schema, **parameters: str) -> pa.Table:
        return self.wire.rows(service, operation, tag, schema, self._parameters(**parameters))

    def _parameters(self, **parameters: str) -> Mapping[str, str]:
        return {"administrationID": self.id, **parameters}

    def _optional(self, name: str, consequence: str, schema: pa.Schema, read: Callable[[], pa.Table]) -> pa.Table:
        try:
            return read()
        except REFUSALS as refusal:
            self.note(f"no_{name}", refusal.cause, consequence)
            return schema.empty_table()


def mark(table: pa.Table) -> str:
    """A short text that differs when a row of the table does, whatever their order."""
    ordered = table.sort_by([(column, "ascending") for column in table.schema.names]).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ordered.schema) as writer:
        writer.write_table(ordered)
    return hashlib.sha256(sink.getvalue()).hexdigest()[:32]


def contact_marks(contacts: pa.Table, since: datetime | None = None) -> list[str]:
    """A mark of every contact that was changed after ``since`` (None: of every one), sorted."""
    rows = contacts.to_pylist()
    return sorted(_row_mark(row) for row in rows if since is None or _modified(row["Modified"]) >= since)


def new_contacts(contacts: pa.Table, seen: Sequence[str]) -> pa.Table:
    """Those that are not as they were seen."""
    known = set(seen)
    return contacts.filter(pa.array([_row_mark(row) not in known for row in contacts.to_pylist()], pa.bool_()))


def _row_mark(row: Mapping[str, object]) -> str:
    return hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:12]


def _modified(text: str | None) -> datetime:
    """The moment in the vendor's American form; long ago for any other. Its zone is not told, so UTC will do."""
    try:
        return datetime.strptime(text or "", "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return LONG_AGO
