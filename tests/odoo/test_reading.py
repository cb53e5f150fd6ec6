"""Full and incremental reads: what changes, goes, or moves while it is read is right in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from connectors.contract import Batch, Checkpoint, Event, ExtractRequest, Resume
from connectors.odoo import Odoo
from connectors.odoo.sandbox import Fault, OdooSandbox
from connectors.odoo.wire import PageSizes
from connectors.sandbox.company import company
from foundation.errors import Incomplete, VendorDown, WrongInput
from tests.landed import Clock, Landed, books, land

from .landed import connect, read, standing_lines, told_lines

SEARCH_LINES = "account.move.line search_read"


@pytest.fixture
def connector(sandbox: OdooSandbox, clock: Clock) -> Iterator[Odoo]:
    """One that reads by pages of 50 rows and 60 ids, so that there are several."""
    opened = connect(sandbox, clock, sizes=PageSizes(50, 60))
    yield opened
    opened.close()


def tells_what_stands(connector: Odoo, landed: Landed, sandbox: OdooSandbox) -> bool:
    return told_lines(books(connector, landed)) == standing_lines(sandbox)


def description(db: duckdb.DuckDBPyConnection, key: int) -> str | None:
    found = db.execute("SELECT description FROM books.journal_lines WHERE line_key = ?", [str(key)]).fetchall()
    return found[0][0]


@pytest.mark.parametrize("rows", [1, 2, 83, 84, 85, 5000])
def test_pages_of_every_size_give_all_lines_once(sandbox: OdooSandbox, clock: Clock, rows: int) -> None:
    connector = connect(sandbox, clock, sizes=PageSizes(max(rows, 40), rows + 40))
    first = read(connector)
    assert tells_what_stands(connector, first, sandbox)
    assert first.stated["lines"] == len(standing_lines(sandbox))
    connector.close()


def test_what_comes_and_goes_between_pages_is_right_in_the_end(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock
) -> None:
    entries = sandbox.vendor.books
    keys = sorted(standing_lines(sandbox))
    open_year = [key for key in keys if entries.lines[key]["date"] >= "2026-01-01"]
    happened: list[str] = []

    def meanwhile(model: str, rows: int) -> None:
        if model != "account.move.line" or happened:
            return
        happened.append(model)
        clock.pass_by(minutes=1)
        entries.change(keys[:3], name="changed behind the page")
        move = entries.lines[open_year[0]]["move_id"]
        entries.delete([key for key in keys if entries.lines[key]["move_id"] == move])
        entries.add_entry("2026-02-02", [("604000", "10.00"), ("440000", "-10.00")])
        draft = entries.lines[open_year[-1]]["move_id"]
        entries.change(
            [key for key in open_year if entries.lines.get(key, {}).get("move_id") == draft], parent_state="draft"
        )

    sandbox.knobs.while_paging = meanwhile
    first = read(connector)
    assert happened
    assert tells_what_stands(connector, first, sandbox)
    sandbox.knobs.while_paging = None
    again = read(connector, first)
    assert tells_what_stands(connector, again, sandbox)


def test_nothing_new_costs_few_calls_and_loads_nothing(connector: Odoo, sandbox: OdooSandbox) -> None:
    first = read(connector)
    before = sandbox.calls
    assert read(connector, first).unchanged
    assert sandbox.calls - before <= 14


def test_a_deleted_entry_goes_though_nobody_tells_it(connector: Odoo, sandbox: OdooSandbox, clock: Clock) -> None:
    first = read(connector)
    entries = sandbox.vendor.books
    gone = next(
        row["move_id"] for row in entries.lines.values() if row["date"] >= "2026-03-01" and row["company_id"] == 4
    )
    entries.delete([key for key, row in list(entries.lines.items()) if row["move_id"] == gone])
    later = read(connector, first)
    assert not later.unchanged
    assert tells_what_stands(connector, later, sandbox)


def test_a_posted_entry_that_is_a_draft_again_goes_and_comes_back(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock
) -> None:
    first = read(connector)
    entries = sandbox.vendor.books
    move = next(row["move_id"] for row in entries.lines.values() if row["date"].startswith("2025-05"))
    keys = [key for key, row in entries.lines.items() if row["move_id"] == move]
    entries.change(keys, parent_state="draft")
    drafted = read(connector, first)
    assert set(keys).isdisjoint(told_lines(books(connector, drafted)))
    clock.pass_by(hours=1)
    entries.change(keys, parent_state="posted")
    posted = read(connector, drafted)
    assert set(keys) <= told_lines(books(connector, posted)).keys()
    assert tells_what_stands(connector, posted, sandbox)


def test_a_line_written_late_with_an_earlier_time_is_not_missed(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock
) -> None:
    entries = sandbox.vendor.books
    entries.add_entry("2026-02-02", [("604000", "10.00"), ("440000", "-10.00")])
    first = read(connector)
    clock.pass_by(minutes=-5)  # a transaction that began five minutes before the newest one that was seen
    entries.add_entry("2026-02-03", [("604000", "11.00"), ("440000", "-11.00")])
    later = read(connector, first)
    assert not later.unchanged
    assert tells_what_stands(connector, later, sandbox)


def test_a_change_with_an_earlier_time_and_nothing_else_is_not_missed(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock
) -> None:
    entries = sandbox.vendor.books
    keys = entries.add_entry("2026-02-02", [("604000", "10.00"), ("440000", "-10.00")])
    first = read(connector)
    clock.pass_by(minutes=-5)
    older = next(key for key in standing_lines(sandbox) if key not in keys)
    entries.change([older], name="written late")
    later = read(connector, first)
    assert not later.unchanged
    assert description(books(connector, later), older) == "written late"


def test_of_two_tellings_of_one_second_the_later_stands(connector: Odoo, sandbox: OdooSandbox, clock: Clock) -> None:
    entries = sandbox.vendor.books
    keys = sorted(standing_lines(sandbox))[:50]
    entries.change(keys, name="first")

    def meanwhile(model: str, rows: int) -> None:
        if model == "account.move.line" and rows == 50:
            entries.change(keys, name="second")

    sandbox.knobs.while_paging = meanwhile
    db = books(connector, read(connector))
    assert {description(db, key) for key in keys} == {"second"}


@pytest.mark.parametrize("revision", [1, 2])
def test_every_later_look_arrives_as_changes(connector: Odoo, sandbox: OdooSandbox, revision: int) -> None:
    first = read(connector)
    sandbox.show(company("BE", revision, 2))
    before = len(sandbox.vendor.requests)
    later = read(connector, first)
    assert tells_what_stands(connector, later, sandbox)
    assert later.end is not None
    assert later.end.incremental == {"lines"}
    asked = [request for request in sandbox.vendor.requests[before:] if SEARCH_LINES in request]
    assert all("write_date" in request or '"limit": 1' in request for request in asked)


def test_a_cursor_that_is_old_or_of_another_form_means_a_full_read(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock
) -> None:
    first = read(connector)
    for cursor in ({"form": 0}, first.cursor | {"form": 2}, first.cursor | {"surprise": 1}):
        found = land(connector, connector.extract(ExtractRequest("4", cursor=cursor)))
        assert found.end is not None
        assert found.end.incremental == frozenset()
    clock.pass_by(days=15)
    assert read(connector, first).stated


def test_from_a_date_only_its_years_are_read_and_what_was_before_is_the_opening(
    connector: Odoo, sandbox: OdooSandbox
) -> None:
    since = date(2025, 1, 1)
    first = read(connector, since=since)
    db = books(connector, first)
    wanted = {key for key in standing_lines(sandbox) if sandbox.vendor.books.lines[key]["date"] >= "2025-01-01"}
    assert told_lines(db).keys() == wanted
    opening = dict(
        db.execute("SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening'").fetchall()
    )
    balances = sandbox.vendor.books.company.balances()
    assert opening == {
        account: row["opening"] for (year, account), row in balances.items() if year == "2025" and row["opening"]
    }
    sandbox.vendor.books.add_entry("2024-03-03", [("604000", "10.00"), ("440000", "-10.00")])
    later = read(connector, first, since=since)
    assert not later.unchanged, "the opening balance is another"


def test_a_date_after_the_last_year_is_refused(connector: Odoo) -> None:
    with pytest.raises(WrongInput, match="no fiscal year"):
        read(connector, since=date(2030, 1, 1))


def test_fewer_lines_than_are_counted_are_not_taken_for_all(connector: Odoo, sandbox: OdooSandbox) -> None:
    sandbox.knobs.hidden_lines = 1
    with pytest.raises(Incomplete, match="counts"):
        read(connector)


def test_an_answer_without_rows_is_not_taken_for_empty_books(connector: Odoo, sandbox: OdooSandbox) -> None:
    sandbox.knobs.faults = [Fault("empty", path="account.move.line/search_read", times=-1)]
    with pytest.raises(Incomplete):
        read(connector)


def test_a_read_that_was_cut_short_goes_on_behind_its_last_page(
    connector: Odoo, sandbox: OdooSandbox, clock: Clock
) -> None:
    pages: list[pa.Table] = []
    kept: list[tuple[pa.Table, dict[str, Any]]] = []

    def take_in(events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, Batch) and event.resource == "lines":
                pages.append(pa.table(event.rows))
            if isinstance(event, Checkpoint):
                kept.append((pa.concat_tables(pages), dict(event.state)))

    sandbox.knobs.faults = [Fault("500", path="account.move.line/search_read", times=-1, skip=6)]
    with pytest.raises(VendorDown):
        take_in(connector.extract(ExtractRequest("4")))
    sandbox.knobs.faults = []
    sandbox.vendor.books.change(sorted(standing_lines(sandbox))[:1], name="changed meanwhile")
    before, state = kept[-1]
    resume = Resume(state, lambda name, columns: iter(before.select(list(columns)).to_batches()))
    rest = land(connector, connector.extract(ExtractRequest("4", resume=resume)))
    assert rest.resumed
    assert rest.tables["lines"].num_rows < before.num_rows + 60
    rest.tables["lines"] = pa.concat_tables([before, rest.tables["lines"]])
    assert tells_what_stands(connector, rest, sandbox)


def test_totals_are_read_without_a_line(connector: Odoo, sandbox: OdooSandbox) -> None:
    found = read(connector, totals_only=True)
    assert found.tables["lines"].num_rows == 0
    assert found.tables["movements"].num_rows > 0
    assert not any("fields" in r and "debit" in r for r in sandbox.vendor.requests if SEARCH_LINES in r)
