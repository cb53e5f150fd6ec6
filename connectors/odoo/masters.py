"""A company's small tables: its own record, fiscal years, accounts, journals, taxes, partners. Asked for by the fields
that the version has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from foundation.errors import AskForAccess, WrongInput

from . import resources as r
from .inferred import PARTNERS_AT_ONCE
from .wire import OdooWire

Masters = Mapping[str, pa.Table]


def company_record(wire: OdooWire, company: int) -> dict[str, Any]:
    """The company's own record. Raises WrongInput when the user sees none of that id."""
    names = wire.fields("res.company", r.COMPANY.names)
    found = wire.table("res.company", [["id", "=", company]], r.COMPANY, names).to_pylist()
    if not found:
        raise WrongInput(
            f"the user sees no company {company} in this database",
            next_step="See `grandlivre discover CONNECTION` for the companies that it can see.",
        )
    return found[0] | {"has_branches": "root_id" in names}


def year_records(wire: OdooWire, company: int) -> pa.Table:
    """Fiscal years that are kept as records; none where no module keeps them."""
    try:
        return wire.table("account.fiscal.year", [["company_id", "=", company]], r.FISCAL_YEAR_RECORDS)
    except (WrongInput, AskForAccess):
        return r.FISCAL_YEAR_RECORDS.empty_table()


def locked_until(record: Mapping[str, Any]) -> date | None:
    """The last day up to which nobody (or only an adviser) can change entries."""
    told = [record[name] for name in ("fiscalyear_lock_date", "hard_lock_date") if record.get(name)]
    return date.fromisoformat(max(told)) if told else None


@dataclass
class MasterReader:
    """Reads the tables of one company. ``record`` is its own."""

    wire: OdooWire
    company: int
    record: dict[str, Any]

    def read(self) -> Masters:
        """The tables whose change makes figures change."""
        return {
            "company": pa.Table.from_pylist([self.record], schema=r.COMPANY),
            "year_records": year_records(self.wire, self.company),
            **self._accounts(),
            "journals": self.wire.table("account.journal", self._owned("company_id"), r.JOURNALS),
            "taxes": self.wire.table("account.tax", self._owned("company_id"), r.TAXES),
        }

    def read_followers(self, met: Sequence[int]) -> Masters:
        """Names and codes that move seldom: currencies, countries, and the partners ``met`` in lines or the company's
        own. They are read when something else changed."""
        return {
            "currencies": self.wire.table("res.currency", [], r.CURRENCIES),
            "countries": self.wire.table("res.country", [], r.COUNTRIES),
            "partners": pa.concat_tables([r.PARTNERS.empty_table(), *self._partners(met)]),
        }

    def _accounts(self) -> Masters:
        """The chart with archived accounts. From 18 on companies share accounts, and the code is the company's own."""
        wanted = [*r.ACCOUNTS.names, "company_ids"]
        names = self.wire.fields("account.account", wanted)
        owner = "company_ids" if "company_ids" in names else "company_id"
        fields = [name for name in names if name in r.ACCOUNTS.names]
        types = r.ACCOUNT_TYPES.empty_table()
        if "user_type_id" in names:
            types = self.wire.in_english().table("account.account.type", [], r.ACCOUNT_TYPES)  # known by their names
        return {
            "accounts": self.wire.table("account.account", self._owned(owner), r.ACCOUNTS, fields),
            "account_types": types,
        }

    def _owned(self, field: str) -> list[Any]:
        """The condition for what the company uses: a branch that of its root, too."""
        if self.record["has_branches"]:
            return [[field, "parent_of", [self.company]]]
        return [[field, "in", [self.company]]]

    def _partners(self, met: Sequence[int]) -> Iterator[pa.Table]:
        ours = [["company_id", "=", self.company], "|", ["customer_rank", ">", 0], ["supplier_rank", ">", 0]]
        own = self.wire.table("res.partner", ours, r.PARTNERS)
        yield own
        others = sorted(set(met) - set(own.column("id").to_pylist()))
        for start in range(0, len(others), PARTNERS_AT_ONCE):
            some = others[start : start + PARTNERS_AT_ONCE]
            yield self.wire.table("res.partner", [["id", "in", some]], r.PARTNERS)


def digest(masters: Masters) -> str:
    """A short text that differs when a row of the tables does."""
    found = hashlib.sha256()
    for name in sorted(masters):
        found.update(repr((name, masters[name].to_pylist())).encode())
    return found.hexdigest()[:32]
