"""Full, cut short and incremental reads: the lines that stand, and how few calls they take."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connectors.contract import ExtractRequest
from connectors.sandbox.company import company
from connectors.sandbox.vendor import Answer, Fault, Request
from connectors.winbooks_on_web import WinBooksOnWeb
from connectors.winbooks_on_web.sandbox import WinBooksOnWebSandbox
from connectors.winbooks_on_web.sandbox.ids import sort_key
from connectors.winbooks_on_web.sandbox.vendor import EMPTY, FOLDER
from foundation.errors import Incomplete, VendorDown, WrongInput
from tests.landed import Clock, Landed, books, take_in

from .landed import asked, expected, read, told

REVISIONS = [company("BE", revision, entries_per_month=5) for revision in range(3)]
LINES = "app/GLTranss"
SWEEPS = '"Operator":22},{"PropertyName":"BookPeriod_Id"'


def sums(connector: WinBooksOnWeb, landed: Landed) -> dict[str, Decimal]:
    rows = books(connector, landed).execute("SELECT account, sum(debit - credit) FROM books.journal_lines GROUP BY 1")
    return dict(rows.fetchall())


def test_a_full_read_takes_windows_that_the_vendor_does_not_cut(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    windows, sweeps = asked(sandbox, '"MaxResult":100'), asked(sandbox, SWEEPS)
    landed = read(connector)
    assert told(connector, landed) == expected(REVISIONS[0])
    lines = len(sandbox.vendor.books.rows["GLTrans"])
    headers = len(sandbox.vendor.books.rows["GLTransHeader"])
    assert windows() <= (lines + headers) / 100 + 2 * 3 + 2 * 2, "three years, and what was changed lately"
    assert sweeps() == 0
    assert landed.stated == {"lines": lines}
    assert connector.calls == len(sandbox.vendor.requests)


@pytest.mark.parametrize("size", [2, 99])
def test_answers_that_are_cut_are_put_together(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, size: int
) -> None:
    whole = read(connector)
    sandbox.knobs.part_size = size
    cut = read(connector)
    for name in ("lines", "headers", "accounts", "customers", "suppliers", "book_periods"):
        assert cut.tables[name].sort_by("Id").equals(whole.tables[name].sort_by("Id")), name
    assert told(connector, cut) == expected(REVISIONS[0])


def test_nothing_new_is_unchanged_for_three_calls_about_the_ledger(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    landed = read(connector)
    clock.pass_by(days=5)
    ledger, everything = asked(sandbox, "app/GLTrans"), asked(sandbox, "")
    again = read(connector, landed)
    assert again.unchanged
    assert again.rows == {}
    assert ledger() == 3
    assert everything() <= 3 + 6 + 1


def test_changes_deletions_and_back_dated_entries_arrive(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, clock: Clock
) -> None:
    landed = read(connector)
    for later in REVISIONS[1:]:
        clock.pass_by(days=1)
        sandbox.show(later)
        landed = read(connector, landed)
        assert not landed.full
        assert told(connector, landed) == expected(later)
        assert read(connector, landed).unchanged


def test_only_years_in_which_something_happened_are_swept(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    landed = read(connector)
    sandbox.show(REVISIONS[1])
    read(connector, landed)
    periods = [row for row in sandbox.vendor.books.rows["BookPeriod"] if row["Number"] == 3]
    swept = {
        period["BookYear_Id"]
        for period in periods
        for call in sandbox.vendor.requests
        if SWEEPS in call and period["Id"] in call
    }
    assert swept == {sandbox.vendor.books.rows["BookYear"][-1]["Id"]}


def test_what_was_deleted_stays_gone_when_other_years_are_swept(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    landed = read(connector)
    rows = sandbox.vendor.books.rows["GLTrans"]
    entries = {row["BookPeriod_Id"]: row["GLTransHeader_Id"] for row in rows}
    fourth, fifth = ([r["Id"] for r in sandbox.vendor.books.rows["BookPeriod"] if r["Number"] == n] for n in (4, 5))
    for period in (fourth[0], fourth[2], fifth[2]):
        rows[:] = [row for row in rows if row["GLTransHeader_Id"] != entries[period]]
        landed = read(connector, landed)
        assert not landed.full
        assert sum(told(connector, landed).values()) == len(rows) - 2, "without the simulation"


def test_a_deletion_that_an_addition_makes_up_for_is_seen(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    """As many lines as before, and the newest change is where it was: the line that was stored late tells."""
    landed = read(connector)
    rows = sandbox.vendor.books.rows["GLTrans"]
    newest = max(rows, key=lambda row: row["Modified"])
    gone = next(row for row in rows if row["BookPeriod_Id"] == newest["BookPeriod_Id"] and row is not newest)
    position = rows.index(gone)
    rows[position] = gone | {"Id": f"{gone['Id'][:-1]}f", "Modified": newest["Modified"]}
    rows.sort(key=lambda row: sort_key(row["Id"]))
    later = read(connector, landed)
    assert told(connector, later) == told(connector, landed)
    found = books(connector, later).execute("SELECT line_key FROM books.journal_lines WHERE line_key = ?", [gone["Id"]])
    assert found.fetchall() == []


def test_a_line_that_moves_to_another_year_is_in_that_year_alone(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    landed = read(connector)
    periods = [row["Id"] for row in sandbox.vendor.books.rows["BookPeriod"] if row["Number"] == 4]
    rows = sandbox.vendor.books.rows["GLTrans"]
    entry = next(row["GLTransHeader_Id"] for row in rows if row["BookPeriod_Id"] == periods[1])
    for row in rows:
        if row["GLTransHeader_Id"] == entry:
            row |= {"BookPeriod_Id": periods[2], "Modified": "/Date(1790000000000)/"}
    db = books(connector, read(connector, landed))
    years = db.execute("SELECT DISTINCT fiscal_year FROM books.journal_lines WHERE entry_key = ?", [entry]).fetchall()
    assert years == [("2026",)]


def test_a_changed_name_or_header_alone_arrives(connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox) -> None:
    landed = read(connector)
    sandbox.vendor.books.rows["GLAccount"][0]["Name"] = "Autre nom"
    landed = read(connector, landed)
    assert not landed.full
    header = sandbox.vendor.books.rows["GLTransHeader"][5]
    header |= {"DocNumber": 4711, "Modified": "/Date(1790000000000)/"}
    landed = read(connector, landed)
    assert not landed.full
    assert "4711" in {document for _, document, _, _ in told(connector, landed)}


@pytest.mark.parametrize("knob", ["aggregates", "by_modified", "blind_to_modified"])
def test_where_changes_are_not_told_everything_is_read_each_time(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, knob: str
) -> None:
    setattr(sandbox.knobs, knob, knob == "blind_to_modified")
    landed = read(connector)
    assert "no_changes" in landed.codes()
    assert ("no_counts" in landed.codes()) == (knob == "aggregates")
    assert landed.end is not None
    assert landed.end.cursor is None
    sandbox.show(REVISIONS[1])
    assert told(connector, read(connector, landed)) == expected(REVISIONS[1])


def test_changes_that_are_no_longer_told_are_not_believed(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    landed = read(connector)
    sandbox.knobs.blind_to_modified = True
    sandbox.show(REVISIONS[1])
    later = read(connector, landed)
    assert later.full
    assert told(connector, later) == expected(REVISIONS[1])


def test_lines_that_are_counted_and_not_sent_are_missed(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    sandbox.knobs.missing_lines = 1
    with pytest.raises(Incomplete, match="counts"):
        read(connector)


@pytest.mark.parametrize("calls", [1, 3, 6, 9])
def test_what_is_booked_and_deleted_while_a_full_read_goes_on_is_right(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox, calls: int
) -> None:
    """Somebody books, changes and deletes once so many windows of lines were answered."""
    honest, windows = sandbox.vendor.answer, asked(sandbox, '"MaxResult":100')

    def answer(request: Request) -> Answer:
        found = honest(request)
        if sandbox.vendor.books.company == REVISIONS[0] and windows() == calls:
            sandbox.show(REVISIONS[2])
        return found

    sandbox.vendor.answer = answer
    landed = read(connector)
    assert sandbox.vendor.books.company == REVISIONS[2]
    assert told(connector, landed) == expected(REVISIONS[2])
    assert read(connector, landed).unchanged


def test_an_entry_that_takes_the_place_of_one_already_read_leaves_that_out(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    """As many lines at the end as there were at the beginning."""
    honest, windows = sandbox.vendor.answer, asked(sandbox, '"MaxResult":100')
    rows = sandbox.vendor.books.rows["GLTrans"]
    gone = rows[0]

    def answer(request: Request) -> Answer:
        found = honest(request)
        if windows() == 2 and gone in rows:
            rows[0] = gone | {"Id": f"{gone['Id'][:-1]}f", "Modified": "/Date(1790000000000)/"}
            rows.sort(key=lambda row: sort_key(row["Id"]))
        return found

    sandbox.vendor.answer = answer
    db = books(connector, read(connector))
    keys = {key for (key,) in db.execute("SELECT line_key FROM books.journal_lines").fetchall()}
    assert gone["Id"] not in keys
    assert f"{gone['Id'][:-1]}f" in keys


def test_a_full_read_that_is_cut_short_goes_on_behind_what_it_has(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    sandbox.knobs.faults = [Fault("500", LINES, times=-1, skip=4)]
    kept = Landed()
    with pytest.raises(VendorDown):
        take_in(kept, connector.extract(ExtractRequest(FOLDER)))
    assert kept.checkpoint is not None
    sandbox.knobs.faults = []
    sandbox.show(REVISIONS[1])
    before = kept.tables["lines"].num_rows
    landed = read(connector, kept=kept)
    assert landed.resumed
    assert before > 100
    assert told(connector, landed) == expected(REVISIONS[1])


def test_everything_is_read_again_after_a_month(connector: WinBooksOnWeb, clock: Clock) -> None:
    landed = read(connector)
    clock.pass_by(days=31)
    assert read(connector, landed).full


def test_a_folder_without_books_is_read_to_nothing(connector: WinBooksOnWeb) -> None:
    landed = read(connector, folder=EMPTY)
    assert told(connector, landed) == {}


def test_from_a_date_on_no_line_of_earlier_years_is_asked_for(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    since = date(2026, 1, 1)
    landed = read(connector, since=since)
    wanted = {row["Id"] for row in sandbox.vendor.books.rows["BookPeriod"] if row["RelatedYear"] == 2026}
    assert set(landed.tables["lines"].column("BookPeriod_Id").to_pylist()) < wanted, "nothing is closed yet"
    assert {year for year, *_ in told(connector, landed)} == {"2026"}
    assert read(connector, landed, since=since).unchanged
    assert read(connector, landed, since=date(2025, 1, 1)).full


def test_from_a_date_a_year_without_opening_entries_opens_with_the_sums_of_those_before(
    connector: WinBooksOnWeb, sandbox: WinBooksOnWebSandbox
) -> None:
    sandbox.knobs.openings_from = "9999"
    sandbox.show(REVISIONS[0])
    db = books(connector, read(connector, since=date(2026, 1, 1)))
    rows = db.execute(
        "SELECT account, sum(debit - credit) FROM books.journal_lines WHERE period_kind = 'opening' GROUP BY 1"
    ).fetchall()
    opening = {a: row["opening"] for (year, a), row in REVISIONS[0].balances().items() if year == "2026"}
    assert {account: amount for account, amount in rows if amount} == {k: v for k, v in opening.items() if v}


def test_a_date_after_all_book_years_is_refused(connector: WinBooksOnWeb) -> None:
    with pytest.raises(WrongInput, match="no book year"):
        read(connector, since=date(2030, 1, 1))
