"""The small tables of a dossier: what it is, its bookyears and periods, accounts, relations, journals, balances.

They are read whole each time. A record without its key is left out, with a note.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from connectors.contract import FiscalYear, Note
from connectors.json_pages import Row

from . import resources as r
from .wire import START_OF_TIME, OctopusWire


@dataclass(frozen=True)
class Bookyear:
    """A bookyear: its id in the package, and what it is in common terms."""

    id: int
    year: FiscalYear
    periods: tuple[Row, ...]


@dataclass
class MasterReader:
    """Reads the small tables of one dossier; ``notes`` collects what was left out."""

    wire: OctopusWire
    notes: list[Note] = field(default_factory=list)

    def bookyears(self) -> list[Bookyear]:
        """The bookyears, oldest first."""
        return bookyears_of(self._keyed("bookyears", self.wire.listed("bookyears"), "bookyearKey"))

    def accounts(self) -> pa.Table:
        """Every account of every bookyear; the list of changes from its beginning has a larger allowance than the list
        of a bookyear."""
        told = self.wire.changes("accounts/modified", modifiedTimeStamp=START_OF_TIME)
        rows = [
            {"bookyearKey_id": _id(row["accountKey"], "bookyearKey"), "accountKey_id": _key(row["accountKey"])}
            | {name: text for name, text in (row.get("description") or {}).items() if isinstance(text, str)}
            | {"deleted": False}
            for row in self._keyed("accounts", told["modified"], "accountKey")
        ]
        gone = [_key(row.get("accountKey", row)) for row in told["deleted"]]
        rows += [{"accountKey_id": key, "deleted": True} for key in gone if key is not None]
        return _table(rows, r.ACCOUNTS)

    def relations(self) -> pa.Table:
        told = self.wire.changes("relations/modified", modifiedTimeStamp=START_OF_TIME)["modified"]
        rows = [
            row | {"relationKey_id": _id(row.get("relationIdentificationServiceData"), "relationKey")} for row in told
        ]
        known = [row for row in rows if row["relationKey_id"] is not None]
        self._left_out("relations", len(rows) - len(known))
        return _table(known, r.RELATIONS)

    def journals(self, bookyears: Iterable[Bookyear]) -> pa.Table:
        rows = [
            row | {"bookyearKey_id": bookyear.id}
            for bookyear in bookyears
            for row in self.wire.listed(f"bookyears/{bookyear.id}/journals")
            if row.get("journalKey")
        ]
        return _table(rows, r.JOURNALS)

    def amounts(self) -> pa.Table:
        """The package's own balance of each account and period."""
        told = self.wire.changes("accounts/amounts/modified", modifiedTimeStamp=START_OF_TIME)["modified"]
        rows = []
        for row in self._keyed("balances", told, "accountAmountKey"):
            key = row["accountAmountKey"]
            period = key.get("bookyearPeriodKey") or {}
            rows.append(
                {
                    "bookyearKey_id": _id(period, "bookyearKey"),
                    "bookyearPeriodNr": period.get("bookyearPeriodNr"),
                    "accountKey_id": _key(key.get("accountKey")),
                    "balance": Decimal(str(row.get("balance") or 0)).quantize(Decimal("0.0001")),
                }
            )
        return _table(rows, r.AMOUNTS)

    def _keyed(self, what: str, rows: list[Row], key: str) -> list[Row]:
        known = [row for row in rows if isinstance(row.get(key), dict)]
        self._left_out(what, len(rows) - len(known))
        return known

    def _left_out(self, what: str, count: int) -> None:
        if count:
            self.notes.append(Note(f"keyless_{what}", f"{count} {what} have no key and are left out", count))


def bookyears_of(rows: Iterable[Row]) -> list[Bookyear]:
    """Bookyears from their records, oldest first; one that has no description, or shares it, is labelled by its end."""
    rows = sorted(rows, key=lambda row: row["startDate"])
    names = Counter(_name(row) for row in rows)
    found = []
    for row in rows:
        name = _name(row)
        label = name if names[name] == 1 else f"{name} ({row['bookyearKey']['id']})"
        start, end = date.fromisoformat(row["startDate"][:10]), date.fromisoformat(row["endDate"][:10])
        periods = tuple(sorted(row.get("periods") or (), key=lambda period: period["startDate"]))
        found.append(Bookyear(row["bookyearKey"]["id"], FiscalYear(label, start, end, row.get("closed")), periods))
    return found


def dossier_table(row: Mapping[str, Any], since: date | None) -> pa.Table:
    return _table([dict(row) | {"dossierKey_id": _id(row, "dossierKey"), "since": since}], r.DOSSIER)


def year_tables(bookyears: Iterable[Bookyear]) -> dict[str, pa.Table]:
    years, periods = [], []
    for each in bookyears:
        year = each.year
        years.append(
            {
                "bookyearKey_id": each.id,
                "label": year.label,
                "startDate": year.start,
                "endDate": year.end,
                "closed": year.closed,
            }
        )
        periods += [
            {
                "bookyearKey_id": each.id,
                "bookyearPeriod": period["bookyearPeriod"],
                "period": place,
                "startDate": date.fromisoformat(period["startDate"][:10]),
                "endDate": date.fromisoformat(period["endDate"][:10]),
            }
            for place, period in enumerate(each.periods, start=1)
        ]
    return {"bookyears": _table(years, r.BOOKYEARS), "periods": _table(periods, r.PERIODS)}


def digest(tables: Mapping[str, pa.Table]) -> str:
    """A short text that differs when a row of the tables does, whatever their order."""
    found = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        ordered = table.sort_by([(column, "ascending") for column in table.schema.names]).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, ordered.schema) as writer:
            writer.write_table(ordered)
        found.update(sink.getvalue())
    return found.hexdigest()[:32]


def _name(row: Row) -> str:
    return (row.get("bookyearDescription") or "").strip() or row["endDate"][:10]


def _id(row: Any, name: str) -> int | None:
    return _key(row.get(name)) if isinstance(row, dict) else None


def _key(value: Any) -> int | None:
    """A key that may be told as a number or as an object with an ``id``."""
    found = value.get("id") if isinstance(value, dict) else value
    return int(found) if isinstance(found, (int, str)) and str(found).isdigit() else None


def _table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)
