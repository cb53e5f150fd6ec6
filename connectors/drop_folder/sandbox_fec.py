"""FEC files of the sandbox company: one per fiscal year, with opening entries and without closing entries.

TAB, UTF-8, 18 columns, decimal comma, amounts without grouping, entries numbered through the year in order of
validation. There is no VAT code, due date or booking period in the format.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from pathlib import Path

from connectors.contract import FiscalYear
from connectors.drop_folder.fec_cut import COLUMNS
from connectors.sandbox.company import Company, Line


def write(folder: Path, company: Company) -> None:
    siren = company.vat_number[-9:]
    for year in company.years:
        path = folder / f"{siren}FEC{year.end:%Y%m%d}.txt"
        path.write_text(text(company, year), encoding="utf-8", newline="")
    (folder / "dossier.csv").write_text(f"key;value\ncode;{company.code}\nname;{company.name}\n", encoding="utf-8")


def text(company: Company, year: FiscalYear) -> str:
    """The file of one year."""
    lines = [line for line in company.lines if line.year == year.label and line.kind != "closing"]
    lines.sort(key=lambda line: (line.kind != "opening", line.date, line.entry, line.line_no))
    rows = ["\t".join(COLUMNS)]
    for number, (_, entry) in enumerate(groupby(lines, key=lambda line: line.entry), start=1):
        rows += ["\t".join(_row(company, year, line, number)) for line in entry]
    return "\r\n".join(rows) + "\r\n"


def _row(company: Company, year: FiscalYear, line: Line, number: int) -> list[str]:
    accounts = {account.number: account.name for account in company.accounts}
    journals = {journal.code: journal.name for journal in company.journals}
    parties = {party.code: party.name for party in company.parties}
    foreign = line.currency != company.currency and line.amount_currency is not None
    return [
        line.journal,
        journals[line.journal],
        f"{number:06d}",
        f"{line.date:%Y%m%d}",
        line.account,
        accounts[line.account],
        line.party or "",
        parties[line.party] if line.party else "",
        line.document,
        f"{line.date:%Y%m%d}",
        line.description,
        _amount(line.debit),
        _amount(line.credit),
        "",
        "",
        f"{year.end:%Y%m%d}" if year.closed else "",
        _amount(abs(line.amount_currency)) if foreign and line.amount_currency is not None else "",
        line.currency if foreign else "",
    ]


def _amount(value: Decimal) -> str:
    return f"{value:.2f}".replace(".", ",")
