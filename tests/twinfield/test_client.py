"""Connecting, listing offices, fiscal years; and how many credits things take."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.budgets import Limit, LocalBudget, LocalBudgets, Window
from connectors.consent import Question, accept
from connectors.contract import DossierRef
from connectors.http import HttpClient
from connectors.sandbox.company import company
from connectors.tokens import MemoryTokenStore
from connectors.twinfield import Twinfield, oauth_app, open_connector
from connectors.twinfield.faults import WAYS
from connectors.twinfield.full_read import Ranges
from connectors.twinfield.sandbox import TwinfieldSandbox
from connectors.twinfield.years import with_starts
from foundation.errors import AskForAccess, ReportABug, SignInAgain, WrongInput
from tests.landed import Clock

from .landed import access, connect, read

SIGN_IN = ["/auth/authentication/connect/token", "/auth/authentication/connect/accesstokenvalidation"]


def test_verifying_costs_a_token_a_cluster_and_one_call(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == [*SIGN_IN, "processxml.asmx offices"]
    assert connector.calls == 3


def test_a_person_signs_in_by_redirect_and_the_consent_opens_the_offices(
    sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    given = access(sandbox, clock)
    app, question = oauth_app(given), Question.new("http://localhost:8765/callback")
    with requests.Session() as session:
        page = session.get(question.address(app), allow_redirects=False)
        client = HttpClient(WAYS, session, LocalBudget("Twinfield", clock, clock.sleep), now=clock, sleep=clock.sleep)
        consent = accept(app, client, question, page.headers["Location"], given.settings, now=clock)
    tokens = MemoryTokenStore({name: text.reveal() for name, text in consent.tokens.items()})
    assert set(consent.tokens) == {"refresh_token", "access_token", "issued_at", "expires_at"}
    sandbox.secrets.pop("refresh_token")
    opened = connect(sandbox, clock, tokens=tokens)
    assert len(list(opened.discover())) == 4
    clock.pass_by(hours=2)
    assert len(list(opened.discover())) == 4
    assert sandbox.vendor.desk.log == ["authorization_code", "refresh_token"]
    opened.close()


def test_the_cluster_is_asked_for_once_per_token(connector: Twinfield, sandbox: TwinfieldSandbox, clock: Clock) -> None:
    connector.verify()
    connector.verify()
    assert sandbox.vendor.requests.count(SIGN_IN[1]) == 1
    clock.pass_by(hours=2)
    connector.verify()
    assert sandbox.vendor.requests.count(SIGN_IN[1]) == 2


def test_every_office_is_discovered(connector: Twinfield) -> None:
    found = list(connector.discover())
    assert [ref.external_id for ref in found] == ["FIRM01", "1042", "NLA007", "NLA060"]
    assert found[1] == DossierRef("1042", "1042", "Atelier Grand-Livre")


def test_fiscal_years_follow_from_the_ends_of_periods(connector: Twinfield) -> None:
    assert connector.fiscal_years("1042") == list(company("NL").years)
    assert connector.fiscal_years("NLA007") == []


def test_an_office_that_is_not_listed_is_wrong_and_one_without_rights_is_refused(connector: Twinfield) -> None:
    with pytest.raises(WrongInput, match="nobody"):
        connector.fiscal_years("nobody")
    with pytest.raises(WrongInput, match="nobody"):
        read(connector, office="nobody")
    with pytest.raises(AskForAccess, match="geweigerd"):
        connector.fiscal_years("NLA060")


def test_an_office_without_books_tells_nothing(connector: Twinfield) -> None:
    assert read(connector, office="NLA007").tables["lines"].num_rows == 0


def test_a_date_after_the_last_year_is_refused(connector: Twinfield) -> None:
    with pytest.raises(WrongInput, match="no fiscal year"):
        read(connector, since=date(2030, 1, 1))


def test_a_consent_that_was_withdrawn_asks_for_a_sign_in(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    sandbox.vendor.desk.void_refresh_token()
    with pytest.raises(SignInAgain):
        connector.verify()


def test_a_token_is_kept_between_connections(sandbox: TwinfieldSandbox, clock: Clock) -> None:
    tokens = MemoryTokenStore()
    for _ in range(2):
        opened = connect(sandbox, clock, tokens=tokens)
        opened.verify()
        opened.close()
    assert sandbox.vendor.desk.log == ["refresh_token"]


def test_a_cluster_elsewhere_gets_no_token(sandbox: TwinfieldSandbox, clock: Clock) -> None:
    sandbox.vendor.base_url = "https://api.accounting9.twinfield.com.example.net"
    opened = connect(sandbox, clock)
    with pytest.raises(ReportABug, match="not its own"):
        opened.verify()
    opened.close()


def test_an_unchanged_night_takes_few_credits(connector: Twinfield, sandbox: TwinfieldSandbox) -> None:
    first = read(connector)
    full = sandbox.vendor.credits_used
    assert read(connector, first).unchanged
    assert sandbox.vendor.credits_used - full == 14  # office, years, 3 x periods, 4 x dimensions, daybooks (3), 2 feeds
    assert full <= 35


def test_credits_that_were_declared_are_kept_to_until_the_vendor_tells_more(
    sandbox: TwinfieldSandbox, clock: Clock
) -> None:
    sandbox.knobs.credits, sandbox.knobs.rate_headers = 25, False
    limits = (Limit("minute", 25, timedelta(minutes=1), "connection"),)
    opened = connect(sandbox, clock, budgets=LocalBudgets(limits))
    for _ in range(3):
        read(opened)
    opened.close()
    assert sandbox.vendor.over_limit == 0
    assert clock.slept


def test_replies_tell_the_organisation_s_credits_and_imply_the_app_s() -> None:
    told = {"x-ratelimit-limit": "25", "x-ratelimit-remaining": "7", "x-ratelimit-credited": "1"}
    assert list(WAYS.windows(told)) == [Window("minute", 7, limit=25), Window("appminute", limit=50)]
    assert list(WAYS.windows({"x-ratelimit-limit": "many"})) == []


def test_what_the_vendor_tells_of_credits_goes_before(sandbox: TwinfieldSandbox, clock: Clock) -> None:
    limits = (
        Limit("appminute", 50, timedelta(minutes=1), "app"),
        Limit("minute", 25, timedelta(minutes=1), "connection"),
    )
    opened = open_connector(access(sandbox, clock, budgets=LocalBudgets(limits)))
    for _ in range(4):
        read(opened)
    opened.close()
    assert clock.slept == []


@given(
    st.dictionaries(st.integers(2020, 2029), st.integers(1, 53), min_size=1, max_size=4),
    st.lists(st.integers(0, 100_000), min_size=1, max_size=10),
)
def test_ranges_cover_every_period_of_every_year_once_and_in_order(years: dict[int, int], counts: list[int]) -> None:
    ranges, sizes = Ranges({year: range(1, last + 1) for year, last in years.items()}), cycle(counts)
    covered: list[tuple[int, int]] = []
    while between := ranges.next():
        (year, first), (same, last) = (tuple(map(int, each.split("/"))) for each in between)
        assert year == same
        covered += [(year, period) for period in range(first, last + 1)]
        ranges.learn(next(sizes))
    assert covered == [(year, period) for year in sorted(years) for period in range(56)]


def test_busy_periods_are_asked_for_one_by_one_and_quiet_ones_together() -> None:
    busy, quiet = Ranges({2024: range(1, 13)}), Ranges({2024: range(1, 13)})
    for ranges, rows in ((busy, 50_000), (quiet, 3)):
        assert ranges.next() == ("2024/00", "2024/01")
        ranges.learn(rows)
    assert busy.next() == ("2024/02", "2024/02")
    assert quiet.next() == ("2024/02", "2024/55")


ENDS = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]


@pytest.mark.parametrize(
    ("ends", "first"),
    [
        (ENDS, date(2024, 1, 1)),
        ([date(2024, 1, 28), date(2024, 2, 25)], date(2024, 1, 1)),
        ([date(2024, 12, 31)], date(2024, 1, 1)),
        ([date(2024, 2, 29)], date(2023, 3, 1)),
        ([date(2024, 3, 31), date(2024, 6, 30)], date(2023, 7, 1)),
    ],
)
def test_the_first_year_begins_by_a_rule(ends: list[date], first: date) -> None:
    periods = [(number, "", True, end) for number, end in enumerate(ends, start=1)]
    rows = list(with_starts({2024: periods, 2025: [(1, "", True, date(2025, 12, 31))]}))
    assert rows[0]["start_date"] == first
    assert rows[-1]["start_date"] == ends[-1] + timedelta(days=1)
