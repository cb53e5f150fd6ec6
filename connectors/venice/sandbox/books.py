"""The sandbox company as a Venice dossier: years, accounts, entries with what was carried over, balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line

from .knobs import Knobs

Row = dict[str, str]
NO_DATE = "1899-12-30"
CONTROL = "400000"
_NUMBERS_OF_A_COPY = 500_000_000


class Books:
    """One dossier. ``tables`` are those of OData by their code, every value a text."""

    def __init__(self, company: Company, knobs: Knobs) -> None:
        self.company = company
        self._knobs = knobs
        self.years = {year.label: year for year in company.years}
        native = [line for line in company.lines if self._is_native(line)]
        entries = [*map(self._native, native), *self._carried(native)]
        entries.sort(key=lambda row: int(row["SysNum"]))
        self._balances = self._sums(entries, native)
        kept = entries[: -knobs.lost_lines] if knobs.lost_lines else entries
        self.tables: dict[str, list[Row]] = {
            "ENT": kept,
            "CST": list(self._parties("customer")),
            "SUP": list(self._parties("supplier")),
        }
        names = {account.number: account.name for account in company.accounts}
        if knobs.own_accounts:
            names |= {self._account_of(CONTROL, party.code): party.name for party in company.parties}
        self.accounts: dict[str, Row] = {
            number: {
                "Number": number,
                "DescrNld": name,
                "DescrFra": f"{name} (fr)",
                "AccType": "0",
                "AccTypeDsc": "Normal",
                "ClassSubGroup": "0",
            }
            for number, name in names.items()
        }

    def year_of(self, day: date) -> FiscalYear | None:
        return next((year for year in self.years.values() if year.start <= day <= year.end), None)

    def balance(self, year: str, prefix: str) -> Decimal:
        """What all accounts beginning with ``prefix`` come to: the number is a prefix, not an account."""
        found = self._balances[year].items()
        return sum((amount for account, amount in found if account.startswith(prefix)), Decimal("0.00"))

    def _is_native(self, line: Line) -> bool:
        """What is booked: the first year's opening is an entry like others, later ones are carried over; Venice
        books no closing entries."""
        first = self.company.years[0].label
        return line.kind == "normal" or (line.kind == "opening" and line.year == first)

    def _native(self, line: Line) -> Row:
        return {
            "SysNum": str(line.number),
            "AccYearOrg": "0",
            "Book": line.journal,
            "DocNum": line.document,
            "LineNum": str(line.line_no),
            "DocDate": str(line.date),
            "BookDate": str(line.date),
            "Account": self._account_of(line.account, line.party),
            "Remark": line.description,
            "AmountDosC": f"{line.amount:.2f}",
            "BookOrg": "",
            "DocNumOrg": "0",
            "BookDateOrg": NO_DATE,
            "TickStatus": "0",
        }

    def _carried(self, native: list[Line]) -> Iterator[Row]:
        """What was carried over into the later years: open items of customers one by one, sums of other accounts,
        and the result."""
        if self._knobs.transferred != "entries":
            return
        number = _NUMBERS_OF_A_COPY
        for before, year in zip(self.company.years, self.company.years[1:], strict=False):
            openings = [line for line in self.company.lines if line.kind == "opening" and line.year == year.label]
            for line in openings:
                open_items = list(self._open_items(native, line.account, year))
                rest = line.amount - sum(item.amount for item in open_items)
                rows = [(item.party, item.journal, item.document, str(item.date), item.amount) for item in open_items]
                for party, book, document, day, amount in [*rows, (None, "", "0", NO_DATE, rest)]:
                    if amount == 0:
                        continue
                    number += 1
                    yield {
                        "SysNum": str(number),
                        "AccYearOrg": before.label,
                        "Book": "",
                        "DocNum": "0",
                        "LineNum": "0",
                        "DocDate": str(year.start),
                        "BookDate": str(year.start),
                        "Account": self._account_of(line.account, party),
                        "Remark": "Overdracht",
                        "AmountDosC": f"{amount:.2f}",
                        "BookOrg": book,
                        "DocNumOrg": document,
                        "BookDateOrg": day,
                        "TickStatus": "0",
                    }

    def _open_items(self, native: list[Line], account: str, year: FiscalYear) -> Iterable[Line]:
        if account != CONTROL:
            return []
        return [line for line in native if line.account == account and line.party and line.date < year.start]

    def _account_of(self, account: str, party: str | None) -> str:
        if not (self._knobs.own_accounts and account == CONTROL and party):
            return account
        codes = [each.code for each in self.company.parties]
        return f"{account}{codes.index(party) + 1:06d}"

    def _sums(self, entries: list[Row], native: list[Line]) -> dict[str, dict[str, Decimal]]:
        found: dict[str, dict[str, Decimal]] = {label: defaultdict(Decimal) for label in self.years}
        for row in entries:
            year = self.year_of(date.fromisoformat(row["BookDate"]))
            if year:
                found[year.label][row["Account"]] += Decimal(row["AmountDosC"])
        if self._knobs.transferred == "balances":
            for year in self.company.years:
                for line in native:
                    if line.date < year.start and line.account[0] < "6":
                        found[year.label][self._account_of(line.account, line.party)] += line.amount
        return found

    def _parties(self, kind: str) -> Iterator[Row]:
        for number, party in enumerate(self.company.parties, start=1):
            if party.kind == kind:
                vat = party.vat_number
                yield {
                    "Number": str(number),
                    "SubNumber": "0",
                    "Name": party.name,
                    "VatNum": f"{vat[:2]} {vat[2:6]}.{vat[6:9]}.{vat[9:]}" if vat else "",
                    "CountryCode": party.country,
                }
