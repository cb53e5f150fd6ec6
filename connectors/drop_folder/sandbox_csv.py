"""The CSV contract as six packages' users would export it, one of them as spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook

from connectors.sandbox.company import Company, Line

_JOURNAL_TYPES = {
    "opening": "opening",
    "closing": "closing",
    "sales": "sale",
    "sales_credit": "sale",
    "purchase": "purchase",
    "bank": "financial",
    "general": "misc",
}
_LINES = [
    "journal",
    "document",
    "line_no",
    "date",
    "period",
    "account",
    "account_name",
    "description",
    "debit",
    "credit",
    "currency",
    "amount_currency",
    "counterparty",
    "due_date",
    "vat_code",
]
_FRENCH = {
    "journal": "Journal",
    "document": "Pièce",
    "line_no": "Ligne",
    "date": "Date comptable",
    "period": "Période",
    "account": "Compte",
    "account_name": "Intitulé",
    "description": "Libellé",
    "debit": "Débit",
    "credit": "Crédit",
    "currency": "Devise",
    "amount_currency": "Montant devise",
    "counterparty": "Tiers",
    "due_date": "Échéance",
    "vat_code": "Code TVA",
}
_DUTCH = {
    "journal": "Dagboek",
    "document": "Documentnummer",
    "line_no": "Lijnnummer",
    "date": "Boekdatum",
    "period": "Periode",
    "account": "Rekening",
    "account_name": "Rekeningnaam",
    "description": "Omschrijving",
    "amount": "Bedrag",
    "currency": "Munt",
    "amount_currency": "Bedrag valuta",
    "counterparty": "Relatie",
    "due_date": "Vervaldatum",
    "vat_code": "BTW-code",
}
Cell = str | int | Decimal | date | None


@dataclass(frozen=True)
class Dialect:
    """One package's way of writing the contract's files."""

    separator: str
    encoding: str = "utf-8"
    decimal: str = ","
    dates: str = "%Y-%m-%d"
    columns: Sequence[str] = tuple(_LINES)
    headings: dict[str, str] = field(default_factory=dict)
    title: str = ""
    quote_all: bool = False
    ready: bool = False
    newline: str = "\r\n"
    spreadsheet: bool = False
    """Writes .xlsx in place of .csv, with numbers and dates as such."""

    def write(self, folder: Path, company: Company) -> None:
        """One folder's files; the marker READY last, where the export writes one."""
        self._file(
            folder / "dossier.csv",
            ("key", "value"),
            [
                ("code", company.code),
                ("name", company.name),
                ("vat_number", company.vat_number),
                ("country", company.country),
                ("currency", company.currency),
            ],
        )
        months = {label: number for label, number, _, _ in company.periods}
        self._file(
            folder / "fiscal_years.csv",
            ("label", "start_date", "end_date", "closed", "periods"),
            [(year.label, year.start, year.end, int(bool(year.closed)), months[year.label]) for year in company.years],
        )
        self._file(
            folder / "accounts.csv",
            ("number", "name", "type", "active"),
            [(account.number, account.name, account.kind, int(account.active)) for account in company.accounts],
        )
        self._file(
            folder / "journals.csv",
            ("code", "name", "type"),
            [(journal.code, journal.name, _JOURNAL_TYPES[journal.kind]) for journal in company.journals],
        )
        self._file(
            folder / "parties.csv",
            ("code", "kind", "name", "vat_number", "country"),
            [(party.code, party.kind, party.name, party.vat_number, party.country) for party in company.parties],
        )
        names = {account.number: account.name for account in company.accounts}
        for year in company.years:
            lines = [line for line in company.lines if line.year == year.label]
            self._file(
                folder / f"lines_{year.label}.csv",
                [self.headings.get(column, column) for column in self.columns],
                [self._line(company, names, line) for line in lines],
                title=self.title,
            )
        self.write_balances(folder, company)
        if self.ready:
            (folder / "READY").touch()

    def write_balances(self, folder: Path, company: Company) -> None:
        """The trial balance of each year, before closing entries."""
        names = {account.number: account.name for account in company.accounts}
        balances = company.balances()
        for year in company.years:
            self._file(
                folder / f"trial_balance_{year.label}.csv",
                ("account", "name", "opening", "debit", "credit", "closing"),
                [
                    (account, names[account], row["opening"], row["debit"], row["credit"], row["closing"])
                    for (label, account), row in sorted(balances.items())
                    if label == year.label
                ],
            )

    def _line(self, company: Company, names: dict[str, str], line: Line) -> list[Cell]:
        foreign = line.currency != company.currency
        cells: dict[str, Cell] = {
            "journal": line.journal,
            "document": line.document,
            "line_no": line.line_no,
            "date": line.date,
            "period": line.period,
            "account": line.account,
            "account_name": names[line.account],
            "description": line.description,
            "debit": line.debit,
            "credit": line.credit,
            "amount": line.amount,
            "currency": line.currency if foreign else None,
            "amount_currency": line.amount_currency if foreign else None,
            "counterparty": line.party,
            "due_date": line.due_date,
            "vat_code": line.vat_code,
            "modified_at": line.modified_at.isoformat(sep=" "),
        }
        return [cells[column] for column in self.columns]

    def _file(self, path: Path, headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, title: str = "") -> None:
        if self.spreadsheet:
            return _save(path.with_suffix(".xlsx"), [*([title],) * bool(title), headings, *rows])
        out = io.StringIO()
        quoting = csv.QUOTE_ALL if self.quote_all else csv.QUOTE_MINIMAL
        writer = csv.writer(out, delimiter=self.separator, lineterminator=self.newline, quoting=quoting)
        if title:
            out.write(title + self.newline)
        writer.writerow(headings)
        writer.writerows([self._text(cell) for cell in row] for row in rows)
        path.write_bytes(out.getvalue().encode(self.encoding))

    def _text(self, cell: Cell) -> str:
        match cell:
            case None:
                return ""
            case Decimal():
                return f"{cell:.2f}".replace(".", self.decimal)
            case date():
                return cell.strftime(self.dates)
            case _:
                return str(cell)


def _save(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(path.stem)
    for row in rows:
        sheet.append(list(row))
    book.save(path)


EXPERTM = Dialect(";", encoding="windows-1252", dates="%d/%m/%Y", headings=_FRENCH, title="Grand livre des comptes")
WINGS = Dialect(
    "\t",
    dates="%d-%m-%Y",
    columns=list(_DUTCH),
    headings=_DUTCH,
)
VEROCOUNT = Dialect(";", dates="%Y%m%d", columns=(*_LINES, "modified_at"), ready=True, newline="\n")
# Neither booking periods nor line numbers: both follow from dates and order.
TOPACCOUNT = Dialect(
    "",
    columns=[column for column in _LINES if column not in ("period", "line_no")],
    spreadsheet=True,
    title="Grand livre",
)
ADSOLUT = Dialect(",", decimal=".", dates="%d/%m/%Y", quote_all=True, encoding="utf-8-sig")
POPSY = Dialect(";", encoding="cp850", decimal=".", dates="%d/%m/%Y")
HORUS = Dialect(";", dates="%d/%m/%Y", encoding="windows-1252", headings=_FRENCH)
