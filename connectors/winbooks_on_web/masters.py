"""The small tables of a folder: book years, accounts, journals, customers, suppliers. They are read whole each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from connectors.contract import Note

from . import resources as r
from .inferred import ACCOUNT_NAMES, JOURNAL_NAMES
from .objects import Row
from .wire import WowWire
from .years import BookYear, as_tables, book_years


@dataclass
class MasterReader:
    """Reads the small tables of one folder; ``notes`` collects what a person should know. ``account_name`` is the
    property that names an account, where it is known."""

    wire: WowWire
    account_name: str = ""
    notes: list[Note] = field(default_factory=list)

    def book_years(self) -> list[BookYear]:
        return book_years(self.wire.objects("BookYear"), self.wire.objects("BookPeriod"))

    def tables(self, years: Iterable[BookYear]) -> dict[str, pa.Table]:
        accounts = self._named("GLAccount", (self.account_name,) if self.account_name else ACCOUNT_NAMES)
        nameless = sum(not row["Name"] for row in accounts)
        if nameless:
            self.notes.append(
                Note("nameless_accounts", f"{nameless} accounts tell no name (see the setting account_name)", nameless)
            )
        return {
            **as_tables(years),
            "accounts": pa.Table.from_pylist(accounts, schema=r.ACCOUNTS),
            "journals": pa.Table.from_pylist(self._named("Journal", JOURNAL_NAMES), schema=r.JOURNALS),
            "customers": self._parties("Customer"),
            "suppliers": self._parties("Supplier"),
        }

    def _named(self, entity: str, names: Sequence[str]) -> list[Row]:
        """Objects that have a code, under the first of ``names`` that they tell."""
        rows = self._coded(entity)
        for row in rows:
            row["Name"] = next((str(row[name]).strip() for name in names if row.get(name)), None)
        return rows

    def _parties(self, entity: str) -> pa.Table:
        rows = []
        for row in self._coded(entity, level=2):
            third: dict[str, Any] = row.get("Third") or {}
            told = {f"Third{name}": third.get(name) for name in ("Code", "Name", "VatNumber", "VatCountryCode")}
            addresses = third.get("Addresses") or ()
            country = next((each["CountryCode"] for each in addresses if each.get("CountryCode")), None)
            rows.append(row | told | {"AddressCountryCode": country})
        return pa.Table.from_pylist(rows, schema=r.PARTIES)

    def _coded(self, entity: str, level: int = 1) -> list[Row]:
        return [row for row in self.wire.objects(entity, level) if isinstance(row, dict) and row.get("Code")]
