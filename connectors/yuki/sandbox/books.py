"""The sandbox company in Yuki's terms: lines with documents, a change digest, balances that carry over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line

from .knobs import Knobs
from .xml import elements

LONG_AGO = datetime(2023, 6, 1, tzinfo=UTC)
_CARRIED = "result_brought_forward"
_DOCUMENTS = {
    "VEN": ("TRMSales invoice", "TRMSales"),
    "NCV": ("TRMSales invoice", "TRMSales"),
    "ACH": ("TRMPurchase invoice", "TRMPurchase_1"),
    "BNK": ("TRMBank statement", "TRMBank"),
}


def guid(number: int, kind: int) -> str:
    """A stable id. Multiplying by an odd constant scatters neighbours, as real ids are."""
    text = f"{(number * 0x9E3779B97F4A7C15) % 2**64:016x}{kind:04x}900000000000"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def contact_id(code: str) -> str:
    return guid(int.from_bytes(code.encode()[:7], "big"), 5)


def line_id(line: Line) -> str:
    return guid(line.number, 1)


def document_id(line: Line, knobs: Knobs) -> str:
    return guid(line.entry, 2) if knobs.document_ids and line.journal in _DOCUMENTS else ""


@dataclass(frozen=True)
class Change:
    """A line that was changed or deleted, and when."""

    line: Line
    updated: datetime
    deleted: bool


class Books:
    """One administration. Opening and closing entries are no transactions here: balances carry over."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        self.company = company
        self.knobs = knobs
        self._now = now
        self.changes: dict[str, Change] = {}
        self._standing = _booked(company)
        self._written: dict[str, tuple[Line, str]] = {}

    def show(self, company: Company) -> None:
        """The company at a later revision: what differs stands in the change digest from now on."""
        before, after, now = self._standing, _booked(company), self._now()
        self.company, self._standing = company, after
        for key, line in after.items():
            if before.get(key) != line:
                self.changes[key] = Change(line, now, deleted=False)
        for key in before.keys() - after.keys():
            self.changes[key] = Change(before[key], now, deleted=True)

    def put(self, *lines: Line, forgotten: bool = False) -> None:
        """Books or changes lines now, without the company's knowledge; ``forgotten``: no digest tells."""
        for line in lines:
            key = line_id(line)
            self._standing[key] = line
            if not forgotten:
                self.changes[key] = Change(line, self._now(), deleted=False)

    def delete(self, *keys: str, forgotten: bool = False) -> None:
        for key in keys:
            line = self._standing.pop(key)
            if not forgotten:
                self.changes[key] = Change(line, self._now(), deleted=True)

    @property
    def lines(self) -> list[Line]:
        return list(self._standing.values())

    def between(self, first: date, last: date, *, fiscal: bool) -> Iterator[str]:
        """The XML of each line dated in a span, both days included."""
        for key, line in self._standing.items():
            if first <= line.date <= last:
                known = self._written.get(key)
                if known is None or known[0] is not line:
                    known = self._written[key] = (line, self._transaction(line))
                yield known[1]
        if fiscal and self.knobs.fiscal_corrections:
            yield from (self._transaction(line) for line in self._corrections() if first <= line.date <= last)

    def year_of(self, day: date) -> FiscalYear | None:
        return next((year for year in self.company.years if year.start <= day <= year.end), None)

    def start_balances(self, label: str) -> dict[str, Decimal]:
        """Account to balance at the start of the year with that label: all that was booked before, and the result of
        it on an equity account."""
        year = next((year for year in self.company.years if year.label == label), None)
        if year is None:
            return {}
        on_balance = {account.number for account in self.company.accounts if account.on_balance_sheet}
        first = self.company.years[0].label
        found: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.company.lines:
            if line.kind == "opening" and line.year == first:
                found[line.account] += line.amount
        carried = self.company.numbers[_CARRIED] if self.knobs.result_carried else ""
        for line in self._standing.values():
            if line.date < year.start:
                found[line.account if line.account in on_balance else carried] += line.amount
        return {account: amount for account, amount in found.items() if account and amount}

    def balances(self, day: date) -> dict[str, Decimal]:
        """Account to balance at the end of ``day``: since ever, or since the year began for income and expense."""
        year = self.year_of(day)
        if year is None:
            return {}
        found: dict[str, Decimal] = defaultdict(Decimal, self.start_balances(year.label))
        for line in self._standing.values():
            if year.start <= line.date <= day:
                found[line.account] += line.amount
        return dict(found)

    def _corrections(self) -> Iterator[Line]:
        """What only the tax return knows: part of the fees is not deductible."""
        fees = next((line for line in self._standing.values() if line.role == "fees"), None)
        if fees is not None:
            part, other = (fees.amount / 4).quantize(Decimal("0.01")), self.company.numbers["unused"]
            entry = 9_900_000_000
            yield replace(fees, number=entry * 10, entry=entry, debit=-part, credit=Decimal(0))
            yield replace(fees, number=entry * 10 + 1, entry=entry, account=other, debit=part, credit=Decimal(0))

    def _transaction(self, line: Line) -> str:
        kind, folder = _DOCUMENTS.get(line.journal, ("", ""))
        party = next((party for party in self.company.parties if party.code == line.party), None)
        document = document_id(line, self.knobs)
        fields = {
            "id": line_id(line),
            "hID": line.entry,
            "transactionDate": f"{line.date}T00:00:00",
            "description": line.description,
            "transactionAmount": f"{line.amount:.2f}",
            "transactionAmountForeignCurrency": f"{line.in_currency:.2f}",
            "currency": line.currency,
            "currencyRate": "1.000000",
            "taxCodeDescription": f"TRM{line.vat_code}" if line.vat_code else "",
            "fullName": f" {party.name}" if party else "",
            "VATNumber": party.vat_number if party else "",
            "contactID": contact_id(party.code) if party else "",
            "contactCode": party.code if party else "",
            "contactCountry": party.country if party else "",
            "glAccountCode": line.account,
            "documentID": document,
            "documentReference": line.document,
            "documentType": kind if document else "",
            "documentFolder": folder if document else "",
            "documentFolderTab": "TRMInvoices" if document else "",
            "periodId": f"{line.date:%Y%m}" if self.knobs.calendar_periods else f"{line.year}{line.period:02}",
            "company": "atelier",
            "mutationUser": "yuki",
        }
        return f"<TransactionInfo>{elements(fields)}</TransactionInfo>"


def whole_period(year: FiscalYear, knobs: Knobs) -> str:
    late = timedelta(days=1 if knobs.whole_period == "shifted" else 0)
    if knobs.whole_period == "absurd":
        return "0001-01-01T00:00:00 0001-01-01T00:00:00"
    return f"{year.start + late}T00:00:00 {year.end + late}T00:00:00"


def _booked(company: Company) -> dict[str, Line]:
    return {line_id(line): line for line in company.lines if line.kind == "normal"}
