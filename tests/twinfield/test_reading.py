"""Full reads and changes: what is booked, changed and deleted between syncs, and while one is under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.company import company
from connectors.twinfield import Twinfield
from connectors.twinfield.changes import ChangeCursor, whole_number
from connectors.twinfield.inferred import FULL_READ_EVERY
from connectors.twinfield.sandbox import TwinfieldSandbox
from foundation.errors import Incomplete
from tests.landed import Clock, Landed, books

from .landed import connect, read, told_transactions, transactions

AMOUNTS = [("4500", "10.00"), ("1100", "-10.00")]
JULY = date(2026, 7, 14)


def stands(landed: Landed, connector: Twinfield) -> dict[tuple[str, str], list[Decimal]]:
    """What the books tell, by transaction."""
    rows = books(connector, landed).execute(
        "SELECT journal, split_part(entry_key, '/', 2), list_sort(list(debit - credit)) "
        "FROM books.journal_lines GROUP BY ALL"
    )
    return {(journal, number): amounts for journal, number, amounts in rows.fetchall()}


def test_a_full_read_tells_every_transaction_and_the_count(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    landed = read(connector)
    assert transactions(landed) == told_transactions(sandbox)
    assert landed.stated["lines"] == landed.rows["lines"] == len(company("NL", entries_per_month=2).lines)
    assert landed.notes == []


def test_later_syncs_take_what_was_booked_changed_and_deleted(
    connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    landed = read(connector)
    clock.pass_by(hours=5)
    added = sandbox.vendor.books.add("2026", 7, JULY, AMOUNTS)
    changed, gone = list(sandbox.vendor.books.transactions)[5:7]
    lines = sandbox.vendor.books.transactions[changed]
    sandbox.vendor.books.change(changed, lines[:2])  # a line less: it must not stay behind
    sandbox.vendor.books.delete(gone)
    later = read(connector, landed)
    assert later.rows["lines"] == len(AMOUNTS) + 2 < 10
    assert [row for keys in later.deleted["lines"] for row in keys.to_pylist()] == [
        {"head_code": gone[0], "head_number": str(gone[1])}
    ]
    assert transactions(later) == told_transactions(sandbox)
    assert (added[0], str(added[1])) in transactions(later)
    assert read(connector, later).unchanged


def test_what_comes_late_below_the_cursor_is_found(
    connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    landed = read(connector)
    key = sandbox.vendor.books.add("2026", 7, JULY, AMOUNTS)
    sandbox.vendor.books.modified[key] = (clock() - timedelta(minutes=5)).replace(microsecond=0)
    assert transactions(read(connector, landed)) == told_transactions(sandbox)


def test_repetition_within_the_overlap_is_no_news(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    landed = read(connector)
    sandbox.vendor.books.add("2026", 7, JULY, AMOUNTS)
    sandbox.vendor.books.delete(next(iter(sandbox.vendor.books.transactions)))
    later = read(connector, landed)
    assert not later.unchanged
    assert read(connector, later).unchanged


def test_a_number_that_was_deleted_and_is_used_again_stands(
    connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    key = sandbox.vendor.books.add("2026", 7, JULY, AMOUNTS)
    landed = read(connector)
    clock.pass_by(hours=1)
    sandbox.vendor.books.delete(key)
    sandbox.vendor.books.add("2026", 7, JULY, [("4500", "7.00"), ("1100", "-7.00")], number=key[1])
    later = read(connector, landed)
    assert transactions(later) == told_transactions(sandbox)
    clock.pass_by(hours=1)
    sandbox.vendor.books.add("2026", 7, JULY, AMOUNTS)
    assert transactions(read(connector, later)) == told_transactions(sandbox)


def test_what_happens_while_everything_is_read_is_right_in_the_end(
    connector: Twinfield, sandbox: TwinfieldSandbox
) -> None:
    store, asked = sandbox.vendor.books, []

    def meanwhile(code: str) -> None:
        asked.append(code)
        if asked == ["030_3", "030_3"]:
            early = list(store.transactions)[3:6]
            store.delete(early[0])
            store.change(early[1], [replace(line, description="Later") for line in store.transactions[early[1]]])
            store.add("2024", 2, date(2023, 8, 3), AMOUNTS)

    sandbox.knobs.while_reading = meanwhile
    landed = read(connector)
    assert stands(landed, connector) == told_transactions(sandbox)
    sandbox.knobs.while_reading = None
    later = read(connector, landed)
    assert later.unchanged or stands(later, connector) == told_transactions(sandbox)


def test_a_change_of_names_alone_is_a_change(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    landed = read(connector)
    sandbox.vendor.books.renamed["1100"] = "Rabobank"
    later = read(connector, landed)
    assert not later.unchanged
    assert "Rabobank" in later.tables["accounts"].column("name").to_pylist()


def test_a_cursor_that_is_old_or_of_another_window_or_form_means_a_full_read(
    connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    landed = read(connector)
    everything = landed.rows["lines"]
    assert read(connector, landed, since=date(2025, 1, 1)).rows["lines"] < everything
    assert read(connector, landed, since=date(2025, 1, 1)).end.incremental == frozenset()  # type: ignore[union-attr]
    assert ChangeCursor.from_json({**(landed.cursor or {}), "form": 0}) is None
    assert ChangeCursor.from_json({"form": 1}) is None
    clock.pass_by(seconds=FULL_READ_EVERY.total_seconds() + 1)
    assert read(connector, landed).rows["lines"] == everything


def test_rows_that_are_missing_are_noticed(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    sandbox.knobs.hidden_lines = 1
    with pytest.raises(Incomplete, match="announced"):
        read(connector)


def test_cells_go_by_their_field(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    expected = read(connector).tables["lines"]
    sandbox.knobs.field_order_shuffled = True
    assert read(connector).tables["lines"] == expected


def test_without_the_list_of_deletions_everything_is_read_every_time(
    connector: Twinfield, sandbox: TwinfieldSandbox
) -> None:
    sandbox.knobs.refused_services = {"DeletedTransactions"}
    landed = read(connector)
    assert [note.code for note in landed.notes] == ["no_deletions"]
    assert landed.cursor is None
    assert transactions(landed) == told_transactions(sandbox)


def test_without_daybooks_by_name_their_codes_do(sandbox: TwinfieldSandbox, clock: Clock) -> None:
    sandbox.knobs.refused_services = {"finder"}
    connector = connect(sandbox, clock)
    landed = read(connector)
    assert [note.code for note in landed.notes] == ["no_journals"]
    names = books(connector, landed).execute("SELECT name, type FROM books.journals WHERE code = 'VEN'").fetchall()
    assert names == [("VEN", "sales")]
    connector.close()


def test_due_dates_are_those_of_the_years_that_changed(
    connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    landed = read(connector)
    told = landed.tables["dues"].select(["head_code", "head_number", "key_line", "line_datedue"]).to_pylist()
    lines = company("NL", entries_per_month=2).lines
    expected = {
        (line.journal, str(line.entry), str(line.line_no)): line.due_date
        for line in lines
        if line.party and line.due_date
    }
    found = {(row["head_code"], row["head_number"], row["key_line"]): row["line_datedue"] for row in told}
    assert {key: day for key, day in found.items() if day} == {k: f"{day:%Y%m%d}" for k, day in expected.items()}
    clock.pass_by(hours=1)
    sandbox.vendor.books.add("2026", 7, JULY, AMOUNTS)
    asked = len(sandbox.vendor.requests)
    assert read(connector, landed).tables["dues"].num_rows == landed.tables["dues"].num_rows
    assert sandbox.vendor.requests[asked:].count("processxml.asmx 100") == 2  # of 2026 alone


def test_totals_alone_read_no_lines(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    landed = read(connector, totals_only=True)
    assert landed.tables["lines"].num_rows == 0
    assert landed.tables["totals"].num_rows > 0
    assert "processxml.asmx 030_3" not in sandbox.vendor.requests


@given(st.integers(0, 10**12))
def test_a_transaction_s_number_is_told_as_a_decimal_or_whole(number: int) -> None:
    assert {whole_number(text) for text in (f"{number}", f"{number}.0", f"{number}.00")} == {str(number)}


@pytest.mark.parametrize("text", ["A-1", "12.5", "NaN", "Infinity"])
def test_what_is_no_number_stays_as_it_is(text: str) -> None:
    assert whole_number(text) == text
