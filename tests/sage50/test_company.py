"""The sandbox's company comes back: from the audit trail, from exported postings, by ODBC, and from a FEC."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.contract import Access
from connectors.sage50.client import Sage50
from connectors.sage50.odbc import Connection
from connectors.sage50.sandbox import FRENCH, TABLES, TRAIL, french, open_sandbox
from connectors.sage50.sandbox_tables import Cell, postings, told, uk_tables
from connectors.sandbox.company import Company, company
from foundation.secrets import Secret
from tests.sage50.companies import connect, extract, next_cursor, normalized, notes, read


def demo(revision: int = 0) -> Company:
    return company("BE", revision, long_first_year=False)


def sqlite_of(told_company: Company) -> sqlite3.Connection:
    """The documented tables and columns in another database; amounts are doubles, as Sage's driver has them."""
    db = sqlite3.connect(":memory:")
    tables = uk_tables(told_company, told_company.name) | postings(told_company)
    for name, (columns, rows) in tables.items():
        db.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        marks = ", ".join("?" * len(columns))
        db.executemany(f"INSERT INTO {name} VALUES ({marks})", [[_stored(cell) for cell in row] for row in rows])
    return db


def _stored(cell: Cell) -> object:
    return float(cell) if isinstance(cell, Decimal) else cell.isoformat() if isinstance(cell, date) else cell


def by_odbc(root: Path, told_company: Company, asked: list[str] | None = None) -> Sage50:
    """A connector whose driver gives the company's tables; ``asked`` keeps the connection strings that it saw."""
    (root / "COMPANY.007" / "accdata").mkdir(parents=True, exist_ok=True)

    def open_one(text: str) -> Connection:
        if asked is not None:
            asked.append(text)
        return sqlite_of(told_company)

    settings = {"root": str(root), "odbc_driver": "Sage Line 50 v29", "username": "reader"}
    return Sage50(Access("sage50", settings, {"password": Secret("p;w}d")}), open_one)


def by_tables(root: Path, told_company: Company) -> duckdb.DuckDBPyConnection:
    with open_sandbox("sage50", told_company, root) as sandbox:
        return read(sandbox.root, TABLES)


def by_connection(root: Path, told_company: Company) -> duckdb.DuckDBPyConnection:
    connector = by_odbc(root, told_company)
    return normalized(connector, extract(connector, "COMPANY.007"))


@pytest.mark.parametrize("revision", [0, 1])
@pytest.mark.parametrize("reading", [by_tables, by_connection])
def test_postings_are_the_companys_with_all_that_they_tell(
    tmp_path: Path, revision: int, reading: Callable[[Path, Company], duckdb.DuckDBPyConnection]
) -> None:
    described = demo(revision)
    db = reading(tmp_path, described)
    rows = db.execute(
        "SELECT date, document, account, debit - credit, counterparty, coalesce(description, ''), currency,"
        " amount_currency, vat_code, due_date FROM books.journal_lines"
    ).fetchall()
    expected = [
        (
            line.date,
            line.document,
            line.account,
            line.amount,
            line.party,
            line.description,
            line.currency,
            None if line.amount_currency is None else line.amount_currency,
            line.vat_code,
            line.due_date if line.journal != "NCV" or line.party else None,
        )
        for line in told(described)
    ]
    assert Counter(rows) == Counter(expected)
    sums = db.execute("SELECT count(*) - count(DISTINCT line_key), sum(debit - credit) FROM books.journal_lines")
    assert sums.fetchall() == [(0, 0)]
    assert db.execute("SELECT currency, country FROM books.dossier").fetchall() == [("EUR", "BE")]


