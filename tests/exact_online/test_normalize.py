"""Exact Online's fields in the common language: the company comes back, column by column."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.books import ACCOUNT_TYPES, JOURNAL_TYPES, require_complete
from connectors.exact_online import ExactOnline
from connectors.exact_online import resources as r
from connectors.exact_online.client import normalize
from connectors.exact_online.sandbox import ExactSandbox, open_sandbox
from connectors.sandbox.company import company
from tests.landed import Clock, books

from .landed import connect, read


def made(**tables: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """Books from rows made by hand; what is not given is empty, but for the division."""
    db = duckdb.connect()
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    tables = {"dossier": [{"Code": 1, "Currency": "EUR", "Country": "BE "}]} | tables
    for resource in r.RESOURCES:
        rows = pa.Table.from_pylist(tables.get(resource.name, []), schema=resource.schema)
        db.register(f"arrow_{resource.name}", rows)
        db.execute(f"CREATE TABLE landed.{resource.name} AS FROM arrow_{resource.name}")
    normalize(db)
    require_complete(db)
    return db


def line(key: str, amount: str = "1.00", **fields: Any) -> dict[str, Any]:
    basic = {"ID": key, "EntryID": "e", "FinancialYear": 2026, "FinancialPeriod": 1, "Type": 90, "Timestamp": 1}
    more = {"Date": "/Date(1767225600000)/", "GLAccountCode": "550000", "AmountDC": Decimal(amount)}
    return basic | more | fields


def value(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    rows = db.execute(sql).fetchall()
    return rows[0] if len(rows) == 1 and len(rows[0]) > 1 else [row[0] if len(row) == 1 else row for row in rows]


@pytest.mark.parametrize("country", ["BE", "NL", "FR"])
@pytest.mark.parametrize("revision", [0, 2])
def test_every_line_of_the_company_comes_back_with_all_that_the_package_tells(country: str, revision: int) -> None:
    clock, told = Clock(), company(country, revision)
    software = f"exact_online_{country.lower()}"
    with open_sandbox(software, told, now=clock) as sandbox:
        connector = connect(sandbox, clock, software=software)
        db = books(connector, read(connector))
        connector.close()
    loaded = Counter(
        db.execute(
            "SELECT fiscal_year, CASE WHEN period_kind = 'opening' THEN 0 ELSE period END, period_kind, date, journal, "
            "document, account, debit - credit, currency, amount_currency, counterparty, vat_code, due_date, "
            "coalesce(description, ''), line_no, modified_at FROM books.journal_lines l "
            # the mirrors of the next year's opening are the package's own
            "WHERE line_key NOT IN (SELECT ID FROM landed.lines WHERE Type = 327)"
        ).fetchall()
    )
    expected = Counter(
        (
            line.year,
            line.period,
            line.kind,
            line.date,
            line.journal,
            line.document,
            line.account,
            line.amount,
            line.currency,
            line.in_currency,
            line.party,
            line.vat_code,
            line.due_date,
            line.description,
            line.line_no,
            line.modified_at,
        )
        for line in told.lines
    )
    assert loaded == expected


def test_mirrors_of_carried_balances_close_the_year_before(connector: ExactOnline) -> None:
    db = books(connector, read(connector))
    assert value(db, "SELECT fiscal_year, sum(debit - credit) FROM books.journal_lines GROUP BY ALL ORDER BY ALL") == [
        ("2024", 0),
        ("2025", 0),
        ("2026", 0),
    ]
    left = "SELECT max(abs(s)) FROM (SELECT sum(debit - credit) AS s FROM books.journal_lines"
    assert value(db, f"{left} WHERE fiscal_year = '2025' GROUP BY account)") == [0]
    closing = "WHERE period_kind = 'closing'"
    assert value(db, f"SELECT DISTINCT fiscal_year FROM books.journal_lines {closing} ORDER BY ALL") == ["2024", "2025"]


@pytest.mark.parametrize("country", ["BE", "NL", "FR"])
def test_the_chart_comes_back_with_types_and_codes(country: str) -> None:
    clock, told = Clock(), company(country)
    software = f"exact_online_{country.lower()}"
    with open_sandbox(software, told, now=clock) as sandbox:
        connector = connect(sandbox, clock, software=software)
        db = books(connector, read(connector))
        connector.close()
    rows = db.execute("SELECT number, name, statement, explicit_code, active, currency FROM books.accounts").fetchall()
    assert sorted(rows) == sorted(
        (
            account.number,
            account.name,
            "balance" if account.on_balance_sheet else "result",
            account.rgs if country == "NL" else None,
            account.active,
            "EUR",
        )
        for account in told.accounts
    )
    types = dict(db.execute("SELECT number, type FROM books.accounts").fetchall())
    for account in told.accounts:
        assert types[account.number] == account.kind, account
    package_types = dict(db.execute("SELECT number, package_type FROM books.accounts").fetchall())
    assert package_types[told.numbers["customers"]] == "E:20"
    assert package_types[told.numbers["interest"]] == "E:90/W"


def test_dossier_years_periods_journals_and_parties_come_back(connector: ExactOnline) -> None:
    told, db = company("BE"), books(connector, read(connector))
    assert value(db, "FROM books.dossier") == (told.name, told.code, "BE", "EUR", told.vat_number)
    years = [(year.label, year.start, year.end, year.closed) for year in told.years]
    assert value(db, "SELECT label, start_date, end_date, closed FROM books.fiscal_years ORDER BY label") == years
    periods = [(*period, "normal") for period in told.periods]
    sql = "SELECT fiscal_year, period, start_date, end_date, kind FROM books.periods ORDER BY ALL"
    assert value(db, sql) == periods
    journals = sorted((journal.code, journal.name, journal.kind) for journal in told.journals)
    assert value(db, "SELECT code, name, type FROM books.journals ORDER BY ALL") == journals
    parties = sorted((p.code, p.name, p.kind, p.vat_number or None, p.country) for p in told.parties)
    assert value(db, "SELECT code, name, kind, vat_number, country FROM books.counterparties ORDER BY ALL") == parties


@pytest.mark.parametrize("revision", [0, 1, 2])
def test_the_package_s_balances_equal_the_company_s(
    connector: ExactOnline, sandbox: ExactSandbox, revision: int
) -> None:
    told = company("BE", revision)
    sandbox.show(told)
    db = books(connector, read(connector))
    found = {
        (year, account): (opening, debit - credit, closing)
        for year, account, opening, debit, credit, closing in db.execute(
            "SELECT fiscal_year, account, opening, debit, credit, closing FROM books.trial_balances "
            "WHERE period IS NULL"
        ).fetchall()
        if (opening, debit - credit, closing) != (0, 0, 0)
    }
    expected = {
        key: (row["opening"], row["debit"] - row["credit"], row["closing"]) for key, row in told.balances().items()
    }
    assert found == {key: row for key, row in expected.items() if any(row)}
    off = (
        "SELECT count(*) FROM (SELECT fiscal_year, period, account, sum(debit) AS d, sum(credit) AS c "
        "FROM books.trial_balances WHERE period IS NOT NULL GROUP BY ALL) t FULL JOIN ("
        "SELECT fiscal_year, period, account, sum(debit) AS d, sum(credit) AS c FROM books.journal_lines "
        "WHERE period_kind = 'normal' GROUP BY ALL) l USING (fiscal_year, period, account) "
        "WHERE (t.d, t.c) IS DISTINCT FROM (l.d, l.c)"
    )
    assert value(db, off) == [0]


DAYS = {
    "/Date(1704067200000)/": date(2024, 1, 1),
    "/Date(1704063600000+0100)/": date(2024, 1, 1),
    "/Date(1704067200000+0100)/": date(2024, 1, 1),
    "/Date(1704067200000-0500)/": date(2024, 1, 1),
    "/Date(1704085200000-0500)/": date(2024, 1, 1),
    "/Date(1704047400000+0530)/": date(2024, 1, 1),
    "/Date(-86400000)/": date(1969, 12, 31),
    "/Date(0)/": date(1970, 1, 1),
}


def test_a_date_is_its_civil_day_in_sql_and_in_python() -> None:
    db = made(lines=[line(told, Date=told) for told in DAYS])
    assert dict(db.execute("SELECT line_key, date FROM books.journal_lines").fetchall()) == DAYS
    assert {told: r.civil_date(told) for told in DAYS} == DAYS


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_survives(day: date) -> None:
    told = f"/Date({(day - date(1970, 1, 1)).days * 86_400_000})/"
    assert r.civil_date(told) == day


def test_days_survive_in_sql_whatever_the_time_zone() -> None:
    days = [date(1999, 12, 31), date(2024, 2, 29), date(2026, 3, 29), date(2026, 10, 25)]
    rows = [line(str(day), Date=f"/Date({(day - date(1970, 1, 1)).days * 86_400_000})/", DueDate=None) for day in days]
    db = made(lines=rows)
    assert value(db, "SELECT date FROM books.journal_lines ORDER BY date") == days


def test_of_a_line_told_twice_the_later_one_stands_and_deleted_ones_go() -> None:
    db = made(
        lines=[
            line("a", "1.00", Timestamp=5),
            line("a", "2.00", Timestamp=9),
            line("a", "2.00", Timestamp=9),
            line("b", "3.00", Timestamp=5),
            line("c", "4.00", Timestamp=8),
        ],
        deletions=[{"ID": "b", "Timestamp": 6}, {"ID": "c", "Timestamp": 7}],
    )
    assert value(db, "SELECT line_key, debit FROM books.journal_lines ORDER BY ALL") == [
        ("a", Decimal("2.0000")),
        ("c", Decimal("4.0000")),
    ]


def test_types_of_lines_become_kinds_and_budgets_are_no_bookings() -> None:
    kinds = {10: "opening", 328: "opening", 320: "closing", 326: "closing", 327: "closing", 20: "normal", 310: "normal"}
    rows = [line(str(kind), Type=kind) for kind in kinds]
    db = made(lines=[*rows, line("budget", Type=3000), line("untold", Type=None)])
    found = dict(db.execute("SELECT line_key, period_kind FROM books.journal_lines").fetchall())
    assert found == {str(kind): name for kind, name in kinds.items()} | {"untold": "normal"}


def test_sides_follow_the_sign_and_codes_lose_their_padding() -> None:
    fields: dict[str, Any] = {"VATCode": "5  ", "AccountCode": "                25", "GLAccountCode": "700000   "}
    db = made(lines=[line("a", "-10.25", **fields, Currency="USD", AmountFC=Decimal("-11.11"))])
    sql = "SELECT debit, credit, vat_code, counterparty, account, currency, amount_currency FROM books.journal_lines"
    assert value(db, sql) == (0, Decimal("10.25"), "5", "25", "700000", "USD", Decimal("-11.11"))


ACCOUNTS = [
    (10, "B", "D", "asset", "E:10"),
    (22, "B", "C", "liability", "E:22"),
    (24, "B", "D", "asset", "E:24"),
    (24, "B", "C", "liability", "E:24"),
    (52, "B", "C", "equity", "E:52"),
    (90, "B", "D", "asset", "E:90/B"),
    (90, "B", "C", "liability", "E:90/B"),
    (90, "W", "D", "expense", "E:90/W"),
    (90, "W", "C", "income", "E:90/W"),
    (110, "W", "C", "income", "E:110"),
    (150, "W", "D", "expense", "E:150"),
    (300, "W", "C", "income", "E:300"),
    (999, None, None, None, "E:999"),
    (None, None, None, None, None),
]


def test_account_types_are_ours_and_the_package_s() -> None:
    rows = [
        {"ID": str(n), "Code": f"{n:03} ", "Type": kind, "BalanceType": balance, "BalanceSide": side}
        for n, (kind, balance, side, _, _) in enumerate(ACCOUNTS)
    ]
    found = value(made(accounts=rows), "SELECT type, package_type FROM books.accounts ORDER BY number")
    assert found == [(common, package) for *_, common, package in ACCOUNTS]
    assert {common for common, _ in found if common} <= set(ACCOUNT_TYPES)


def test_journal_types_are_of_the_common_list() -> None:
    kinds = (10, 12, 16, 20, 21, 22, 23, 90, 77, None)
    db = made(journals=[{"Code": str(n), "Type": kind} for n, kind in enumerate(kinds)])
    found = value(db, "SELECT type FROM books.journals ORDER BY code")
    assert found == [
        "cash",
        "bank",
        "bank",
        "sales",
        "sales_credit",
        "purchase",
        "purchase_credit",
        "general",
        "other",
        "other",
    ]
    assert set(found) <= set(JOURNAL_TYPES)


def test_a_year_without_opening_rows_is_compared_by_period_only() -> None:
    row = {"GLAccountCode": "1", "ReportingYear": 2026, "ReportingPeriod": 3, "Type": 90, "Amount": Decimal(-5)}
    db = made(reporting_balance=[row])
    assert value(db, "SELECT period, opening, debit, credit, closing FROM books.trial_balances") == (
        3,
        None,
        0,
        5,
        None,
    )


@pytest.mark.parametrize("credit", ["5.00", "-5.00"])
def test_the_sign_that_the_package_gives_credits_does_not_matter(credit: str) -> None:
    row = {"GLAccountCode": "1", "ReportingYear": 2026, "ReportingPeriod": 3, "Type": 90, "AmountDebit": Decimal(2)}
    db = made(reporting_balance=[row | {"AmountCredit": Decimal(credit), "Amount": Decimal(-3)}])
    assert value(db, "SELECT debit, credit FROM books.trial_balances") == (2, 5)
    db = made(reporting_balance=[row | {"AmountCredit": Decimal(credit), "Amount": None}])
    assert value(db, "SELECT debit, credit FROM books.trial_balances") == (2, 5)


def test_the_newest_reference_scheme_gives_the_explicit_code() -> None:
    rows = [
        {"GLAccountCode": "1", "GLSchemeCode": "RGS 3.2", "ClassificationCode": "BOld"},
        {"GLAccountCode": "1", "GLSchemeCode": "RGS 3.5", "ClassificationCode": "BNew"},
        {"GLAccountCode": "1", "GLSchemeCode": "OWN", "ClassificationCode": "Zzz"},
    ]
    db = made(accounts=[{"ID": "x", "Code": "1"}], classifications=rows)
    assert value(db, "SELECT explicit_code FROM books.accounts") == ["BNew"]


def test_nothing_landed_gives_empty_books() -> None:
    db = made()
    assert value(db, "SELECT count(*) FROM books.journal_lines") == [0]
    assert value(db, "SELECT count(*) FROM books.trial_balances") == [0]


def test_moments_are_kept_to_the_millisecond() -> None:
    db = made(lines=[line("a", Modified="/Date(1725885627123)/")])
    assert value(db, "SELECT modified_at FROM books.journal_lines") == [datetime(2024, 9, 9, 12, 40, 27, 123000)]
