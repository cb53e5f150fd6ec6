"""Sage 50, locally: a root with the company as a UK user would export it, and other folders beside.

``COMPANY.000`` holds the audit trail and the lists; ``COMPANY.001`` the same company as exported tables, one row per
posting; ``CIEL`` a French one's FEC; and a folder that is none.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

from connectors.drop_folder import sandbox_fec
from connectors.sage50.sandbox_tables import Cell, Table, postings, trail, uk_tables
from connectors.sandbox.company import Company, company

LONG_FIRST_YEAR = False  # a fiscal year has twelve months
TRAIL, TABLES, FRENCH = "COMPANY.000", "COMPANY.001", "CIEL"
_TELLS = frozenset({"party", "document", "description", "empty_accounts", "closed_years", "lasting_keys", "balances"})


class Sage50Sandbox:
    """See :class:`connectors.sandbox.stage.Sandbox`. ``folder/Accounts`` is the root."""

    tells = _TELLS
    left_behind: frozenset[str] = frozenset()
    calls = 0

    def __init__(self, company: Company, folder: Path) -> None:
        self.root = folder / "Accounts"
        self.settings = {"root": str(self.root)}
        self.secrets: dict[str, str] = {}
        self.external_id = TRAIL
        self.show(company)

    def show(self, company: Company) -> None:
        """Exports ``company`` again, in place of what was there."""
        shutil.rmtree(self.root, ignore_errors=True)
        for name in (TRAIL, TABLES, FRENCH, "Reports"):
            (self.root / name).mkdir(parents=True)
        (self.root / "Reports" / "readme.txt").write_text("not a company", encoding="ascii")
        for folder, called in ((TRAIL, company.name), (TABLES, "Second Company Ltd")):
            for name, table in uk_tables(company, called).items():
                write_csv(self.root / folder / f"{name}.csv", table)
        write_csv(self.root / TRAIL / "audit_trail.csv", trail(company))
        for name, table in postings(company).items():
            write_csv(self.root / TABLES / f"{name}.csv", table)
        sandbox_fec.write(self.root / FRENCH, french(company))
        (self.root / FRENCH / "dossier.csv").write_text("key;value\nname;Société Exemple\n", encoding="utf-8")


@contextmanager
def open_sandbox(software: str, company: Company, folder: Path) -> Iterator[Sage50Sandbox]:
    """The root in ``folder``; the files stay there."""
    yield Sage50Sandbox(company, folder)


def french(told: Company) -> Company:
    """The same company with the chart and the numbers of France."""
    return company("FR", told.revision, told.entries_per_month, told.long_first_year)


def write_csv(path: Path, table: Table, *, heading: bool = True) -> None:
    """A table as Sage 50 exports it: commas, Windows-1252, dd/mm/yyyy."""
    columns, rows = table
    with path.open("w", encoding="cp1252", newline="") as stream:
        writer = csv.writer(stream)
        if heading:
            writer.writerow(columns)
        writer.writerows([_text(cell) for cell in row] for row in rows)


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return str(int(cell))
        case Decimal():
            return f"{cell:,.2f}"
        case date():
            return f"{cell:%d/%m/%Y}"
        case _:
            return str(cell)
