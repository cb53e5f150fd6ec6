"""The sandbox's company comes back to the cent, with everything that WinBooks can tell about it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from connectors.contract import FiscalYear
from connectors.sandbox.company import Company, Line, company
from connectors.winbooks.sandbox import open_sandbox
from tests.winbooks.dossiers import connect, extract, next_cursor, normalized, notes, read


@pytest.mark.parametrize("revision", [0, 1, 2])
@pytest.mark.parametrize("closing", [False, True])
def test_the_balances_are_the_companys(tmp_path: Path, revision: int, closing: bool) -> None:
    told = company("BE", revision)
    with open_sandbox("winbooks", company("BE", 0), tmp_path) as sandbox:
        sandbox.show(told)
        db = read(sandbox.root, sandbox.external_id)
    kinds = "" if closing else "WHERE period_kind <> 'closing'"
    rows = db.execute(
        "SELECT fiscal_year, account, coalesce(sum(debit - credit) FILTER (period_kind = 'opening'), 0),"
        f" sum(debit - credit) FROM books.journal_lines {kinds} GROUP BY ALL"
    ).fetchall()
    balances = {
        key: (row["opening"], row["closing"])
        for key, row in told.balances(closing=closing).items()
        if row["closing"] or row["opening"] or row["debit"] or row["credit"]
    }
    assert {(year, account): (opening, end) for year, account, opening, end in rows} == balances


@pytest.mark.parametrize("revision", [0, 1, 2])
def test_every_column_that_the_dialect_tells_is_the_companys(tmp_path: Path, revision: int) -> None:
    told = company("BE", revision)
    with open_sandbox("winbooks", told, tmp_path) as sandbox:
        db = read(sandbox.root, sandbox.external_id)
        assert sandbox.tells >= {"closing", "party", "due_date", "vat_code", "currency", "period", "empty_accounts"}
    rows = db.execute(
        "SELECT fiscal_year, period, period_kind, date, journal, document, account, debit - credit, counterparty,"
        " coalesce(description, ''), currency, amount_currency, vat_code, due_date FROM books.journal_lines"
    ).fetchall()
    assert sorted(rows, key=str) == sorted((_told(line) for line in told.lines), key=str)


def _told(line: Line) -> tuple[object, ...]:
    def money(amount: Decimal | None) -> Decimal | None:
        return None if amount is None else amount.quantize(Decimal("0.0001"))

    period = 99 if line.kind == "closing" else line.period
    return (
        line.year,
        period,
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
    )


def test_entries_balance_and_line_keys_are_unique(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        db = read(sandbox.root, sandbox.external_id)
    assert db.execute(
        "SELECT count(*) - count(DISTINCT line_key), count(DISTINCT entry_key) FROM books.journal_lines"
    ).fetchall() == [(0, len({line.entry for line in company().lines}))]
    assert not db.execute(
        "SELECT entry_key FROM books.journal_lines GROUP BY ALL HAVING sum(debit - credit) <> 0"
    ).fetchall()


def test_chart_journals_and_parties_are_the_companys(tmp_path: Path) -> None:
    told = company()
    with open_sandbox("winbooks", told, tmp_path) as sandbox:
        db = read(sandbox.root, sandbox.external_id)
    accounts = db.execute("SELECT number, name, type, active FROM books.accounts ORDER BY number").fetchall()
    assert accounts == sorted((account.number, account.name, account.kind, account.active) for account in told.accounts)
    journals = db.execute("SELECT code, name, type FROM books.journals ORDER BY code").fetchall()
    assert journals == sorted((journal.code, journal.name, journal.kind) for journal in told.journals)
    parties = db.execute("SELECT code, name, kind, vat_number, country FROM books.counterparties ORDER BY 1").fetchall()
    assert parties == sorted(
        (party.code, party.name, party.kind, party.vat_number or None, party.country) for party in told.parties
    )
    controls = db.execute("SELECT DISTINCT kind, control_account FROM books.counterparties ORDER BY kind").fetchall()
    assert controls == [("customer", "400000"), ("supplier", "440000")]
    assert db.execute("FROM books.dossier").fetchall() == [(told.name, "ATELIER", "BE", "EUR", told.vat_number)]


def test_the_other_language_gives_the_other_names(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        db = read(sandbox.root, sandbox.external_id, language="2")
    assert db.execute("SELECT name FROM books.accounts WHERE number = '400000'").fetchall() == [("Clients (NL)",)]


def test_years_of_any_length_and_their_periods_come_back(tmp_path: Path) -> None:
    told = company()
    with open_sandbox("winbooks", told, tmp_path) as sandbox:
        assert connect(sandbox.root).fiscal_years(sandbox.external_id) == list(told.years)
        db = read(sandbox.root, sandbox.external_id)
    years = db.execute("FROM books.fiscal_years ORDER BY start_date").fetchall()
    assert [FiscalYear(*year) for year in years] == list(told.years)
    periods = db.execute(
        "SELECT fiscal_year, period, start_date, end_date FROM books.periods WHERE kind = 'normal' ORDER BY ALL"
    ).fetchall()
    assert periods == told.periods
    assert len([period for period in periods if period[0] == "2024"]) == 18


def test_what_lies_about_is_counted(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        events = extract(connect(sandbox.root), sandbox.external_id)
    assert notes(events) == {
        "dummy_documents": 1,
        "no_book_year": 1,
        "simulation_lines": 2,
        "duplicate_rows": 1,
        "garbage_rows": 1,
    }


def test_line_keys_stand_while_the_books_change(tmp_path: Path) -> None:
    """Keys of lines that no revision touches are the same ones, so that a sync replaces what it should."""
    with open_sandbox("winbooks", company("BE", 0), tmp_path) as sandbox:
        before = _keys(sandbox.root)
        sandbox.show(company("BE", 1))
        after = _keys(sandbox.root)
    lost = {key for key, values in before.items() if after.get(key) != values}
    assert {values[0] for key, values in before.items() if key in lost} == {"2026"}
    assert len(lost) < 8


def _keys(root: Path) -> dict[str, tuple[object, ...]]:
    db = read(root, "ATELIER")
    rows = db.execute("SELECT line_key, fiscal_year, account, debit, credit FROM books.journal_lines").fetchall()
    return {row[0]: row[1:] for row in rows}


def test_a_sync_of_unchanged_files_says_so_and_one_of_changed_files_reads_them(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company("BE", 0), tmp_path) as sandbox:
        connector = connect(sandbox.root)
        first = next_cursor(extract(connector, sandbox.external_id))
        sandbox.show(company("BE", 0))
        again = extract(connector, sandbox.external_id, cursor=first.cursor)
        assert len(again) == 1
        assert next_cursor(again).unchanged
        assert next_cursor(again).cursor == first.cursor
        for revision in (1, 2):
            sandbox.show(company("BE", revision))
            events = extract(connector, sandbox.external_id, cursor=first.cursor)
            assert not next_cursor(events).unchanged
            assert not next_cursor(events).incremental
            _assert_told(normalized(connector, events), company("BE", revision))


def _assert_told(db, told: Company) -> None:
    amounts = db.execute("SELECT count(*), sum(abs(debit - credit)) FROM books.journal_lines").fetchall()
    assert amounts == [(len(told.lines), sum(abs(line.amount) for line in told.lines))]


def test_a_change_in_the_archive_or_another_question_is_noticed(tmp_path: Path) -> None:
    with open_sandbox("winbooks", company(), tmp_path) as sandbox:
        connector = connect(sandbox.root)
        cursor = next_cursor(extract(connector, sandbox.external_id)).cursor
        since = company().years[1].start
        assert not next_cursor(extract(connector, sandbox.external_id, since=since, cursor=cursor)).unchanged
        assert not next_cursor(
            extract(connect(sandbox.root, simulations="yes"), sandbox.external_id, cursor=cursor)
        ).unchanged
        archive = sandbox.root / "ATELIER-2024" / "ATELIER-2024_act.dbf"
        content = bytearray(archive.read_bytes())
        content[-3] = ord("1")  # a DOCSTATUS, the same size
        archive.write_bytes(content)
        assert not next_cursor(extract(connector, sandbox.external_id, cursor=cursor)).unchanged


def test_a_sync_from_a_date_reads_the_years_from_there_on_with_their_opening(tmp_path: Path) -> None:
    told = company()
    with open_sandbox("winbooks", told, tmp_path) as sandbox:
        (sandbox.root / "ATELIER-2024").rename(sandbox.root / "elsewhere")  # not needed from 2025 on
        db = read(sandbox.root, sandbox.external_id, since=told.years[1].start)
    rows = db.execute("SELECT fiscal_year, count(*) FROM books.journal_lines GROUP BY ALL ORDER BY 1").fetchall()
    assert rows == [(year, sum(line.year == year for line in told.lines)) for year in ("2025", "2026")]
