"""The small tables of a business: what it is, its accounts, its day-books, and the fiscal years that are wanted.

What a user's role or a country does not have is gone without, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.contract import ExtractRequest, Note
from connectors.digests import digest
from connectors.year_ends import Year
from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .wire import SageWire
from .years import years_of

REFUSALS = (AskForAccess, WrongInput)
"""403 and 404: the user has no role in the area, or the country or plan has no such list."""

Masters = Mapping[str, pa.Table]


@dataclass
class MasterReader:
    """Reads the small tables for one request. ``notes`` collects what was refused."""

    wire: SageWire
    request: ExtractRequest
    notes: list[Note] = field(default_factory=list)

    def read(self) -> Masters:
        """The tables that are read on every sync, an unchanged one too."""
        business, self._settings = self.wire.business(), self.wire.settings()
        self.began = self.wire.moment
        """The vendor's time at which the read began."""
        tables = {
            "dossier": self._dossier(business),
            "ledger_accounts": self.wire.listing("ledger_accounts", r.ACCOUNTS).table(),
        }
        # Another day may lie in another fiscal year.
        self.told = f"{digest(tables)} {self._settings.year_end.on_or_after(self.began.date())}"
        """A text that differs when one of the tables does."""
        return tables

    def years(self) -> list[Year]:
        """The years that are wanted."""
        settings, since = self._settings, self.request.since
        years = years_of(self.wire, settings.year_end, settings.begins, self.began.date())
        wanted = [year for year in years if since is None or year.end >= since]
        if not wanted:
            raise WrongInput(
                f"no fiscal year ends at or after {since}",
                next_step="See `grandlivre fiscal-years DOSSIER` for the years in the package.",
            )
        return wanted

    def is_closed(self, year: Year) -> bool:
        return bool(year.told(self._settings.locked).closed)

    def completed(self, masters: Masters, years: Sequence[Year]) -> Masters:
        """The same tables with those that move only when others do."""
        told = [(year.told(self._settings.locked), year.whole) for year in years]
        rows = [
            {"label": y.label, "start_date": y.start, "end_date": y.end, "closed": y.closed, "whole": whole}
            for y, whole in told
        ]
        return {
            **masters,
            "years": pa.Table.from_pylist(rows, schema=r.YEARS),
            "journal_codes": self._journal_codes(masters["dossier"].column("country")[0].as_py()),
        }

    def note(self, code: str, trouble: str, consequence: str) -> None:
        """Notes a refusal, once."""
        if not any(note.code == code for note in self.notes):
            self.notes.append(Note(code, f"{trouble.rstrip('.')}: {consequence}"))

    def _journal_codes(self, country: str | None) -> pa.Table:
        """Day-books, which France alone has."""
        if country != "FR":
            return r.JOURNAL_CODES.empty_table()
        try:
            return self.wire.listing("journal_codes", r.JOURNAL_CODES).table()
        except REFUSALS as refusal:
            self.note("no_journal_codes", refusal.cause, "day-books are known by what entries call them")
            return r.JOURNAL_CODES.empty_table()

    def _dossier(self, business: Mapping[str, object]) -> pa.Table:
        country = business.get("country")
        names = ("tax_number", "year_end_date", "accounts_start_date", "year_end_lockdown_date")
        row = {
            "id": business.get("id"),
            "name": business.get("name") or business.get("displayed_as"),
            "country": country.get("id") if isinstance(country, dict) else None,
            "currency": self._settings.currency,
            "since": self.request.since,
            **{name: self._settings.row.get(name) for name in names},
        }
        return pa.Table.from_pylist([row], schema=r.DOSSIER)
