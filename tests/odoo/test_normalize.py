"""What Odoo tells, in the common language: signs, currencies, names, years and its own balances."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from connectors.odoo import Odoo
from connectors.odoo.sandbox import OdooSandbox
from connectors.sandbox.company import company
from tests.landed import books

from .conftest import SMALL
from .landed import read

Told = Callable[[], duckdb.DuckDBPyConnection]


@pytest.fixture
def told(connector: Odoo) -> Told:
    return lambda: books(connector, read(connector))


def line(db: duckdb.DuckDBPyConnection, key: int, columns: str) -> tuple[Any, ...]:
    return db.execute(f"SELECT {columns} FROM books.journal_lines WHERE line_key = ?", [str(key)]).fetchall()[0]


def test_debit_and_credit_keep_their_side_and_sign(told: Told) -> None:
    storno = next(x for x in SMALL.lines if x.journal == "NCV" and x.role == "customers")
    assert (storno.debit, storno.credit) == (Decimal(-121), Decimal(0))
    db = told()
    for each in (storno, next(x for x in SMALL.lines if x.journal == "NCV" and x.role == "sales")):
        assert line(db, each.number, "debit, credit") == (each.debit, each.credit)
    assert db.execute("SELECT count(*) FROM books.journal_lines WHERE debit < 0 OR credit < 0").fetchall()[0][0] > 0


def test_only_a_foreign_currency_is_told(told: Told) -> None:
    db = told()
    foreign = next(x for x in SMALL.lines if x.currency == "USD")
    plain = next(x for x in SMALL.lines if x.currency == "EUR" and x.kind == "normal")
    assert line(db, foreign.number, "currency, amount_currency") == ("USD", foreign.in_currency)
    assert line(db, plain.number, "currency, amount_currency") == (None, None)


def test_the_move_that_opens_the_books_opens_the_first_year(told: Told, sandbox: OdooSandbox) -> None:
    opening = [x for x in SMALL.lines if x.kind == "opening" and x.year == "2024"]
    assert sandbox.vendor.books.lines[opening[0].number]["date"] == "2023-06-30"
    db = told()
    for each in opening:
        found = line(db, each.number, "fiscal_year, period_kind, date, debit - credit")
        assert found == ("Premier exercice", "opening", date(2023, 7, 1), each.amount)


def test_an_opening_move_after_other_entries_is_an_entry_like_others(told: Told, sandbox: OdooSandbox) -> None:
    entries = sandbox.vendor.books
    entries.add_entry("2023-05-05", [("604000", "10.00"), ("440000", "-10.00")])
    db = told()
    assert db.execute("SELECT count(*) FROM books.journal_lines WHERE period_kind = 'opening'").fetchall() == [(0,)]
    first = db.execute("SELECT min(start_date) FROM books.fiscal_years").fetchall()
    assert first == [(date(2023, 1, 1),)]


def test_the_tax_of_a_line_is_the_one_that_it_is_before_the_one_that_it_bears(told: Told, sandbox: OdooSandbox) -> None:
    both, neither = sandbox.vendor.books.add_entry("2026-02-02", [("451000", "10.00"), ("440000", "-10.00")])
    sandbox.vendor.books.change([both], tax_line_id=31, tax_ids=[32])
    sandbox.vendor.books.change([neither], tax_ids=[], name=None, ref="F-2026-17")
    db = told()
    assert line(db, both, "vat_code") == ("21",)
    assert line(db, neither, "vat_code, description") == (None, "F-2026-17")


def test_partners_are_known_by_a_reference_of_their_own_else_by_id(told: Told, sandbox: OdooSandbox) -> None:
    sandbox.show(company("BE"))
    partners = {row["ref"]: row for row in sandbox.vendor.books.tables["res.partner"]}
    partners["SMITHCO"]["ref"] = None
    partners["USCORP"]["ref"] = "DUPONT"
    partners["CAFE"]["ref"] = "75"  # what another's id may be
    db = told()
    codes = dict(db.execute("SELECT name, code FROM books.counterparties").fetchall())
    assert codes["Electra NV"] == "ELECTRA"
    assert len(set(codes.values())) == len(codes) == 7
    for name in ("Smith & Co Ltd", "US Corp Inc.", "Dupont & Fils SRL", "Café de la Gare"):
        assert codes[name] == str(next(row["id"] for row in partners.values() if row["name"] == name))
    kinds = dict(db.execute("SELECT name, (kind, control_account, country) FROM books.counterparties").fetchall())
    assert kinds["Electra NV"] == ("supplier", "440000", "BE")
    assert kinds["US Corp Inc."] == ("customer", "400000", "US")


def test_an_account_that_is_not_listed_or_has_no_code_loses_no_line(told: Told, sandbox: OdooSandbox) -> None:
    chart = sandbox.vendor.books.tables["account.account"]
    chart[0]["code_store"] = {}
    key, other = sandbox.vendor.books.add_entry("2026-02-02", [("100000", "10.00"), ("440000", "-10.00")])
    sandbox.vendor.books.change([other], account_id=4711)
    sandbox.vendor.books.tables["account.account"].append(
        chart[1] | {"id": 4711, "company_ids": [1], "name": "Another company's"}
    )
    db = told()
    assert line(db, key, "account") == (f"#{chart[0]['id']}",)
    assert line(db, other, "account") == ("#4711",)


def test_without_an_account_for_results_there_is_the_one_that_odoo_would_make(told: Told, sandbox: OdooSandbox) -> None:
    for account in sandbox.vendor.books.tables["account.account"]:
        if account["account_type"] == "equity_unaffected":
            account["account_type"] = "equity"
    db = told()
    assert db.execute("FROM books.carried_result").fetchall() == [("999999",)]
    kind = db.execute("SELECT type, statement FROM books.accounts WHERE number = '999999'").fetchall()
    assert kind == [("equity", "balance")]


def test_the_database_s_balances_are_those_of_the_company(told: Told) -> None:
    rows = told().execute(
        "SELECT fiscal_year, account, opening, debit - credit, closing FROM books.trial_balances WHERE period IS NULL"
    )
    found = {(year, account): tuple(sums) for year, account, *sums in rows.fetchall() if any(sums)}
    labels = {"2024": "Premier exercice"}
    assert found == {
        (labels.get(year, year), account): (row["opening"], row["debit"] - row["credit"], row["closing"])
        for (year, account), row in SMALL.balances().items()
        if (row["opening"], row["debit"] - row["credit"], row["closing"]) != (0, 0, 0)
    }


def test_sums_over_all_time_that_differ_from_the_movements_are_seen(connector: Odoo) -> None:
    landed = read(connector)
    closings = landed.tables["closings"].to_pylist()
    closings[0]["balance"] += Decimal("0.01")
    landed.tables["closings"] = type(landed.tables["closings"]).from_pylist(closings, landed.tables["closings"].schema)
    off = books(connector, landed).execute(
        "SELECT fiscal_year, opening + debit - credit - closing FROM books.trial_balances "
        "WHERE opening + debit - credit <> closing"
    )
    assert off.fetchall() == [("2026", Decimal("-0.01"))]


def test_years_that_end_within_a_month_are_summed_by_day(sandbox: OdooSandbox, connector: Odoo) -> None:
    for row in sandbox.vendor.books.tables["res.company"]:
        row["fiscalyear_last_day"], row["fiscalyear_last_month"] = 15, "9"
    sandbox.knobs.year_records = False
    landed = read(connector)
    assert any(not day.endswith("-01") for day in landed.tables["movements"].column("day").to_pylist())
    db = books(connector, landed)
    years = "JOIN books.fiscal_years y ON l.date BETWEEN y.start_date AND y.end_date"
    ours = db.execute(
        f"SELECT y.label, l.account, sum(l.debit - l.credit) FROM books.journal_lines l {years} "
        "WHERE l.period_kind = 'normal' GROUP BY ALL HAVING sum(l.debit - l.credit) <> 0"
    ).fetchall()
    theirs = db.execute(
        "SELECT fiscal_year, account, sum(debit - credit) FROM books.trial_balances WHERE period IS NOT NULL "
        "GROUP BY ALL HAVING sum(debit - credit) <> 0"
    ).fetchall()
    assert sorted(ours) == sorted(theirs)


def test_drafts_are_counted_and_left_out(connector: Odoo, sandbox: OdooSandbox) -> None:
    assert [(note.code, note.count) for note in read(connector).notes] == [("drafts_left_out", 2)]
    drafts = [key for key, row in sandbox.vendor.books.lines.items() if row["parent_state"] == "draft"]
    sandbox.vendor.books.delete(drafts)
    assert read(connector).notes == []
