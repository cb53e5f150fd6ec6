"""WingsOnline as files: a subfolder per year with ledger.csv and trial_balance.csv, relations.csv beside them.

Windows-1252, ``;``, decimal comma, day/month/year. The user exports before a year is closed and adds fiscal_years.csv
and dossier.csv by hand. There are no lists of accounts and journals: accounts are named by the trial balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from connectors.sandbox.company import Company, Line

NUMBER = "412"
_LEDGER = (
    "dossier;year;journal;document;date;period;account;description;debit;credit;currency;amount_currency;relation;"
    "due_date;vat_code"
)


def write(folder: Path, company: Company) -> None:
    """One dossier's files."""
    _file(
        folder / "dossier.csv",
        "key;value",
        [
            ("code", company.code),
            ("name", company.name),
            ("vat_number", company.vat_number),
            ("internal_number", NUMBER),
        ],
    )
    _file(
        folder / "fiscal_years.csv",
        "label;start_date;end_date;closed",
        [(year.label, year.start, year.end, str(int(bool(year.closed)))) for year in company.years],
    )
    _file(
        folder / "relations.csv",
        "number;name;vat_number;address;type;country",
        [
            (party.code, party.name, party.vat_number, "", "K" if party.kind == "customer" else "L", party.country)
            for party in company.parties
        ],
    )
    names = {account.number: account.name for account in company.accounts}
    balances = company.balances()
    for year in company.years:
        place = folder / year.label
        place.mkdir()
        lines = [line for line in company.lines if line.year == year.label and line.kind != "closing"]
        _file(place / "ledger.csv", _LEDGER, [_line(company, line) for line in lines])
        _file(
            place / "trial_balance.csv",
            "account;name;opening;debit;credit;closing",
            [
                (account, names[account], row["opening"], row["debit"], row["credit"], row["closing"])
                for (label, account), row in sorted(balances.items())
                if label == year.label
            ],
        )


def _line(company: Company, line: Line) -> Sequence[str | Decimal | date | None]:
    return (
        NUMBER,
        line.year,
        line.journal,
        line.document,
        line.date,
        f"{line.period:02d}",
        line.account,
        line.description,
        line.debit,
        line.credit,
        line.currency,
        line.in_currency,
        line.party,
        line.due_date,
        line.vat_code,
    )


def _file(path: Path, heading: str, rows: Sequence[Sequence[str | Decimal | date | None]]) -> None:
    lines = [heading, *(";".join(_text(cell) for cell in row) for row in rows)]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("windows-1252"))


def _text(cell: str | Decimal | date | None) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return f"{cell:.2f}".replace(".", ",")
        case date():
            return f"{cell:%d/%m/%Y}"
        case _:
            return '"' + cell.replace('"', '""') + '"' if '"' in cell or ";" in cell else cell
