"""What one sync after another brings: everything, a window, changed days, deletions, nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import requests

from connectors.afas import Afas
from connectors.afas.full_read import FullRead
from connectors.afas.masters import MasterReader
from connectors.afas.sandbox import AfasSandbox, open_sandbox
from connectors.afas.sources import STANDARD
from connectors.afas.token_xml import authorization
from connectors.afas.wire import WAYS, AfasWire
from connectors.budgets import LocalBudget
from connectors.contract import Batch, Checkpoint, ExtractRequest, Resume, Resumed
from connectors.http import HttpClient
from connectors.sandbox.company import company
from connectors.signers import HeaderSigner
from foundation.errors import Busy, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock, Landed, books, land

from .landed import company_lines, connect, loaded, read, standing

ENTRY = [("4500", "10.10"), ("1100", "-10.10")]


def standing_keys(sandbox: AfasSandbox) -> list[tuple[Any, ...]]:
    return [key for key in sandbox.vendor.books.lines if key[0] == 5]


def asked(sandbox: AfasSandbox, connector: str) -> list[str]:
    return [request for request in sandbox.vendor.requests if f"connectors/{connector}?" in request]


def test_a_full_read_tells_every_line_of_the_administration_and_no_other(connector: Afas, sandbox: AfasSandbox) -> None:
    landed = read(connector)
    assert loaded(connector, landed) == standing(sandbox) == company_lines(company("NL"))
    assert landed.notes == []


def test_nothing_new_is_unchanged_and_costs_few_calls(connector: Afas) -> None:
    first = read(connector)
    before = connector.calls
    again = read(connector, first)
    assert again.unchanged
    assert again.cursor == first.cursor
    assert connector.calls - before == 8


def test_changes_and_deletions_arrive_by_their_days_alone(connector: Afas, sandbox: AfasSandbox, clock: Clock) -> None:
    landed = read(connector)
    for revision in (1, 2):
        clock.pass_by(hours=5)
        sandbox.show(company("NL", revision))
        sandbox.vendor.requests.clear()
        landed = read(connector, landed)
        assert landed.incremental == {"lines", "days"}
        assert len(asked(sandbox, "Profit_Transactions")) == 1
        assert loaded(connector, landed) == company_lines(company("NL", revision))
        clock.pass_by(minutes=6)
        landed = read(connector, landed)
        assert read(connector, landed).unchanged


def descriptions(connector: Afas, landed: Landed) -> set[str]:
    found = books(connector, landed).execute("SELECT DISTINCT description FROM books.journal_lines").fetchall()
    return {text for (text,) in found}


def test_what_changes_within_the_second_of_a_read_is_seen_by_the_next(clock: Clock) -> None:
    with open_sandbox("afas", company("NL"), now=lambda: clock() - timedelta(minutes=1)) as behind:  # its clock is slow
        connector = connect(behind, clock)
        landed = read(connector)
        keys = behind.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)
        landed = read(connector, landed)
        behind.vendor.books.describe(keys[0], "A second thought")
        landed = read(connector, landed)
        assert "A second thought" in descriptions(connector, landed)
        clock.pass_by(minutes=6)
        landed = read(connector, landed)
        assert not landed.unchanged  # once more, and then it is known
        assert read(connector, landed).unchanged
        connector.close()


def test_the_hour_that_comes_twice_hides_no_change(connector: Afas, sandbox: AfasSandbox, clock: Clock) -> None:
    clock.moment = clock.moment.replace(month=10, day=25, hour=0, minute=50)  # 02:50 in summer time
    landed = read(connector)
    sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)
    landed = read(connector, landed)
    clock.pass_by(minutes=15)  # 02:05 in winter time
    sandbox.vendor.books.describe(next(iter(standing_keys(sandbox))), "In the second hour")
    assert "In the second hour" in descriptions(connector, read(connector, landed))


def test_a_line_that_moved_to_another_day_stands_there_once(
    connector: Afas, sandbox: AfasSandbox, clock: Clock
) -> None:
    landed = read(connector)
    keys = sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)
    landed = read(connector, landed)
    clock.pass_by(hours=3)
    for key in keys:
        sandbox.vendor.books.move(key, date(2026, 5, 20))
    landed = read(connector, landed)
    assert loaded(connector, landed) == standing(sandbox)
    query = "SELECT DISTINCT date FROM books.journal_lines WHERE line_key LIKE '%-90000001-%'"
    assert books(connector, landed).execute(query).fetchall() == [(date(2026, 5, 20),)]
    clock.pass_by(hours=3)
    sandbox.vendor.books.delete(*keys)
    landed = read(connector, landed)
    assert landed.incremental
    assert loaded(connector, landed) == standing(sandbox)


def test_many_changed_days_are_asked_in_queries_that_are_short_enough(
    connector: Afas, sandbox: AfasSandbox, clock: Clock
) -> None:
    landed = read(connector)
    clock.pass_by(hours=3)
    for ordinal in range(90):
        sandbox.vendor.books.add_entry(2026, 5, date.fromordinal(date(2026, 2, 1).toordinal() + ordinal), ENTRY)
    sandbox.vendor.requests.clear()
    landed = read(connector, landed)
    assert landed.incremental
    assert len(asked(sandbox, "Profit_Transactions")) == 5
    assert loaded(connector, landed) == standing(sandbox)


def test_balances_that_moved_without_a_changed_day_are_reason_to_read_everything(
    connector: Afas, sandbox: AfasSandbox, clock: Clock
) -> None:
    landed = read(connector)
    clock.pass_by(hours=3)
    sandbox.vendor.books.add_entry(2026, 5, date(2026, 5, 4), ENTRY)
    sandbox.vendor.books.changed_days.clear()
    landed = read(connector, landed)
    assert landed.incremental == frozenset()
    assert loaded(connector, landed) == standing(sandbox)


def test_without_changed_days_every_sync_reads_everything_and_says_so(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.knobs.absent.add("Profit_Fin_ChangedEntrydate")
    landed = read(connector)
    assert landed.cursor is None
    assert landed.codes() == {"no_changed_days"}
    assert loaded(connector, landed) == standing(sandbox)


def test_after_a_month_everything_is_read(connector: Afas, clock: Clock) -> None:
    landed = read(connector)
    clock.pass_by(days=29)
    assert read(connector, landed).unchanged
    clock.pass_by(days=2)
    assert read(connector, landed).incremental == frozenset()


def test_a_renamed_account_is_news_and_reads_no_line(connector: Afas, sandbox: AfasSandbox) -> None:
    landed = read(connector)
    sandbox.vendor.books.rows("Profit_Accounts")[0]["Description"] = "Renamed"
    sandbox.vendor.requests.clear()
    again = read(connector, landed)
    assert not again.unchanged
    assert "Renamed" in again.tables["accounts"].column("Description").to_pylist()
    assert asked(sandbox, "Profit_Transactions") == []
    assert loaded(connector, again) == standing(sandbox)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_page_boundaries_lose_and_double_nothing(connector: Afas, sandbox: AfasSandbox, extra: int) -> None:
    lines = len(standing(sandbox)) + extra
    sandbox.knobs.more_columns = 149_999 // lines - 18
    take = 149_999 // (18 + sandbox.knobs.more_columns)
    landed = read(connector)
    assert loaded(connector, landed) == standing(sandbox)
    assert f"take={take}" in asked(sandbox, "Profit_Transactions")[0]


def test_an_environment_that_runs_out_of_memory_is_asked_for_less(connector: Afas, sandbox: AfasSandbox) -> None:
    sandbox.knobs.cells = 2000
    landed = read(connector)
    assert loaded(connector, landed) == standing(sandbox)
    assert connector.calls < 200


def test_entries_booked_and_deleted_while_pages_are_read_come_out_right(connector: Afas, sandbox: AfasSandbox) -> None:
    held, happened = sandbox.vendor.books, list[int]()
    sandbox.knobs.cells = 2000

    def meanwhile(name: str, skip: int) -> None:
        if name == "Profit_Transactions" and skip > 300 and len(happened) < 2:
            happened.append(skip)
            first = min(key for key in held.lines if key[0] == 5 and key[2] == 2024)
            held.delete(*(key for key in list(held.lines) if key[:4] == first[:4]))
            held.add_entry(2025, 5, date(2025, 5, 4), ENTRY)

    sandbox.knobs.while_paging = meanwhile
    landed = read(connector)
    assert len(happened) == 2
    assert loaded(connector, landed) == standing(sandbox)


def test_books_that_never_stand_still_are_left_for_later(connector: Afas, sandbox: AfasSandbox) -> None:
    held = sandbox.vendor.books
    sandbox.knobs.cells = 2000

    def meanwhile(name: str, skip: int) -> None:
        if name == "Profit_Transactions":
            held.delete(min(key for key in held.lines if key[0] == 5))

    sandbox.knobs.while_paging = meanwhile
    with pytest.raises(Busy, match="being changed"):
        read(connector)


def test_far_into_the_books_the_filter_moves_up_and_skip_stays_small(sandbox: AfasSandbox, clock: Clock) -> None:
    sandbox.knobs.cells = 2000
    deep, keys = 150, list[tuple[Any, ...]]()
    with requests.Session() as session:
        signer = HeaderSigner("AFAS", {"Authorization": authorization(Secret(sandbox.secrets["token"]))})
        budget = LocalBudget("AFAS", clock, clock.sleep)
        client = HttpClient(WAYS, session, budget, signer=signer, now=clock, sleep=clock.sleep)
        wire = AfasWire(sandbox.settings["base_url"], client)
        small = MasterReader(wire, STANDARD, 5, "NL", "EUR")
        full = FullRead(wire, small, ExtractRequest("5"), None, clock, lambda stage, rows: None, deep)
        for event in full.events():
            if isinstance(event, Batch) and event.resource == "lines":
                keys += zip(
                    *event.rows.select(["JournalId", "Year", "EntryNo", "SeqNo"]).to_pydict().values(), strict=True
                )
    assert len(keys) == len(set(keys)) == len(standing(sandbox))
    skips = [int(request.rpartition("skip=")[2].partition("&")[0]) for request in asked(sandbox, "Profit_Transactions")]
    assert max(skips) < 2 * deep


@pytest.mark.parametrize("year", [2025, 2026])
def test_from_a_date_only_its_years_are_asked(connector: Afas, sandbox: AfasSandbox, year: int) -> None:
    landed = read(connector, since=date(year, 1, 1))
    assert set(landed.tables["lines"].column("Year").to_pylist()) == set(range(year, 2027))
    expected = {key: amount for key, amount in standing(sandbox).items() if int(key.split("-")[2]) >= year}
    assert loaded(connector, landed) == expected


def test_a_date_after_all_years_is_wrong_input(connector: Afas) -> None:
    with pytest.raises(WrongInput, match="no fiscal year"):
        read(connector, since=date(2031, 1, 1))


def test_totals_alone_read_no_line(connector: Afas, sandbox: AfasSandbox) -> None:
    landed = read(connector, totals_only=True)
    assert asked(sandbox, "Profit_Transactions") == []
    assert landed.tables["lines"].num_rows == 0
    assert landed.tables["period_balance"].num_rows > 100


def test_a_read_that_was_cut_short_goes_on_behind_its_last_page(
    connector: Afas, sandbox: AfasSandbox, clock: Clock
) -> None:
    sandbox.knobs.cells = 2000
    before: list[Any] = []
    checkpoints = 0
    for event in connector.extract(ExtractRequest("5")):
        before.append(event)
        checkpoints += isinstance(event, Checkpoint)
        if checkpoints == 5:
            break
    state = before[-1].state
    clock.pass_by(days=3)
    sandbox.vendor.books.delete(min(key for key in sandbox.vendor.books.lines if key[0] == 5 and key[2] == 2026))
    sandbox.vendor.requests.clear()
    resume = Resume(state, lambda name, columns: iter(()))
    after = list(connector.extract(ExtractRequest("5", resume=resume)))
    assert isinstance(after[0], Resumed)
    assert "skip=0" not in asked(sandbox, "Profit_Transactions")[0]
    assert loaded(connector, land(connector, [*before, *after])) == standing(sandbox)
