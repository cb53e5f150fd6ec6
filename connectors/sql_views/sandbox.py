"""A customer's database that tells the sandbox company by views, written from docs/packages/sql-views.md: SQLite in a
file, which an ODBC driver of the distribution reads. The package has tables of its own below the views.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.sandbox.company import Company
from connectors.sandbox.stage import DETAILS

_KINDS = {"opening": "opening", "closing": "closing", "purchase": "purchase", "bank": "financial", "general": "misc"}
_TABLES = {
    "dossiers": "code TEXT, name TEXT, vat_number TEXT, country TEXT, currency TEXT, folder TEXT",
    "fiscal_years": "dossier TEXT, label TEXT, start_date DATE, end_date DATE, closed BIT",
    "accounts": "dossier TEXT, number TEXT, name TEXT, name_2 TEXT, type TEXT, active BIT",
    "journals": "dossier TEXT, code TEXT, name TEXT, type TEXT",
    "parties": "dossier TEXT, code TEXT, kind TEXT, name TEXT, vat_number TEXT, country TEXT, control_account TEXT",
    "lines": (
        "dossier TEXT, label TEXT, journal TEXT, document TEXT, line_no INTEGER, date DATE, period INTEGER, "
        "account TEXT, description TEXT, debit DECIMAL(20,4), credit DECIMAL(20,4), currency TEXT, "
        "amount_currency DECIMAL(20,4), counterparty TEXT, due_date DATE, vat_code TEXT, modified_at TIMESTAMP, "
        "finalised BIT"
    ),
    "trial_balance": (
        "dossier TEXT, label TEXT, account TEXT, opening DECIMAL(20,4), debit DECIMAL(20,4), credit DECIMAL(20,4), "
        "closing DECIMAL(20,4)"
    ),
}


@dataclass
class ViewsSandbox:
    """One dossier in a database; see :class:`connectors.sandbox.stage.Sandbox`."""

    path: Path
    external_id: str
    tells: frozenset[str] = DETAILS - {"counts", "net_balances"}
    left_behind: frozenset[str] = frozenset()
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        return {"odbc": f"Driver=SQLite3;Database={self.path};"}

    @property
    def calls(self) -> int:
        return 0

    def show(self, company: Company) -> None:
        """Tells ``company`` in place of what was there."""
        with closing(sqlite3.connect(self.path)) as db, db:
            for name, rows in _rows(company):
                db.execute(f"DELETE FROM pkg_{name}")
                self._insert(db, name, rows)

    def make(self) -> None:
        """Tables of the package, and the views over them."""
        with closing(sqlite3.connect(self.path)) as db, db:
            for name, columns in _TABLES.items():
                db.execute(f"CREATE TABLE pkg_{name} ({columns})")
                db.execute(f"CREATE VIEW sync_{name} AS SELECT * FROM pkg_{name}")

    def _insert(self, db: sqlite3.Connection, name: str, rows: Iterable[Sequence[object]]) -> None:
        marks = ", ".join("?" * len(_TABLES[name].split(", ")))
        db.executemany(f"INSERT INTO pkg_{name} VALUES ({marks})", rows)


def _rows(company: Company) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    code = company.code
    yield "dossiers", [(code, company.name, company.vat_number, company.country, company.currency, code)]
    yield "fiscal_years", [(code, y.label, f"{y.start}", f"{y.end}", int(bool(y.closed))) for y in company.years]
    yield "accounts", [(code, a.number, a.name, None, a.kind, int(a.active)) for a in company.accounts]
    yield "journals", [(code, j.code, j.name, _KINDS.get(j.kind, "sale")) for j in company.journals]
    yield "parties", [(code, p.code, p.kind, p.name, p.vat_number, p.country, None) for p in company.parties]
    yield (
        "lines",
        [
            (
                code,
                line.year,
                line.journal,
                line.document,
                line.line_no,
                f"{line.date}",
                line.period,
                line.account,
                line.description,
                f"{line.debit}",
                f"{line.credit}",
                line.currency if line.currency != company.currency else None,
                None if line.currency == company.currency else f"{line.amount_currency}",
                line.party,
                f"{line.due_date}" if line.due_date else None,
                line.vat_code,
                line.modified_at.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds"),
                1,
            )
            for line in company.lines
        ],
    )
    yield (
        "trial_balance",
        [
            (code, label, account, *(f"{row[name]}" for name in ("opening", "debit", "credit", "closing")))
            for (label, account), row in sorted(company.balances().items())
        ],
    )


@contextmanager
def open_sandbox(software: str, company: Company, folder: Path) -> Iterator[ViewsSandbox]:
    """A database in ``folder`` with one dossier."""
    sandbox = ViewsSandbox(folder / f"{software}.db", company.code)
    sandbox.make()
    sandbox.show(company)
    yield sandbox
