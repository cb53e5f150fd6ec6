"""What one sync after another brings: everything, a window, changes, deletions, nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract import ExtractRequest
from connectors.exact_online import ExactOnline
from connectors.exact_online.sandbox import ExactSandbox, Fault
from connectors.sandbox.company import company
from foundation.errors import Busy, WrongInput
from tests.landed import Clock, books

from .landed import balances, company_balances, connect, read

ENTRY = [("613200", "10.10"), ("440000", "-10.10")]


def standing(sandbox: ExactSandbox) -> dict[str, Decimal]:
    return {key: row["AmountDC"] for key, row in sandbox.vendor.books.lines.items()}


def loaded(connector: ExactOnline, landed: Any) -> dict[str, Decimal]:
    rows = books(connector, landed).execute("SELECT line_key, debit - credit FROM books.journal_lines").fetchall()
    assert len(rows) == len(dict(rows)), "a line came twice"
    return dict(rows)


def test_a_full_read_tells_every_line_of_the_package(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    landed = read(connector)
    assert loaded(connector, landed) == standing(sandbox)
    assert landed.stated == {"lines": len(standing(sandbox))}
    assert landed.notes == []
    assert balances(books(connector, landed)) == company_balances(company("BE"))


def test_nothing_new_is_unchanged_and_costs_few_calls(connector: ExactOnline) -> None:
    first = read(connector)
    before = connector.calls
    again = read(connector, first)
    assert again.unchanged
    assert again.cursor == first.cursor
    assert connector.calls - before == 7


def test_changes_and_deletions_arrive_by_the_feeds_alone(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    landed = read(connector)
    for revision in (1, 2):
        sandbox.show(company("BE", revision))
        sandbox.vendor.requests.clear()
        landed = read(connector, landed)
        assert "lines" in landed.end.incremental  # type: ignore[union-attr]
        assert not any("bulk/" in request for request in sandbox.vendor.requests)
        assert balances(books(connector, landed)) == company_balances(company("BE", revision))
        assert loaded(connector, landed) == standing(sandbox)
        assert read(connector, landed).unchanged


def test_a_renamed_account_is_news_even_when_no_line_changed(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    landed = read(connector)
    sandbox.vendor.books.table("accounts")[0]["Description"] = "Renamed"
    again = read(connector, landed)
    assert not again.unchanged
    assert "Renamed" in again.tables["accounts"].column("Description").to_pylist()
    assert loaded(connector, again) == standing(sandbox)


def test_a_late_commit_below_the_cursor_is_not_skipped(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    landed = read(connector)
    high = sandbox.vendor.books.high_water
    ids = sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)
    for key in ids:
        sandbox.vendor.books.lines[key]["Timestamp"] = str(high - 5)
    landed = read(connector, landed)
    assert set(ids) <= set(loaded(connector, landed))
    assert read(connector, landed).unchanged


def test_rows_that_share_a_timestamp_all_arrive(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    landed = read(connector)
    ids = [key for _ in range(4) for key in sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)]
    stamp = str(sandbox.vendor.books.high_water)
    for key in ids:
        sandbox.vendor.books.lines[key]["Timestamp"] = stamp
    assert set(ids) <= set(loaded(connector, read(connector, landed)))


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_page_boundaries_lose_and_double_nothing(connector: ExactOnline, sandbox: ExactSandbox, extra: int) -> None:
    sandbox.knobs.page_size = len(standing(sandbox)) + extra
    landed = read(connector)
    assert loaded(connector, landed) == standing(sandbox)
    pages = [request for request in sandbox.vendor.requests if "bulk/Financial/TransactionLines?" in request]
    assert len(pages) == (2 if extra < 0 else 1)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_feed_s_page_boundaries_lose_nothing(connector: ExactOnline, sandbox: ExactSandbox, size: int) -> None:
    landed = read(connector)
    sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)
    sandbox.knobs.page_size = size
    sandbox.knobs.small_page_size = 1000
    assert loaded(connector, read(connector, landed)) == standing(sandbox)


def test_entries_booked_changed_and_deleted_while_pages_are_read_come_out_right(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    held = sandbox.vendor.books
    sandbox.knobs.page_size = 100
    in_order = sorted(held.lines.values(), key=lambda row: row["ID"])
    sent_first = in_order[0]["ID"]
    doomed = list(dict.fromkeys(row["EntryID"] for row in in_order[1:] if row["Type"] == 30))
    doomed = [entry for entry in doomed if held.lines[sent_first]["EntryID"] != entry]
    happened: list[str] = []

    def meanwhile(endpoint: str, sent: int) -> None:
        if endpoint != "bulk/Financial/TransactionLines":
            return
        held.add_entry(2026, 6, date(2026, 6, 1), ENTRY)  # its ids fall before and behind the page that is read
        gone = doomed[len(happened)]
        held.delete_lines([key for key, row in held.lines.items() if row["EntryID"] == gone])
        held.change_line(sent_first, AmountDC=held.lines[sent_first]["AmountDC"] + 1)
        happened.append(gone)

    sandbox.knobs.while_paging = meanwhile
    landed = read(connector)
    assert len(happened) >= 7
    assert loaded(connector, landed) == standing(sandbox)
    assert landed.tables["lines"].num_rows >= landed.stated["lines"]
    # what was deleted meanwhile stays deleted after the next sync, too
    sandbox.knobs.while_paging = None
    held.add_entry(2026, 7, date(2026, 7, 1), ENTRY)
    assert loaded(connector, read(connector, landed)) == standing(sandbox)


def test_a_change_before_the_first_page_and_after_the_start_of_the_feed_wins(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock
) -> None:
    key = next(iter(sandbox.vendor.books.lines))
    clock.pass_by(days=3)
    sandbox.vendor.books.change_line(key, AmountDC=Decimal("1.00"))
    landed = read(connector)
    sandbox.vendor.books.change_line(key, AmountDC=Decimal("2.00"))
    assert loaded(connector, read(connector, landed))[key] == Decimal("2.00")


def test_from_a_date_reads_the_years_from_there_with_their_own_opening(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    landed = read(connector, since=date(2025, 1, 1))
    years = set(landed.tables["lines"].column("FinancialYear").to_pylist())
    assert years == {2025, 2026}
    db = books(connector, landed)
    assert balances(db) == company_balances(company("BE"), "2025")
    sandbox.show(company("BE", 2))
    landed = read(connector, landed, since=date(2025, 1, 1))
    assert balances(books(connector, landed)) == company_balances(company("BE", 2), "2025")


def test_a_year_that_the_package_has_not_opened_gets_its_opening_from_what_was_booked_before(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    held = sandbox.vendor.books
    not_closed = [key for key, row in held.lines.items() if row["Type"] == 328 and row["FinancialYear"] == 2026]
    closing = [key for key, row in held.lines.items() if row["FinancialYear"] == 2025 and 320 <= row["Type"] <= 327]
    held.delete_lines(not_closed + closing)
    landed = read(connector, since=date(2026, 1, 1))
    db = books(connector, landed)
    assert balances(db) == company_balances(company("BE"), "2026")
    total = db.execute("SELECT sum(debit - credit) FROM books.journal_lines WHERE period_kind = 'opening'").fetchone()
    assert total == (Decimal(0),)
    # a later change in the year before moves the opening along
    key = next(
        key for key, row in held.lines.items() if row["FinancialYear"] == 2025 and row["GLAccountCode"] == "550000"
    )
    held.change_line(key, AmountDC=held.lines[key]["AmountDC"] + 5)
    before = balances(db)["2026", "550000"][0]
    landed = read(connector, landed, since=date(2026, 1, 1))
    assert "lines" in landed.end.incremental  # type: ignore[union-attr]
    assert balances(books(connector, landed))["2026", "550000"][0] == before + 5


def test_an_opening_that_is_taken_back_makes_the_earlier_lines_needed(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    landed = read(connector, since=date(2026, 1, 1))
    assert not any("FinancialYear%20lt" in request for request in sandbox.vendor.requests)
    held = sandbox.vendor.books
    held.delete_lines(
        [
            key
            for key, row in held.lines.items()
            if (row["Type"] == 328 and row["FinancialYear"] == 2026)
            or (row["FinancialYear"] == 2025 and 320 <= row["Type"] <= 327)
        ]
    )
    landed = read(connector, landed, since=date(2026, 1, 1))
    assert balances(books(connector, landed)) == company_balances(company("BE"), "2026")


@pytest.mark.parametrize("reason", ["age", "another date", "renumbered", "another form", "feed withdrawn"])
def test_a_cursor_that_means_nothing_any_more_leads_to_a_full_read(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock, reason: str
) -> None:
    landed = read(connector)
    cursor, since = dict(landed.cursor), None
    match reason:
        case "age":
            clock.pass_by(days=15)
        case "another date":
            since = date(2025, 1, 1)
        case "renumbered":
            sandbox.vendor.books.division_fields["DivisionMoveDate"] = "/Date(1764000000000)/"
        case "another form":
            cursor["form"] = 0
        case _:
            sandbox.knobs.forbidden.add("sync/Deleted")
    events = list(connector.extract(ExtractRequest("900101", since=since, cursor=cursor)))
    end: Any = events[-1]
    assert not end.unchanged
    assert end.incremental == frozenset()
    assert (end.cursor is None) == (reason == "feed withdrawn")


def test_the_package_s_balances_are_read_again_for_the_years_that_changed(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    landed = read(connector)
    assert set(landed.tables["reporting_balance"].column("ReportingYear").to_pylist()) == {2024, 2025, 2026}
    held = sandbox.vendor.books
    for _ in range(2):  # after the first time, no line of an earlier year is within the feed's overlap any more
        for key in held.add_entry(2026, 5, date(2026, 5, 4), ENTRY):
            held.lines[key]["Timestamp"] = str(int(held.lines[key]["Timestamp"]) + 10_000)
        landed = read(connector, landed)
    assert set(landed.tables["reporting_balance"].column("ReportingYear").to_pylist()) == {2026}


def test_the_package_s_balances_of_every_open_year_are_read_on_every_sync_that_changes_anything(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    landed = read(connector)
    held = sandbox.vendor.books
    for journal, compared in (("DIV", {2025, 2026}), (None, {2026})):
        for _ in range(2):  # after the first time, only this year's entries are within the feed's overlap
            for key in held.add_entry(2026, 5, date(2026, 5, 4), ENTRY):
                held.lines[key]["Timestamp"] = str(int(held.lines[key]["Timestamp"]) + 10_000)
            for row in held.table("journal_statuses"):
                if row["Year"] == 2025 and row["Journal"] == journal:
                    row["Status"] = 0  # one journal that is not closed keeps its year open
            landed = read(connector, landed)
        assert set(landed.tables["reporting_balance"].column("ReportingYear").to_pylist()) == compared


def test_without_the_journals_statuses_every_year_counts_as_open(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.forbidden.add("read/financial/JournalStatusByFinancialPeriod")
    landed = read(connector)
    for _ in range(2):
        for key in sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY):
            row = sandbox.vendor.books.lines[key]
            row["Timestamp"] = str(int(row["Timestamp"]) + 10_000)
        landed = read(connector, landed)
    assert set(landed.tables["reporting_balance"].column("ReportingYear").to_pylist()) == {2024, 2025, 2026}


def test_totals_only_reads_balances_and_no_lines(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    landed = read(connector, totals_only=True)
    assert landed.tables["lines"].num_rows == 0
    assert landed.tables["reporting_balance"].num_rows > 0
    assert not any("TransactionLines" in request for request in sandbox.vendor.requests)


def test_a_blocked_division_waits(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.vendor.books.division_fields["BlockingStatus"] = 2
    with pytest.raises(Busy, match="conversion"):
        read(connector)
    with pytest.raises(Busy):
        list(connector.extract(ExtractRequest("900103")))


def test_a_date_after_the_last_year_is_refused(connector: ExactOnline) -> None:
    with pytest.raises(WrongInput, match="fiscal year"):
        read(connector, since=date(2031, 1, 1))


def test_an_access_token_that_runs_out_between_pages_is_replaced(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock
) -> None:
    sandbox.knobs.page_size = 100
    sandbox.knobs.while_paging = lambda endpoint, sent: clock.pass_by(seconds=120)
    assert loaded(connector, read(connector)) == standing(sandbox)
    elapsed = (clock() - Clock()()).total_seconds()
    assert 2 <= len(sandbox.vendor.desk.log) <= 1 + elapsed / 570


def test_progress_is_told(sandbox: ExactSandbox, clock: Clock) -> None:
    heard: list[tuple[str, int]] = []
    connector = connect(sandbox, clock, report=lambda stage, rows: heard.append((stage, rows)))
    read(connector)
    connector.close()
    assert heard[-1][0] == "lines"
    assert heard[-1][1] >= len(standing(sandbox))


def test_a_fault_half_way_leaves_nothing_behind_that_a_later_read_trips_over(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    sandbox.knobs.page_size = 100
    sandbox.knobs.faults = [Fault("500", path="bulk/Financial/TransactionLines?", times=20, skip=3)]
    with pytest.raises(Exception, match="error 500"):
        read(connector)
    sandbox.knobs.faults = []
    assert loaded(connector, read(connector)) == standing(sandbox)
