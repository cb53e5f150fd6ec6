"""Signing in, listing organisations, fiscal years; and what the client asks, to the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import unquote

import pytest
import requests

from connectors.budgets import LocalBudget
from connectors.catalog import package
from connectors.consent import Question, accept
from connectors.contract import Access, FiscalYear
from connectors.http import HttpClient
from connectors.sandbox.consent import TokenDesk
from connectors.tokens import MemoryTokenStore
from connectors.xero import Xero, oauth_app, open_connector
from connectors.xero.sandbox import XeroSandbox
from connectors.xero.sandbox.vendor import EMPTY, WITHDRAWN
from connectors.xero.wire import WAYS
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock
from tests.reader import Reader

from .landed import connect, told


def test_verifying_costs_a_token_and_one_call(connector: Xero, sandbox: XeroSandbox) -> None:
    connector.verify()
    assert sandbox.vendor.requests == ["/connect/token", "/connections"]
    assert connector.calls == 2


def test_organisations_are_discovered_and_a_practice_is_none(connector: Xero, sandbox: XeroSandbox) -> None:
    found = list(connector.discover())
    assert [ref.external_id for ref in found] == [sandbox.external_id, WITHDRAWN, EMPTY]
    ours = found[0]
    assert (ours.code, ours.name, ours.vat_number, ours.currency, ours.country) == (
        "1042",
        "Atelier Grand-Livre",
        "BE0403019261",
        "EUR",
        "BE",
    )
    assert (found[1].name, found[1].currency) == ("Holding Zonder Toegang NV", None)


@pytest.mark.parametrize("software", ["xero", "xero_tb"])
def test_fiscal_years_are_found_by_balances_with_few_calls(sandbox: XeroSandbox, clock: Clock, software: str) -> None:
    opened = connect(sandbox, clock, software)
    assert opened.fiscal_years(sandbox.external_id) == list(told().years)
    assert opened.calls <= 12
    opened.close()


def test_an_organisation_without_books_has_the_years_since_it_was_made(connector: Xero) -> None:
    years = connector.fiscal_years(EMPTY)
    assert [(year.label, year.closed) for year in years] == [
        ("2023", True), ("2024", True), ("2025", True), ("2026", False),
    ]  # fmt: skip
    assert years[0].start == date(2023, 1, 1)


def test_a_year_need_not_end_in_december(connector: Xero, sandbox: XeroSandbox) -> None:
    sandbox.vendor.books.year_end = (3, 31)
    years = connector.fiscal_years(sandbox.external_id)
    # The conversion at the end of 2023 cuts the first year short.
    assert years[0] == FiscalYear("2024", date(2024, 1, 1), date(2024, 3, 31), closed=True)
    assert years[-1] == FiscalYear("2027", date(2026, 4, 1), date(2027, 3, 31), closed=False)


def test_an_unknown_organisation_is_wrong_input_and_a_withdrawn_one_is_no_access(connector: Xero) -> None:
    with pytest.raises(WrongInput, match="no organisation"):
        connector.fiscal_years("d1ab2c3d-0000-0000-0000-000000000000")
    with pytest.raises(AskForAccess, match="no longer"):
        connector.fiscal_years(WITHDRAWN)


def test_only_documented_parameters_are_sent_and_no_token_in_an_address(
    reader: Reader, totals: Reader, sandbox: XeroSandbox
) -> None:
    reader.read()
    totals.read()
    allowed = {
        "/connect/token": set[str](),
        "/connections": set[str](),
        "/api.xro/2.0/Organisation": set[str](),
        "/api.xro/2.0/Accounts": set[str](),
        "/api.xro/2.0/Contacts": {"page", "pageSize", "includeArchived"},
        "/api.xro/2.0/Journals": {"offset"},
        "/api.xro/2.0/Reports/TrialBalance": {"date"},
    }
    for request in sandbox.vendor.requests:
        path, _, query = unquote(request).partition("?")
        assert "stamp" not in request
        assert {pair.partition("=")[0] for pair in query.split("&") if pair} <= allowed[path]
    assert not any("Journals" in each for each in sandbox.vendor.requests[len(sandbox.vendor.requests) // 2 :])


def access(sandbox: XeroSandbox, clock: Clock, software: str = "xero", secret: str = "") -> Access:
    secrets = {"client_secret": Secret(secret)} if secret else {}
    settings = package(software).complete_settings(sandbox.settings)
    return Access(software, settings, secrets, tokens=MemoryTokenStore(), now=clock, sleep=clock.sleep)


@pytest.mark.parametrize("secret", ["sandbox-app-secret", ""])
def test_a_person_signs_in_with_a_challenge_whether_or_not_the_app_has_a_secret(
    sandbox: XeroSandbox, clock: Clock, secret: str
) -> None:
    sandbox.vendor.desk.client_secret = secret
    app = oauth_app(access(sandbox, clock, secret=secret))
    question = Question.new("http://localhost:1/callback")
    reply = requests.get(question.address(app), allow_redirects=False, timeout=10)
    with requests.Session() as session:
        client = HttpClient(WAYS, session, LocalBudget("Xero", clock, clock.sleep), now=clock, sleep=clock.sleep)
        consent = accept(app, client, question, reply.headers["Location"], {}, now=clock)
    lapses = consent.tokens["consent_expires_at"].reveal()
    assert lapses == (clock() + timedelta(days=60)).isoformat()
    store = MemoryTokenStore({name: token.reveal() for name, token in consent.tokens.items()})
    secrets = {name: value for name, value in sandbox.secrets.items() if name == "client_secret" and secret}
    sandbox.secrets = secrets
    opened = connect(sandbox, clock, tokens=store)
    opened.verify()
    clock.pass_by(minutes=31)
    opened.verify()
    assert sandbox.vendor.desk.log == ["authorization_code", "refresh_token"]
    opened.close()


def test_totals_ask_for_no_journals_and_a_scope_of_ones_own_may_leave_them_out(
    sandbox: XeroSandbox, clock: Clock
) -> None:
    assert "accounting.journals.read" in oauth_app(access(sandbox, clock)).scope
    assert "journals" not in oauth_app(access(sandbox, clock, "xero_tb")).scope
    sandbox.settings["scope"] = "offline_access accounting.settings.read"
    assert oauth_app(access(sandbox, clock)).scope == "offline_access accounting.settings.read"


def test_an_app_without_the_right_to_journals_is_told_so_at_the_sign_in(sandbox: XeroSandbox, clock: Clock) -> None:
    desk = sandbox.vendor.desk
    rules = replace(desk.rules, scopes=desk.rules.scopes - {"accounting.journals.read"})
    sandbox.vendor.desk = TokenDesk(desk.client_id, desk.client_secret, clock, rules)
    question = Question.new("http://localhost:1/callback")
    reply = requests.get(question.address(oauth_app(access(sandbox, clock))), allow_redirects=False, timeout=10)
    with pytest.raises(SignInAgain, match="scope"):
        question.answered(reply.headers["Location"])


def test_the_catalog_s_two_packages_open_this_room(sandbox: XeroSandbox, clock: Clock) -> None:
    for slug in ("xero", "xero_tb"):
        opened = open_connector(access(sandbox, clock, slug))
        assert opened.calls == 0
        opened.close()
        row = package(slug)
        assert row.settings[0].default == "https://api.xero.com"
        assert not next(field for field in row.secrets if field.name == "client_secret").required
