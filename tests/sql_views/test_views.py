"""Views of a database: the sandbox company over a real ODBC driver and over a Python driver; what is refused."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.books import require_complete
from connectors.contract import Access, Batch, Event, ExtractRequest, NextCursor, Note
from connectors.sandbox.company import Company, company
from connectors.sql_views.client import SqlViews
from connectors.sql_views.databases import Database, DbApiDatabase, OdbcDatabase, explained
from connectors.sql_views.sandbox import ViewsSandbox, open_sandbox
from foundation.errors import AskForAccess, BadFile, Busy, GrandlivreError, SignInAgain, WrongInput
from foundation.secrets import Secret

ROUTES = ("odbc", "driver")


@pytest.fixture(scope="module")
def told() -> Company:
    return company("BE")


@pytest.fixture
def sandbox(told: Company, tmp_path: Path) -> Iterator[ViewsSandbox]:
    with open_sandbox("adsolut", told, tmp_path) as opened:
        yield opened


def database(sandbox: ViewsSandbox, route: str) -> Database:
    if route == "odbc":
        return OdbcDatabase(sandbox.settings["odbc"], None, None)
    return DbApiDatabase(lambda: closing(sqlite3.connect(sandbox.path)), "?")


def views(sandbox: ViewsSandbox, route: str = "odbc", **settings: str) -> SqlViews:
    return SqlViews(Access("adsolut", settings, {}), database=database(sandbox, route))


def change(sandbox: ViewsSandbox, *statements: str) -> None:
    with closing(sqlite3.connect(sandbox.path)) as db, db:
        for statement in statements:
            db.execute(statement)


def books(connector: SqlViews, events: Sequence[Event]) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect(config={"threads": 1})
    db.execute("CREATE SCHEMA landed; CREATE SCHEMA books")
    for resource in connector.resources:
        batches = [event.rows for event in events if isinstance(event, Batch) and event.resource == resource.name]
        tables = [pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows for rows in batches]
        db.register(f"l_{resource.name}", pa.concat_tables([resource.schema.empty_table(), *tables]))
        db.execute(f"CREATE VIEW landed.{resource.name} AS FROM l_{resource.name}")
    connector.normalize(db)
    require_complete(db)
    return db


def read(sandbox: ViewsSandbox, route: str = "odbc", **request: Any) -> tuple[duckdb.DuckDBPyConnection, list[Event]]:
    connector = views(sandbox, route)
    events = list(connector.extract(ExtractRequest(sandbox.external_id, **request)))
    return books(connector, events), events


def cursor(events: Sequence[Event]) -> NextCursor:
    last = events[-1]
    assert isinstance(last, NextCursor)
    return last


@pytest.mark.parametrize("route", ROUTES)
def test_the_company_is_read_to_the_cent(route: str, sandbox: ViewsSandbox, told: Company) -> None:
    views(sandbox, route).verify()
    (dossier,) = views(sandbox, route).discover()
    assert (dossier.external_id, dossier.name, dossier.currency) == (told.code, told.name, "EUR")
    years = views(sandbox, route).fiscal_years(told.code)
    assert [(year.start, year.end, year.closed) for year in years] == [(y.start, y.end, y.closed) for y in told.years]
    db, _ = read(sandbox, route)
    got = db.execute(
        """SELECT fiscal_year, period_kind, date, account, debit, credit, counterparty, due_date, vat_code, document,
            description, amount_currency FROM books.journal_lines"""
    ).fetchall()
    assert Counter(got) == Counter(
        (
            line.year,
            line.kind,
            line.date,
            line.account,
            line.debit,
            line.credit,
            line.party,
            line.due_date,
            line.vat_code,
            line.document,
            line.description,
            line.amount_currency if line.currency != "EUR" else None,
        )
        for line in told.lines
    )
    balances = db.execute("SELECT fiscal_year, account, closing FROM books.trial_balances").fetchall()
    assert {(year, account): closing for year, account, closing in balances} == {
        key: row["closing"] for key, row in told.balances().items()
    }


@pytest.mark.parametrize("route", ROUTES)
@given(amounts=st.lists(st.decimals("0.01", "99999999.99", places=2), min_size=1, max_size=30))
@settings(max_examples=8, deadline=None)
def test_amounts_that_a_database_holds_as_binary_numbers_are_those_that_were_booked(
    route: str, amounts: list[Decimal], tmp_path_factory: pytest.TempPathFactory
) -> None:
    sandbox = ViewsSandbox(tmp_path_factory.mktemp("binary") / "x.db", "7")
    sandbox.make()
    change(
        sandbox,
        "DROP VIEW sync_lines",
        "CREATE TABLE sync_lines (dossier TEXT, label TEXT, journal TEXT, document TEXT, date DATE, account TEXT, "
        "debit DOUBLE, credit DOUBLE)",
        "INSERT INTO pkg_dossiers VALUES ('7', 'Seven', NULL, NULL, NULL, NULL)",
        "INSERT INTO pkg_fiscal_years VALUES ('7', '2024', '2024-01-01', '2024-12-31', 0)",
        *(
            "INSERT INTO sync_lines VALUES "
            f"('7', '2024', 'OD', '{number}', '2024-05-01', '{account}', {debit}, {credit})"
            for number, amount in enumerate(amounts)
            for account, debit, credit in (("613000", float(amount), 0.0), ("440000", 0.0, float(amount)))
        ),
    )
    db, _ = read(sandbox, route)
    got = [debit for (debit,) in db.execute("SELECT debit FROM books.journal_lines WHERE debit > 0").fetchall()]
    assert sorted(got) == sorted(amounts)


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_new_is_unchanged_and_any_change_is_seen(route: str, sandbox: ViewsSandbox) -> None:
    _, first = read(sandbox, route)
    stands = cursor(first).cursor
    assert stands
    _, again = read(sandbox, route, cursor=stands)
    assert again == [NextCursor(stands, unchanged=True)]
    for statement in (
        "UPDATE pkg_lines SET description = 'x', modified_at = '2030-01-01 00:00:00' WHERE rowid = 5",
        "DELETE FROM pkg_lines WHERE document = (SELECT max(document) FROM pkg_lines)",
        "UPDATE pkg_accounts SET name = 'Renamed' WHERE number = (SELECT min(number) FROM pkg_accounts)",
        "UPDATE pkg_fiscal_years SET closed = 1",
    ):
        change(sandbox, statement)
        _, changed = read(sandbox, route, cursor=stands)
        assert not cursor(changed).unchanged
        assert cursor(changed).cursor != stands
        stands = cursor(changed).cursor


def test_what_happens_to_another_dossier_changes_nothing_here(sandbox: ViewsSandbox) -> None:
    _, first = read(sandbox)
    change(sandbox, "INSERT INTO pkg_dossiers VALUES ('2000', 'Another', NULL, 'BE', 'EUR', NULL)")
    again = list(views(sandbox).extract(ExtractRequest(sandbox.external_id, cursor=cursor(first).cursor)))
    assert cursor(again).unchanged


def test_lines_that_tell_no_last_change_are_always_read(sandbox: ViewsSandbox) -> None:
    change(sandbox, "UPDATE pkg_lines SET modified_at = NULL WHERE rowid = 7")
    _, first = read(sandbox)
    assert cursor(first).cursor is None


def test_lines_that_are_not_final_are_left_out_and_counted(sandbox: ViewsSandbox, told: Company) -> None:
    entry = told.lines[-1]
    change(
        sandbox,
        f"UPDATE pkg_lines SET finalised = 0 WHERE journal = '{entry.journal}' AND document = '{entry.document}'",
    )
    db, events = read(sandbox)
    left = sum((line.journal, line.document) == (entry.journal, entry.document) for line in told.lines)
    assert db.execute("SELECT count(*) FROM books.journal_lines").fetchall() == [(len(told.lines) - left,)]
    notes = [note for note in events if isinstance(note, Note)]
    assert {note.code for note in notes} == {"drafts_left_out"}
    assert sum(note.count for note in notes) == left


def test_from_a_date_only_what_is_needed_is_read(sandbox: ViewsSandbox, told: Company) -> None:
    since = told.years[1].start
    db, _ = read(sandbox, since=since)
    assert db.execute("SELECT min(date) FROM books.journal_lines").fetchall() == [(since,)]
    change(sandbox, "DELETE FROM pkg_lines WHERE period = 0")
    db, _ = read(sandbox, since=since)
    assert db.execute("SELECT min(date) < ? FROM books.journal_lines", [since]).fetchall() == [(True,)]


def test_totals_alone(sandbox: ViewsSandbox) -> None:
    db, _ = read(sandbox, totals_only=True)
    assert db.execute("SELECT count(*) FROM books.journal_lines").fetchall() == [(0,)]
    change(sandbox, "DROP VIEW sync_trial_balance")
    with pytest.raises(BadFile, match="shows no trial balance"):
        read(sandbox, totals_only=True)


@pytest.mark.parametrize("route", ROUTES)
def test_optional_views_and_columns_may_be_missing(route: str, sandbox: ViewsSandbox, told: Company) -> None:
    wanted = "dossier, label, journal, document, date, account, debit, credit"
    change(
        sandbox,
        *(f"DROP VIEW sync_{name}" for name in ("journals", "parties", "trial_balance", "lines")),
        f"CREATE VIEW sync_lines AS SELECT {wanted} FROM pkg_lines",
    )
    db, _ = read(sandbox, route)
    assert db.execute("SELECT count(*) FROM books.journal_lines").fetchall() == [(len(told.lines),)]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("statements", "kind", "cause"),
    [
        (["DROP VIEW sync_lines"], WrongInput, "no view sync_lines"),
        (
            ["DROP VIEW sync_accounts", "CREATE VIEW sync_accounts AS SELECT dossier, name FROM pkg_accounts"],
            WrongInput,
            "sync_accounts has no column number",
        ),
        (["DELETE FROM pkg_dossiers"], WrongInput, "holds no dossier '1042'"),
        (["DELETE FROM pkg_fiscal_years"], BadFile, "it has no fiscal years"),
        (
            ["UPDATE pkg_fiscal_years SET end_date = '2027-01-01' WHERE label = '2025'"],
            BadFile,
            "2026 overlaps another",
        ),
        (["UPDATE pkg_lines SET debit = debit + 1 WHERE rowid = 3"], BadFile, "differ by"),
    ],
)
def test_what_cannot_be_right_is_refused(
    statements: list[str], kind: type[GrandlivreError], cause: str, route: str, sandbox: ViewsSandbox
) -> None:
    change(sandbox, *statements)
    with pytest.raises(kind, match=cause):
        read(sandbox, route)


def test_books_that_change_while_they_are_read_are_read_again(sandbox: ViewsSandbox, told: Company) -> None:
    class Restless:
        """Somebody books whenever the lines of the last year were read; ``times`` times."""

        def __init__(self, times: int) -> None:
            self.inner, self.times = database(sandbox, "driver"), times

        def columns(self, view: str) -> dict[str, str] | None:
            return self.inner.columns(view)

        def rows(self, question: str, parameters: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
            yield from self.inner.rows(question, parameters, schema)
            if parameters[-1:] == [told.years[-1].label] and self.times:
                self.times -= 1
                change(sandbox, "UPDATE pkg_lines SET debit = debit + 1, credit = credit + 1 WHERE rowid = 3")

    connector = SqlViews(Access("adsolut", {}, {}), database=Restless(1))
    events = list(connector.extract(ExtractRequest(told.code)))
    after = list(views(sandbox, "driver").extract(ExtractRequest(told.code)))
    assert cursor(events).cursor == cursor(after).cursor
    with pytest.raises(Busy, match="book faster"):
        list(SqlViews(Access("adsolut", {}, {}), database=Restless(9)).extract(ExtractRequest(told.code)))


@pytest.mark.parametrize(
    ("told_by_driver", "kind"),
    [
        ("State: 28000, Native error: 18456, Message: Login failed for user 'gl'.", SignInAgain),
        ("State: 42000, Native error: 4060, Message: Cannot open database", WrongInput),
        ("State: 42000, Native error: 229, Message: The SELECT permission was denied", AskForAccess),
        ("State: 40001, Native error: 1205, Message: deadlock victim", Busy),
        ("State: HYT00, Native error: 0, Message: Login timeout expired", Busy),
        ("State: 01000, Native error: 0, Message: [unixODBC]Can't open lib 'Nope' : file not found", WrongInput),
        ("State: XX000, Message: PWD=hunter2 is odd", Busy),
    ],
)
def test_a_driver_s_trouble_is_one_of_the_tree_and_keeps_its_words_to_itself(
    told_by_driver: str, kind: type[GrandlivreError]
) -> None:
    with pytest.raises(kind) as refused, explained():
        raise RuntimeError(told_by_driver)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(WrongInput, match="library pytds is not installed") as refused, explained():
        raise ModuleNotFoundError("No module named 'pytds'", name="pytds")
    assert "grandlivre-agent[sql]" in refused.value.next_step


def test_a_database_that_is_not_there_is_explained(tmp_path: Path) -> None:
    there = OdbcDatabase("Driver=Nope;Database=x;", "gl", Secret("hunter2"))
    with pytest.raises(WrongInput, match="driver is not installed") as refused:
        there.columns("sync_lines")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(GrandlivreError):
        SqlViews(Access("adsolut", {"server": "127.0.0.1:9", "database": "x", "username": "gl"}, {})).verify()


@pytest.mark.parametrize("prefix", ["sync_; DROP TABLE x", "a.b.c.d_", 'x"y'])
def test_a_prefix_that_is_no_name_is_refused(prefix: str, sandbox: ViewsSandbox) -> None:
    with pytest.raises(WrongInput, match="view_prefix"):
        views(sandbox, view_prefix=prefix)


def test_dates_are_days_whatever_the_driver_holds(sandbox: ViewsSandbox, told: Company) -> None:
    change(sandbox, "UPDATE pkg_lines SET due_date = NULL")
    db, _ = read(sandbox, "driver")
    assert db.execute("SELECT count(due_date), max(date) FROM books.journal_lines").fetchall() == [
        (0, max(line.date for line in told.lines))
    ]
    assert isinstance(db.execute("SELECT max(date) FROM books.journal_lines").fetchall()[0][0], date)
