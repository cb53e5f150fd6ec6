"""The sandbox's company comes back to the cent, from Advantage tables and from the same tables as CSV."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from connectors.contract import FiscalYear
from connectors.sage_bob.sandbox import EXPORTED, open_sandbox
from connectors.sandbox.company import Line, company
from tests.sage_bob.dossiers import connect, extract, next_cursor, normalized, notes, read


@pytest.mark.parametrize("revision", [0, 2])
@pytest.mark.parametrize("form", ["ATELIER", EXPORTED])
def test_every_column_that_the_dialect_tells_is_the_companys(tmp_path: Path, revision: int, form: str) -> None:
    told = company("BE", revision)
    with open_sandbox("sage_bob", told, tmp_path) as sandbox:
        db = read(sandbox.root, form)
    rows = db.execute(
        "SELECT fiscal_year, period, period_kind, date, journal, document, account, debit - credit, counterparty,"
        " coalesce(description, ''), currency, amount_currency, vat_code, due_date, modified_at"
        " FROM books.journal_lines"
    ).fetchall()
    expected = [_told(line) for line in told.lines if line.kind != "closing"]
    assert sorted(rows, key=str) == sorted(expected, key=str)
    assert db.execute(
        "SELECT count(*) - count(DISTINCT line_key), count(DISTINCT entry_key) FROM books.journal_lines"
    ).fetchall() == [(0, len({line.entry for line in told.lines if line.kind != "closing"}))]


def _told(line: Line) -> tuple[object, ...]:
    def money(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else amount.quantize(Decimal("0.0001"))

    return (
        line.year,
        line.period,
        line.kind,
        line.date,
        line.journal,
        line.document,
        line.account,
        money(line.amount),
        line.party,
        line.description,
        line.currency,
        money(line.amount_currency),
        line.vat_code,
        line.due_date,
        line.modified_at,
    )


@pytest.mark.parametrize("form", ["ATELIER", EXPORTED])
def test_chart_journals_and_parties_are_the_companys(tmp_path: Path, form: str) -> None:
    told = company()
    with open_sandbox("sage_bob", told, tmp_path) as sandbox:
        db = read(sandbox.root, form)
        dutch = read(sandbox.root, form, language="2", currency="chf", country="LU")
    accounts = db.execute("SELECT number, name, active, statement FROM books.accounts ORDER BY number").fetchall()
    assert accounts == sorted(
        (account.number, account.name, account.active, "balance" if account.on_balance_sheet else "result")
        for account in told.accounts
    )
    types = dict(db.execute("SELECT number, type FROM books.accounts WHERE type IS NOT NULL").fetchall())
    kinds = {account.number: account.kind for account in told.accounts}
    assert types == {number: kinds[number] for number in types}
    assert {"100000", "440000", "340000", "604000", "700000"} <= types.keys()
    journals = db.execute("SELECT code, name, type FROM books.journals WHERE code <> 'CLO' ORDER BY code").fetchall()
    plain = {"sales_credit": "sales"}
    assert journals == sorted((j.code, j.name, plain.get(j.kind, j.kind)) for j in told.journals if j.code != "CLO")
    parties = db.execute(
        "SELECT code, name, kind, vat_number, country, control_account FROM books.counterparties ORDER BY 1"
    ).fetchall()
    control = {"customer": "400000", "supplier": "440000"}
    assert parties == sorted(
        [(p.code, p.name, p.kind, p.vat_number or None, p.country, control[p.kind]) for p in told.parties]
        + [("TWOSIDES", "Two Sides SA", "both", None, None, None)]
    )
    assert db.execute("FROM books.dossier").fetchall() == [(form, form, "BE", "EUR", None)]
    assert dutch.execute("SELECT name FROM books.accounts WHERE number = '400000'").fetchall() == [("Clients (NL)",)]
    assert dutch.execute("SELECT country, currency FROM books.dossier").fetchall() == [("LU", "CHF")]


def test_years_of_any_length_and_their_months_come_back(tmp_path: Path) -> None:
    told = company()
    with open_sandbox("sage_bob", told, tmp_path) as sandbox:
        found = [connect(sandbox.root).fiscal_years(form) for form in ("ATELIER", EXPORTED)]
        db = read(sandbox.root, "ATELIER")
    assert found == [list(told.years), list(told.years)]
    years = db.execute("FROM books.fiscal_years ORDER BY start_date").fetchall()
    assert [FiscalYear(*year) for year in years] == list(told.years)
    periods = db.execute("SELECT fiscal_year, period, start_date, end_date FROM books.periods ORDER BY ALL").fetchall()
    assert periods == told.periods


def test_what_lies_about_is_counted_and_only_dossiers_are_discovered(tmp_path: Path) -> None:
    with open_sandbox("sage_bob", company(), tmp_path) as sandbox:
        connector = connect(sandbox.root)
        connector.verify()
        assert [ref.external_id for ref in connector.discover()] == ["ATELIER", EXPORTED]
        assert notes(extract(connector, "ATELIER")) == {"unknown_fiscal_year": 2, "unknown_records": 1}
        assert notes(extract(connector, EXPORTED)) == {"unknown_fiscal_year": 2}


def test_unchanged_files_say_so_and_a_change_or_another_question_is_noticed(tmp_path: Path) -> None:
    with open_sandbox("sage_bob", company(), tmp_path) as sandbox:
        connector = connect(sandbox.root)
        cursor = next_cursor(extract(connector, "ATELIER")).cursor
        sandbox.show(company())
        again = extract(connector, "ATELIER", cursor=cursor)
        assert (len(again), next_cursor(again).unchanged, next_cursor(again).cursor) == (1, True, cursor)
        since = company().years[1].start
        assert not next_cursor(extract(connector, "ATELIER", since=since, cursor=cursor)).unchanged
        other = connect(sandbox.root, temporary="no")
        assert not next_cursor(extract(other, "ATELIER", cursor=cursor)).unchanged
        sandbox.show(company("BE", 1))
        assert not next_cursor(extract(connector, "ATELIER", cursor=cursor)).unchanged


def test_line_keys_stand_while_the_books_change(tmp_path: Path) -> None:
    with open_sandbox("sage_bob", company("BE", 0), tmp_path) as sandbox:
        before = _keys(sandbox.root)
        sandbox.show(company("BE", 1))
        after = _keys(sandbox.root)
    assert {values[0] for key, values in before.items() if after.get(key) != values} == {"2026"}
    assert len(before.keys() - after.keys()) == len(company("BE", 1).deleted)


def _keys(root: Path) -> dict[str, tuple[object, ...]]:
    rows = read(root, "ATELIER").execute(
        "SELECT line_key, fiscal_year, account, debit, credit FROM books.journal_lines"
    )
    return {row[0]: row[1:] for row in rows.fetchall()}


def test_a_first_year_without_temporary_lines_leaves_them_out_and_says_how_many(tmp_path: Path) -> None:
    told = company()
    with open_sandbox("sage_bob", told, tmp_path) as sandbox:
        connector = connect(sandbox.root, temporary="no")
        events = extract(connector, "ATELIER")
    temporary = [line for line in told.lines if line.year == "2026" and line.kind != "closing"]
    assert notes(events)["temporary_left_out"] == len(temporary)
    rows = normalized(connector, events).execute("SELECT DISTINCT fiscal_year FROM books.journal_lines").fetchall()
    assert sorted(rows) == [("2024",), ("2025",)]
