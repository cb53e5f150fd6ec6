"""The sandbox company as the vendor's objects: book years and periods, accounts, journals, parties, headers, lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.company import RATES, Company, Line

from .ids import entity_type, guid, sort_key
from .knobs import Knobs

Row = dict[str, Any]
_BRUSSELS = ZoneInfo("Europe/Brussels")
_CREATED = datetime(2023, 7, 1, 8, tzinfo=UTC)
_TODAY = datetime(2026, 8, 31, 8, tzinfo=UTC)
_WITH_PARTY_FIRST = ("VEN", "NCV", "ACH")
SIMULATION = 99_999_999
"""The entry number of a simulation, which is booked nowhere."""


class Books:
    """One folder. ``rows`` gives an entity's objects, those of lines and headers in the order of their ids."""

    def __init__(self, company: Company, knobs: Knobs) -> None:
        self.company = company
        self._knobs = knobs
        self._places = {year.label: place for place, year in enumerate(company.years, start=1)}
        entries: dict[int, list[Line]] = {}
        for line in self._told():
            entries.setdefault(line.entry, []).append(line)
        accounts = [self._account(place) for place in range(1, len(company.accounts) + 1)]
        self.rows: dict[str, list[Row]] = {
            "BookYear": self._years(),
            "BookPeriod": self._periods(),
            "GLAccount": accounts,
            "Journal": self._journals(),
            "Customer": self._parties("Customer"),
            "Supplier": self._parties("Supplier"),
            "GLTransHeader": [self._header(lines) for lines in entries.values()],
            "GLTrans": [row for lines in entries.values() for row in self._entry(lines)],
        }
        self._simulate()
        for name in ("GLTransHeader", "GLTrans"):
            self.rows[name].sort(key=lambda row: sort_key(row["Id"]))

    def _told(self) -> Iterable[Line]:
        """What is booked: openings that the knobs leave out are not there yet."""
        first = self.company.years[0].label
        for line in self.company.lines:
            if line.kind == "opening" and line.year != first and line.year < self._knobs.openings_from:
                continue
            if line.kind == "closing" and not self._knobs.closing_periods:
                continue
            yield line

    def _object(self, name: str, number: int, modified: datetime = _CREATED, **properties: Any) -> Row:
        row: Row = {"$type": entity_type(name), "TotalLevel": 1, "Id": guid(name, number)}
        row |= {key: value for key, value in properties.items() if value is not None}
        row |= {"Created": _moment(_CREATED), "Modified": _moment(modified)}
        return row | ({"SomethingNew": {"Id": 1}} if self._knobs.unknown_fields else {})

    def _years(self) -> list[Row]:
        rows = []
        for year in self.company.years:
            dates = zip(self._knobs.year_dates or (), (self._day(year.start), self._day(year.end)), strict=False)
            rows.append(self._object("BookYear", self._places[year.label], Code=year.label, **dict[str, Any](dates)))
        return rows

    def _periods(self) -> list[Row]:
        """Number 0 opens a year; the one behind its last month closes it, and tells the month before once more."""
        rows = []
        for year in self.company.years:
            months = [(number, first) for label, number, first, _ in self.company.periods if label == year.label]
            last = months[-1]
            told = [(0, months[0][1]), *months]
            told += [(last[0] + 1, last[1])] if self._knobs.closing_periods else []
            for number, first in told:
                rows.append(
                    self._object(
                        "BookPeriod",
                        self._period(year.label, number),
                        BookYear_Id=guid("BookYear", self._places[year.label]),
                        Number=number,
                        RelatedYear=first.year,
                        RelatedMonth=first.month,
                    )
                )
        return rows

    def _period(self, label: str, number: int) -> int:
        return self._places[label] * 100 + number

    def _period_of(self, line: Line) -> str:
        number = {"opening": 0, "closing": line.period + 1}.get(line.kind, line.period)
        return guid("BookPeriod", self._period(line.year, number))

    def _account(self, place: int) -> Row:
        account = self.company.accounts[place - 1]
        name: dict[str, Any] = {self._knobs.account_name: account.name}
        return self._object("GLAccount", place, Code=account.number, IsLocked=not account.active, **name)

    def _journals(self) -> list[Row]:
        """One of each per book year."""
        return [
            self._object(
                "Journal",
                self._journal(year, journal.code),
                Code=journal.code,
                Name=journal.name,
                BookYear_Id=guid("BookYear", place),
            )
            for year, place in self._places.items()
            for journal in self.company.journals
        ]

    def _journal(self, label: str, code: str) -> int:
        return self._places[label] * 100 + [journal.code for journal in self.company.journals].index(code)

    def _parties(self, name: str) -> list[Row]:
        """Customers or suppliers with what ``maxLevel=2`` adds: the third party and its addresses."""
        rows = []
        for place, party in enumerate(self.company.parties, start=1):
            if party.kind != name.lower():
                continue
            address = {"Name": party.name, "Town": "Gent", "CountryCode": party.country, "IsPosting": True}
            third = {
                "$type": entity_type("Third"),
                "Code": party.code,
                "Name": party.name,
                "VatNumber": party.vat_number.removeprefix(party.country),
                "VatCountryCode": party.country if party.vat_number else None,
                "LanguageCode": "FR",
                "Addresses": [
                    {"$type": entity_type("ThirdAddress"), "Id": f"{place}-{n}", **address} for n in range(3)
                ],
            }
            central = self.company.numbers["customers" if name == "Customer" else "suppliers"]
            more = {"VatApplicable": 1, "IsHidden": False, "GLAccountCentralCode": central, "Third": third}
            rows.append(self._object(name, place, Code=party.code, **more))
        return rows

    def _header(self, lines: list[Line], **more: Any) -> Row:
        line = lines[0]
        due = next((each.due_date for each in lines if each.due_date), None)
        return self._object(
            "GLTransHeader",
            line.entry,
            max(map(_modified, lines)),
            BookPeriod_Id=self._period_of(line),
            Journal_Id=guid("Journal", self._journal(line.year, line.journal)),
            JournalCode=None if self._knobs.ids_only else line.journal,
            DocNumber=int(line.document),
            BookDate=self._day(line.date),
            DueDate=self._day(due) if due else None,
            **{"IsLocked": False, "IsImported": False, "IsTemp": False, "IsChecked": True} | more,
        )

    def _entry(self, lines: list[Line]) -> Iterable[Row]:
        """The lines of a document: in sales and purchases the party's comes first, elsewhere they go by thousands."""
        ordered, step = lines, 1000
        if lines[0].journal in _WITH_PARTY_FIRST:
            ordered, step = sorted(lines, key=lambda line: line.party is None), 1
        for place, line in enumerate(ordered, start=0 if step == 1 else 1):
            yield self._line(line, place * step)

    def _line(self, line: Line, order: int) -> Row:
        places = {account.number: place for place, account in enumerate(self.company.accounts, start=1)}
        party = next((p for p in enumerate(self.company.parties, start=1) if p[1].code == line.party), None)
        kind = party[1].kind.capitalize() if party else ""
        codes = {
            "GLAccountCode": line.account,
            "CurrencyCode": line.currency,
            "VatCode": line.vat_code,
            f"{kind}Code": line.party,
        }
        return self._object(
            "GLTrans",
            line.number,
            _modified(line),
            GLTransHeader_Id=guid("GLTransHeader", line.entry),
            BookPeriod_Id=self._period_of(line),
            LineOrder=order,
            GLAccount_Id=guid("GLAccount", places[line.account]),
            Amount=line.amount,
            Amount2=Decimal("0.00"),
            CurrencyAmount=line.in_currency,
            CurrencyRate=RATES[line.currency],
            VatBaseAmount=abs(line.amount) if line.vat_code else None,
            CommentBooking=line.description or None,
            ValueDate=self._day(line.date),
            **{f"{kind}_Id": guid(kind, party[0])} if party else {},
            **{} if self._knobs.ids_only else {name: code for name, code in codes.items() if code},
        )

    def _simulate(self) -> None:
        """A simulation entry in the last year, as somebody tries a provision out."""
        year = self.company.years[-1].label
        like = [line for line in self.company.lines if line.year == year and line.journal == "DIV"][:2]
        if not like:
            return
        lines = [
            Line(
                **{
                    **vars(line),
                    "entry": SIMULATION,
                    "number": SIMULATION * 10 + place,
                    "debit": debit,
                    "credit": credit,
                }
            )
            for place, line in enumerate(like)
            for debit, credit in [(Decimal(500), Decimal(0)) if place == 0 else (Decimal(0), Decimal(500))]
        ]
        self.rows["GLTransHeader"].append(self._header(lines, IsTemp=True))
        self.rows["GLTrans"] += self._entry(lines)

    def _day(self, day: date) -> str:
        if self._knobs.iso_dates:
            return f"{day}T00:00:00"
        return _moment(datetime(day.year, day.month, day.day, tzinfo=_BRUSSELS))


def _modified(line: Line) -> datetime:
    """When a line was changed last: by a correction, else on the day that it was booked for, at the latest today."""
    if line.version > 1:
        return line.modified_at.replace(tzinfo=UTC)
    booked = datetime(line.date.year, line.date.month, line.date.day, 8, tzinfo=UTC)
    return min(booked, _TODAY) + timedelta(seconds=line.number % 3600)


def _moment(moment: datetime) -> str:
    return f"/Date({round(moment.timestamp() * 1000)})/"