def test_what_the_chart_and_the_parties_are_comes_back(tmp_path: Path) -> None:
    described = demo()
    with open_sandbox("sage50", described, tmp_path) as sandbox:
        db = read(sandbox.root, TRAIL)
    accounts = db.execute("SELECT number, name, type, active FROM books.accounts ORDER BY number").fetchall()
    assert accounts == sorted((a.number, a.name, a.kind, a.active) for a in described.accounts)
    parties = db.execute(
        "SELECT code, name, kind, vat_number, country FROM books.counterparties ORDER BY code"
    ).fetchall()
    assert parties == sorted((p.code, p.name, p.kind, p.vat_number or None, p.country) for p in described.parties)
    journals = dict(db.execute("SELECT code, type FROM books.journals").fetchall())
    assert journals == {
        "SI": "sales", "SC": "sales_credit", "PI": "purchase", "SR": "bank", "JD": "general", "JC": "general"
    }  # fmt: skip


def test_the_companys_own_logon_is_used_and_is_in_no_message(tmp_path: Path) -> None:
    asked: list[str] = []
    connector = by_odbc(tmp_path, demo(), asked)
    assert [ref.external_id for ref in connector.discover()] == ["COMPANY.007"]
    assert connector.calls == 0
    assert [year.label for year in connector.fiscal_years("COMPANY.007")] == ["2024", "2025", "2026"]
    (text,) = asked
    assert text.startswith("Driver={Sage Line 50 v29};DIR={")
    assert text.endswith("accdata};UID={reader};PWD={p;w}}d}")
    first = next_cursor(extract(connector, "COMPANY.007"))
    assert first.cursor is None  # nothing tells what changed behind a connection


def test_every_kind_of_folder_is_discovered_and_others_are_not(tmp_path: Path) -> None:
    with open_sandbox("sage50", demo(), tmp_path) as sandbox:
        connector = connect(sandbox.root)
        connector.verify()
        found = {ref.external_id: (ref.name, ref.country) for ref in connector.discover()}
    assert found == {
        TRAIL: ("Atelier Grand-Livre", "BE"), TABLES: ("Second Company Ltd", "BE"), FRENCH: ("Société Exemple", "FR")
    }  # fmt: skip


def test_a_french_company_is_read_by_its_fec(tmp_path: Path) -> None:
    described = demo()
    with open_sandbox("sage50", described, tmp_path) as sandbox:
        connector = connect(sandbox.root)
        years = connector.fiscal_years(FRENCH)
        events = extract(connector, FRENCH)
        again = extract(connector, FRENCH, cursor=next_cursor(events).cursor)
        db = normalized(connector, events)
    assert [(year.start, year.end) for year in years] == [(year.start, year.end) for year in described.years]
    assert len(again) == 1
    assert next_cursor(again).unchanged
    rows = db.execute("SELECT date, account, debit - credit FROM books.journal_lines").fetchall()
    expected = [(line.date, line.account, line.amount) for line in french(described).lines if line.kind != "closing"]
    assert Counter(rows) == Counter(expected)


def test_unchanged_files_say_so_and_what_lies_about_is_noted(tmp_path: Path) -> None:
    with open_sandbox("sage50", demo(), tmp_path) as sandbox:
        connector = connect(sandbox.root)
        events = extract(connector, TRAIL)
        assert notes(events) == {}
        again = extract(connector, TRAIL, cursor=next_cursor(events).cursor)
        assert (len(again), next_cursor(again).unchanged) == (1, True)
        sandbox.show(demo(1))
        assert not next_cursor(extract(connector, TRAIL, cursor=next_cursor(events).cursor)).unchanged


def test_codes_that_no_category_holds_are_noted(tmp_path: Path) -> None:
    with open_sandbox("sage50", demo(), tmp_path) as sandbox:
        path = sandbox.root / TRAIL / "CATEGORY.csv"
        header, first, *_ = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(header + first)
        codes = (sandbox.root / TRAIL / "NOMINAL_LEDGER.csv").read_bytes().splitlines()[1:]
        events = extract(connect(sandbox.root), TRAIL)
        assert notes(events) == {"codes_without_category": len(codes) - 1}
