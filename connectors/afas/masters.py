"""The small tables of an administration, read whole each time: what it is, its periods, the chart, journals, parties,
and the package's own balances. Chart and parties are those of the whole environment.

What the App Connector does not hold is gone without, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa

from connectors.contract import Note
from connectors.json_pages import pc
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .inferred import MONTHS
from .sources import Source
from .wire import EQUALS, VENDOR, AfasWire, Where

REFUSALS = (AskForAccess, WrongInput)
"""The connector is not in the App Connector, is blocked, or has other fields."""

Masters = dict[str, pa.Table]


@dataclass
class MasterReader:
    """Reads the small tables of administration ``unit``; ``notes`` collects what was refused."""

    wire: AfasWire
    sources: Mapping[str, Source]
    unit: int
    country: str
    currency: str
    since: date | None = None
    notes: list[Note] = field(default_factory=list)

    def read(self) -> Masters:
        """The tables that are read on every sync, an unchanged one too."""
        balances = self.balances()
        return {
            "dossier": self._dossier(),
            "periods": self.periods(balances),
            "accounts": self.wire.table(self.sources["accounts"]),
            "journals": self._optional("journals", self._of_the_unit("UnitId")),
            "debtors": self._optional("debtors"),
            "creditors": self._optional("creditors"),
            "period_balance": balances,
        }

    def read_followers(self) -> Masters:
        """The tables that move only when others do: what was invoiced, for the due dates."""
        where = self._of_the_unit("UnitId")
        return {name: self._optional(name, where) for name in ("debtor_invoices", "creditor_invoices")}

    def balances(self) -> pa.Table:
        """The package's own balances of every year; empty where they are refused."""
        return self._optional("period_balance", self._of_the_unit("UnitId"))

    def periods(self, balances: pa.Table) -> pa.Table:
        """The periods from the first year on that has ``balances``; calendar months where periods are refused."""
        found = self._optional("periods", self._of_the_unit("Unit"))
        if not found.num_rows:
            return _calendar(balances)
        first = pc.min(balances.column("Year"))
        return found.filter(pc.greater_equal(found.column("Year"), first)) if first.is_valid else found

    def require_known(self) -> pa.Table:
        """The administration's own row. Raises WrongInput when there is none."""
        found = self.wire.table(self.sources["administrations"], self._of_the_unit("AdminId"))
        if not found.num_rows:
            raise WrongInput(
                f"{VENDOR} has no administration {self.unit} for this connection",
                next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
            )
        return found.slice(0, 1)

    def note(self, code: str, trouble: str, consequence: str) -> None:
        if all(note.code != code for note in self.notes):
            self.notes.append(Note(code, f"{trouble.rstrip('.')}: {consequence}"))

    def _dossier(self) -> pa.Table:
        ours = {"Country": self.country, "Currency": self.currency, "Since": self.since}
        return pa.Table.from_pylist([self.require_known().to_pylist()[0] | ours], schema=r.DOSSIER)

    def _optional(self, name: str, where: Where = ()) -> pa.Table:
        try:
            return self.wire.table(self.sources[name], where)
        except REFUSALS as refusal:
            self.note(f"no_{name}", refusal.cause, "the sync goes on without")
            return self.sources[name].schema.empty_table()

    def _of_the_unit(self, field: str) -> Where:
        return [[(field, EQUALS, str(self.unit))]]


def _calendar(balances: pa.Table) -> pa.Table:
    """Calendar years of the years and periods that have balances."""
    rows = []
    pairs = {(row["Unit"], row["Year"], row["Period"]) for row in _numbers(balances)}
    for unit, year in {(unit, year) for unit, year, _ in pairs}:
        named = {period for _, found, period in pairs if found == year}
        for period in sorted(named | set(range(1, MONTHS + 1))):
            first, last = _days(year, period)
            row = {"Unit": unit, "Year": year, "Period": period, "Blocked": None}
            rows.append(row | {"DateFrom": first.isoformat(), "DateTo": last.isoformat()})
    rows.sort(key=lambda row: (row["Year"], row["Period"]))
    return pa.Table.from_pylist(rows, schema=r.PERIODS)


def _numbers(balances: pa.Table) -> list[dict[str, int]]:
    return balances.select(["UnitId", "Year", "Period"]).rename_columns(["Unit", "Year", "Period"]).to_pylist()


def _days(year: int, period: int) -> tuple[date, date]:
    """First and last day of a period: a month, or the edge of the year where there is no such month."""
    if period < 1:
        return date(year, 1, 1), date(year, 1, 1)
    if period > MONTHS:
        return date(year, 12, 31), date(year, 12, 31)
    following = date(year + period // MONTHS, period % MONTHS + 1, 1)
    return date(year, period, 1), following - timedelta(days=1)
