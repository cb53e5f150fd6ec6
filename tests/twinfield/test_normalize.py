"""From what is landed to the books: kinds of periods, signs, currencies, accounts, openings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.books import require_complete
from connectors.sandbox.company import company
from connectors.twinfield import Twinfield
from connectors.twinfield import resources as r
from connectors.twinfield.client import normalize
from connectors.twinfield.sandbox import TwinfieldSandbox
from tests.exact_online.landed import balances, company_balances
from tests.landed import books

from .landed import read

JANUARY = {"year": 2024, "number": 1, "name": "", "open": True, "start_date": date(2024, 1, 1)}
LINE = {
    "head_code": "MEMO",
    "head_number": "1",
    "head_yearperiod": "2024/01",
    "head_date": "20240115",
    "head_curcode": "EUR",
    "head_modified": "20240116083000",
    "line_dim1": "1300",
    "line_basevaluesigned": Decimal("1.00"),
    "line_valuesigned": Decimal("1.00"),
    "key_line": "1",
    "caught_up": False,
}
TOTAL = {
    "head_year": "2024",
    "head_period": "1",
    "line_dim1": "1300",
    "line_dim1type": "BAS",
    "line_basevaluesigned": Decimal(1),
}
ACCOUNT = {"type": "BAS", "code": "1300", "name": "Debiteuren", "status": "active", "behaviour": "normal"}


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        yield found


def made(db: duckdb.DuckDBPyConnection, since: date | None = None, **landed: list[dict[str, Any]]) -> None:
    """Books of a few landed rows; years are calendar years of one period, 2024 when none are given."""
    rows = {"office": [{"code": "X", "name": "X", "basecurrency": "EUR", "since": since}]} | landed
    rows.setdefault("periods", [JANUARY | {"end_date": date(2024, 12, 31)}])
    db.execute("DROP SCHEMA IF EXISTS landed CASCADE; DROP SCHEMA IF EXISTS books CASCADE")
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for resource in r.RESOURCES:
        db.register("rows", pa.Table.from_pylist(rows.get(resource.name, []), schema=resource.schema))
        db.execute(f"CREATE TABLE landed.{resource.name} AS FROM rows")
        db.unregister("rows")
    normalize(db)
    require_complete(db)


def years(*numbers: int) -> list[dict[str, Any]]:
    return [
        JANUARY | {"year": year, "start_date": date(year, 1, 1), "end_date": date(year, 12, 31)} for year in numbers
    ]


def test_the_company_comes_back_year_by_year(connector: Twinfield) -> None:
    with books(connector, read(connector)) as found:
        assert balances(found) == company_balances(company("NL", entries_per_month=2))


def test_a_read_from_a_date_opens_with_what_stood_before(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    whole = company_balances(company("NL", entries_per_month=2), "2025")
    with books(connector, read(connector, since=date(2025, 1, 1))) as found:
        assert balances(found) == whole
    store = sandbox.vendor.books
    for key in [key for key, lines in store.transactions.items() if lines[0].kind == "opening" and key[1] > 2 * 10**7]:
        del store.transactions[key]  # the package carries balances over without period 00
    with books(connector, read(connector, since=date(2025, 1, 1))) as found:
        opening = {key[1]: sums[0] for key, sums in balances(found).items() if key[0] == "2025" and sums[0]}
    assert opening == {key[1]: sums[0] for key, sums in whole.items() if key[0] == "2025" and sums[0]}


def test_periods_open_adjust_and_close_a_year(db: duckdb.DuckDBPyConnection) -> None:
    told = ["2024/00", "2024/01", "2024/13", "2024/55", "2024/99"]
    made(
        db,
        lines=[LINE | {"head_yearperiod": where, "head_number": where} for where in told],
        totals=[TOTAL | {"head_period": "0"}],
    )
    kinds = db.execute("SELECT period, period_kind FROM books.journal_lines ORDER BY period").fetchall()
    assert kinds == [(0, "opening"), (1, "normal"), (13, "adjustment"), (55, "closing"), (99, "closing")]
    assert db.execute("SELECT start_date, end_date FROM books.periods WHERE kind = 'adjustment'").fetchall() == [
        (date(2024, 12, 31), date(2024, 12, 31))
    ]


def test_a_few_lines_in_period_00_of_a_later_year_correct_its_opening(db: duckdb.DuckDBPyConnection) -> None:
    before = [TOTAL | {"line_dim1": account} for account in ("1", "2", "3", "4", "5")]
    after = [TOTAL | {"line_dim1": "1", "head_year": "2025", "head_period": "0"}]
    lines = [LINE | {"head_yearperiod": "2025/00"}]
    for more, kind in (([], "adjustment"), (["2", "3"], "opening")):
        opened = [*after, *({**after[0], "line_dim1": account} for account in more)]
        made(db, lines=lines, totals=[*before, *opened], periods=years(2024, 2025))
        assert db.execute("SELECT period_kind FROM books.journal_lines").fetchall() == [(kind,)]


@settings(max_examples=10)
@given(st.lists(st.tuples(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["debit", "credit"])), max_size=40))
def test_amounts_stand_on_the_side_of_their_sign(told: list[tuple[Decimal, str]]) -> None:
    lines = [
        LINE | {"line_basevaluesigned": amount, "line_debitcredit": flag, "key_line": str(number)}
        for number, (amount, flag) in enumerate(told)
    ]
    with duckdb.connect() as db:
        made(db, lines=lines)
        found = db.execute("SELECT debit, credit FROM books.journal_lines ORDER BY line_no").fetchall()
    assert [debit - credit for debit, credit in found] == [amount for amount, _ in told]
    assert all(min(sides) == 0 for sides in found)


def test_foreign_amounts_keep_their_currency_and_sign(db: duckdb.DuckDBPyConnection) -> None:
    foreign = {"head_curcode": "USD", "line_valuesigned": Decimal("-10.84"), "line_basevaluesigned": Decimal(-10)}
    made(db, lines=[LINE | foreign])
    told = db.execute(
        "SELECT credit, currency, amount_currency, modified_at::VARCHAR FROM books.journal_lines"
    ).fetchall()
    assert told == [(Decimal(10), "USD", Decimal("-10.84"), "2024-01-16 08:30:00")]


def test_a_relation_is_a_counterparty_and_a_cost_centre_is_not(db: duckdb.DuckDBPyConnection) -> None:
    cards = [
        {"type": kind, "code": code, "name": code, "behaviour": "normal", "substitutewith": control}
        for kind, code, control in (("DEB", "1000", "1300"), ("CRD", "1000", "1600"), ("CRD", "2000", "1600"))
    ]
    template = {"type": "DEB", "code": "DEB", "name": None, "behaviour": None}
    parties = [("DEB", "1000"), ("KPL", "00"), ("CRD", "9000")]
    lines = [LINE | {"line_dim2type": kind, "line_dim2": code, "head_number": code} for kind, code in parties]
    made(db, lines=lines, cards=[*cards, template], accounts=[ACCOUNT, ACCOUNT | {"code": "1600"}])
    told = db.execute("SELECT counterparty FROM books.journal_lines ORDER BY 1").fetchall()
    assert told == [("1000",), ("9000",), (None,)]
    kinds = db.execute("SELECT code, kind FROM books.counterparties ORDER BY 1").fetchall()
    assert kinds == [("1000", "both"), ("2000", "supplier"), ("9000", "other")]
    types = db.execute("SELECT number, type, package_type FROM books.accounts ORDER BY 1").fetchall()
    assert types == [("1300", "asset", "T:DEB"), ("1600", "liability", "T:CRD")]


def test_a_group_of_the_reference_chart_names_an_account_and_another_group_does_not(
    db: duckdb.DuckDBPyConnection,
) -> None:
    totals = [
        TOTAL | {"line_dim1group1": "BVor", "line_dim1group2": "BVorDeb", "line_dim1group3": ""},
        TOTAL | {"line_dim1": "8000", "line_dim1type": "PNL", "line_dim1group1": "OMZET"},
    ]
    made(db, accounts=[ACCOUNT, ACCOUNT | {"type": "PNL", "code": "8000"}], totals=totals)
    told = db.execute("SELECT number, statement, explicit_code FROM books.accounts ORDER BY 1").fetchall()
    assert told == [("1300", "balance", "BVorDeb"), ("8000", "result", None)]


def test_templates_are_no_accounts_and_deleted_ones_are_not_active(db: duckdb.DuckDBPyConnection) -> None:
    rows = [
        ACCOUNT | {"status": "deleted"},
        ACCOUNT | {"code": "BAS", "name": None},
        ACCOUNT | {"code": "X", "behaviour": "template"},
    ]
    made(db, accounts=rows)
    assert db.execute("SELECT number, active FROM books.accounts").fetchall() == [("1300", False)]


def test_what_was_told_again_stands_and_what_was_deleted_meanwhile_is_out(db: duckdb.DuckDBPyConnection) -> None:
    lines = [LINE | {"head_number": number} for number in ("1", "2", "3")]
    lines += [LINE | {"head_number": "1", "key_line": "2"}, LINE | {"head_number": "1", "caught_up": True}]
    made(db, lines=lines, deletions=[{"head_code": "MEMO", "head_number": "2"}])
    keys = db.execute("SELECT line_key FROM books.journal_lines ORDER BY 1").fetchall()
    assert keys == [("MEMO/1/1",), ("MEMO/3/1",)]


def test_the_account_that_closing_entries_carry_the_result_to_is_found(db: duckdb.DuckDBPyConnection) -> None:
    made(db, totals=[TOTAL, TOTAL | {"line_dim1": "0520", "head_period": "55"}])
    assert db.execute("FROM books.carried_result").fetchall() == [("0520",)]
    made(db, totals=[TOTAL])
    assert db.execute("FROM books.carried_result").fetchall() == []


def test_a_due_date_belongs_to_its_line_even_where_two_years_tell_it(db: duckdb.DuckDBPyConnection) -> None:
    due = {"head_code": "MEMO", "head_number": "1", "key_line": "1", "line_datedue": "20240214"}
    lines = [LINE, LINE | {"key_line": "2"}]
    made(
        db, lines=lines, dues=[due | {"year": 2023}, due | {"year": 2024}, due | {"key_line": "2", "line_datedue": ""}]
    )
    told = db.execute("SELECT line_no, due_date FROM books.journal_lines ORDER BY 1").fetchall()
    assert told == [(1, date(2024, 2, 14)), (2, None)]
