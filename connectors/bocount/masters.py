"""The small tables of a company: what it is, its periods, accounts and parties, its own balances.

They are read whole each time. What an older version or a missing extension does not have is gone without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa

from connectors.contract import FiscalYear, Note
from connectors.odata import ODataService
from foundation.errors import AskForAccess, ReportABug, WrongInput

from . import resources as r
from .inferred import assumed_starts
from .wire import VENDOR, Routes

REFUSALS = (AskForAccess, WrongInput)
"""403 and 404: no permission, or not there at all."""

Masters = Mapping[str, pa.Table]


@dataclass
class MasterReader:
    """Reads the small tables of ``company``; ``notes`` collects what was refused."""

    routes: Routes
    company: str
    now: Callable[[], datetime]
    notes: list[Note] = field(default_factory=list)

    @property
    def standard(self) -> ODataService:
        return self.routes.company(self.company)

    def read(self, since: date | None) -> Masters:
        """The tables that are read on every sync, an unchanged one too."""
        found = self.routes.environment.table("companies", r.COMPANIES, where=f"id eq {self.company}")
        if not found.num_rows:
            raise WrongInput(
                f"{VENDOR} has no company {self.company} for this connection",
                next_step="See `grandlivre discover CONNECTION` for the dossiers that it can see.",
            )
        return {
            "company": found.append_column("SINCE", pa.array([since] * found.num_rows, pa.date32())),
            "companyInformation": self.standard.table("companyInformation", r.INFORMATION),
            "generalLedgerSetup": self._optional("generalLedgerSetup", r.SETUP, ""),
            "accountingPeriods": self.periods(),
            "accounts": self.standard.table("accounts", r.ACCOUNTS),
            "glaccounts": self._bocount_accounts(),
            "customers": self._optional("customers", r.PARTIES, "customers have no names"),
            "vendors": self._optional("vendors", r.PARTIES, "suppliers have no names"),
        }

    def periods(self) -> pa.Table:
        """Accounting periods; where they cannot be read, years of twelve months from the current one's first day."""
        try:
            return self.standard.table("accountingPeriods", r.PERIODS)
        except REFUSALS as refusal:
            information = self.standard.table("companyInformation", r.INFORMATION).to_pylist()
            current = r.day_of(information[0]["currentFiscalYearStartDate"]) if information else None
            if current is None:
                raise
            self._note("no_accounting_periods", refusal.cause, "years are taken to have twelve months")
            oldest = self.standard.first("generalLedgerEntries", order="postingDate")
            first_entry = r.day_of(str(oldest["postingDate"])) if oldest else None
            starts = assumed_starts(current, first_entry or current, self.now().date())
            rows = [{"startingDate": start.isoformat(), "newFiscalYear": True} for start in starts]
            return pa.Table.from_pylist(rows, schema=r.PERIODS)

    def trial_balances(self, years: list[FiscalYear]) -> pa.Table:
        """The vendor's own balances of every year that has begun, without what was closed on its closing date."""
        found = [r.YEARLY_BALANCES.empty_table()]
        for year in years:
            if year.start > self.now().date():
                continue
            where = f"dateFilter ge {year.start.isoformat()} and dateFilter le {year.end.isoformat()}"
            try:
                rows = self.standard.table("trialBalances", r.TRIAL_BALANCES, where=where)
            except (*REFUSALS, ReportABug) as refusal:
                self._note("no_trial_balances", refusal.cause, "balances are compared with nothing")
                break
            found.append(rows.append_column("YEAR_START", pa.array([year.start] * rows.num_rows, pa.date32())))
        return pa.concat_tables(found)

    def _bocount_accounts(self) -> pa.Table:
        """What BoCount tells besides of accounts; nothing is said where it is not installed, or another version is."""
        try:
            return self.routes.bocount(self.company).table("glaccounts", r.BOCOUNT_ACCOUNTS)
        except (*REFUSALS, ReportABug):
            return r.BOCOUNT_ACCOUNTS.empty_table()

    def _optional(self, name: str, schema: pa.Schema, consequence: str) -> pa.Table:
        try:
            return self.standard.table(name, schema)
        except REFUSALS as refusal:
            if consequence:
                self._note(f"no_{name}", refusal.cause, consequence)
            return schema.empty_table()

    def _note(self, code: str, trouble: str, consequence: str) -> None:
        note = Note(code, f"{trouble.rstrip('.')}: {consequence}")
        if all(known.code != code for known in self.notes):
            self.notes.append(note)
