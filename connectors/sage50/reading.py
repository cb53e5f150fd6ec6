"""One reading of a UK company: its tables as they are, its years, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pyarrow as pa

from connectors.columns import Kind, Table, pc
from connectors.contract import Batch, Cursor, Event, FiscalYear, NextCursor, Note
from connectors.sage50 import inferred, tables
from connectors.sage50.dossier import TYPES, Source, company_of, years_of
from foundation.errors import BadFile

_READER = 1
"""Grows when the same files are read otherwise than before, so that older cursors no longer fit."""
_OLDEST = date(1970, 1, 1)
_LISTS: dict[str, dict[str, Kind]] = {
    "currency": tables.CURRENCY,
    "nominal_ledger": tables.NOMINAL_LEDGER,
    "category": tables.CATEGORY,
    "sales_ledger": tables.PARTY,
    "purchase_ledger": tables.PARTY,
    "audit_header": tables.AUDIT_HEADER,
}
_SCHEMAS = {resource.name: resource.schema for resource in tables.RESOURCES}


class Reading:
    """Reads the tables of ``source``; ``name`` is the company's folder."""

    def __init__(self, source: Source, name: str, since: date | None, report: Callable[[str, int], None]) -> None:
        self._source, self._name, self._since, self._report = source, name, since, report
        self._bank_rows = self._rates = 0

    @property
    def cursor(self) -> Cursor | None:
        """What was asked, and a fingerprint of the files read for it; None where nothing tells whether they changed."""
        mark = self._source.fingerprint
        return {"reader": _READER, "since": str(self._since or ""), "files": mark} if mark else None

    def years(self) -> list[FiscalYear]:
        """The fiscal years, oldest first. Raises BadFile for a date before 1970, which is none of a ledger."""
        first: date | None = None
        last: date | None = None
        for _, table in self._ledgers():
            for batch in table.batches({"date": "day"}):
                low, high = (bound.as_py() for bound in (pc.min(batch.column("date")), pc.max(batch.column("date"))))
                if low and (low < _OLDEST or high.year > date.max.year - 100):
                    raise BadFile(f"a transaction is dated {low if low < _OLDEST else high}", subject=table.name)
                first, last = (
                    min(filter(None, (first, low)), default=None),
                    max(filter(None, (last, high)), default=None),
                )
        return years_of(company_of(self._source), first, last)

    def events(self) -> Iterator[Event]:
        company, years = company_of(self._source), self.years()
        for resource in tables.RESOURCES:
            yield Batch(resource.name, resource.schema.empty_table())
        yield Batch("company", pa.Table.from_pylist([self._filled(company)], _SCHEMAS["company"]))
        yield Batch("years", pa.Table.from_pylist(self._told(years, company), tables.YEARS))
        for name, columns in _LISTS.items():
            table = self._source.table(name)
            if table is not None:
                yield from (Batch(name, batch.cast(_SCHEMAS[name])) for batch in table.batches(columns))
        done = 0
        for batch in self._lines():
            done += batch.rows.num_rows
            self._report("lines", done)
            yield batch
        yield from self._notes(company)
        yield NextCursor(self.cursor)

    def _ledgers(self) -> Iterator[tuple[str, Table]]:
        """The tables that hold the ledger: the postings, or the transactions where those are not exported."""
        for name in ("audit_journal", "audit_history_journal"):
            table = self._source.table(name)
            if table is not None:
                yield name, table
        if self._source.table("audit_journal") is None:
            trail = self._source.table("audit_trail")
            assert trail is not None, "a folder without a ledger is no company"
            yield "audit_trail", trail

    def _lines(self) -> Iterator[Batch]:
        for name, table in self._ledgers():
            if name == "audit_trail":
                for batch in table.batches(tables.AUDIT_TRAIL):
                    self._require_transactions(batch, table.name)
                    yield Batch(name, batch.cast(_SCHEMAS[name]))
                continue
            for batch in table.batches(tables.AUDIT_JOURNAL):
                _require_filled(batch, table.name, "header_number", "nominal_code", "date", "amount")
                history = pa.array([name == "audit_history_journal"]).take(pa.array([0] * batch.num_rows, pa.int32()))
                rows = batch.append_column(tables.HISTORY, history)
                yield Batch("audit_journal", rows.cast(_SCHEMAS["audit_journal"]))

    def _require_transactions(self, batch: pa.RecordBatch, file: str) -> None:
        """Raises BadFile for a row of a type that is not known, or without what its type needs."""
        _require_filled(batch, file, "type", "nominal_code", "date", "net_amount")
        kind = pc.utf8_upper(batch.column("type"))
        unknown = pc.invert(pc.is_in(kind, pa.array(sorted(TYPES))))
        _refuse(unknown, batch, file, "column TYPE: this is no type of transaction of the audit trail")
        bank = pc.is_in(pc.utf8_slice_codeunits(kind, 0, 1), pa.array(["B", "C", "V"]))
        # CR and CP are receipts and payments in cash; nothing else begins with these letters.
        lacking = pc.and_(bank, pc.is_null(batch.column("account_ref")))
        _refuse(lacking, batch, file, "column ACCOUNT_REF: a bank, cash or card transaction names no bank account")
        self._bank_rows += pc.sum(bank).as_py() or 0
        rate = pc.replace_substring_regex(pc.fill_null(batch.column("exchange_rate"), "1"), r"\.?0*$", "")
        self._rates += pc.sum(pc.invert(pc.is_in(rate, pa.array(["1", ""])))).as_py() or 0

    def _filled(self, company: dict[str, Any]) -> dict[str, Any]:
        codes = {name: company[name] or usual for name, usual in inferred.CONTROL_CODES.items()}
        told = {**company, **codes, "name": company["name"] or self._name}
        told["currency"] = self._base_currency() or inferred.DEFAULT_CURRENCY.get(company["country_code"] or "", "GBP")
        return told

    def _base_currency(self) -> str | None:
        table = self._source.table("currency")
        rows = [row for batch in table.batches(tables.CURRENCY) for row in batch.to_pylist()] if table else []
        return next((row["code"] for row in rows if row["base_currency"] and row["code"]), None)

    def _told(self, years: list[FiscalYear], company: dict[str, Any]) -> list[dict[str, Any]]:
        start = (company["financial_year"], company["start_month"])
        return [
            {
                "label": year.label,
                "start_date": year.start,
                "end_date": year.end,
                "closed": year.closed,
                "current": (year.start.year, year.start.month) == start,
                "asked_for": self._since is None or year.end >= self._since,
            }
            for year in years
        ]

    def _uncategorised(self, company: dict[str, Any]) -> list[str]:
        """The nominal codes that no range of CATEGORY holds, where there is that table."""
        table, chart = self._source.table("category"), company["default_chart"]
        nominal = self._source.table("nominal_ledger")
        if table is None or nominal is None:
            return []
        ranges = [
            (row["low"], row["high"])
            for batch in table.batches(tables.CATEGORY)
            for row in batch.to_pylist()
            if row["low"] and row["high"] and chart in (None, row["chart"])
        ]
        codes = (code for batch in nominal.batches({"account_ref": "text"}) for code in batch.column(0).to_pylist())
        return [code for code in codes if code and not any(low <= code <= high for low, high in ranges)]

    def _notes(self, company: dict[str, Any]) -> Iterator[Note]:
        if outside := self._uncategorised(company):
            text = (
                f"{len(outside)} nominal codes, such as {outside[0]}, stand in no range of CATEGORY: their type is "
                "taken from their number"
            )
            yield Note("codes_without_category", text, len(outside))
        if self._bank_rows:
            text = (
                f"{self._bank_rows} bank, cash and card transactions: ACCOUNT_REF is taken for the bank's nominal code"
            )
            yield Note("bank_side_assumed", text, self._bank_rows)
        if self._rates:
            text = f"{self._rates} transactions state an exchange rate: their amounts are taken for the base currency"
            yield Note("exchange_rates", text, self._rates)


def _require_filled(batch: pa.RecordBatch, file: str, *names: str) -> None:
    for name in names:
        _refuse(pc.is_null(batch.column(name)), batch, file, f"column {name.upper()}: it is empty")


def _refuse(wrong: pa.Array, batch: pa.RecordBatch, file: str, what: str) -> None:
    rows = batch.column("row").filter(wrong)
    if len(rows):
        raise BadFile(f"row {rows[0].as_py()}, {what}", subject=file)
