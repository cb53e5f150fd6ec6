"""The small things of a dossier: what it is, its financial years, its accounts and parties."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import PureWindowsPath

import pyarrow as pa

from connectors.contract import FiscalYear, Note
from foundation.errors import AskForAccess, ReportABug, WrongInput

from . import resources as r
from .inferred import ACCOUNTS_AT_ONCE, CUSTOMERS, DESCRIPTIONS, GAP_YEARS, NO_YEAR, OLDEST_YEARS, SUPPLIERS
from .wire import VENDOR, Fields, WebConnect

REFUSALS = (AskForAccess, WrongInput, ReportABug)
"""What a question becomes that the gateway does not answer, although the dossier is there."""
_DAY = timedelta(days=1)


@dataclass
class MasterReader:
    """Reads one dossier, which people know by ``reference``; ``notes`` collects what was refused."""

    wire: WebConnect
    reference: str
    language: str
    now: Callable[[], datetime]
    notes: list[Note] = field(default_factory=list)

    def dossier(self) -> Fields:
        """Raises WrongInput where the DossierId leads to another directory than the one that was linked."""
        told = self.wire.dossier()
        directory = PureWindowsPath(told.get("Directory", "")).name
        if directory and directory.casefold() != self.reference.casefold():
            raise WrongInput(
                f"the DossierId {self.wire.dossier_id!r} is the dossier in {directory!r}, not {self.reference!r}",
                next_step=f"Name the right one in the setting dossiers: {self.reference}=DOSSIERID.",
            )
        return told

    def years(self, dossier: Fields) -> list[FiscalYear]:
        """The financial years, oldest first: from the last one that is told, or the youngest that is found, on to both
        sides. Whether one is closed is not told."""
        last = dossier.get("LastYear", "")
        first_seen = (self._year(last) if last not in NO_YEAR else None) or self._youngest()
        found: dict[str, FiscalYear] = {}
        year = first_seen
        while year and year.label not in found:
            found[year.label] = year
            year = self._holding(year.start - _DAY, GAP_YEARS)
        year = self._holding(first_seen.end + _DAY) if first_seen else None
        while year and year.label not in found:
            found[year.label] = year
            year = self._holding(year.end + _DAY)
        return sorted(found.values(), key=lambda each: each.start)

    def accounts(self, numbers: Iterable[str]) -> pa.Table:
        """The cards of the accounts that entries name: no call lists all of them."""
        name = DESCRIPTIONS[self.language]
        rows = []
        wanted = sorted(numbers)
        for first in range(0, len(wanted), ACCOUNTS_AT_ONCE):
            for card in self.wire.accounts(
                wanted[first : first + ACCOUNTS_AT_ONCE], ("Number", name, "AccType", "AccTypeDsc")
            ):
                rows.append({**card, "Descr": card.get(name)})
        return pa.Table.from_pylist(rows, schema=r.ACCOUNTS)

    def customers(self) -> pa.Table:
        return self._parties(CUSTOMERS, "customers")

    def suppliers(self) -> pa.Table:
        return self._parties(SUPPLIERS, "suppliers")

    def _parties(self, table: str, people: str) -> pa.Table:
        try:
            return self.wire.odata.table(table, r.PARTIES)
        except REFUSALS as refusal:
            self.notes.append(Note(f"no_{people}", f"{refusal.cause.rstrip('.')}: {people} are not listed"))
            return r.PARTIES.empty_table()

    def _youngest(self) -> FiscalYear | None:
        return self._holding(self.now().date(), OLDEST_YEARS)

    def _holding(self, day: date, misses: int = 0) -> FiscalYear | None:
        """The year that holds ``day``, or, after so many misses, an earlier one."""
        for back in range(misses + 1):
            name = self.wire.year_of(_years_before(day, back))
            if name:
                return self._year(name)
        return None

    def _year(self, name: str) -> FiscalYear | None:
        told = self.wire.year(name)
        if told is None:
            return None
        try:
            start, end = (date.fromisoformat(told[bound][:10]) for bound in ("Begin", "End"))
        except (KeyError, ValueError):
            raise ReportABug(f"{VENDOR} tells no Begin and End of the financial year {name}") from None
        return FiscalYear(name, start, end)


def _years_before(day: date, years: int) -> date:
    """The same day so many years earlier; a leap day becomes the one before it."""
    return date(day.year - years, day.month, min(day.day, 28) if day.month == 2 else day.day)
