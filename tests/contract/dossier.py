"""A sandbox linked in a house of its own, and the comparison of what the warehouse tells with what was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from assets.sync import Outcome, SyncOptions, sync_dossier
from connectors.package import Package
from connectors.sandbox.company import Company, Line
from connectors.sandbox.stage import Sandbox, company_of, open_sandbox
from foundation.home import Home
from foundation.secrets import Secret
from portal.demo import link_sandbox
from resources.house import House
from tests.installation import installed

_LINE_DETAILS = {"party", "due_date", "vat_code", "currency", "sides", "period", "document", "description"}


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
    """The company as the package can tell it."""
    return company_of(row, revision)


@contextmanager
def linked(
    row: Package,
    folder: Path,
    told: Company | None = None,
    *,
    database: str | None = None,
    opening: Callable[[Package, Company, Path], AbstractContextManager[Sandbox]] = open_sandbox,
) -> Iterator[Linked]:
    """The package's sandbox telling ``told``, connected and linked in a fresh house; ``database`` makes it a team's.
    ``opening`` opens another sandbox of the package."""
    home = Home(folder / "home", Secret(database)) if database else installed(folder / "home")
    home.create()
    (folder / "vendor").mkdir()
    with opening(row, told or told_by(row), folder / "vendor") as sandbox:
        house = House.open(home)
        house.warehouse.create()
        yield Linked(row, house, sandbox, link_sandbox(house, row, sandbox))
        house.warehouse.close()
        house.registry.close()


def expected_lines(told: Company, tells: frozenset[str], since: date | None = None) -> Counter[tuple[Any, ...]]:
    """The company's lines, reduced to what the dialect carries. An opening line is what it opens and no more; a dialect
    that tells closing entries in its own way (or not at all) is compared without them, and one that carries balances
    over without the openings of later years."""
    starts = {year.label: year.start for year in told.years}
    first = told.years[0].label

    def row(line: Line) -> tuple[Any, ...]:
        plain = (starts[line.year], line.kind, line.date, line.account, line.amount)
        if line.kind == "opening":
            return plain if "first_opening" in tells else (*plain[:1], "normal", *plain[2:], *_untold(tells))
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
        assert details.keys() == _LINE_DETAILS
        return (*plain, *(details[name] for name in sorted(details) if name in tells))

    return Counter(
        row(line)
        for line in told.lines
        if (line.kind != "closing" or "closing" in tells)
        and (line.kind != "opening" or "openings" in tells or (line.year == first and since is None))
        and (since is None or starts[line.year] >= since)
    )


def _untold(tells: frozenset[str]) -> list[None]:
    """What is not compared of the balances that the books begin with, where they are movements of the first year."""
    return [None for name in sorted(_LINE_DETAILS) if name in tells]


def loaded_lines(dossier: Linked, since: date | None = None) -> Counter[tuple[Any, ...]]:
    """The warehouse's lines in the same form. The opening at a date from which a dossier is read is no line of
    books that carry balances over."""
    tells = dossier.sandbox.tells
    begins = (
        {(line.date, line.account, line.amount) for line in told_by(dossier.row).lines if line.kind == "opening"}
        if "first_opening" not in tells
        else set()
    )
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
        if plain[2:] in begins:
            return (*plain, *_untold(tells))
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

    return Counter(
        form(row)
        for row in rows
        if (row[1] != "closing" or "closing" in tells) and (row[1] != "opening" or "openings" in tells or since is None)
    )


def assert_tells(dossier: Linked, told: Company, since: date | None = None) -> None:
    """The warehouse tells the company, line by line and in every year's balances."""
    tells = dossier.sandbox.tells
    loaded, expected = loaded_lines(dossier, since), expected_lines(told, tells, since)
    assert (list(expected - loaded)[:3], list(loaded - expected)[:3]) == ([], [])  # missing, surplus
    assert balances_loaded(dossier, told) == balances_told(told, tells, since)


Balances = dict[tuple[date, str], tuple[Decimal, Decimal, Decimal]]
"""First day of the year and account to opening, movement and closing, where they are not all zero."""
_NOTHING = (Decimal(0),) * 3


def balances_told(told: Company, tells: frozenset[str], since: date | None = None) -> Balances:
    """The company's balances. What the books begin with is a movement where the dialect has no opening for it."""
    starts, first = {year.label: year.start for year in told.years}, told.years[0].label
    found = {
        (starts[year], account): (row["opening"], row["debit"] - row["credit"], row["closing"])
        if year != first or "first_opening" in tells
        else (Decimal(0), row["opening"] + row["debit"] - row["credit"], row["closing"])
        for (year, account), row in told.balances().items()
        if since is None or starts[year] >= since
    }
    return {key: value for key, value in found.items() if value != _NOTHING}


def balances_loaded(dossier: Linked, told: Company) -> Balances:
    """The warehouse's balances. The result of earlier years stands where the company carries it to, whether the package
    booked that or we carried it over."""
    carried = told.numbers["result_brought_forward"]
    found: dict[tuple[date, str], tuple[Decimal, ...]] = {}
    for start, account, *amounts in dossier.query(
        "SELECT y.start_date, t.account, t.opening, t.debit - t.credit, t.closing FROM ledger.trial_balance_year t "
        "JOIN ledger.fiscal_years y ON y.dossier_id = t.dossier_id AND y.label = t.fiscal_year"
    ):
        key = (start, carried if account == "RESULT-CARRIED" else account)
        found[key] = tuple(a + b for a, b in zip(found.get(key, _NOTHING), amounts, strict=True))
    return {key: (a, b, c) for key, (a, b, c) in found.items() if (a, b, c) != _NOTHING}
