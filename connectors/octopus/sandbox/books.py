"""The sandbox company in Octopus's own rows: bookyears, accounts, relations, journals, documents, balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.company import Company, Line

from .knobs import Knobs

Row = dict[str, Any]
DocumentKey = tuple[int, int, int, int]
"""Bookyear, journal type, journal number, document number."""

DOSSIER, EMPTY, DISABLED = 70112, 70113, 70120
FIRST_BOOKYEAR = 3
JOURNALS = {"ACH": (1, 1), "VEN": (2, 1), "NCV": (2, 2), "BNK": (3, 1), "DIV": (4, 1), "OPN": (4, 2)}
LETTERS = {1: "A", 2: "V", 3: "F", 4: "D"}


class Books:
    """One dossier. Later openings and closing entries are not told: the ledger of the vendor runs on through years."""

    def __init__(self, company: Company, knobs: Knobs, now: datetime) -> None:
        self._knobs = knobs
        self.company = company
        self.modified: dict[DocumentKey, datetime] = {}
        self.deleted: dict[DocumentKey, datetime] = {}
        self.documents = self._told()
        long_ago = now - timedelta(days=30)
        self.modified = dict.fromkeys(self.documents, long_ago)
        self.deleted = {self._key(line): long_ago for line in company.deleted}

    def show(self, company: Company, now: datetime) -> None:
        """The company at a later revision: documents that differ were modified or deleted just now."""
        before = self.documents
        self.company = company
        self.documents = self._told()
        for key in before.keys() - self.documents.keys():
            self.modified.pop(key)
            self.deleted[key] = now
        for key, lines in self.documents.items():
            if before.get(key) != lines:
                self.modified[key] = now
                self.deleted.pop(key, None)

    def bookings(self, bookyear: int, journal_type: int, since: datetime, until: datetime | None) -> Row | None:
        """What was modified and deleted from ``since`` on; -1 stands for all. None when there is nothing."""

        def wanted(key: DocumentKey, moment: datetime) -> bool:
            return (
                bookyear in (-1, key[0])
                and journal_type in (-1, key[1])
                and moment >= since
                and (until is None or moment <= until)
            )

        keys = [key for key in self.documents if wanted(key, self.modified[key])]
        rows = [row for key in keys for row in self.documents[key]]
        gone = [_document_key(key) for key, moment in self.deleted.items() if wanted(key, moment)]
        if not rows and not gone:
            return None
        return {"modifiedBookings": rows[self._knobs.missing_lines :], "deletedBookings": gone}

    def bookyears(self) -> list[Row]:
        return [
            {
                "bookyearKey": {"id": self.bookyear(year.label)},
                "bookyearDescription": year.label,
                "startDate": year.start.isoformat(),
                "endDate": year.end.isoformat(),
                "closed": bool(year.closed),
                "periods": [
                    {
                        "bookyearPeriod": self.period(label, number),
                        "startDate": first.isoformat(),
                        "endDate": last.isoformat(),
                    }
                    for label, number, first, last in self.company.periods
                    if label == year.label
                ],
            }
            for year in self.company.years
        ]

    def accounts(self) -> list[Row]:
        """Every account of every bookyear; the eldest bookyear knew them by other names."""
        eldest, *_ = self.company.years
        return [
            {
                "accountKey": {"bookyearKey": {"id": self.bookyear(year.label)}, "id": int(account.number)},
                "description": {
                    **({"description_NL": ""} if position % 2 else {}),
                    "description_FR": account.name if year != eldest else f"{account.name} (ancien nom)",
                },
                "costCentreType": 0,
                "vatRecupPercentage": Decimal("100.0"),
            }
            for year in self.company.years
            for position, account in enumerate(self.company.accounts)
        ]

    def relations(self) -> list[Row]:
        return [
            {
                "relationIdentificationServiceData": {"relationKey": {"id": self.relation(party.code)}},
                "name": party.name,
                "client": party.kind == "customer",
                "supplier": party.kind == "supplier",
                "vatNr": f"{party.vat_number[:6]}.{party.vat_number[6:9]}.{party.vat_number[9:]}"
                if party.vat_number
                else "",
                "country": party.country,
                "active": True,
            }
            for party in self.company.parties
        ]

    def journals(self, bookyear: int) -> list[Row]:
        return [
            {
                "bookyearKey": {"id": bookyear},
                "journalKey": f"{LETTERS[kind]}{number}",
                "name": journal.name,
                "closed": False,
                "currencyCode": "EUR",
            }
            for journal in self.company.journals
            if journal.code in JOURNALS
            for kind, number in [JOURNALS[journal.code]]
        ]

    def amounts(self) -> list[Row]:
        """One balance per account and period, made of the very lines that are told."""
        sums: dict[tuple[int, int, int], Decimal] = defaultdict(Decimal)
        for line in self._lines():
            year = self.bookyear(line.year)
            sums[year, self.period(line.year, max(line.period, 1)), int(line.account)] += line.amount
        if self._knobs.carries_over:
            self._carry_over(sums)
        rows, standing = [], defaultdict(Decimal)
        for (year, period, account), moved in sorted(sums.items()):
            standing[year, account] += moved
            rows.append(
                {
                    "accountAmountKey": {
                        "bookyearPeriodKey": {"bookyearKey": {"id": year}, "bookyearPeriodNr": period},
                        "accountKey": {"id": account} if self._knobs.keys_as_objects else account,
                    },
                    "balance": _double(standing[year, account] if self._knobs.cumulative else moved),
                }
            )
        return rows

    def _carry_over(self, sums: dict[tuple[int, int, int], Decimal]) -> None:
        for year in self.company.years[1:]:
            key = self.bookyear(year.label)
            carried: dict[int, Decimal] = defaultdict(Decimal)
            for line in self._lines():
                if self.bookyear(line.year) < key and line.account[0] in "12345":
                    carried[int(line.account)] += line.amount
            for account, amount in carried.items():
                sums[key, self.period(year.label, 1), account] += amount

    def bookyear(self, label: str) -> int:
        return FIRST_BOOKYEAR + [year.label for year in self.company.years].index(label)

    def period(self, label: str, number: int) -> int:
        return int(label) * 100 + number

    def relation(self, code: str) -> int:
        return 11 + [party.code for party in self.company.parties].index(code)

    def _lines(self) -> Iterator[Line]:
        first = self.company.years[0].label
        for line in self.company.lines:
            if line.kind == "normal" or (line.kind == "opening" and line.year == first):
                yield line

    def _told(self) -> dict[DocumentKey, list[Row]]:
        documents: dict[DocumentKey, list[Row]] = defaultdict(list)
        for line in self._lines():
            documents[self._key(line)].append(self._row(line))
        return dict(documents)

    def _key(self, line: Line) -> DocumentKey:
        return (self.bookyear(line.year), *JOURNALS[line.journal], int(line.document))

    def _row(self, line: Line) -> Row:
        year, kind, number, document = self._key(line)
        noise = self._knobs.noise and line.number % 7 == 0
        row: Row = {
            "bookyearKey": {"id": year},
            "journalType": kind,
            "journalNr": number,
            "documentSequenceNr": document,
            "lineSequenceNr": line.line_no,
            "bookyearPeriodeNr": self.period(line.year, max(line.period, 1)),
            "documentDate": line.date.isoformat(),
            "accountKey": int(line.account),
            "bookingAmount": _double(line.amount, noise=noise),
            "documentAmount": _double(line.in_currency, noise=noise),
            "currencyCode": line.currency,
            "exchangeRate": Decimal("1.0"),
            "comment": line.description,
            "reference": "",
        }
        if line.due_date:
            row["expiryDate"] = line.due_date.isoformat()
        if line.party:
            row["relationKey"] = {"id": self.relation(line.party)}
        if line.vat_code:
            row["vatSectionCode"] = line.vat_code
        if self._knobs.unknown_fields:
            row["somethingNew"] = {"id": 1}
        return row


def _double(amount: Decimal, *, noise: bool = False) -> Decimal:
    """An amount as a double is written (121.0); ``noise`` adds what binary sums leave in the last place."""
    text = f"{amount:.2f}"
    if noise:
        return Decimal(f"{text}000000000001")
    return Decimal(text.removesuffix("0"))


def _document_key(key: DocumentKey) -> Row:
    year, kind, number, document = key
    return {
        "bookyearKey": {"id": year},
        "journalType": kind,
        "journalSequenceNr": number,
        "documentSequenceNr": document,
    }
