"""The small tables of a division: what it is, its periods, accounts, journals and relations, its own balances.

They are read whole each time. What may be missing from a licence is gone without, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import Note
from foundation.errors import AskForAccess, Busy, ReportABug, WrongInput

from . import resources as r
from .inferred import BLOCKING, EVERY_ENTITY
from .wire import ExactWire

REFUSALS = (AskForAccess, WrongInput)
"""403 and 404: the feature is not in the licence, or not there at all."""
OPEN_QUESTION = (*REFUSALS, ReportABug)
"""Besides 400, for calls whose form is a conclusion of ours."""
STATUSES = "read/financial/JournalStatusByFinancialPeriod"

Masters = Mapping[str, pa.Table]


@dataclass
class MasterReader:
    """Reads the small tables of division ``code``; ``notes`` collects what was refused. ``country`` is the region's."""

    wire: ExactWire
    code: int
    country: str
    notes: list[Note] = field(default_factory=list)

    def read(self) -> Masters:
        """The tables that are read on every sync, an unchanged one too. Raises Busy while the division is blocked."""
        dossier = self._division()
        blocking = dossier.column("BlockingStatus")[0].as_py()
        if blocking:
            raise Busy(f"the division is blocked by {BLOCKING.get(blocking, 'the vendor')}")
        return {
            "dossier": dossier,
            "periods": self.wire.table("financial/FinancialPeriods", r.PERIODS),
            "accounts": self._entities(r.ACCOUNT_SOURCES, r.ACCOUNTS),
            "journals": self.optional("journals", "financial/Journals", r.JOURNALS),
            "relations": self._entities(r.RELATION_SOURCES, r.RELATIONS, optional="relations"),
        }

    def read_followers(self, masters: Masters, years: Sequence[int], touched: int) -> Masters:
        """The tables that take many calls and move only when others do: statuses, classifications, balances.

        Balances are those of the ``years`` from ``touched`` on, and of every open year: what the change feed missed
        there is found by comparing.
        """
        in_netherlands = masters["dossier"].column("Country")[0].as_py() == "NL"
        statuses = self.optional("journal_statuses", STATUSES, r.JOURNAL_STATUSES)
        closed = {int(year.label) for year in r.fiscal_years_of(masters["periods"], statuses) if year.closed}
        balances = [r.REPORTING_BALANCE.empty_table()]
        for year in years:
            if year < touched and year in closed:
                continue
            condition = f"ReportingYear eq {year}"
            rows = self.optional("reporting_balance", "financial/ReportingBalance", r.REPORTING_BALANCE, condition)
            balances.append(rows)
            if any(note.code == "no_reporting_balance" for note in self.notes):
                break
        return {
            "journal_statuses": statuses,
            # Codes of the Dutch reference chart; elsewhere accounts carry national numbers.
            "classifications": self.optional(
                "classifications", "financial/GLAccountClassificationMappings", r.CLASSIFICATIONS
            )
            if in_netherlands
            else r.CLASSIFICATIONS.empty_table(),
            "reporting_balance": pa.concat_tables(balances),
        }

    def optional(self, name: str, endpoint: str, schema: pa.Schema, condition: str = "") -> pa.Table:
        """A table that is empty, with a note, where it is refused; without a ``name`` for it the refusal is raised."""
        try:
            return self.wire.table(endpoint, schema, condition)
        except REFUSALS as refusal:
            if not name:
                raise
            self.note(f"no_{name}", refusal.cause, "the sync goes on without")
            return schema.empty_table()

    def note(self, code: str, trouble: str, consequence: str) -> None:
        self.notes.append(Note(code, f"{trouble.rstrip('.')}: {consequence}"))

    def _division(self) -> pa.Table:
        try:
            found = self._divisions()
        except REFUSALS as refusal:
            self.note("no_division_details", refusal.cause, "name, currency and VAT number are unknown")
            found = r.DIVISION.empty_table()
        rows = [row for row in found.to_pylist() if row["Code"] == self.code][:1] or [{"Code": self.code}]
        row = rows[0] | {"Country": (rows[0].get("Country") or "").strip() or self.country}
        return pa.Table.from_pylist([row], schema=r.DIVISION)

    def _divisions(self) -> pa.Table:
        """The division's own row; or all rows, where the list cannot be filtered."""
        try:
            return self.wire.table("system/AllDivisions", r.DIVISION, f"Code eq {self.code}")
        except ReportABug:
            return self.wire.table("system/AllDivisions", r.DIVISION)

    def _entities(self, sources: tuple[str, str], schema: pa.Schema, optional: str = "") -> pa.Table:
        """Accounts or relations: from their change feed read from its beginning, or in bulk where that is refused."""
        feed, bulk = sources
        try:
            return self.wire.table(feed, schema, "Timestamp gt 0L")
        except REFUSALS:
            return self.optional(optional, bulk, schema, EVERY_ENTITY)


def moved(masters: Masters) -> str:
    """The dates that change when the vendor numbers rows anew, so that a cursor means nothing any more."""
    row = masters["dossier"].to_pylist()[0]
    return f"{row['DivisionMoveDate']} {row['DivisionHRLinkUnlinkDate']}"
