"""What the sandbox holds: tables of wire rows, and the ways in which a bookkeeper changes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.company import Company

from . import ledger, tables
from .odata import wire_date
from .tables import Row

DIVISION, CURRENT, ARCHIVED, BLOCKED, FOREIGN = 900101, 900100, 900102, 900103, 900104
FIRST_SMALL = 910_001
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Books:
    """One division's tables. ``version`` grows with every change, so that answers can be kept until then; ``small``
    are the rows of further divisions in the list."""

    def __init__(self, company: Company, now: Callable[[], datetime], small: Sequence[Row] = ()) -> None:
        self._now = now
        self._small = small
        self._added = 0
        self.version = 0
        self.company = company
        self.lines: dict[str, Row] = ledger.lines(company, DIVISION)
        self.deleted: dict[str, Row] = {}
        for line in company.deleted:
            self._log_deletion(ledger.line_id(line), ledger.deletion_timestamp(line))
        self._stands_since = [(LONG_AGO, self.high_water)]
        self._made: tuple[int, dict[str, list[Row]]] = (-1, {})
        self.division_fields: dict[str, Any] = {}

    @property
    def high_water(self) -> int:
        """The greatest row version so far."""
        rows = (*self.lines.values(), *self.deleted.values())
        return max((int(row["Timestamp"]) for row in rows), default=0)

    def show(self, company: Company) -> None:
        """The company at a later revision: changed lines get their later row version, gone ones are logged."""
        before = self.lines
        self.company = company
        self.lines = ledger.lines(company, DIVISION)
        for line in company.deleted:
            if ledger.line_id(line) in before:
                self._log_deletion(ledger.line_id(line), ledger.deletion_timestamp(line))
        self._changed()

    def add_entry(self, year: int, period: int, day: date, amounts: list[tuple[str, str]], **fields: Any) -> list[str]:
        """Books an entry now; returns the IDs of its lines."""
        self._added += 1
        stamp, ids = self.high_water, []
        for position, (account, amount) in enumerate(amounts, start=1):
            number = 9_000_000_000 + self._added * 100 + position
            row = {
                "ID": tables.guid(number, 1),
                "EntryID": tables.guid(9_000_000_000 + self._added * 100, 2),
                "EntryNumber": 99_000_000 + self._added,
                "LineNumber": position,
                "Division": DIVISION,
                "JournalCode": "DIV",
                "Date": wire_date(tables.midnight(day)),
                "FinancialYear": year,
                "FinancialPeriod": period,
                "GLAccountCode": account,
                "AmountDC": Decimal(amount),
                "AmountFC": Decimal(amount),
                "Currency": "EUR",
                "Status": 20,
                "Type": ledger.OTHER,
                "Timestamp": str(stamp + position),
            } | fields
            self.lines[row["ID"]] = row
            ids.append(row["ID"])
        self._changed()
        return ids

    def change_line(self, key: str, **fields: Any) -> None:
        self.lines[key] = self.lines[key] | fields | {"Timestamp": str(self.high_water + 1)}
        self._changed()

    def delete_lines(self, keys: list[str]) -> None:
        for key in keys:
            del self.lines[key]
            self._log_deletion(key, self.high_water + 1)
        self._changed()

    def timestamp_at(self, moment: datetime) -> int:
        """The greatest row version that stood at ``moment``."""
        return max((stamp for since, stamp in self._stands_since if since <= moment), default=0)

    def table(self, name: str) -> list[Row]:
        if self._made[0] != self.version:
            self._made = (self.version, {})
        made = self._made[1]
        if name not in made:
            made[name] = self._make(name)
        return made[name]

    def _make(self, name: str) -> list[Row]:
        company = self.company
        match name:
            case "lines":
                return list(self.lines.values())
            case "deleted":
                return list(self.deleted.values())
            case "accounts":
                return tables.accounts(company, DIVISION)
            case "classification_mappings":
                return tables.classification_mappings(company, DIVISION)
            case "journals":
                return tables.journals(company, DIVISION)
            case "relations":
                return tables.relations(company, DIVISION)
            case "periods":
                return tables.periods(company)
            case "journal_statuses":
                return tables.journal_statuses(company)
            case "reporting_balance":
                return ledger.reporting_balance(self.table("lines"), self.table("accounts"), DIVISION)
            case _:
                raise KeyError(name)

    def divisions(self) -> list[Row]:
        company = self.company
        make = tables.division
        return [
            make(CURRENT, "1", "Fiduciaire du Parc", company.country, Current=True, IsMainDivision=True),
            make(
                DIVISION,
                company.code,
                company.name,
                company.country,
                VATNumber=company.vat_number,
                **self.division_fields,
            ),
            make(ARCHIVED, "1007", "Oude Bakkerij BV", company.country, Status=2),
            make(BLOCKED, "1055", "Garage en Conversion SA", company.country, BlockingStatus=2),
            make(FOREIGN, "1060", "Holding Zonder Toegang NV", company.country),
            *self._small,
        ]

    def _log_deletion(self, key: str, stamp: int) -> None:
        self.deleted[key] = {
            "ID": key,
            "EntityKey": key,
            "EntityType": 1,
            "DeletedDate": wire_date(self._now().replace(tzinfo=None)),
            "Division": DIVISION,
            "Timestamp": str(stamp),
        }

    def _changed(self) -> None:
        self.version += 1
        self._stands_since.append((self._now(), self.high_water))
