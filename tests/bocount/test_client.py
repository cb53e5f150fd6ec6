"""Connecting, listing companies, fiscal years; signing in as the app and as a person."""

from __future__ import annotations

import pytest
import requests

from connectors.bocount import BoCount, oauth_app
from connectors.bocount.sandbox import BoCountSandbox
from connectors.budgets import LocalBudget
from connectors.consent import Question, accept
from connectors.contract import Access, ExtractRequest
from connectors.http import HttpClient, VendorWays
from connectors.tokens import MemoryTokenStore
from foundation.errors import AskForAccess, SignInAgain, WrongInput
from foundation.secrets import Secret
from tests.landed import Clock

from .landed import connect, told


def test_verifying_costs_a_token_and_one_call(connector: BoCount, sandbox: BoCountSandbox) -> None:
    connector.verify()
    assert connector.calls == len(sandbox.vendor.requests) == 2
    assert sandbox.vendor.desk.log == ["client_credentials"]


def test_every_company_is_discovered_across_pages(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.page_size = 1
    found = {ref.external_id: (ref.code, ref.name) for ref in connector.discover()}
    assert len(found) == 4
    assert found[sandbox.external_id] == ("1042 Atelier", "Atelier Grand-Livre")
    assert ("1007 Oude Bakkerij", "1007 Oude Bakkerij") in found.values()  # without a display name


def test_fiscal_years_begin_where_the_package_says_however_long(connector: BoCount, sandbox: BoCountSandbox) -> None:
    assert connector.fiscal_years(sandbox.external_id) == list(told(0).years)


def test_without_accounting_periods_years_have_twelve_months(connector: BoCount, sandbox: BoCountSandbox) -> None:
    sandbox.knobs.absent.add("accountingPeriods")
    found = connector.fiscal_years(sandbox.external_id)
    assert [(str(year.start), str(year.end), year.closed) for year in found] == [
        (f"{year}-01-01", f"{year}-12-31", None) for year in (2023, 2024, 2025, 2026)
    ]


def test_an_id_that_is_none_and_one_of_no_company_are_wrong_input(connector: BoCount) -> None:
    with pytest.raises(WrongInput, match="not the id"):
        connector.fiscal_years("Atelier")
    with pytest.raises(WrongInput, match="no such company"):
        connector.fiscal_years("00000000-0000-4000-8000-000000000009")


def test_a_company_without_permission_is_asked_for(connector: BoCount) -> None:
    foreign = next(ref for ref in connector.discover() if ref.code.startswith("1060"))
    with pytest.raises(AskForAccess, match="Microsoft Entra applications"):
        list(connector.extract(ExtractRequest(foreign.external_id)))


def test_a_wrong_secret_is_told_without_being_shown(sandbox: BoCountSandbox, clock: Clock) -> None:
    sandbox.secrets["client_secret"] = "not-the-secret"
    opened = connect(sandbox, clock)
    with pytest.raises(SignInAgain) as refused:
        opened.verify()
    assert "not-the-secret" not in str(refused.value)
    opened.close()


def test_an_unknown_grant_type_is_wrong_input(sandbox: BoCountSandbox, clock: Clock) -> None:
    with pytest.raises(WrongInput, match="grant_type"):
        connect(sandbox, clock, grant_type="password")


def test_a_person_s_consent_reads_too_and_its_token_is_renewed(sandbox: BoCountSandbox, clock: Clock) -> None:
    base = sandbox.settings["base_url"]
    settings = sandbox.settings | {
        "grant_type": "authorization_code",
        "authorize_url": sandbox.settings["token_url"].replace("token", "authorize"),
    }
    app = oauth_app(Access("bocount", settings, {"client_secret": Secret(sandbox.secrets["client_secret"])}))
    question = Question.new("http://localhost:8765/callback")
    with requests.Session() as session:
        back = session.get(question.address(app), allow_redirects=False).headers["Location"]
        client = HttpClient(VendorWays("x"), session, LocalBudget("x", clock, clock.sleep), now=clock)
        consent = accept(app, client, question, back, settings, now=clock)
    tokens = MemoryTokenStore({name: secret.reveal() for name, secret in consent.tokens.items()})
    opened = connect(sandbox, clock, tokens=tokens, grant_type="authorization_code")
    assert len(list(opened.discover())) == 4
    clock.sleep(3600)
    assert len(list(opened.discover())) == 4
    assert sandbox.vendor.desk.log == ["authorization_code", "refresh_token"]
    assert base == sandbox.settings["base_url"]
    opened.close()
