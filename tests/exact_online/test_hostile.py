"""Every way in which the vendor or the network fails: full recovery, or the right error and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.contract import ExtractRequest
from connectors.exact_online import ExactOnline
from connectors.exact_online.sandbox import ExactSandbox, Fault, Knobs, open_sandbox
from connectors.sandbox.company import company
from foundation.errors import AskForAccess, GrandlivreError, RateLimited, SignInAgain, VendorDown
from tests.landed import Clock, books

from .landed import SOFTWARE, connect, line_amounts, read

LINES = "bulk/Financial/TransactionLines?"


# A small company: what is tested here does not depend on its size.
SMALL = company("BE", entries_per_month=2)


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[ExactSandbox]:
    with open_sandbox(SOFTWARE, SMALL, now=clock) as running:
        yield running


def told_right(connector: ExactOnline, sandbox: ExactSandbox) -> bool:
    return line_amounts(read(connector)) == {key: row["AmountDC"] for key, row in sandbox.vendor.books.lines.items()}


@pytest.mark.parametrize("kind", ["500", "503", "429_minute", "429_bare", "html", "truncated", "cut", "reset"])
@pytest.mark.parametrize("path", [LINES, "sync/Financial/TransactionLines", "FinancialPeriods", "ReportingBalance"])
def test_what_passes_is_sat_out(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock, kind: Any, path: str
) -> None:
    sandbox.knobs.page_size = 150
    sandbox.knobs.faults = [Fault(kind, path=path, times=2, skip=1 if path == LINES else 0)]
    assert told_right(connector, sandbox)
    assert clock.slept
    assert sandbox.knobs.faults[0].times == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("500", VendorDown),
        ("503", VendorDown),
        ("html", VendorDown),
        ("truncated", VendorDown),
        ("cut", VendorDown),
        ("reset", VendorDown),
        ("429_bare", RateLimited),
        ("429_minute", RateLimited),
        ("429_day", RateLimited),
    ],
)
def test_what_does_not_pass_is_named_after_a_bounded_number_of_calls(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock, kind: Any, error: type[GrandlivreError]
) -> None:
    sandbox.knobs.faults = [Fault(kind, path=LINES, times=-1)]
    with pytest.raises(error) as raised:
        read(connector)
    assert sum(LINES in request for request in sandbox.vendor.requests) <= 6
    assert sandbox.secrets["client_secret"] not in str(raised.value)
    assert "stamp" not in str(raised.value)
    assert sum(clock.slept) < 450


def test_the_daily_limit_parks_the_sync_until_the_moment_that_the_vendor_tells(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("429_day", path=LINES)]
    with pytest.raises(RateLimited) as raised:
        read(connector)
    assert raised.value.resume_at == clock() + timedelta(hours=7)
    assert clock.slept == []


def test_the_minute_limit_is_respected_before_it_is_hit(sandbox: ExactSandbox, clock: Clock) -> None:
    sandbox.knobs.minute_limit = 10
    connector = connect(sandbox, clock)
    assert told_right(connector, sandbox)
    connector.close()
    assert sandbox.vendor.over_limit == 0
    assert len(clock.slept) >= 2
    assert max(clock.slept) <= 61


def test_without_headers_the_limit_is_found_out_and_sat_out(sandbox: ExactSandbox, clock: Clock) -> None:
    sandbox.knobs.minute_limit = 10
    sandbox.knobs.rate_headers = False
    connector = connect(sandbox, clock)
    assert told_right(connector, sandbox)
    connector.close()
    assert sandbox.vendor.over_limit > 0


def test_a_slow_body_is_waited_for(connector: ExactOnline, sandbox: ExactSandbox, clock: Clock) -> None:
    sandbox.knobs.trickle = 0.0001
    sandbox.knobs.faults = [Fault("slow", path="Journals")]
    assert told_right(connector, sandbox)
    assert clock.slept == []


def test_an_access_token_that_the_vendor_drops_early_is_replaced_when_the_vendor_agrees(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock
) -> None:
    sandbox.knobs.page_size = 150
    sandbox.knobs.while_paging = lambda endpoint, sent: clock.pass_by(seconds=572) if sent == 150 else None
    sandbox.knobs.faults = [Fault("401", path=LINES, skip=1)]
    assert told_right(connector, sandbox)


def test_a_drop_so_early_that_the_vendor_gives_no_other_parks_the_sync(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("401", path=LINES)]
    issued = clock()
    with pytest.raises(RateLimited) as raised:
        read(connector)
    assert raised.value.resume_at == issued + timedelta(seconds=570)
    clock.pass_by(seconds=571)
    assert told_right(connector, sandbox)


def test_a_vendor_that_refuses_one_token_after_the_other_wants_a_person_to_sign_in(
    connector: ExactOnline, sandbox: ExactSandbox, clock: Clock
) -> None:
    sandbox.knobs.faults = [Fault("redirect", path=LINES, times=-1)]
    with pytest.raises(RateLimited):
        read(connector)
    clock.pass_by(seconds=600)
    with pytest.raises(SignInAgain):
        read(connector)
    assert sandbox.vendor.desk.log == ["refresh_token"] * 4


def test_a_consent_that_was_withdrawn_asks_for_a_sign_in_once(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.vendor.desk.void_refresh_token()
    with pytest.raises(SignInAgain, match="reconnect"):
        connector.verify()
    assert sandbox.vendor.requests == ["/api/oauth2/token"]


@pytest.mark.parametrize(
    "knobs",
    [
        Knobs(duplicate_rows=True, page_size=100, small_page_size=50),
        Knobs(unknown_fields=True),
        Knobs(left_out=frozenset({"DueDate", "AccountName", "Description", "VATCode", "Modified"})),
        Knobs(left_out=frozenset({"Hid", "BlockingStatus", "VATNumber", "IsBlocked", "DivisionMoveDate"})),
        Knobs(list_shape=True),
        Knobs(numbers_as_text=True, page_size=100),
        Knobs(float_noise=True),
        Knobs(latency=0.002),
    ],
    ids=lambda knobs: ", ".join(name for name, value in vars(knobs).items() if value != vars(Knobs()).get(name)),
)
def test_answers_of_another_shape_are_understood(clock: Clock, knobs: Knobs) -> None:
    with open_sandbox(SOFTWARE, SMALL, knobs=knobs, now=clock) as sandbox:
        connector = connect(sandbox, clock)
        assert told_right(connector, sandbox)
        assert [ref.external_id for ref in connector.discover()][1] == "900101"
        connector.close()


def test_duplicates_in_the_package_s_balances_are_counted_once(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.duplicate_rows = True
    db = books(connector, read(connector))
    (off,) = db.execute(
        "SELECT count(*) FROM (SELECT fiscal_year, account, sum(debit - credit) AS a FROM books.trial_balances "
        "WHERE period IS NOT NULL GROUP BY ALL) t JOIN (SELECT fiscal_year, account, sum(debit - credit) AS a "
        "FROM books.journal_lines WHERE period_kind = 'normal' GROUP BY ALL) l USING (fiscal_year, account) "
        "WHERE t.a <> l.a"
    ).fetchone() or (None,)
    assert off == 0


@pytest.mark.parametrize("hidden", [1, 150])
@pytest.mark.parametrize("since", [None, date(2025, 1, 1)])
def test_an_answer_with_lines_missing_is_found_out_by_the_count(
    connector: ExactOnline, sandbox: ExactSandbox, hidden: int, since: date | None
) -> None:
    assert read(connector, since=since).stated["lines"] > 0
    sandbox.knobs.hidden_lines = hidden
    with pytest.raises(VendorDown, match="counts"):
        read(connector, since=since)


def test_an_empty_answer_is_found_out_by_the_count(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.faults = [Fault("empty", path=LINES)]
    with pytest.raises(VendorDown, match="counts"):
        read(connector)


def test_doubled_rows_do_not_hide_missing_ones(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.duplicate_rows = True
    sandbox.knobs.page_size = 20
    sandbox.knobs.hidden_lines = 5
    with pytest.raises(VendorDown, match="counts"):
        read(connector)


@pytest.mark.parametrize("refusal", ["forbidden", "absent"])
@pytest.mark.parametrize(
    ("endpoint", "note"),
    [
        ("read/financial/JournalStatusByFinancialPeriod", "no_journal_statuses"),
        ("financial/ReportingBalance", "no_reporting_balance"),
        ("financial/Journals", "no_journals"),
        ("sync/Deleted", "no_change_feed"),
        ("sync/Financial/TransactionLines", "no_change_feed"),
        ("bulk/Financial/TransactionLines", "no_bulk_lines"),
        ("read/sync/Sync/SyncTimestamp", "no_start_of_feed"),
        ("system/AllDivisions", "no_division_details"),
        ("sync/Financial/GLAccounts", None),
        ("sync/CRM/Accounts", None),
    ],
)
def test_a_feature_that_is_not_in_the_licence_does_not_stop_the_dossier(
    connector: ExactOnline, sandbox: ExactSandbox, endpoint: str, note: str | None, refusal: str
) -> None:
    getattr(sandbox.knobs, refusal).add(endpoint)
    landed = read(connector)
    assert set(line_amounts(landed)) == set(sandbox.vendor.books.lines)
    assert note is None or note in landed.codes()
    if note == "no_change_feed":
        assert landed.end is not None
        assert landed.end.cursor is None


def test_a_list_of_divisions_that_cannot_be_filtered_is_searched_by_us(
    connector: ExactOnline, sandbox: ExactSandbox
) -> None:
    sandbox.knobs.unfiltered.add("system/AllDivisions")
    landed = read(connector)
    assert landed.notes == []
    assert landed.tables["dossier"].column("Hid").to_pylist() == ["1042"]


def test_a_count_that_is_no_number_is_gone_without(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.faults = [Fault("html", path="$count", times=-1)]
    landed = read(connector)
    assert landed.codes() == {"no_line_count"}
    assert landed.stated == {}


def test_relations_that_are_refused_come_from_the_lines(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.forbidden |= {"sync/CRM/Accounts", "bulk/CRM/Accounts"}
    landed = read(connector)
    assert "no_relations" in landed.codes()
    names = dict(books(connector, landed).execute("SELECT code, name FROM books.counterparties").fetchall())
    assert names["JANSSENS"] == "Bakkerij Janssens"


def test_lines_that_may_not_be_read_at_all_fail_the_sync(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.forbidden |= {"sync/Financial/TransactionLines", "bulk/Financial/TransactionLines"}
    with pytest.raises(AskForAccess):
        read(connector)


def test_no_refusal_is_asked_for_twice_within_one_sync(connector: ExactOnline, sandbox: ExactSandbox) -> None:
    sandbox.knobs.forbidden |= {"financial/ReportingBalance", "financial/Journals", "read/sync/Sync/SyncTimestamp"}
    read(connector)
    asked = [request.split("?")[0] for request in sandbox.vendor.requests]
    for endpoint in sandbox.knobs.forbidden:
        assert sum(path.endswith(endpoint) for path in asked) == 1


def test_a_dossier_without_access_says_whom_to_ask(connector: ExactOnline) -> None:
    with pytest.raises(AskForAccess, match="NoDivisionAccess"):
        list(connector.extract(ExtractRequest("900104")))
