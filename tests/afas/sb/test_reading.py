"""Full reads and changed years of AFAS SB: nothing missed, nothing twice, nothing asked for in vain."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.afas import AfasSb
from connectors.afas.sb.sandbox import SbSandbox
from connectors.afas.sb.sandbox.books import OURS
from connectors.afas.sb.sandbox.tables import guid
from connectors.sandbox.company import company
from foundation.errors import Busy, WrongInput
from tests.landed import Clock, books

from .landed import asked, connect, loaded, read, standing

YEAR = guid("year", OURS, "2024")
ENTRY = [("fees", "10.10"), ("bank", "-10.10")]


def years_asked(sandbox: SbSandbox) -> list[str]:
    """Labels of the years whose entries were asked for, in the order of their first pages."""
    labels = {guid("year", OURS, label): label for label in ("2024", "2025", "2026")}
    asked_for = [request for request in asked(sandbox, "journalentries") if "skip=0&" in request]
    return [labels[request.partition("AccountingYearId%20eq%20")[2][:36]] for request in asked_for]


def test_a_full_read_tells_every_line_of_the_administration_and_no_other(connector: AfasSb, sandbox: SbSandbox) -> None:
    landed = read(connector)
    assert loaded(connector, landed) == standing(sandbox)
    assert years_asked(sandbox) == ["2024", "2025", "2026"]
    assert landed.incremental == frozenset()
    assert landed.notes == []


def test_nothing_new_is_unchanged_and_asks_for_no_entry(connector: AfasSb, sandbox: SbSandbox, clock: Clock) -> None:
    first = read(connector)
    sandbox.vendor.requests.clear()
    clock.pass_by(days=1)
    again = read(connector, first)
    assert again.unchanged
    assert again.cursor == first.cursor
    assert years_asked(sandbox) == []
    assert len(sandbox.vendor.requests) == 11  # a sign-in, and five lists to their ends


def test_a_year_whose_balances_moved_is_read_again_and_no_other(connector: AfasSb, sandbox: SbSandbox) -> None:
    landed = read(connector)
    keys = sandbox.vendor.books.post("2025", 5, date(2025, 5, 4), ENTRY)
    for change in (lambda: None, lambda: sandbox.vendor.books.delete(*keys)):
        change()
        sandbox.vendor.requests.clear()
        landed = read(connector, landed)
        assert landed.incremental == {"lines", "years_read"}
        assert years_asked(sandbox) == ["2025"]
        assert loaded(connector, landed) == standing(sandbox)


def test_what_moves_no_balance_is_seen_after_a_week(connector: AfasSb, sandbox: SbSandbox, clock: Clock) -> None:
    landed = read(connector)
    key = next(key for key, row in sandbox.vendor.books.lines.items() if row["AdministrationId"] == OURS)
    sandbox.vendor.books.lines[key]["Description"] = "A second thought"
    clock.pass_by(days=6)
    assert read(connector, landed).unchanged
    clock.pass_by(days=1)
    landed = read(connector, landed)
    assert landed.incremental == frozenset()
    found = books(connector, landed).execute("SELECT description FROM books.journal_lines WHERE line_key = ?", [key])
    assert found.fetchall() == [("A second thought",)]


def test_a_renamed_account_is_news_and_asks_for_no_entry(connector: AfasSb, sandbox: SbSandbox) -> None:
    landed = read(connector)
    sandbox.vendor.books.rows("ledgeraccounts")[0]["Description"] = "Renamed"
    sandbox.vendor.requests.clear()
    landed = read(connector, landed)
    assert not landed.unchanged
    assert "Renamed" in landed.tables["accounts"].column("Description").to_pylist()
    assert years_asked(sandbox) == []
    assert loaded(connector, landed) == standing(sandbox)


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("most", [None, 50])
def test_page_boundaries_and_a_limit_that_is_not_told_lose_and_double_nothing(
    connector: AfasSb, sandbox: SbSandbox, extra: int, most: int | None
) -> None:
    full = 1000 if most is None else 100
    year, held = guid("year", OURS, "2026"), sandbox.vendor.books
    while (missing := full + extra - sum(row["AccountingYearId"] == year for row in held.lines.values())) > 0:
        held.post("2026", 5, date(2026, 5, 4), ENTRY[:missing])
    held.delete(*[key for key, row in held.lines.items() if row["AccountingYearId"] == year][: max(-missing, 0)])
    assert sum(row["AccountingYearId"] == year for row in held.lines.values()) == full + extra
    sandbox.knobs.most = most
    assert loaded(connector, read(connector)) == standing(sandbox)


def test_what_is_booked_and_deleted_while_pages_are_read_comes_out_right(connector: AfasSb, sandbox: SbSandbox) -> None:
    held, happened = sandbox.vendor.books, list[int]()
    sandbox.knobs.most = 50

    def meanwhile(endpoint: str, skip: int) -> None:
        if endpoint == "journalentries" and skip == 50 and len(happened) < 2:
            happened.append(skip)
            ours = sorted(key for key, row in held.lines.items() if row["AccountingYearId"] == YEAR)
            entry = held.lines[ours[0]]["HeaderId"]  # behind the pages that were read
            held.delete(*[key for key in ours if held.lines[key]["HeaderId"] == entry])
            held.post("2025", 5, date(2025, 5, 4), ENTRY)

    sandbox.knobs.while_paging = meanwhile
    landed = read(connector)
    assert len(happened) == 2
    assert loaded(connector, landed) == standing(sandbox)


def test_books_that_never_stand_still_are_left_for_later(connector: AfasSb, sandbox: SbSandbox) -> None:
    def meanwhile(endpoint: str, skip: int) -> None:
        if endpoint == "journalentries":
            sandbox.vendor.books.post("2025", 5, date(2025, 5, 4), ENTRY)

    sandbox.knobs.most = 50
    sandbox.knobs.while_paging = meanwhile
    with pytest.raises(Busy, match="being changed"):
        read(connector)


@pytest.mark.parametrize(("year", "labels"), [(2025, ["2025", "2026"]), (2026, ["2026"])])
def test_from_a_date_only_its_years_are_asked(
    connector: AfasSb, sandbox: SbSandbox, year: int, labels: list[str]
) -> None:
    landed = read(connector, since=date(year, 1, 1))
    assert years_asked(sandbox) == labels
    db = books(connector, landed)
    opened = db.execute(
        "SELECT fiscal_year, account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening'"
    ).fetchall()
    told = {key: row["opening"] for key, row in company("NL").balances().items() if key[0] == str(year)}
    assert {(label, account): amount for label, account, amount in opened} == {k: v for k, v in told.items() if v}
    assert read(connector, landed).incremental == frozenset(), "another window is another read"


def test_a_date_after_all_years_is_wrong_input(connector: AfasSb) -> None:
    with pytest.raises(WrongInput, match="no fiscal year"):
        read(connector, since=date(2031, 1, 1))


def test_totals_alone_ask_for_no_entry(connector: AfasSb, sandbox: SbSandbox) -> None:
    landed = read(connector, totals_only=True)
    assert years_asked(sandbox) == []
    assert landed.tables["lines"].num_rows == 0
    assert landed.tables["totals"].num_rows > 100


def test_an_app_without_a_right_to_entries_gives_totals_and_says_so(connector: AfasSb, sandbox: SbSandbox) -> None:
    landed = read(connector)
    sandbox.knobs.forbidden.add("journalentries")
    sandbox.vendor.books.post("2025", 5, date(2025, 5, 4), ENTRY)
    landed = read(connector, landed)
    assert landed.codes() == {"totals_only"}
    assert landed.cursor is None
    assert landed.tables["lines"].num_rows == 0
    assert landed.tables["totals"].num_rows > 100
    sandbox.knobs.forbidden.clear()
    assert loaded(connector, read(connector, landed)) == standing(sandbox)


@pytest.mark.parametrize("deviation", ["amounts_as_text", "tracked"])
def test_amounts_as_text_and_tracked_answers_are_the_same_books(
    connector: AfasSb, sandbox: SbSandbox, clock: Clock, deviation: str
) -> None:
    usual = read(connector)
    setattr(sandbox.knobs, deviation, True)
    other = connect(sandbox, clock)
    other.verify()
    again = read(other)
    for name in ("accounts", "periods", "lines"):
        first = usual.tables[name].column_names[0]
        assert again.tables[name].sort_by(first) == usual.tables[name].sort_by(first)
    other.close()


def test_a_year_that_is_no_longer_listed_is_gone(connector: AfasSb, sandbox: SbSandbox) -> None:
    landed = read(connector)
    listed = sandbox.vendor.books.rows("accountingyear")
    listed[:] = [row for row in listed if row["Id"] != YEAR]
    landed = read(connector, landed)
    expected = {key for key, row in sandbox.vendor.books.lines.items() if row["AccountingYearId"] != YEAR}
    assert set(loaded(connector, landed)) == expected & set(standing(sandbox))
