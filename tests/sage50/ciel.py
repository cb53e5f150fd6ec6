"""XIMPORT and RIMPORT files as the French Sage 50 would write them, from what is public of the two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby

from connectors.sandbox.company import Company, Line

JOURNALS = {"opening": "AN", "purchase": "AC", "sales": "VE", "sales_credit": "AV", "bank": "BQ", "general": "OD"}
"""Two letters each, as XIMPORT has room for."""


def ximport(company: Company, year: str) -> bytes:
    """Widths 5 2 8 8 12 11 25 13 1 12 6 34 1 in the code page of the console, a line each."""
    names = {account.number: account.name for account in company.accounts}
    rows = []
    for number, journal, line in entries(company, year):
        amount, side = _amount(line)
        rows.append(
            f"{number:05d}{journal}{line.date:%Y%m%d}{_day(line.due_date, '%Y%m%d'):8}{line.document:12}"
            f"{line.account:11}{line.description[:25]:25}{amount:013.2f}{side}{'':12}{'':6}{names[line.account][:34]:34}E"
        )
        assert len(rows[-1]) == 138
    return "".join(f"{row}\r\n" for row in rows).encode("cp850", "replace") + b"\x1a"


def rimport(company: Company, year: str, *, comma: bool = False) -> bytes:
    """Sections Dos, Jnl and Mvt, TAB between fields, Windows-1252; with ``comma`` the amounts say so of themselves."""
    names = {account.number: account.name for account in company.accounts}
    rows = ["##Transfert", "##Section\tDos", "EUR", "##Section\tMvt"]
    rows += ["##DebFmt\tSepDec = ,"] if comma else []
    for number, journal, line in entries(company, year):
        amount, side = _amount(line)
        told = f"{amount:.2f}".replace(".", ",") if comma else f"{amount:.2f}"
        label = line.description.replace('"', '""')
        cells = [f'"{number}"', f'"{journal}"', f'"{line.date:%d/%m/%Y}"', f'"{line.account}"']
        cells += [f'"{names[line.account]}"', f'"{told}"', side, "V", f'"{label}"', f'"{line.document}"', "10"]
        rows.append("\t".join([*cells, _day(line.due_date, "%d/%m/%Y"), *[""] * 10]))
    rows += ["##FinFmt"] if comma else []
    rows += ["##Section\tJnl"]
    rows += [f'"{code}"\t"Journal {kind}"\t"T"' for kind, code in JOURNALS.items()]
    rows += ["##Section\tTiers", "411666\tCompte client\tLéon\tRue de la paix\t75000\tParis"]
    return "\r\n".join(rows).encode("cp1252", "replace") + b"\r\n"


def entries(company: Company, year: str) -> Iterator[tuple[int, str, Line]]:
    """Every line but those of closing entries, with the number of its movement and its journal in two letters."""
    kinds = {journal.code: journal.kind for journal in company.journals}
    lines = [line for line in company.lines if line.year == year and line.kind != "closing"]
    lines.sort(key=lambda line: (line.kind != "opening", line.date, line.entry, line.line_no))
    for number, (_, entry) in enumerate(groupby(lines, key=lambda line: line.entry), start=1):
        for line in entry:
            yield number, "AN" if line.kind == "opening" else JOURNALS.get(kinds[line.journal], "OD"), line


def _amount(line: Line) -> tuple[Decimal, str]:
    return (line.debit, "D") if line.debit else (line.credit, "C")


def _day(day: date | None, form: str) -> str:
    return f"{day:{form}}" if day else ""
