"""Venice's SDK as far as public code shows its members, over the sandbox's dossier; it refuses what is not a member."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company
from connectors.venice.sandbox.books import Books, Row
from connectors.venice.sandbox.knobs import Knobs

FIRST = 0


def moment(day: str | date) -> datetime:
    """A COM date: midnight, of a time zone that means nothing."""
    found = date.fromisoformat(str(day))
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


class Cursor:
    """A cursor over the rows of a table. ``breaks_at`` is the row at which the engine fails, with ``status``."""

    def __init__(self, rows: list[Row], breaks_at: int = -1, status: int = 2) -> None:
        self._rows, self._at, self._breaks_at, self._failure = rows, -1, breaks_at, status
        self._status = 0
        self.sought: list[int] = []

    def SeekBySysNum(self, mode: int, number: int) -> bool:
        self.sought.append(mode)
        return self._go(0)

    def GetNext(self) -> bool:
        return self._go(self._at + 1)

    def GetDBStatus(self) -> int:
        return self._status

    def GetFieldID(self, name: str) -> int:
        return list(self._rows[self._at]).index(name)

    def GetFieldStr(self, field: int) -> str:
        return list(self._rows[self._at].values())[field]

    @property
    def pAccYearOrg(self) -> int:
        return int(self._rows[self._at]["AccYearOrg"])

    @property
    def pDocNum(self) -> int:
        return int(self._rows[self._at]["DocNum"])

    @property
    def vLineNum(self) -> int:
        return int(self._rows[self._at]["LineNum"])

    @property
    def pBookDate(self) -> datetime:
        return moment(self._rows[self._at]["BookDate"])

    @property
    def pRemark(self) -> str:
        return self._rows[self._at]["Remark"]

    @property
    def pAmountDosC(self) -> float:
        return float(self._rows[self._at]["AmountDosC"]) + 1e-11  # a double, and its noise

    def _go(self, place: int) -> bool:
        if place == self._breaks_at:
            self._status = self._failure
            return False
        self._status = 0 if place < len(self._rows) else 9
        self._at = min(place, len(self._rows) - 1)
        return place < len(self._rows)


class Year:
    vCurrency = "EUR"

    def __init__(self, dossier: Dossier, year: FiscalYear) -> None:
        self._dossier, self._year = dossier, year
        self.vBegin, self.vEnd = moment(year.start), moment(year.end)

    def CreateEntry(self, exclusive: bool) -> Cursor:
        rows = self._dossier.books.tables["ENT"]
        mine = [row for row in rows if self._year.start <= date.fromisoformat(row["BookDate"]) <= self._year.end]
        return self._dossier.opened(Cursor(mine, self._dossier.breaks_at, self._dossier.status))


class Firm:
    pName, pVatNum, pVatLiable, pStreet, pPostalCode, pCity, pCountryCode = "", "BE 0403.019.261", 1, "", "", "", "BE"


class Dossier:
    """A dossier's context."""

    vCurrency = "EUR"

    def __init__(self, company: Company, directory: str = "ATELIER") -> None:
        self.books = Books(company, Knobs())
        self.vName, self.vDirectory = company.name, directory
        self.cursors: list[Cursor] = []
        self.breaks_at, self.status = -1, 2

    def opened(self, cursor: Cursor) -> Cursor:
        self.cursors.append(cursor)
        return cursor

    def GetYears(self) -> tuple[int, ...]:
        return tuple(int(label) for label in self.books.years)

    def CreateYearContext(self, year: int) -> Year:
        return Year(self, self.books.years[str(year)])

    def CreateFirm(self) -> Any:
        return Firm()

    def CreateAccnt(self, exclusive: bool) -> Cursor:
        return self.opened(Cursor(list(self.books.accounts.values())))

    def CreateCustm(self, exclusive: bool) -> Cursor:
        return self.opened(Cursor(self.books.tables["CST"]))

    def CreateSuppl(self, exclusive: bool) -> Cursor:
        return self.opened(Cursor(self.books.tables["SUP"]))


class ComError(Exception):
    """What COM raises."""


class Constants:
    smFirst, lngNld = FIRST, 1


class Venice:
    """The SDK's own object, with one cabinet."""

    vVeniceVersion = "10.50_ SP3"

    def __init__(self, dossiers: dict[str, Dossier | None], password: str) -> None:
        self._dossiers, self._password = dossiers, password
        self.logged_on: tuple[str, str] | None = None

    def LogonSecure(self, version: str, app: str, language: int, flag: bool, user: str, password: str) -> None:
        if password != self._password:
            raise ComError("logon refused")
        self.logged_on = version, user

    def GetDossiers(self, cabinet: str) -> tuple[str, ...]:
        return tuple(self._dossiers)

    def CreateDossierContext(self, cabinet: str, directory: str) -> Dossier:
        found = self._dossiers[directory]
        if found is None:
            raise ComError("no such dossier")
        return found
