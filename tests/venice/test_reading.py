"""One sync after another: what is read again, what is noticed, and what is proven."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connectors.contract import ExtractRequest
from connectors.sandbox.company import Company
from connectors.sandbox.company import company as company_at
from connectors.sandbox.vendor import Fault
from connectors.venice import Venice
from connectors.venice.sandbox import VeniceSandbox
from foundation.errors import ReportABug, VendorDown
from tests.landed import Clock, Landed, books

from .landed import asked, connect, differences, read

REVISIONS = [company_at("BE", revision, entries_per_month=5) for revision in range(3)]


def told(connector: Venice, landed: Landed) -> list[tuple[str, date, str, Decimal]]:
    rows = books(connector, landed).execute(
        "SELECT line_key, date, account, debit - credit FROM books.journal_lines ORDER BY line_key"
    )
    return rows.fetchall()


def expected(company: Company) -> list[tuple[str, date, str, Decimal]]:
    first = company.years[0].label
    return sorted(
        (str(line.number), line.date, line.account, line.amount)
        for line in company.lines
        if line.kind == "normal" or (line.kind == "opening" and line.year == first)
    )


@pytest.mark.parametrize("page_size", [1, 100, 10_000])
def test_pages_are_followed_to_the_end(connector: Venice, sandbox: VeniceSandbox, page_size: int) -> None:
    entries = len(sandbox.vendor.books.tables["ENT"])
    sandbox.knobs.page_size = page_size if page_size > 1 else entries - 1
    landed = read(connector)
    assert told(connector, landed) == expected(REVISIONS[0])
    assert landed.stated == {"entries": entries}
    assert landed.notes == []


def test_a_dossier_is_asked_one_call_at_a_time(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.page_size, sandbox.knobs.latency = 50, 0.002
    read(connector)
    assert sandbox.vendor.most_at_once == 1


def test_nothing_new_is_unchanged_however_pages_are_cut(connector: Venice, sandbox: VeniceSandbox) -> None:
    first = read(connector)
    sandbox.knobs.page_size = 33
    balances = asked(sandbox, "GetBalance")
    assert read(connector, first).unchanged
    assert balances() == 0


def test_changes_and_deletions_arrive_and_unchanged_years_are_not_asked_for_balances(
    connector: Venice, sandbox: VeniceSandbox
) -> None:
    landed = read(connector)
    for revision, years in ((1, {"2026"}), (2, {"2025", "2026"})):
        sandbox.show(REVISIONS[revision])
        before = len(sandbox.vendor.requests)
        landed = read(connector, landed)
        calls = [request for request in sandbox.vendor.requests[before:] if "GetBalance" in request]
        assert {call.split("/")[4] for call in calls} == years
        assert told(connector, landed) == expected(REVISIONS[revision])
        assert differences(connector, landed) == []


def test_what_is_asked_from_another_date_on_is_read_whole(connector: Venice) -> None:
    landed = read(connector)
    later = read(connector, landed, since=date(2025, 1, 1))
    assert later.end is not None
    assert later.end.incremental == frozenset()
    db = books(connector, later)
    assert db.execute("SELECT min(date) FROM books.journal_lines").fetchone() == (date(2025, 1, 1),)
    assert db.execute("SELECT DISTINCT fiscal_year FROM books.trial_balances ORDER BY 1").fetchall() == [
        ("2025",),
        ("2026",),
    ]
    assert differences(connector, later) == []


def test_the_opening_at_a_date_is_what_was_booked_before(connector: Venice) -> None:
    db = books(connector, read(connector, since=date(2025, 1, 1)))
    found = dict(
        db.execute("SELECT account, debit - credit FROM books.journal_lines WHERE period_kind = 'opening'").fetchall()
    )
    carried = REVISIONS[0].numbers["result_brought_forward"]
    openings = {
        line.account: line.amount for line in REVISIONS[0].lines if line.kind == "opening" and line.year == "2025"
    }
    openings["RESULT-CARRIED"] = openings.pop(carried)
    assert found == openings


def test_fewer_entries_than_counted_are_seen(connector: Venice, sandbox: VeniceSandbox) -> None:
    """The flow fails a sync whose stated count is above the rows that came."""
    sandbox.knobs.faults = [Fault("empty", path="skiptoken")]
    sandbox.knobs.page_size = 100
    landed = read(connector)
    assert landed.stated["entries"] > landed.tables["entries"].num_rows == 100


def test_without_a_count_the_sync_goes_on_and_says_so(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.counts = False
    landed = read(connector)
    assert landed.codes() == {"no_counts"}
    assert told(connector, landed) == expected(REVISIONS[0])


def test_without_balances_the_sync_goes_on_and_says_so_once(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.balances = False
    landed = read(connector)
    assert landed.codes() == {"no_balances"}
    assert books(connector, landed).execute("SELECT count(*) FROM books.trial_balances").fetchone() == (0,)


def test_without_parties_the_sync_goes_on_and_says_so(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.without = frozenset({"CST", "SUP"})
    landed = read(connector)
    assert landed.codes() == {"no_customers", "no_suppliers"}


def test_a_vendor_that_goes_away_leaves_nothing_behind(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.page_size = 100
    sandbox.knobs.faults = [Fault("500", path="skiptoken", times=-1, skip=1)]
    events = connector.extract(ExtractRequest("ATELIER"))
    with pytest.raises(VendorDown):
        next(iter(events))


def test_an_amount_that_is_none_stops_the_sync(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.vendor.books.tables["ENT"][5]["AmountDosC"] = "12,34,5"
    with pytest.raises(ReportABug, match="AmountDosC"):
        read(connector)


def test_a_date_that_is_none_stops_the_sync(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.vendor.books.tables["ENT"][5]["BookDate"] = "31/01/2024"
    with pytest.raises(ReportABug, match="BookDate"):
        read(connector)


def test_account_names_come_in_the_language_asked_for(sandbox: VeniceSandbox, clock: Clock) -> None:
    landed = read(connect(sandbox, clock, language="fra"))
    names = dict(
        zip(*(landed.tables["general_accounts"].column(n).to_pylist() for n in ("Number", "Descr")), strict=True)
    )
    assert names["400000"] == "Clients (fr)"


def test_an_account_without_a_card_costs_the_others_nothing(connector: Venice, sandbox: VeniceSandbox) -> None:
    """One key of several that is not there refuses them all."""
    del sandbox.vendor.books.accounts["613200"]
    found = set(read(connector).tables["general_accounts"].column("Number").to_pylist())
    assert found == {row["Account"] for row in sandbox.vendor.books.tables["ENT"]} - {"613200"}


def test_a_list_of_one_may_be_told_as_the_one(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.knobs.one_as_object = True
    entries = sandbox.vendor.books.tables["ENT"]
    entries[:] = [row for row in entries if row["Account"] == "550000"]
    assert read(connector).tables["general_accounts"].column("Descr").to_pylist() == ["Banque EUR"]


def test_open_items_of_years_that_are_gone_are_pointed_out(connector: Venice, sandbox: VeniceSandbox) -> None:
    sandbox.vendor.books.tables["ENT"][0] |= {"AccYearOrg": "2019"}
    assert read(connector).codes() == {"history_missing"}
