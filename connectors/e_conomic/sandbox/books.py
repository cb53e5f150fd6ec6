"""What an agreement of the sandbox holds, in the vendor's own rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line

Row = dict[str, Any]

_ENTRY_TYPES = {"VEN": "customerInvoice", "NCV": "customerInvoice", "ACH": "supplierInvoice"}
_COUNTRY_WORDS = {"BE": "Belgien", "FR": "Frankrig", "NL": "Nederlandene", "GB": "United Kingdom", "US": "USA"}
# Titles and totals stand between the accounts; the last two sum what is above them.
_STRUCTURE: tuple[tuple[int, str, str, Row], ...] = (
    (99_999, "EGENKAPITAL", "headingStart", {}),
    (149_999, "EGENKAPITAL I ALT", "totalFrom", {"totalFromAccount": {"accountNumber": 99_999}}),
    (159_999, "Langfristet gæld", "heading", {}),
    (199_999, "AKTIVER", "heading", {}),
    (439_999, "KORTFRISTET GÆLD", "heading", {}),
    (499_999, "Likvide midler", "heading", {}),
    (599_999, "RESULTATOPGØRELSE", "headingStart", {}),
    (
        799_999,
        "RESULTAT",
        "sumInterval",
        {"accountsSummed": [{"fromAccount": {"accountNumber": 600_000}, "toAccount": {"accountNumber": 799_998}}]},
    ),
    (999_999, "ALT", "sumAlpha", {}),
)
POSTING = ("profitAndLoss", "status")


class Books:
    """One agreement's ledger. ``version`` grows with every change, so that answers can be kept until then."""

    def __init__(self, company: Company) -> None:
        self.version = 0
        self.extra: dict[str, list[Row]] = defaultdict(list)
        """Entries that a test booked, by the name of their year."""
        self.show(company)

    def show(self, company: Company) -> None:
        """The company at this or a later revision: whatever is booked gets the next entry numbers."""
        self.company = company
        self.names = year_names(company.years)
        self._customers = [party for party in company.parties if party.kind == "customer"]
        self._suppliers = [party for party in company.parties if party.kind == "supplier"]
        self._entries: dict[str, list[Row]] = {name: [] for name in self.names.values()}
        for number, line in enumerate(_booked(company), start=1):
            self._entries[self.names[line.year]].append(self._entry(number, line))
        self.last_entry = sum(len(rows) for rows in self._entries.values())
        self.version += 1

    def book(self, year: str, day: date, amounts: list[tuple[str, str]], **fields: Any) -> list[int]:
        """Books a voucher now, into the year of that name; returns its entry numbers."""
        numbers = []
        for account, amount in amounts:
            self.last_entry += 1
            row: Row = {
                "account": {"accountNumber": int(account)},
                "amount": Decimal(amount),
                "amountInBaseCurrency": Decimal(amount),
                "currency": self.company.currency,
                "date": day.isoformat(),
                "entryNumber": self.last_entry,
                "entryType": "financeVoucher",
                "voucherNumber": 900_000 + self.last_entry,
            }
            self.extra[year].append(row | fields)
            numbers.append(self.last_entry)
        self.version += 1
        return numbers

    def entries(self, year: str) -> list[Row]:
        return self._entries[year] + self.extra.get(year, [])

    def years(self) -> list[Row]:
        rows: list[Row] = []
        for year in self.company.years:
            row: Row = {
                "year": self.names[year.label],
                "fromDate": year.start.isoformat(),
                "toDate": year.end.isoformat(),
            }
            rows.append(row | ({"closed": True} if year.closed else {}))
        return rows

    def periods(self, year: str) -> list[Row]:
        closed = {self.names[y.label]: y.closed for y in self.company.years}
        return [
            {
                "periodNumber": number,
                "accountingYear": {"year": year},
                "fromDate": first.isoformat(),
                "toDate": last.isoformat(),
            }
            | ({"closed": True} if closed[year] else {})
            for label, number, first, last in self.company.periods
            if self.names[label] == year
        ]

    def accounts(self) -> list[Row]:
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for year in self._entries:
            for entry in self.entries(year):
                if "pening" not in entry["entryType"]:
                    sums[entry["account"]["accountNumber"]] += entry["amountInBaseCurrency"]
        rows: list[Row] = [
            {
                "accountNumber": int(account.number),
                "name": account.name,
                "accountType": "status" if account.on_balance_sheet else "profitAndLoss",
                "balance": sums[int(account.number)],
                "blockDirectEntries": False,
                "debitCredit": "debit" if account.kind in ("asset", "expense") else "credit",
            }
            | ({} if account.active else {"barred": True})
            for account in self.company.accounts
        ]
        rows += [
            {
                "accountNumber": number,
                "name": name,
                "accountType": kind,
                "balance": Decimal("0.00"),
                "debitCredit": "debit",
                **more,
            }
            for number, name, kind, more in _STRUCTURE
        ]
        return sorted(rows, key=lambda row: row["accountNumber"])

    def totals(self, year: str, *, with_openings: bool = True) -> list[Row]:
        """Net movement per posting account; totals accounts tell their sums beside them."""
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for entry in self.entries(year):
            if with_openings or "pening" not in entry["entryType"]:
                sums[entry["account"]["accountNumber"]] += entry["amountInBaseCurrency"]
        sums[799_999] = sum((amount for number, amount in sums.items() if 600_000 <= number < 799_999), Decimal(0))
        found = next(row for row in self.years() if row["year"] == year)
        return [
            {
                "account": {"accountNumber": number},
                "totalInBaseCurrency": amount,
                "fromDate": found["fromDate"],
                "toDate": found["toDate"],
            }
            for number, amount in sorted(sums.items())
        ]

    def customers(self) -> list[Row]:
        return [
            {
                "customerNumber": number,
                "name": party.name,
                "currency": self.company.currency,
                "country": _COUNTRY_WORDS[party.country],
                "lastUpdated": "2023-06-01T08:00:00Z",
            }
            | ({"vatNumber": party.vat_number} if party.vat_number else {})
            for number, party in enumerate(self._customers, start=1)
        ]

    def suppliers(self) -> list[Row]:
        return [
            {
                "supplierNumber": number,
                "name": party.name,
                "currency": self.company.currency,
                "country": _COUNTRY_WORDS[party.country],
            }
            for number, party in enumerate(self._suppliers, start=1)
        ]

    @property
    def country_word(self) -> str:
        return _COUNTRY_WORDS[self.company.country]

    def _entry(self, number: int, line: Line) -> Row:
        kind = self._entry_type(line)
        row: Row = {
            "account": {"accountNumber": int(line.account)},
            "amount": line.in_currency,
            "amountInBaseCurrency": line.amount,
            "currency": line.currency,
            "date": line.date.isoformat(),
            "entryNumber": number,
            "entryType": kind,
            "voucherNumber": int(line.document),
        }
        if line.description:
            row["text"] = line.description
        if line.due_date:
            row["dueDate"] = line.due_date.isoformat()
        if line.vat_code:
            row["vatAccount"] = {"vatCode": line.vat_code}
        if kind == "customerInvoice":
            row["invoiceNumber"] = int(line.document)
        if kind == "supplierInvoice":
            row["supplierInvoiceNumber"] = line.document
        codes = [[party.code for party in parties] for parties in (self._customers, self._suppliers)]
        if line.party in codes[0]:
            row["customer"] = {"customerNumber": codes[0].index(line.party) + 1}
        elif line.party in codes[1]:
            row["supplier"] = {"supplierNumber": codes[1].index(line.party) + 1}
        return row

    def _entry_type(self, line: Line) -> str:
        if line.kind == "opening":
            carried = line.role == "result_brought_forward"
            return "transferredOpeningEntry" if carried else "openingEntry"
        if line.journal == "BNK" and line.description == "Paiement client":
            return "customerPayment"
        return _ENTRY_TYPES.get(line.journal, "financeVoucher")


