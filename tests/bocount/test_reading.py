"""What a first sync reads, and what later ones do: additions, modifications, entries that are gone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.bocount import BoCount
from connectors.bocount.sandbox import BoCountSandbox, Fault
from connectors.contract import ExtractRequest
from foundation.errors import AskForAccess, RateLimited, VendorDown
from tests.landed import Clock

from .landed import connect, read, rows, told


@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_entries_come_whole_whatever_the_size_of_pages(connector: BoCount, sandbox: BoCountSandbox, spare: int) -> None:
    entries = len(sandbox.vendor.books.posted)
    sandbox.knobs.page_size = entries + spare
    found = read(connector, sandbox)
    assert found.rows["generalLedgerEntries"] == found.rows["details"] == entries
    assert found.stated == {"generalLedgerEntries": entries}
    assert found.codes() == set()
    assert not any("$skip=" in asked for asked in sandbox.vendor.requests)


def test_nothing_new_is_unchanged_after_a_dozen_calls(connector: BoCount, sandbox: BoCountSandbox) -> None:
    first = read(connector, sandbox)
    calls = sandbox.calls
    again = read(connector, sandbox, first)
    assert again.end.unchanged
    assert sandbox.calls - calls <= 13
    assert sum(again.rows.values()) == 0


def test_later_entries_are_read_alone(connector: BoCount, sandbox: BoCountSandbox) -> None:
    first = read(connector, sandbox)
    before = len(sandbox.vendor.books.posted)
    sandbox.show(told(1))
    later = read(connector, sandbox, first)
    added = len(sandbox.vendor.books.posted) - before
    assert later.end.incremental == {"generalLedgerEntries", "details"}
    assert later.rows["details"] == added
    assert later.tables["generalLedgerEntries"].num_rows == before + added
    assert read(connector, sandbox, later).end.unchanged


def test_an_old_entry_that_was_modified_is_read_again(connector: BoCount, sandbox: BoCountSandbox) -> None:
    first = read(connector, sandbox)
    entry = sandbox.vendor.books.posted[40]
    entry.description, entry.modified = "Herwerkt", datetime.fromisoformat("2026-11-23T10:00:00.5")
    later = read(connector, sandbox, first)
    row = next(row for row in later.tables["generalLedgerEntries"].to_pylist() if row["entryNumber"] == entry.number)
    assert row["description"] == "Herwerkt"
    assert read(connector, sandbox, later).end.unchanged


def test_a_change_at_the_moment_of_the_last_one_is_not_missed(connector: BoCount, sandbox: BoCountSandbox) -> None:
    first = read(connector, sandbox)
    newest = max(entry.modified for entry in sandbox.vendor.books.posted)
    entry = sandbox.vendor.books.posted[7]
    entry.description, entry.modified = "Laat", newest - timedelta(seconds=5)
    later = read(connector, sandbox, first)
    assert not later.end.unchanged
    assert "Laat" in later.tables["generalLedgerEntries"].column("description").to_pylist()


def test_entries_that_are_gone_make_everything_be_read_again(connector: BoCount, sandbox: BoCountSandbox) -> None:
    first = read(connector, sandbox)
    sandbox.vendor.books.removed |= {11, 12}
    later = read(connector, sandbox, first)
    assert later.end.incremental == frozenset()
    assert later.rows["generalLedgerEntries"] == len(sandbox.vendor.books.posted) - 2


def test_what_is_posted_while_pages_are_read_is_read_now_or_next(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.page_size = 200

    def post(name: str) -> None:
        if name == "generalLedgerEntries":
            sandbox.knobs.while_paging = None
            sandbox.show(told(1))

    sandbox.knobs.while_paging = post
    first = read(connector, sandbox)
    later = read(connector, sandbox, first)
    tables = (later if later.end.incremental else first).tables
    numbers = tables["generalLedgerEntries"].column("entryNumber").to_pylist()
    assert numbers == [entry.number for entry in sandbox.vendor.books.posted]


def test_without_the_web_service_lines_are_told_and_the_lack_is_said(
    connector: BoCount, sandbox: BoCountSandbox
) -> None:
    first = read(connector, sandbox)
    sandbox.knobs.absent.add(sandbox.settings["entries_service"])
    later = read(connector, sandbox, first)
    assert later.codes() == {"no_details", "loose_entries"}
    assert later.end.incremental == frozenset()
    lines = "SELECT count(*), count(journal), count(*) FILTER (period_kind = 'closing') > 0 FROM books.journal_lines"
    assert rows(connector, later, lines) == [(len(sandbox.vendor.books.posted), 0, True)]


def test_fields_that_an_older_version_lacks_are_not_asked_for(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.without |= {"Source_Currency_Code", "Source_Currency_Amount"}
    found = read(connector, sandbox)
    assert found.codes() == set()
    assert rows(connector, found, "SELECT count(currency), count(journal) > 0 FROM books.journal_lines") == [(0, True)]


@pytest.mark.parametrize(
    ("name", "note"), [("customers", "no_customers"), ("trialBalances", "no_trial_balances"), ("glaccounts", "")]
)
def test_what_is_not_there_is_gone_without(connector: BoCount, sandbox: BoCountSandbox, name: str, note: str) -> None:
    sandbox.knobs.absent.add(name)
    found = read(connector, sandbox)
    assert found.codes() == ({note} if note else set())
    assert found.rows[name] == 0
    assert rows(connector, found, "SELECT sum(debit - credit) FROM books.journal_lines") == [(Decimal(0),)]


def test_without_a_right_to_the_ledger_nothing_is_read(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.forbidden.add("generalLedgerEntries")
    with pytest.raises(AskForAccess):
        read(connector, sandbox)


def test_a_token_that_ends_on_the_way_is_renewed(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.faults = [Fault("401", path="generalLedgerEntries", skip=1)]
    assert read(connector, sandbox).rows["details"] == len(sandbox.vendor.books.posted)
    assert sandbox.vendor.desk.log == ["client_credentials", "client_credentials"]


def test_a_refusal_without_a_time_is_waited_for_ever_longer(
    connector: BoCount, sandbox: BoCountSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("429_bare", path="generalLedgerEntries", times=2)]
    read(connector, sandbox)
    assert clock.slept
    sandbox.knobs.faults = [Fault("429_bare", path="generalLedgerEntries", times=-1)]
    with pytest.raises(RateLimited):
        read(connector, sandbox)


def test_a_page_of_no_rows_in_place_of_all_is_no_empty_ledger(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.faults = [Fault("empty", path="orderby=entryNumber", times=1)]
    found = read(connector, sandbox)
    assert found.rows["generalLedgerEntries"] < found.stated["generalLedgerEntries"]  # the landing refuses that


def test_numbers_that_do_not_grow_are_no_ledger(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.vendor.books.posted[5].number = 4
    with pytest.raises(VendorDown, match="out of order"):
        read(connector, sandbox)


def test_totals_are_read_without_a_line(connector: BoCount, sandbox: BoCountSandbox) -> None:
    found = read(connector, sandbox, totals_only=True)
    assert found.rows["generalLedgerEntries"] == found.rows["details"] == 0
    assert found.rows["trialBalances"] > 0
    assert not any("generalLedgerEntries" in asked for asked in sandbox.vendor.requests)


def test_a_cursor_of_another_form_reads_everything(sandbox: BoCountSandbox, clock: Clock) -> None:
    opened = connect(sandbox, clock)
    events = list(opened.extract(ExtractRequest(sandbox.external_id, since=date(2025, 1, 1), cursor={"form": 0})))
    assert any(getattr(event, "incremental", None) == frozenset() for event in events)
    opened.close()
