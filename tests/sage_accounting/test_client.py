"""Signing in, listing businesses, fiscal years; and what the client asks, to the letter."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import unquote

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.catalog import package
from connectors.consent import Question, accept
from connectors.contract import Access, FiscalYear
from connectors.http import HttpClient
from connectors.sage_accounting import SageAccounting, oauth_app, open_connector
from connectors.sage_accounting.sandbox import SageSandbox
from connectors.sage_accounting.sandbox.vendor import COMPANY, EMPTY, LAPSED, LEAD, TWIN
from connectors.sage_accounting.wire import WAYS
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock
from tests.reader import Reader

from .landed import SLUG, connect, told


def test_verifying_costs_a_token_and_one_call(connector: SageAccounting, sandbox: SageSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == ["/token", "/v3.1/businesses"]
    assert connector.calls == 2


def test_every_business_is_discovered_with_one_call_also_two_of_one_name(
    connector: SageAccounting, sandbox: SageSandbox
) -> None:
    found = list(connector.discover())
    assert [ref.external_id for ref in found] == [LEAD, COMPANY, TWIN, LAPSED, EMPTY]
    assert [ref.name for ref in found][1] == "Atelier Grand-Livre"
    assert found[2].name == found[4].name
    assert len({ref.code for ref in found}) == 5
    assert connector.calls == 2


def test_fiscal_years_follow_from_the_year_end_and_the_start_of_the_books(
    connector: SageAccounting, sandbox: SageSandbox
) -> None:
    assert connector.fiscal_years(sandbox.external_id) == list(told().years)
    assert connector.calls == 3


def test_where_the_start_is_not_told_the_oldest_entry_tells_it(connector: SageAccounting, sandbox: SageSandbox) -> None:
    books = sandbox.vendor.books
    books.starts = None
    assert connector.fiscal_years(sandbox.external_id) == list(told().years), "what stands on a last day is an opening"
    books.post(date(2022, 5, 5), [("fees", "10.00"), ("bank", "-10.00")])
    years = connector.fiscal_years(sandbox.external_id)
    assert years[0].start == date(2022, 1, 1)
    assert len(years) == 5


def test_a_year_need_not_end_in_december_and_the_last_of_february_is_always_that(
    connector: SageAccounting, sandbox: SageSandbox
) -> None:
    sandbox.vendor.books.year_end = date(2026, 2, 28)
    sandbox.vendor.books.lockdown = None
    years = connector.fiscal_years(sandbox.external_id)
    assert years[0] == FiscalYear("2024", date(2024, 1, 1), date(2024, 2, 29), closed=None)
    assert years[-1] == FiscalYear("2027", date(2026, 3, 1), date(2027, 2, 28), closed=None)


def test_a_booking_ahead_of_time_has_its_year(connector: SageAccounting, sandbox: SageSandbox) -> None:
    sandbox.vendor.books.post(date(2028, 3, 3), [("fees", "10.00"), ("bank", "-10.00")])
    assert connector.fiscal_years(sandbox.external_id)[-1].end == date(2028, 12, 31)


def test_a_business_without_entries_has_the_present_year(connector: SageAccounting) -> None:
    years = connector.fiscal_years(EMPTY)
    assert [(year.start, year.end) for year in years] == [(date(2026, 1, 1), date(2026, 12, 31))]


def test_an_unknown_business_is_wrong_input_and_one_without_subscription_is_no_access(
    connector: SageAccounting, sandbox: SageSandbox
) -> None:
    with pytest.raises(WrongInput, match="no business d1ab"):
        connector.fiscal_years("d1ab")
    with pytest.raises(AskForAccess, match="no active subscription"):
        connector.fiscal_years(LAPSED)
    assert sandbox.vendor.desk.log == ["refresh_token"], "a subscription that ended is no matter of the token"


def test_only_documented_parameters_are_sent_and_no_token_in_an_address(reader: Reader, sandbox: SageSandbox) -> None:
    reader.read()
    reader.read()
    reader.read(since=date(2025, 1, 1))
    reader.read(totals_only=True)
    list_of = {"attributes", "items_per_page", "page"}
    allowed = {
        "/token": set[str](),
        f"/v3.1/businesses/{COMPANY}": set[str](),
        "/v3.1/financial_settings": set[str](),
        "/v3.1/ledger_accounts": list_of,
        "/v3.1/ledger_entries": list_of | {"from_date", "to_date", "updated_or_created_since"},
        "/v3.1/transactions": list_of | {"from_date", "updated_or_created_since"},
        "/v3.1/contacts": list_of | {"updated_or_created_since"},
        "/v3.1/trial_balance": {"from_date", "to_date"},
    }
    for request in sandbox.vendor.requests:
        path, _, query = unquote(request).partition("?")
        assert "stamp" not in request
        assert {pair.partition("=")[0] for pair in query.split("&") if pair} <= allowed[path]


def test_a_long_read_renews_its_access_and_stores_each_refresh_token_before_its_use(
    sandbox: SageSandbox, clock: Clock
) -> None:
    store = MemoryTokenStore()
    opened = connect(sandbox, clock, store)
    for _ in range(3):
        opened.verify()
        assert store.read()["refresh_token"] == sandbox.vendor.desk.refresh_token
        clock.pass_by(minutes=4, seconds=50)
    assert sandbox.vendor.desk.log == ["refresh_token"] * 3
    assert [each for each in sandbox.vendor.requests if each == "/token"] == ["/token"] * 3, "none was refused"
    opened.close()


def access(sandbox: SageSandbox, clock: Clock, **settings: str) -> Access:
    return Access(
        SLUG,
        package(SLUG).complete_settings(sandbox.settings | settings),
        {"client_secret": Secret(sandbox.secrets["client_secret"])},
        tokens=MemoryTokenStore(),
        now=clock,
        sleep=clock.sleep,
    )


@pytest.mark.parametrize("country", ["", "BE"])
def test_a_person_signs_in_and_the_consent_tells_when_it_lapses(
    sandbox: SageSandbox, clock: Clock, country: str
) -> None:
    app = oauth_app(access(sandbox, clock, **({"country": country} if country else {})))
    question = Question.new("http://localhost:1/callback")
    assert ("country=be" in question.address(app)) == bool(country)
    reply = requests.get(question.address(app), allow_redirects=False, timeout=10)
    with requests.Session() as session:
        client = HttpClient(WAYS, session, LocalBudget("Sage", clock, clock.sleep), now=clock, sleep=clock.sleep)
        consent = accept(app, client, question, reply.headers["Location"], {}, now=clock)
    assert consent.tokens["consent_expires_at"].reveal() == (clock() + timedelta(days=31)).isoformat()
    store = MemoryTokenStore({name: token.reveal() for name, token in consent.tokens.items()})
    opened = open_connector(
        Access(
            SLUG,
            package(SLUG).complete_settings(sandbox.settings),
            {"client_secret": Secret(sandbox.secrets["client_secret"])},
            tokens=store,
            now=clock,
            sleep=clock.sleep,
        )
    )
    opened.verify()
    clock.pass_by(minutes=6)
    opened.verify()
    assert sandbox.vendor.desk.log == ["authorization_code", "refresh_token"]
    opened.close()


def test_the_page_of_another_country_says_why_it_does_not_do(sandbox: SageSandbox, clock: Clock) -> None:
    question = Question.new("http://localhost:1/callback")
    address = question.address(oauth_app(access(sandbox, clock, country="gb")))
    reply = requests.get(address, allow_redirects=False, timeout=10)
    with pytest.raises(SignInAgain, match="Email already in use"):
        question.answered(reply.headers["Location"])


def test_consent_that_was_withdrawn_or_lost_asks_for_a_person(
    connector: SageAccounting, sandbox: SageSandbox, clock: Clock
) -> None:
    connector.verify()
    sandbox.vendor.desk.void_refresh_token()
    clock.pass_by(minutes=6)
    with pytest.raises(SignInAgain, match="no longer accepts"):
        connector.verify()
