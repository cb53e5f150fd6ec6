"""A sandbox linked in a house of its own, and the comparison of what the warehouse tells with what was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from assets.sync import Outcome, SyncOptions, sync_dossier
from connectors.catalog import Package
from connectors.sandbox.company import Company, Line, company
from connectors.sandbox.stage import Sandbox, open_sandbox
from foundation.home import Home
from foundation.secrets import Secret
from portal.demo import link_sandbox
from resources.house import House
from tests.installation import installed


@dataclass
class Linked:
    """A linked dossier of one package."""

    row: Package
    house: House
    sandbox: Sandbox
    dossier_id: str

    def sync(self, **options: Any) -> Outcome:
        return sync_dossier(self.dossier_id, self.house, SyncOptions(**options))

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.house.warehouse.reader() as db:
            return db.execute(sql, list(parameters)).fetchall()


def told_by(row: Package, revision: int = 0) -> Company:
    """The company in the chart of the package's country."""
    return company(row.country if row.country in ("BE", "FR", "NL") else "BE", revision)


@contextmanager
def linked(row: Package, folder: Path, told: Company | None = None, *, database: str | None = None) -> Iterator[Linked]:
    """The package's sandbox telling ``told``, connected and linked in a fresh house; ``database`` makes it a team's."""
    home = Home(folder / "home", Secret(database)) if database else installed(folder / "home")
    home.create()
    (folder / "vendor").mkdir()
    with open_sandbox(row, told or told_by(row), folder / "vendor") as sandbox:
        house = House.open(home)
        house.warehouse.create()
        yield Linked(row, house, sandbox, link_sandbox(house, row, sandbox))
        house.warehouse.close()
        house.registry.close()


def expected_lines(told: Company, tells: frozenset[str], since: date | None = None) -> Counter[tuple[Any, ...]]:
    """The company's lines, reduced to what the dialect carries. An opening line is what it opens and no more; a dialect
    that tells closing entries in its own way (or not at all) is compared without them."""
    starts = {year.label: year.start for year in told.years}

    def row(line: Line) -> tuple[Any, ...]:
        plain = (starts[line.year], line.kind, line.date, line.account, line.amount)
        if line.kind == "opening":
            return plain
        foreign = line.currency != told.currency
        details = {
            "party": line.party,
            "due_date": line.due_date,
            "vat_code": line.vat_code,
            "currency": (line.currency, line.in_currency) if foreign else None,
            "sides": (line.debit, line.credit),
            "period": line.period if line.kind == "normal" else None,
            "document": line.document,
            "description": line.description or None,
        }
        return (*plain, *(details[name] for name in sorted(details) if name in tells))

    return Counter(
        row(line)
        for line in told.lines
        if (line.kind != "closing" or "closing" in tells) and (since is None or starts[line.year] >= since)
    )


def loaded_lines(dossier: Linked) -> Counter[tuple[Any, ...]]:
    """The warehouse's lines in the same form."""
    tells = dossier.sandbox.tells
    rows = dossier.query(
        "SELECT y.start_date, l.period_kind, l.date, l.account, l.amount, l.counterparty, l.due_date, l.vat_code, "
        "l.currency, l.amount_currency, l.debit, l.credit, l.period, l.document, l.description, d.currency "
        "FROM ledger.journal_lines l JOIN ledger.dossiers d USING (dossier_id) "
        "JOIN ledger.fiscal_years y ON y.dossier_id = l.dossier_id AND y.label = l.fiscal_year"
    )

    def form(row: tuple[Any, ...]) -> tuple[Any, ...]:
        plain, kind = row[:5], row[1]
        if kind == "opening":
            return plain
        party, due_date, vat, currency, foreign, debit, credit, period, document, description, base = row[5:]
        details = {
            "party": party or None,
            "due_date": due_date,
            "vat_code": vat or None,
            "currency": (currency, foreign) if currency not in (None, "", base) else None,
            "sides": (debit, credit),
            "period": period if kind == "normal" else None,
            "document": document,
            "description": description or None,
        }
        return (*plain, *(details[name] for name in sorted(details) if name in tells))

    return Counter(form(row) for row in rows if row[1] != "closing" or "closing" in tells)


def assert_tells(dossier: Linked, told: Company, since: date | None = None) -> None:
    """The warehouse tells the company, line by line and in every year's balances."""
    loaded, expected = loaded_lines(dossier), expected_lines(told, dossier.sandbox.tells, since)
    assert (list(expected - loaded)[:3], list(loaded - expected)[:3]) == ([], [])  # missing, surplus
    starts = {year.label: year.start for year in told.years}
    balances = {
        (starts[year], account): (row["opening"], row["debit"] - row["credit"], row["closing"])
        for (year, account), row in told.balances().items()
        if since is None or starts[year] >= since
    }
    found = {
        (start, account): (opening, movement, closing)
        for start, account, opening, movement, closing in dossier.query(
            "SELECT y.start_date, t.account, t.opening, t.debit - t.credit, t.closing FROM ledger.trial_balance_year t "
            "JOIN ledger.fiscal_years y ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year"
        )
        if (opening, movement, closing) != (0, 0, 0)
    }
    assert found == {key: value for key, value in balances.items() if value != (Decimal(0),) * 3}