def _told(company: Company) -> Iterator[Line]:
    """The company's lines but for those that the vendor does not book: closing entries, and the opening entries of a
    year whose predecessor is still open."""
    waiting = {after.label for before, after in pairwise(company.years) if not before.closed}
    for line in company.lines:
        if line.kind == "normal" or (line.kind == "opening" and line.year not in waiting):
            yield line


def year_names(years: tuple[FiscalYear, ...]) -> dict[str, str]:
    """The vendor's name of each year by ours: the calendar years that it spans, with a letter where two share it."""
    plain = {
        year.label: str(year.start.year) if year.start.year == year.end.year else f"{year.start.year}/{year.end.year}"
        for year in years
    }
    shared, letters = Counter(plain.values()), Counter[str]()
    for label, name in plain.items():
        if shared[name] > 1:
            plain[label] = name + "abcdefghij"[letters[name]]
            letters[name] += 1
    return plain


def _booked(company: Company) -> Iterator[Line]:
    """Everything that was ever booked, in the order of its entry numbers. The result is carried by opening entries, so
    no year has closing ones; openings that no longer hold were taken back when their year was opened again."""
    looks = [*(replace(company, revision=n) for n in range(company.revision)), company]
    yield from _told(looks[0])
    for before, after in pairwise(looks):
        stood = {line.number: line for line in _told(before)}
        news = [line for line in _told(after) if stood.get(line.number) != line]
        for line in news:
            if old := stood.get(line.number):
                yield replace(old, debit=old.credit, credit=old.debit)
        yield from news
